//! The interview of one command: flags, answers file, questions, defaults, and
//! changing an answer afterwards. The namespace is a question like any other,
//! but its flag is kubectl's own `-n`.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Read};

use clap::{ArgMatches, FromArgMatches as _};
use serde_json::Value;

use super::Context;
use super::flags::{DryRun, MakeFlags};
use super::init::text_answer;
use super::lookup::ClusterLookup;
use super::unfit;
use crate::error::{Failure, Kind};
use crate::facts::reader::Reader;
use crate::objects::size;
use crate::wizard::answers_file;
use crate::wizard::equivalent;
use crate::wizard::flags as wizard_flags;
use crate::wizard::given::Given;
use crate::wizard::parameter::{Answer, Answers, Choice, Live, Parameter, SecretSource, Type};
use crate::wizard::question::{Lookup, Question, Reply, Shape};
use crate::wizard::resolve::{self, ResolveError};
use crate::wizard::secret;

const NAMESPACE: &str = "namespace";

/// Standard input when it is a terminal: a secret typed there would be seen.
struct AtTerminal;

impl Read for AtTerminal {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("standard input is a terminal; pipe the value in, or leave the flag out to be asked"))
    }
}

/// The answers so far and what is needed to ask again.
pub struct Interview<'a> {
    context: &'a Context<'a>,
    pub flags: MakeFlags,
    /// `init couchdb`, `create pv`, word by word.
    verb: [&'a str; 2],
    parameters: Vec<Parameter>,
    answers: Answers,
    /// Answers that were given by flag or file, and the namespace: they belong
    /// into a command to type again even when they are the default.
    chosen: BTreeSet<String>,
    lookup: ClusterLookup,
    /// The person agreed to take the claims of an earlier set.
    adopted: bool,
}

impl<'a> Interview<'a> {
    /// Collects every answer, asking where that is possible. The namespace is
    /// asked for only if what is made lives in one (`namespaced`), and the
    /// cluster only for what the open questions need.
    pub async fn begin(
        verb: [&'a str; 2],
        declared: &[Parameter],
        namespaced: bool,
        matches: &ArgMatches,
        context: &'a Context<'a>,
    ) -> Result<Self, Failure> {
        let flags = MakeFlags::from_arg_matches(matches).map_err(|why| Failure::usage("flags", why.to_string()))?;
        let mut parameters = declared.to_vec();
        let namespace = namespace_parameter(&context.connection.namespace, namespaced);
        let behind_name = parameters.iter().position(|known| known.name == "name").map_or(1, |at| at + 1);
        parameters.insert(behind_name.min(parameters.len()), namespace);
        let mut typed = typed(declared, matches);
        if context.namespace_given {
            typed.answers.insert(NAMESPACE.to_owned(), Answer::Text(context.connection.namespace.clone()));
        }
        let file = match &flags.answers {
            Some(path) => answers_file::read(path, &parameters).map_err(|why| unfit::file(&why))?,
            None => Given::default(),
        };
        let given = typed.over(file);
        let lookup = match flags.dry_run {
            DryRun::Client => ClusterLookup::default(),
            DryRun::None | DryRun::Server => {
                ClusterLookup::new(Reader::new(context.connection.client.clone()), &context.connection.namespace)
            }
        };
        let chosen = given.answers.keys().cloned().chain(namespaced.then(|| NAMESPACE.to_owned())).collect();
        let answers = Answers::new();
        let mut begun = Self { adopted: flags.adopt_claims, context, flags, verb, parameters, answers, chosen, lookup };
        begun.answers = begun.resolve(given).await?;
        Ok(begun)
    }

    async fn resolve(&mut self, given: Given) -> Result<Answers, Failure> {
        let asks = self.context.screen.can_ask() && !self.flags.yes;
        let open = |parameter: &&Parameter| asks && resolve::is_asked(parameter);
        let needed: Vec<Live> = self
            .parameters
            .iter()
            .filter_map(|parameter| match given.answers.get(&parameter.name) {
                Some(_) => parameter.kind.must_exist(),
                None => Some(parameter).filter(open)?.kind.live(),
            })
            .collect();
        if let Err(failure) = self.lookup.need(needed.into_iter(), &self.context.connection.identity).await {
            // What is wrong whatever the cluster says is told rather than that it says nothing.
            return Err(unfit::wrong(&given, &self.parameters, self.verb).unwrap_or(failure));
        }
        namespace_is_known(&given.answers, &self.lookup, self.context)?;
        resolve::resolve(&self.parameters, given, Answers::new(), self.context.screen, &self.lookup, self.flags.yes)
            .map_err(|error| self.failure(error))
    }

    fn failure(&self, error: ResolveError) -> Failure {
        match error {
            ResolveError::Abandoned => Failure::interrupted(),
            ResolveError::Unfit { wrong, mut missing } => {
                let nobody = !self.context.screen.can_ask();
                // Everything in one error, so that nobody learns of one flag at a time.
                if nobody && !self.flags.yes && self.flags.dry_run == DryRun::None {
                    missing.push("--yes".to_owned());
                }
                let otherwise = nobody.then_some("run it on a terminal to be asked, or use `--answers FILE`");
                unfit::answers(&wrong, &missing, otherwise, &self.parameters, self.verb)
            }
        }
    }

    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    pub fn namespace(&self) -> String {
        text_answer(&self.answers, NAMESPACE).unwrap_or("default").to_owned()
    }

    /// What is worth knowing about an answer before saying yes, such as how many
    /// bytes `10G` is.
    pub fn notes(&self) -> Vec<String> {
        let sizes = self.parameters.iter().filter(|parameter| parameter.kind == Type::Quantity);
        sizes
            .filter_map(|parameter| {
                let note = size::note(text_answer(&self.answers, &parameter.name)?)?;
                Some(format!("{}: {note}", parameter.flag()))
            })
            .collect()
    }

    /// Asks one parameter again: the named one, or one that the person picks.
    ///
    /// # Errors
    /// The person left the question.
    pub async fn change(&mut self, name: Option<&str>) -> Result<(), Failure> {
        let needed: Vec<Live> = self.parameters.iter().filter_map(|parameter| parameter.kind.live()).collect();
        self.lookup.need(needed.into_iter(), &self.context.connection.identity).await?;
        let name = match name.filter(|name| self.parameters.iter().any(|known| known.name == *name)) {
            Some(name) => name.to_owned(),
            None => self.pick()?,
        };
        self.answers = resolve::re_ask(&name, &self.parameters, &self.answers, self.context.screen, &self.lookup)
            .map_err(|error| self.failure(error))?;
        Ok(())
    }

    /// Answers that fit one by one may not fit together. Who can be asked is
    /// told so and changes one (that of `flag`, or any); else it is the end.
    pub async fn mend(&mut self, failure: Failure, flag: Option<&str>) -> Result<(), Failure> {
        let screen = self.context.screen;
        if self.flags.yes || !screen.can_ask() || failure.kind != Kind::Usage {
            return Err(failure);
        }
        screen.caution(&failure.message);
        for hint in &failure.hints {
            screen.tell(&format!("    {hint}"));
        }
        let parameter = self.parameters.iter().find(|parameter| Some(parameter.flag().as_str()) == flag);
        let name = parameter.map(|parameter| parameter.name.clone());
        self.change(name.as_deref()).await
    }

    /// How messages name the flag of a parameter.
    pub fn flag(&self, name: &str) -> String {
        let known = self.parameters.iter().find(|parameter| parameter.name == name);
        known.map_or_else(|| format!("--{name}"), Parameter::flag)
    }

    /// Whether claims of an earlier set are to be used. Who agreed to that for
    /// one name has not agreed to it for another.
    pub fn adopt(&mut self, agreed: bool) {
        self.adopted = agreed || self.flags.adopt_claims;
    }

    fn pick(&self) -> Result<String, Failure> {
        let more_than_one = |parameter: &&Parameter| parameter.only_answer().is_none();
        let open = self.parameters.iter().filter(|parameter| resolve::applies(parameter, &self.answers));
        let open: Vec<_> = open.filter(more_than_one).collect();
        let choices: Vec<_> = open
            .iter()
            .map(|parameter| Choice { value: parameter.prompt.clone(), label: self.present(parameter) })
            .collect();
        let question =
            Question { prompt: "Which answer", help: "", shape: Shape::Pick { choices: &choices, default: 0 } };
        match self.context.screen.ask(&question) {
            Ok(Reply::Picked(index)) => {
                open.get(index).map(|parameter| parameter.name.clone()).ok_or_else(Failure::interrupted)
            }
            Ok(Reply::Text(_) | Reply::Yes(_)) | Err(_) => Err(Failure::interrupted()),
        }
    }

    /// The present answer in a few words, without any secret.
    fn present(&self, parameter: &Parameter) -> String {
        match self.answers.get(&parameter.name) {
            // As it was offered and shown when it was answered.
            None if parameter.kind == Type::StorageClass => {
                self.lookup.default_class().unwrap_or_else(|| "left out".to_owned())
            }
            None => "left out".to_owned(),
            Some(Answer::Secret(SecretSource::Given(_))) => "typed".to_owned(),
            Some(Answer::Secret(source)) => secret::origin(source),
            Some(Answer::Secrets(by_key)) => by_key.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
            Some(Answer::Text(text)) if text.is_empty() => "\"\"".to_owned(),
            Some(answer @ (Answer::Bool(_) | Answer::Int(_) | Answer::Text(_) | Answer::List(_))) => {
                answer.plain().unwrap_or_default()
            }
        }
    }

    /// Writes the answers file, if one was asked for.
    pub fn save(&self) -> Result<(), Failure> {
        let Some(path) = &self.flags.save_answers else { return Ok(()) };
        let omitted = answers_file::write(path, &self.parameters, &self.answers).map_err(|why| {
            Failure::failed("cannot-save", why.to_string()).hint("choose another file with `--save-answers FILE`")
        })?;
        let screen = self.context.screen;
        screen.tell(&format!("wrote {}", path.display()));
        for name in omitted {
            screen.tell(&format!("the value of `{name}` was typed and is not in that file"));
        }
        Ok(())
    }

    /// The flag whose answer is this value, if exactly one has it.
    pub fn flag_of(&self, value: &Value) -> Option<String> {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let has_it = |parameter: &&Parameter| match self.answers.get(&parameter.name) {
            Some(answer @ (Answer::Bool(_) | Answer::Int(_) | Answer::Text(_))) => answer.plain() == Some(text.clone()),
            Some(Answer::List(_) | Answer::Secret(_) | Answer::Secrets(_)) | None => false,
        };
        let mut found = self.parameters.iter().filter(has_it);
        found.next().filter(|_| found.next().is_none()).map(Parameter::flag)
    }

    /// `init couchdb`, `create pv`.
    pub fn command(&self) -> String {
        self.verb.join(" ")
    }

    /// What the journal may know: answers as the answers file writes them.
    pub fn recorded(&self) -> Value {
        Value::Object(answers_file::document(&self.parameters, &self.answers).0)
    }

    /// The command line that makes the same objects again without a question.
    pub fn same_again(&self) -> String {
        let mut words = vec!["kubectl", "stateful"];
        words.extend(self.verb);
        words.extend(self.context.connection_words.iter().map(String::as_str));
        if self.adopted {
            words.push("--adopt-claims");
        }
        equivalent::command(&words, &self.parameters, &self.answers, &self.chosen)
    }
}

fn namespace_parameter(default: &str, asked: bool) -> Parameter {
    Parameter {
        name: NAMESPACE.to_owned(),
        kind: Type::Namespace,
        prompt: "Namespace".to_owned(),
        help: "Where the objects go; it must exist.".to_owned(),
        value: Some(Answer::Text(default.to_owned())),
        optional: false,
        quiet: !asked,
        positional: false,
        when: None,
    }
}

/// What the flags say, checked one by one.
fn typed(declared: &[Parameter], matches: &ArgMatches) -> Given {
    let stdin = std::io::stdin();
    let piped: &mut dyn Read = if stdin.is_terminal() { &mut AtTerminal } else { &mut stdin.lock() };
    wizard_flags::read(declared, matches, piped)
}

/// Told before the first question: an answer that no flag can mend.
fn namespace_is_known(given: &Answers, lookup: &dyn Lookup, context: &Context<'_>) -> Result<(), Failure> {
    let known: Vec<_> = lookup.choices(Live::Namespace).into_iter().map(|choice| choice.value).collect();
    match text_answer(given, NAMESPACE) {
        Some(name) if !known.is_empty() && !known.iter().any(|other| other == name) => {
            Err(context.no_namespace(name, &known))
        }
        Some(_) | None => Ok(()),
    }
}

/// What is wrong about the words of a command whose cluster cannot be had.
pub fn wrong_words(verb: [&str; 2], declared: &[Parameter], matches: &ArgMatches) -> Option<Failure> {
    unfit::wrong(&typed(declared, matches), declared, verb)
}

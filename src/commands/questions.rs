//! The interview of one command: flags, answers file, questions, defaults, and
//! changing an answer afterwards. The namespace is a question like any other,
//! but its flag is kubectl's own `-n`.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Read};

use clap::ArgMatches;
use serde_json::Value;

use super::Context;
use super::flags::{DryRun, MakeFlags};
use super::init::text_answer;
use crate::error::{Failure, Kind};
use crate::objects::size;
use crate::wizard::answers_file::{self, AnswersFileError};
use crate::wizard::check::Invalid;
use crate::wizard::equivalent;
use crate::wizard::flags as wizard_flags;
use crate::wizard::parameter::{Answer, Answers, Choice, Parameter, SecretSource, Type};
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
    parameters: Vec<Parameter>,
    answers: Answers,
    /// Answers that were given by flag or file, and the namespace: they belong
    /// into a command to type again even when they are the default.
    chosen: BTreeSet<String>,
    lookup: &'a dyn Lookup,
    /// Nobody is to be asked although somebody could be.
    yes: bool,
    /// The person agreed to take the claims of an earlier set.
    adopted: bool,
}

impl<'a> Interview<'a> {
    /// Collects every answer, asking where that is possible. The namespace is
    /// asked for only if what is made lives in one (`namespaced`).
    pub fn begin(
        declared: &[Parameter],
        namespaced: bool,
        matches: &ArgMatches,
        flags: &MakeFlags,
        lookup: &'a dyn Lookup,
        context: &Context<'_>,
    ) -> Result<Self, Failure> {
        let stdin = std::io::stdin();
        let piped: &mut dyn Read = if stdin.is_terminal() { &mut AtTerminal } else { &mut stdin.lock() };
        let mut given = wizard_flags::read(declared, matches, piped).map_err(|why| bad_answer(&why, declared))?;
        let mut parameters = declared.to_vec();
        let namespace = namespace_parameter(&context.connection.namespace, namespaced);
        let behind_name = parameters.iter().position(|known| known.name == "name").map_or(1, |at| at + 1);
        parameters.insert(behind_name.min(parameters.len()), namespace);
        if context.namespace_given {
            given.insert(NAMESPACE.to_owned(), Answer::Text(context.connection.namespace.clone()));
        }
        let file = match &flags.answers {
            Some(path) => answers_file::read(path, &parameters).map_err(|why| bad_file(&why, &parameters))?,
            None => Answers::new(),
        };
        namespace_is_known(&given, &file, lookup, context)?;
        let mut chosen: BTreeSet<String> = given.keys().chain(file.keys()).cloned().collect();
        if namespaced {
            chosen.insert(NAMESPACE.to_owned());
        }
        let answers = resolve::resolve(&parameters, given, file, context.screen, lookup, flags.yes)
            .map_err(|error| resolve_failure(error, &parameters, flags, context))?;
        Ok(Self { parameters, answers, chosen, lookup, yes: flags.yes, adopted: flags.adopt_claims })
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
    pub fn change(&mut self, name: Option<&str>, flags: &MakeFlags, context: &Context<'_>) -> Result<(), Failure> {
        let name = match name.filter(|name| self.parameters.iter().any(|known| known.name == *name)) {
            Some(name) => name.to_owned(),
            None => self.pick(context)?,
        };
        self.answers = resolve::re_ask(&name, &self.parameters, &self.answers, context.screen, self.lookup)
            .map_err(|error| resolve_failure(error, &self.parameters, flags, context))?;
        Ok(())
    }

    /// Answers that fit one by one may not fit together. Who can be asked is
    /// told so and changes one (that of `flag`, or any); else it is the end.
    pub fn mend(
        &mut self,
        failure: Failure,
        flag: Option<&str>,
        flags: &MakeFlags,
        context: &Context<'_>,
    ) -> Result<(), Failure> {
        if self.yes || !context.screen.can_ask() || failure.kind != Kind::Usage {
            return Err(failure);
        }
        context.screen.caution(&failure.message);
        for hint in &failure.hints {
            context.screen.tell(&format!("    {hint}"));
        }
        let parameter = self.parameters.iter().find(|parameter| Some(parameter.flag().as_str()) == flag);
        let name = parameter.map(|parameter| parameter.name.clone());
        self.change(name.as_deref(), flags, context)
    }

    /// The claims of an earlier set are to be used.
    pub fn adopt(&mut self) {
        self.adopted = true;
    }

    fn pick(&self, context: &Context<'_>) -> Result<String, Failure> {
        let open: Vec<_> =
            self.parameters.iter().filter(|parameter| resolve::applies(parameter, &self.answers)).collect();
        let choices: Vec<_> = open
            .iter()
            .map(|parameter| Choice { value: parameter.prompt.clone(), label: self.present(parameter) })
            .collect();
        let question =
            Question { prompt: "Which answer", help: "", shape: Shape::Pick { choices: &choices, default: 0 } };
        match context.screen.ask(&question) {
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
    pub fn save(&self, flags: &MakeFlags, context: &Context<'_>) -> Result<(), Failure> {
        let Some(path) = &flags.save_answers else { return Ok(()) };
        let omitted = answers_file::write(path, &self.parameters, &self.answers).map_err(|why| {
            Failure::failed("cannot-save", why.to_string()).hint("choose another file with `--save-answers FILE`")
        })?;
        context.screen.tell(&format!("wrote {}", path.display()));
        for name in omitted {
            context.screen.tell(&format!("the value of `{name}` was typed and is not in that file"));
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

    /// What the journal may know: answers as the answers file writes them.
    pub fn recorded(&self) -> Value {
        Value::Object(answers_file::document(&self.parameters, &self.answers).0)
    }

    /// The command line that makes the same objects again without a question.
    pub fn same_again(&self, verb: &[&str], context: &Context<'_>) -> String {
        let mut words = vec!["kubectl", "stateful"];
        words.extend(verb);
        words.extend(context.connection_words.iter().map(String::as_str));
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

/// Told before the first question: an answer that no flag can mend.
fn namespace_is_known(
    given: &Answers,
    file: &Answers,
    lookup: &dyn Lookup,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let known: Vec<_> = lookup.choices(&Type::Namespace).into_iter().map(|choice| choice.value).collect();
    let named = text_answer(given, NAMESPACE).or_else(|| text_answer(file, NAMESPACE));
    match named {
        Some(name) if !known.is_empty() && !known.iter().any(|other| other == name) => {
            Err(context.no_namespace(name, &known))
        }
        Some(_) | None => Ok(()),
    }
}

fn resolve_failure(error: ResolveError, parameters: &[Parameter], flags: &MakeFlags, context: &Context<'_>) -> Failure {
    match error {
        ResolveError::Abandoned => Failure::interrupted(),
        ResolveError::Missing { flags: mut missing } => {
            let told =
                |missing: &[String]| Failure::usage("missing-answers", format!("missing: {}", missing.join(", ")));
            if context.screen.can_ask() {
                return told(&missing);
            }
            // Everything in one error, so that nobody learns of one flag at a time.
            if !flags.yes && flags.dry_run == DryRun::None {
                missing.push("--yes".to_owned());
            }
            told(&missing).hint("run it on a terminal to be asked, or use `--answers FILE`")
        }
        ResolveError::Invalid(why) => bad_answer(&why, parameters),
    }
}

/// An answer that does not fit, with the sentence that explains the question.
fn bad_answer(why: &Invalid, parameters: &[Parameter]) -> Failure {
    let failure = Failure::usage("bad-answer", why.to_string());
    match parameters.iter().find(|parameter| parameter.flag() == why.at) {
        Some(parameter) if !parameter.help.is_empty() => failure.hint(format!("`{}`: {}", why.at, parameter.help)),
        Some(_) | None => failure,
    }
}

/// A file that cannot be used; `--save-answers` writes one that can.
fn bad_file(why: &AnswersFileError, parameters: &[Parameter]) -> Failure {
    let failure = Failure::usage("bad-answers-file", why.to_string());
    match why {
        AnswersFileError::Invalid { source, .. } => {
            let asked = parameters.iter().find(|parameter| parameter.key() == source.at);
            match asked.map(|parameter| parameter.help.as_str()).filter(|help| !help.is_empty()) {
                Some(help) => failure.hint(format!("`{}`: {help}", source.at)),
                None => failure,
            }
        }
        AnswersFileError::Read { .. } => failure.hint("`--save-answers FILE` writes such a file"),
        AnswersFileError::Yaml { .. } | AnswersFileError::Write { .. } => failure,
    }
}

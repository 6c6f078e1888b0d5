//! All answers from all places: flag before file before question before
//! default. What is wrong or missing is told all at once, with the flag of each.

use thiserror::Error;

use super::check::Invalid;
use super::equivalent::quote;
use super::given::{Given, Wrong};
use super::parameter::{Answer, Answers, Parameter, Type, When};
use super::prompt::ask_for;
use super::question::{Ask, Lookup};

/// Why there are no answers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResolveError {
    /// Answers that cannot be used, and flags (or positional arguments) without
    /// which it does not go on. At least one of both.
    #[error("{}", told(wrong, missing))]
    Unfit { wrong: Vec<Invalid>, missing: Vec<String> },
    /// Esc or Ctrl-C at a question.
    #[error("abandoned at a question")]
    Abandoned,
}

impl From<Invalid> for ResolveError {
    fn from(why: Invalid) -> Self {
        Self::Unfit { wrong: vec![why], missing: Vec::new() }
    }
}

/// One line for each answer that is wrong, and one for all that are missing.
#[must_use]
pub fn told(wrong: &[Invalid], missing: &[String]) -> String {
    let missing = (!missing.is_empty()).then(|| format!("missing: {}", missing.join(", ")));
    wrong.iter().map(Invalid::to_string).chain(missing).collect::<Vec<_>>().join("\n")
}

/// Finds an answer for every parameter that applies. Questions are put only
/// when somebody can be asked and `yes` was not said.
///
/// # Errors
/// See [`ResolveError`]; nothing is asked before everything given was checked.
pub fn resolve(
    parameters: &[Parameter],
    flags: impl Into<Given>,
    file: impl Into<Given>,
    ask: &dyn Ask,
    lookup: &dyn Lookup,
    yes: bool,
) -> Result<Answers, ResolveError> {
    let given = flags.into().over(file.into()).checked(parameters, lookup);
    if !ask.can_ask() || yes {
        return Walk { parameters, given, missing: Vec::new(), answers: Answers::new() }.go(None, lookup);
    }
    let missing: Vec<String> = parameters
        .iter()
        .filter(|known| known.quiet && known.required() && known.when.is_none() && !given.has(&known.name))
        .map(Parameter::flag)
        .collect();
    if !missing.is_empty() || !given.wrong.is_empty() {
        return Err(ResolveError::Unfit { wrong: given.wrong.into_iter().map(|wrong| wrong.why).collect(), missing });
    }
    Walk { parameters, given, missing, answers: Answers::new() }.go(Some(ask), lookup)
}

/// Asks for one parameter again ("change an answer"), offering the present
/// answer. Answers that no longer apply are dropped, those that apply now are
/// asked for.
///
/// # Errors
/// Abandoned at a question; an unknown name.
pub fn re_ask(
    name: &str,
    parameters: &[Parameter],
    answers: &Answers,
    ask: &dyn Ask,
    lookup: &dyn Lookup,
) -> Result<Answers, ResolveError> {
    let Some(parameter) = parameters.iter().find(|known| known.name == name) else {
        return Err(Invalid::new(name, "there is no such answer").into());
    };
    let offered = answers.get(name).cloned().or_else(|| parameter.offered());
    let mut changed = answers.clone();
    match ask_for(parameter, offered.as_ref(), ask, lookup)? {
        Some(answer) => drop(changed.insert(name.to_owned(), answer)),
        None => drop(changed.remove(name)),
    }
    let mut kept = Answers::new();
    for parameter in parameters {
        if !applies(parameter, &kept) {
            continue;
        }
        if let Some(answer) = changed.remove(&parameter.name) {
            kept.insert(parameter.name.clone(), answer);
        } else if parameter.name != name && parameter.when.is_some() && !applies(parameter, answers) {
            let newly = if is_asked(parameter) {
                ask_for(parameter, parameter.offered().as_ref(), ask, lookup)?
            } else {
                parameter.offered().or_else(|| parameter.only_answer())
            };
            kept.extend(newly.map(|answer| (parameter.name.clone(), answer)));
        }
    }
    Ok(kept)
}

/// Whether the condition of a parameter holds for the answers so far.
pub fn applies(parameter: &Parameter, answers: &Answers) -> bool {
    parameter.when.as_ref().is_none_or(|when| {
        let answer = answers.get(&when.parameter);
        if when.is.is_empty() {
            return answer.is_some();
        }
        answer.and_then(Answer::plain).is_some_and(|value| when.is.contains(&value))
    })
}

/// The parameters in their order, each with its answer.
struct Walk<'a> {
    parameters: &'a [Parameter],
    given: Given,
    missing: Vec<String>,
    answers: Answers,
}

impl Walk<'_> {
    fn go(mut self, ask: Option<&dyn Ask>, lookup: &dyn Lookup) -> Result<Answers, ResolveError> {
        for parameter in self.parameters {
            let taken = self.given.answers.remove(&parameter.name);
            if !applies(parameter, &self.answers) {
                if let Some(why) = taken.and_then(|taken| self.misplaced(parameter, &taken)) {
                    self.given.wrong.push(Wrong { parameter: parameter.name.clone(), why });
                }
                continue;
            }
            let answer = match (taken, ask) {
                (Some(Answer::Text(text)), _) if text.is_empty() && !holds_empty(&parameter.kind) => None,
                (Some(answer), _) => Some(answer),
                (None, Some(ask)) if is_asked(parameter) => self.ask(parameter, ask, lookup)?,
                (None, _) => {
                    if parameter.required()
                        && parameter.only_answer().is_none()
                        && !self.given.is_wrong(&parameter.name)
                    {
                        self.missing.push(parameter.flag());
                    }
                    parameter.offered().or_else(|| parameter.only_answer())
                }
            };
            self.answers.extend(answer.map(|answer| (parameter.name.clone(), answer)));
        }
        if self.missing.is_empty() && self.given.wrong.is_empty() {
            return Ok(self.answers);
        }
        let wrong = self.given.wrong.into_iter().map(|wrong| wrong.why).collect();
        Err(ResolveError::Unfit { wrong, missing: self.missing })
    }

    /// An answer that must not be left out, because another one that was given
    /// has no meaning without it, is asked for as a needed one.
    fn ask(&self, parameter: &Parameter, ask: &dyn Ask, lookup: &dyn Lookup) -> Result<Option<Answer>, ResolveError> {
        let leans_on_it = |known: &Parameter| {
            let on_any = |when: &When| when.parameter == parameter.name && when.is.is_empty();
            let given = self.given.answers.get(&known.name);
            known.when.as_ref().is_some_and(on_any)
                && given.is_some_and(|given| known.offered().as_ref() != Some(given))
        };
        let needed = self.parameters.iter().any(leans_on_it);
        let parameter = Parameter { optional: parameter.optional && !needed, ..parameter.clone() };
        ask_for(&parameter, parameter.offered().as_ref(), ask, lookup)
    }

    /// Why an answer whose condition does not hold cannot be used. It does no
    /// harm if it says what is the case anyway, and nobody can tell as long as
    /// the answer that it leans on is missing or wrong itself.
    fn misplaced(&self, parameter: &Parameter, taken: &Answer) -> Option<Invalid> {
        let when = parameter.when.as_ref()?;
        let other = self.parameters.iter().find(|known| known.name == when.parameter)?;
        let unknown = self.missing.contains(&other.flag()) || self.given.is_wrong(&other.name);
        if unknown || parameter.offered().as_ref() == Some(taken) {
            return None;
        }
        let values: Vec<_> = when.is.iter().map(|value| quote(value)).collect();
        let condition = format!("{} {}", other.flag(), values.join("|"));
        Some(Invalid::new(parameter.flag(), format!("only with `{}`", condition.trim_end())))
    }
}

/// Whether a person is asked: not where only one answer is possible.
pub fn is_asked(parameter: &Parameter) -> bool {
    !parameter.quiet && parameter.only_answer().is_none()
}

/// `""` is an answer of its own for a class; elsewhere it means none.
fn holds_empty(kind: &Type) -> bool {
    matches!(kind, Type::StorageClass | Type::VolumeClass)
}

#[cfg(test)]
mod tests {
    use super::super::parameter::{Choice, SecretSource, When};
    use super::super::samples::{Cluster, Dark, Person, parameter};
    use super::*;

    fn text(value: &str) -> Answer {
        Answer::Text(value.to_owned())
    }

    fn parameters() -> Vec<Parameter> {
        let choices = ["no", "NodePort"].map(|value| Choice { value: value.into(), label: String::new() });
        let mut access = parameter("access", Type::Choice { of: choices.to_vec() });
        access.value = Some(text("no"));
        let mut node_port = parameter("node_port", Type::Port);
        node_port.when = Some(When { parameter: "access".into(), is: vec!["NodePort".into()] });
        let mut class = parameter("storage_class", Type::StorageClass);
        class.optional = true;
        let mut replicas = parameter("replicas", Type::Int { min: 1, max: 9 });
        replicas.value = Some(Answer::Int(1));
        vec![parameter("name", Type::Name { max: 52 }), replicas, class, access, node_port]
    }

    fn answers(entries: &[(&str, Answer)]) -> Answers {
        entries.iter().map(|(name, answer)| ((*name).to_owned(), answer.clone())).collect()
    }

    #[test]
    fn flag_wins_over_file_over_question_over_default() {
        let flags = answers(&[("name", text("flag"))]);
        let file = answers(&[("name", text("file")), ("replicas", Answer::Int(2))]);
        let person = Person::saying(&["fast-ssd", ""]);
        let got = resolve(&parameters(), flags, file, &person, &Cluster, false).unwrap();
        assert_eq!(
            got,
            answers(&[
                ("name", text("flag")),
                ("replicas", Answer::Int(2)),
                ("storage_class", text("fast-ssd")),
                ("access", text("no")),
            ])
        );
        assert_eq!(*person.asked.borrow(), ["The storage_class", "The access"]);
    }

    #[test]
    fn without_a_terminal_all_missing_flags_are_named_at_once() {
        let mut parameters = parameters();
        parameters.push(parameter("password", Type::Secret));
        let flags = answers(&[("access", text("NodePort"))]);
        let error = resolve(&parameters, flags, Answers::new(), &Person::nobody(), &Cluster, false).unwrap_err();
        assert_eq!(error.to_string(), "missing: --name, --node-port, --password-from");
    }

    #[test]
    fn yes_takes_defaults_and_asks_nothing() {
        let person = Person::saying(&[]);
        let flags = answers(&[("name", text("web"))]);
        let got = resolve(&parameters(), flags, Answers::new(), &person, &Cluster, true).unwrap();
        assert_eq!(got, answers(&[("name", text("web")), ("replicas", Answer::Int(1)), ("access", text("no"))]));
        let error = resolve(&parameters(), Answers::new(), Answers::new(), &person, &Cluster, true).unwrap_err();
        assert_eq!(error, ResolveError::Unfit { wrong: Vec::new(), missing: vec!["--name".into()] });
    }

    #[test]
    fn a_flag_whose_condition_does_not_hold_is_an_error() {
        let flags = answers(&[("name", text("web")), ("node_port", Answer::Int(30000))]);
        let error = resolve(&parameters(), flags, Answers::new(), &Person::nobody(), &Cluster, false).unwrap_err();
        assert_eq!(error.to_string(), "`--node-port`: only with `--access NodePort`");
    }

    #[test]
    fn unknown_classes_are_told_with_the_known_ones_unless_nothing_was_read() {
        let flags = || answers(&[("name", text("web")), ("storage_class", text("fast-sdd"))]);
        let error = resolve(&parameters(), flags(), Answers::new(), &Person::nobody(), &Cluster, true).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`--storage-class`: `fast-sdd` is not one of `standard`, `fast-ssd`; did you mean `fast-ssd`?"
        );
        assert!(resolve(&parameters(), flags(), Answers::new(), &Person::nobody(), &Dark, true).is_ok());
        let by_hand = answers(&[("name", text("web")), ("storage_class", text(""))]);
        let got = resolve(&parameters(), by_hand, Answers::new(), &Person::nobody(), &Cluster, true).unwrap();
        assert_eq!(got["storage_class"], text(""));
    }

    #[test]
    fn what_was_given_is_checked_before_the_first_question() {
        let person = Person::saying(&[]);
        let flags = answers(&[("replicas", Answer::Int(99))]);
        assert!(matches!(
            resolve(&parameters(), flags, Answers::new(), &person, &Cluster, false),
            Err(ResolveError::Unfit { .. })
        ));
        let mut quiet = parameter("image", Type::Text { pattern: None });
        quiet.quiet = true;
        let mut parameters = parameters();
        parameters.push(quiet);
        let error = resolve(&parameters, Answers::new(), Answers::new(), &person, &Cluster, false).unwrap_err();
        assert_eq!(error.to_string(), "missing: --image");
        assert!(person.asked.borrow().is_empty());
    }

    #[test]
    fn leaving_a_question_abandons_everything() {
        let person = Person::saying(&["web", "esc"]);
        let error = resolve(&parameters(), Answers::new(), Answers::new(), &person, &Cluster, false).unwrap_err();
        assert_eq!(error, ResolveError::Abandoned);
    }

    #[test]
    fn a_changed_answer_asks_for_what_applies_now_and_drops_the_rest() {
        let before = answers(&[("name", text("web")), ("replicas", Answer::Int(1)), ("access", text("no"))]);
        let person = Person::saying(&["NodePort", "30000"]);
        let opened = re_ask("access", &parameters(), &before, &person, &Cluster).unwrap();
        assert_eq!(opened["node_port"], Answer::Int(30000));
        let closed = re_ask("access", &parameters(), &opened, &Person::saying(&["no"]), &Cluster).unwrap();
        assert_eq!(closed, before);
    }

    #[test]
    fn an_empty_answer_to_an_optional_flag_means_none() {
        let mut note = parameter("note", Type::Text { pattern: None });
        note.optional = true;
        let given = answers(&[("note", text(""))]);
        let got = resolve(&[note], given, Answers::new(), &Person::saying(&[]), &Dark, false).unwrap();
        assert_eq!(got, Answers::new());
    }

    #[test]
    fn an_answer_of_another_type_is_refused() {
        let given = answers(&[("name", Answer::Secret(SecretSource::Generate))]);
        assert!(resolve(&parameters(), given, Answers::new(), &Person::nobody(), &Dark, true).is_err());
    }
}

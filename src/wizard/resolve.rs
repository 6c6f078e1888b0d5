//! All answers from all places: flag before file before question before
//! default. What is missing is told all at once, with the flag of each.

use thiserror::Error;

use super::check::{Invalid, unknown};
use super::declaration::fits;
use super::equivalent::quote;
use super::parameter::{Answer, Answers, Parameter, Type};
use super::prompt::{ask_for, existing};
use super::question::{Ask, Lookup};

/// Why there are no answers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResolveError {
    /// Flags (or positional arguments) without which it does not go on.
    #[error("missing: {}", flags.join(", "))]
    Missing { flags: Vec<String> },
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Esc or Ctrl-C at a question.
    #[error("abandoned at a question")]
    Abandoned,
}

/// Finds an answer for every parameter that applies. Questions are put only
/// when somebody can be asked and `yes` was not said.
///
/// # Errors
/// See [`ResolveError`]; nothing is asked before everything given was checked.
pub fn resolve(
    parameters: &[Parameter],
    flags: Answers,
    file: Answers,
    ask: &dyn Ask,
    lookup: &dyn Lookup,
    yes: bool,
) -> Result<Answers, ResolveError> {
    let mut given = file;
    given.extend(flags);
    let asking = ask.can_ask() && !yes;
    check_given(parameters, &given, lookup)?;
    let hopeless: Vec<String> = parameters
        .iter()
        .filter(|known| known.quiet && known.required() && known.when.is_none() && !given.contains_key(&known.name))
        .map(Parameter::flag)
        .collect();
    if asking && !hopeless.is_empty() {
        return Err(ResolveError::Missing { flags: hopeless });
    }
    walk(parameters, given, asking.then_some(ask), lookup)
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
            let newly = if parameter.quiet {
                parameter.offered()
            } else {
                ask_for(parameter, parameter.offered().as_ref(), ask, lookup)?
            };
            kept.extend(newly.map(|answer| (parameter.name.clone(), answer)));
        }
    }
    Ok(kept)
}

/// Whether the condition of a parameter holds for the answers so far.
pub fn applies(parameter: &Parameter, answers: &Answers) -> bool {
    parameter.when.as_ref().is_none_or(|when| {
        answers.get(&when.parameter).and_then(Answer::plain).is_some_and(|value| when.is.contains(&value))
    })
}

/// Types, and names that the cluster would have to know.
fn check_given(parameters: &[Parameter], given: &Answers, lookup: &dyn Lookup) -> Result<(), Invalid> {
    for (name, answer) in given {
        let Some(parameter) = parameters.iter().find(|known| known.name == *name) else {
            return Err(Invalid::new(name, "there is no such parameter"));
        };
        let wrong = |reason: String| Invalid::new(parameter.flag(), reason);
        let Answer::Text(text) = answer else {
            fits(&parameter.kind, answer).map_err(wrong)?;
            continue;
        };
        if text.is_empty() && parameter.optional {
            continue;
        }
        fits(&parameter.kind, answer).map_err(wrong)?;
        if matches!(parameter.kind, Type::StorageClass | Type::Namespace | Type::Node) && !text.is_empty() {
            let known = existing(&parameter.kind, lookup);
            let values = known.iter().map(|choice| choice.value.as_str()).filter(|value| !value.is_empty());
            if values.clone().next().is_some() && !values.clone().any(|value| value == text) {
                return Err(wrong(unknown(text, values)));
            }
        }
    }
    Ok(())
}

fn walk(
    parameters: &[Parameter],
    mut given: Answers,
    ask: Option<&dyn Ask>,
    lookup: &dyn Lookup,
) -> Result<Answers, ResolveError> {
    let mut answers = Answers::new();
    let mut missing: Vec<&Parameter> = Vec::new();
    for parameter in parameters {
        let taken = given.remove(&parameter.name);
        if !applies(parameter, &answers) {
            let Some(when) = parameter.when.as_ref().filter(|_| taken.is_some()) else { continue };
            if missing.iter().any(|known| known.name == when.parameter) {
                continue;
            }
            let condition = parameters.iter().find(|known| known.name == when.parameter).map(Parameter::flag);
            let values: Vec<_> = when.is.iter().map(|value| quote(value)).collect();
            let reason = format!("only with `{} {}`", condition.unwrap_or_default(), values.join("|"));
            return Err(Invalid::new(parameter.flag(), reason).into());
        }
        let answer = match (taken, ask) {
            (Some(Answer::Text(text)), _) if text.is_empty() && !holds_empty(&parameter.kind) => None,
            (Some(answer), _) => Some(answer),
            (None, Some(ask)) if !parameter.quiet => ask_for(parameter, parameter.offered().as_ref(), ask, lookup)?,
            (None, _) => {
                if parameter.required() {
                    missing.push(parameter);
                }
                parameter.offered()
            }
        };
        answers.extend(answer.map(|answer| (parameter.name.clone(), answer)));
    }
    if missing.is_empty() {
        Ok(answers)
    } else {
        Err(ResolveError::Missing { flags: missing.into_iter().map(Parameter::flag).collect() })
    }
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
        assert_eq!(error, ResolveError::Missing { flags: vec!["--name".into()] });
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
            Err(ResolveError::Invalid(_))
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

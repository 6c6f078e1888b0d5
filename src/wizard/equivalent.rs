//! The command line that gives the same answers without a question, to be
//! printed at the end and pasted into a script. It holds no secret: only where
//! each comes from.

use std::collections::BTreeSet;

use super::parameter::{Answer, Answers, Parameter, SecretSource};
use super::resolve::applies;
use super::secret;

/// `words` (such as `kubectl stateful init couchdb -n shop`), then positional
/// answers, flags and `--yes`, quoted for a POSIX shell. A default is named only
/// if it stands in `chosen`, by parameter name. Of secrets that were given by
/// hand the first is read from standard input, the others from variables.
#[must_use]
pub fn command(words: &[&str], parameters: &[Parameter], answers: &Answers, chosen: &BTreeSet<String>) -> String {
    let mut line: Vec<String> = words.iter().map(|word| quote(word)).collect();
    for parameter in parameters.iter().filter(|parameter| parameter.positional) {
        line.extend(answers.get(&parameter.name).and_then(Answer::plain).map(|text| quote(&text)));
    }
    let mut input_used = false;
    for parameter in parameters.iter().filter(|parameter| !parameter.positional && applies(parameter, answers)) {
        let flag = parameter.flag();
        match answers.get(&parameter.name) {
            None if parameter.value.is_some() => line.push(format!("{flag} ''")),
            None => {}
            Some(answer) if parameter.offered().as_ref() == Some(answer) && !chosen.contains(&parameter.name) => {}
            Some(Answer::Bool(true)) => line.push(flag),
            Some(Answer::Bool(false)) => line.push(format!("{flag}=false")),
            Some(Answer::Int(number)) => line.push(pair(&flag, &number.to_string())),
            Some(Answer::Text(text)) => line.push(pair(&flag, text)),
            Some(Answer::List(items)) => line.extend(items.iter().map(|item| pair(&flag, item))),
            Some(Answer::Secret(source)) => line.push(pair(&flag, &origin(source, &parameter.name, &mut input_used))),
            Some(Answer::Secrets(by_key)) => {
                line.extend(
                    by_key
                        .iter()
                        .map(|(key, source)| pair(&flag, &format!("{key}={}", origin(source, key, &mut input_used)))),
                );
            }
        }
    }
    line.push("--yes".to_owned());
    line.join(" ")
}

/// One word for a POSIX shell.
#[must_use]
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A flag with its value, for a POSIX shell.
#[must_use]
pub fn pair(flag: &str, value: &str) -> String {
    let separator = if value.starts_with('-') && value != "-" { '=' } else { ' ' };
    format!("{flag}{separator}{}", quote(value))
}

fn origin(source: &SecretSource, name: &str, input_used: &mut bool) -> String {
    match source {
        SecretSource::Given(_) if std::mem::replace(input_used, true) => {
            let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
            format!("env:{}", name.chars().map(letter).collect::<String>())
        }
        SecretSource::Given(_) | SecretSource::Generate | SecretSource::Env(_) | SecretSource::File(_) => {
            secret::origin(source)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::flags;
    use super::super::parameter::{ListItem, Type};
    use super::super::samples::parameter;
    use super::*;

    fn parameters() -> Vec<Parameter> {
        vec![
            parameter("kind", Type::Text { pattern: None }).positional(),
            parameter("name", Type::Name { max: 52 }).default(Answer::Text("web".into())),
            parameter("replicas", Type::Int { min: -9, max: 9 }).default(Answer::Int(1)),
            parameter("storage_class", Type::StorageClass).optional(),
            parameter("ingress", Type::Bool).default(Answer::Bool(true)),
            parameter("arg", Type::List { item: ListItem::Plain }).optional(),
            parameter("password", Type::Secret),
            parameter("value", Type::SecretKeys),
        ]
    }

    fn answers() -> Answers {
        [
            ("kind", Answer::Text("couch db".into())),
            ("name", Answer::Text("web".into())),
            ("replicas", Answer::Int(-3)),
            ("storage_class", Answer::Text(String::new())),
            ("ingress", Answer::Bool(false)),
            ("arg", Answer::List(vec!["-config-file=/c".into(), "it's $HOME".into()])),
            ("password", Answer::Secret(SecretSource::Generate)),
            ("value", Answer::Secrets([("ca".to_owned(), SecretSource::File("/a b".into()))].into())),
        ]
        .map(|(name, answer)| (name.to_owned(), answer))
        .into()
    }

    #[test]
    fn defaults_are_left_out_unless_chosen_and_everything_is_quoted() {
        let line = command(&["kubectl", "stateful", "x"], &parameters(), &answers(), &BTreeSet::new());
        assert_eq!(
            line,
            "kubectl stateful x 'couch db' --replicas=-3 --storage-class '' --ingress=false --arg=-config-file=/c --arg \
             'it'\\''s $HOME' --password-from generate --value-from 'ca=file:/a b' --yes"
        );
        let chosen = BTreeSet::from(["name".to_owned()]);
        assert!(command(&["x"], &parameters(), &answers(), &chosen).contains(" --name web "));
    }

    #[test]
    fn given_secrets_never_appear() {
        let given = || SecretSource::Given("hunter2".into());
        let mut answers = answers();
        answers.insert("password".into(), Answer::Secret(given()));
        answers.insert("value".into(), Answer::Secrets([("tls.key".to_owned(), given())].into()));
        let line = command(&["x"], &parameters(), &answers, &BTreeSet::new());
        assert!(line.contains("--password-from - --value-from tls.key=env:TLS_KEY --yes"), "{line}");
        assert!(!line.contains("hunter2"));
    }

    #[test]
    fn the_printed_line_gives_the_same_answers_again() {
        let parameters = parameters();
        let line = command(&[], &parameters, &answers(), &parameters.iter().map(|known| known.name.clone()).collect());
        let words = std::process::Command::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output().unwrap();
        let words = String::from_utf8(words.stdout).unwrap();
        let command = clap::Command::new("x")
            .no_binary_name(true)
            .args(flags::arguments(&parameters).unwrap())
            .arg(clap::Arg::new("yes").long("yes").action(clap::ArgAction::SetTrue));
        let matches = command.try_get_matches_from(words.lines()).unwrap();
        assert_eq!(flags::read(&parameters, &matches, &mut std::io::empty()), answers().into());
    }
}

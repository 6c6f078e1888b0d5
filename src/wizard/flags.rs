//! Declared parameters as clap arguments, and what clap read as answers.
//! No defaults are given to clap: an absent flag stays absent, so that the
//! answers file, the question and the default get their turn.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use super::check::{self, Invalid, check};
use super::declaration::{check_all, flag_names};
use super::given::Given;
use super::parameter::{Answer, ListItem, Parameter, SecretSource, Type};
use super::secret;
use crate::objects::names;
use crate::objects::nearest::shortened;

/// The arguments for a list of parameters, in its order.
///
/// # Errors
/// The first declaration that cannot be used, such as a flag that is kubectl's.
pub fn arguments(parameters: &[Parameter]) -> Result<Vec<Arg>, Invalid> {
    check_all(parameters)?;
    let mut position = 0;
    let mut out = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        if parameter.positional {
            position += 1;
            out.push(shaped(Arg::new(parameter.name.clone()).index(position), parameter));
            continue;
        }
        for flag in flag_names(parameter) {
            let argument = Arg::new(id(parameter, &flag)).long(flag);
            out.push(shaped(argument, parameter));
        }
    }
    Ok(out)
}

/// What was given on the command line, checked, with every value that does not
/// fit, named by its flag. `-` as the origin of a secret reads `stdin`, once.
pub fn read(parameters: &[Parameter], matches: &ArgMatches, stdin: &mut dyn Read) -> Given {
    let mut input = Stdin { from: stdin, used: false };
    let mut given = Given::default();
    for parameter in parameters {
        match answer(parameter, matches, &mut input) {
            Ok(None) => {}
            Ok(Some(answer)) => drop(given.answers.insert(parameter.name.clone(), answer)),
            Err(why) => given.wrong(&parameter.name, why),
        }
    }
    given
}

/// The answer to one parameter; `None` if it was not given.
fn answer(parameter: &Parameter, matches: &ArgMatches, input: &mut Stdin<'_>) -> Result<Option<Answer>, Invalid> {
    let wrong = |reason: String| Invalid::new(parameter.flag(), reason);
    match &parameter.kind {
        Type::SecretKeys => {
            let secrets = secret_keys(parameter, matches, input)?;
            Ok((!secrets.is_empty()).then_some(Answer::Secrets(secrets)))
        }
        Type::List { item } => {
            let items = values(matches, &parameter.name);
            check_items(*item, &items).map_err(wrong)?;
            Ok((!items.is_empty()).then_some(Answer::List(items)))
        }
        kind => {
            let Some(raw) = values(matches, &parameter.name).pop() else { return Ok(None) };
            Ok(Some(match kind {
                Type::Secret => Answer::Secret(input.origin(&parameter.flag(), &raw)?),
                _ if raw.is_empty() && parameter.optional => Answer::Text(raw),
                kind => check(kind, &raw).map_err(wrong)?,
            }))
        }
    }
}

/// Checks the items of a list: each by its shape, and no key twice.
pub fn check_items(item: ListItem, items: &[String]) -> Result<(), String> {
    let mut keys = std::collections::BTreeSet::new();
    for raw in items {
        check::list_item(item, raw)?;
        let key = match item {
            ListItem::KeyValue | ListItem::Variable | ListItem::VariableFrom | ListItem::File => raw.split_once('='),
            ListItem::Plain | ListItem::Claim | ListItem::ContainerPort | ListItem::ServicePort => None,
        };
        let Some((key, _)) = key else { continue };
        if !keys.insert(key) {
            return Err(format!("the key `{}` is given twice", shortened(key)));
        }
    }
    Ok(())
}

/// clap's name of one flag of a parameter.
fn id(parameter: &Parameter, flag: &str) -> String {
    match parameter.kind {
        Type::SecretKeys => format!("{}/{flag}", parameter.name),
        _ => parameter.name.clone(),
    }
}

/// clap's name of the flag that takes a parameter's value, for a secret its origin.
#[must_use]
pub fn origin_id(parameter: &Parameter) -> String {
    id(parameter, "value-from")
}

fn shaped(argument: Arg, parameter: &Parameter) -> Arg {
    let long = argument.get_long().unwrap_or_default().to_owned();
    let help = help(parameter, &long);
    let argument = argument.help(help).action(ArgAction::Set);
    match &parameter.kind {
        Type::Bool => argument
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .hide_possible_values(true)
            .value_parser(Offered(["true", "false"].map(PossibleValue::new).to_vec()))
            .value_name("true|false"),
        Type::Choice { of } => {
            let known = of.iter().map(|choice| PossibleValue::new(choice.value.clone()).help(choice.label.clone()));
            argument.value_parser(Offered(known.collect())).value_name(parameter.name.to_uppercase())
        }
        Type::Int { .. } => argument.value_name("N").allow_negative_numbers(true),
        Type::Port => argument.value_name("PORT").value_hint(ValueHint::Other).allow_negative_numbers(true),
        Type::Quantity => argument.value_name("SIZE").value_hint(ValueHint::Other).allow_negative_numbers(true),
        Type::AbsolutePath => argument.value_name("PATH").value_hint(ValueHint::Other),
        Type::Duration => argument.value_name("DURATION").value_hint(ValueHint::Other),
        Type::Name { .. }
        | Type::Namespace
        | Type::Node
        | Type::StatefulSet
        | Type::StorageClass
        | Type::VolumeClass => argument.value_name(value_name(parameter)).value_hint(ValueHint::Other),
        Type::Text { .. } => argument.value_name(value_name(parameter)),
        Type::List { item } => match item {
            ListItem::Plain | ListItem::Claim | ListItem::ContainerPort | ListItem::ServicePort => {
                argument.action(ArgAction::Append).value_name(value_name(parameter))
            }
            ListItem::KeyValue | ListItem::Variable | ListItem::VariableFrom => {
                argument.action(ArgAction::Append).value_name("KEY=VALUE")
            }
            ListItem::File => {
                argument.action(ArgAction::Append).value_name("[KEY=]PATH").value_hint(ValueHint::FilePath)
            }
        },
        Type::Secret => argument.value_name("generate|env:NAME|file:PATH|-"),
        Type::SecretKeys => match long.as_str() {
            "from-literal" => argument.action(ArgAction::Append).value_name("KEY=VALUE"),
            "from-file" => argument.action(ArgAction::Append).value_name("[KEY=]PATH").value_hint(ValueHint::FilePath),
            _ => argument.action(ArgAction::Append).value_name("KEY=generate|env:NAME|file:PATH|-"),
        },
    }
}

/// Values that help and completion show. Another one is no error of clap's: it
/// is told with all other mistakes.
#[derive(Clone)]
struct Offered(Vec<PossibleValue>);

impl TypedValueParser for Offered {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().cloned()))
    }
}

fn value_name(parameter: &Parameter) -> String {
    parameter.name.to_uppercase()
}

fn help(parameter: &Parameter, flag: &str) -> String {
    let text = match (&parameter.kind, flag) {
        (Type::SecretKeys, "from-literal") => {
            "A key and its value; stays in the shell's history, so rather use another way".to_owned()
        }
        (Type::SecretKeys, "from-file") => {
            "A file as the value of a key; its name is the key if none is given".to_owned()
        }
        (_, _) => parameter.help.clone(),
    };
    match &parameter.value {
        Some(value) => match value.plain().filter(|plain| !plain.is_empty()) {
            Some(plain) => format!("{text} [default: {plain}]"),
            None => text,
        },
        None => text,
    }
}

/// All texts given for one argument; none if it is not there or not defined.
fn values(matches: &ArgMatches, id: &str) -> Vec<String> {
    match matches.try_get_many::<String>(id) {
        Ok(Some(values)) => values.cloned().collect(),
        Ok(None) | Err(_) => Vec::new(),
    }
}

fn secret_keys(
    parameter: &Parameter,
    matches: &ArgMatches,
    input: &mut Stdin<'_>,
) -> Result<BTreeMap<String, SecretSource>, Invalid> {
    let mut out = BTreeMap::new();
    for flag in flag_names(parameter) {
        let at = format!("--{flag}");
        for raw in values(matches, &id(parameter, &flag)) {
            let (key, source) = match flag.as_str() {
                "from-literal" => {
                    let (key, value) = raw.split_once('=').ok_or_else(|| Invalid::new(&at, "write KEY=VALUE"))?;
                    (key.to_owned(), SecretSource::Given(value.to_owned()))
                }
                "from-file" => file_source(&raw).map_err(|reason| Invalid::new(&at, reason))?,
                _ => {
                    let (key, from) = raw
                        .split_once('=')
                        .ok_or_else(|| Invalid::new(&at, "write KEY=generate, KEY=env:NAME, KEY=file:PATH or KEY=-"))?;
                    (key.to_owned(), input.origin(&at, from)?)
                }
            };
            names::config_key(&key).map_err(|reason| Invalid::new(&at, reason))?;
            if out.insert(key.clone(), source).is_some() {
                return Err(Invalid::new(&at, format!("the key `{key}` is given twice")));
            }
        }
    }
    Ok(out)
}

/// `[KEY=]PATH`; without a key the file's name is the key.
fn file_source(raw: &str) -> Result<(String, SecretSource), String> {
    check::list_item(ListItem::File, raw)?;
    if let Some((key, path)) = raw.split_once('=') {
        return Ok((key.to_owned(), SecretSource::File(PathBuf::from(path))));
    }
    let name = Path::new(raw).file_name().and_then(|name| name.to_str()).ok_or("the path has no file name")?;
    Ok((name.to_owned(), SecretSource::File(PathBuf::from(raw))))
}

/// Standard input, which can give one value only.
struct Stdin<'a> {
    from: &'a mut dyn Read,
    used: bool,
}

impl Stdin<'_> {
    fn origin(&mut self, at: &str, raw: &str) -> Result<SecretSource, Invalid> {
        if raw != "-" {
            return check::origin(raw).map_err(|reason| Invalid::new(at, reason));
        }
        if std::mem::replace(&mut self.used, true) {
            return Err(Invalid::new(at, "standard input can give one value only"));
        }
        secret::from_reader(self.from).map(SecretSource::Given).map_err(|reason| Invalid::new(at, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameter::{Answers, Choice};
    use super::super::samples::parameter;
    use super::*;

    fn parameters() -> Vec<Parameter> {
        let mut kind =
            parameter("kind", Type::Choice { of: vec![Choice { value: "generic".into(), label: "Any keys".into() }] });
        kind.positional = true;
        let mut class = parameter("storage_class", Type::StorageClass);
        class.optional = true;
        vec![
            kind,
            parameter("size", Type::Quantity),
            parameter("replicas", Type::Int { min: 0, max: 9 }),
            parameter("ingress", Type::Bool),
            parameter("label", Type::List { item: ListItem::KeyValue }),
            class,
            parameter("password", Type::Secret),
            parameter("value", Type::SecretKeys),
        ]
    }

    fn given(words: &[&str], mut stdin: &[u8]) -> Result<Answers, String> {
        let parameters = parameters();
        let command = clap::Command::new("test").no_binary_name(true).args(arguments(&parameters).unwrap());
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        let given = read(&parameters, &matches, &mut stdin);
        match given.wrong.as_slice() {
            [] => Ok(given.answers),
            wrong => Err(wrong.iter().map(|wrong| wrong.why.to_string()).collect::<Vec<_>>().join("\n")),
        }
    }

    #[test]
    fn the_command_is_one_that_clap_accepts() {
        clap::Command::new("test").args(arguments(&parameters()).unwrap()).debug_assert();
    }

    #[test]
    fn absent_flags_are_absent_answers() {
        assert_eq!(given(&[], b""), Ok(Answers::new()));
    }

    #[test]
    fn each_flag_gives_a_typed_answer() {
        let answers = given(
            &[
                "generic",
                "--size",
                "10Gi",
                "--replicas=3",
                "--ingress",
                "--label",
                "a=b",
                "--label=c=",
                "--storage-class",
                "",
            ],
            b"",
        )
        .unwrap();
        assert_eq!(answers["kind"], Answer::Text("generic".into()));
        assert_eq!(answers["size"], Answer::Text("10Gi".into()));
        assert_eq!(answers["replicas"], Answer::Int(3));
        assert_eq!(answers["ingress"], Answer::Bool(true));
        assert_eq!(answers["label"], Answer::List(vec!["a=b".into(), "c=".into()]));
        assert_eq!(answers["storage_class"], Answer::Text(String::new()));
        assert_eq!(given(&["--ingress=false"], b"").unwrap()["ingress"], Answer::Bool(false));
    }

    #[test]
    fn a_wrong_value_names_its_flag() {
        assert!(given(&["--size", "10GB"], b"").unwrap_err().starts_with("`--size`: `10GB` is not a size"));
        assert!(given(&["--replicas", "-1"], b"").unwrap_err().starts_with("`--replicas`: "));
        assert!(given(&["--label", "a=1", "--label", "a=2"], b"").unwrap_err().contains("twice"));
        assert!(given(&["opaque"], b"").unwrap_err().contains("generic"));
    }

    #[test]
    fn every_wrong_value_is_told_and_not_only_the_first() {
        let error = given(&["opaque", "--size", "10GB", "--replicas", "3", "--ingress=maybe"], b"").unwrap_err();
        let flags: Vec<_> = error.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(flags, ["`KIND`", "`--size`", "`--ingress`"]);
    }

    #[test]
    fn secrets_come_by_origin_and_standard_input_gives_one() {
        let answers = given(&["--password-from", "-"], b"hunter2\n").unwrap();
        assert_eq!(answers["password"], Answer::Secret(SecretSource::Given("hunter2".into())));
        assert!(!format!("{answers:?}").contains("hunter2"));
        let error = given(&["--password-from", "-", "--value-from", "k=-"], b"x").unwrap_err();
        assert_eq!(error, "`--value-from`: standard input can give one value only");
        assert!(!given(&["--password-from", "hunter2"], b"").unwrap_err().contains("hunter2"));
    }

    #[test]
    fn keys_of_a_secret_come_as_kubectl_takes_them() {
        let answers = given(
            &[
                "--from-literal",
                "user=admin",
                "--from-file",
                "/tmp/password",
                "--from-file=ca=/x/y",
                "--value-from",
                "k=generate",
            ],
            b"",
        )
        .unwrap();
        let Answer::Secrets(secrets) = &answers["value"] else { panic!() };
        assert_eq!(secrets["user"], SecretSource::Given("admin".into()));
        assert_eq!(secrets["password"], SecretSource::File("/tmp/password".into()));
        assert_eq!(secrets["ca"], SecretSource::File("/x/y".into()));
        assert_eq!(secrets["k"], SecretSource::Generate);
        assert!(given(&["--from-literal", "a/b=hunter2"], b"").unwrap_err().starts_with("`--from-literal`: a key"));
        assert!(given(&["--from-file", "a=/x", "--from-literal", "a=1"], b"").unwrap_err().contains("twice"));
    }
}

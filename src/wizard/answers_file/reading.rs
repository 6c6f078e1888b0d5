//! An answers file held against the parameters: what it gives, and each mistake
//! with its place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::AnswersFileError;
use crate::objects::nearest::shortened;
use crate::objects::{names, yaml};
use crate::wizard::check::{self, Invalid, check};
use crate::wizard::flags::check_items;
use crate::wizard::given::Given;
use crate::wizard::parameter::{Answer, ListItem, Parameter, SecretSource, Type};

const LARGEST: u64 = 1024 * 1024;

/// Reads a file against the declared parameters. Unknown keys (with the nearest
/// known one), values that do not fit and secrets written out are mistakes
/// among what was given, each with its place.
///
/// # Errors
/// An unreadable file, YAML that is not plain, or that is no map.
pub fn read(path: &Path, parameters: &[Parameter]) -> Result<Given, AnswersFileError> {
    let unreadable = |reason: String| AnswersFileError::Read { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable("it is larger than 1 MiB".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not text (UTF-8)".to_owned()))?;
    let at = |line: Option<u64>, column: Option<u64>| {
        let numbers = [line, column].into_iter().flatten().map(|number| format!(":{number}"));
        format!("{}{}", path.display(), numbers.collect::<String>())
    };
    let documents = yaml::documents(&text)
        .map_err(|why| AnswersFileError::Yaml { at: at(why.line, why.column), reason: why.message })?;
    let no_map = |reason: &str| AnswersFileError::Yaml { at: at(None, None), reason: reason.to_owned() };
    let places = yaml::key_places(&text);
    let place = |key: &str, of: fn(&yaml::KeyPlace) -> (u64, u64)| {
        let found = places.iter().find(|(known, _)| known == key);
        found.map(|(_, place)| of(place)).map_or_else(|| at(None, None), |(line, column)| at(Some(line), Some(column)))
    };
    match documents.as_slice() {
        [] => Ok(Given::default()),
        [Value::Object(entries)] => Ok(parse(entries, parameters, &place)),
        [_] => Err(no_map("the file is not a map of answers")),
        [_, _, ..] => Err(no_map("the file has more than one document")),
    }
}

/// Says where the key or the value of an entry stands.
type Place<'a> = &'a dyn Fn(&str, fn(&yaml::KeyPlace) -> (u64, u64)) -> String;

fn parse(entries: &Map<String, Value>, parameters: &[Parameter], place: Place<'_>) -> Given {
    let mut given = Given::default();
    for (key, value) in entries {
        let Some(parameter) = parameters.iter().find(|known| known.key() == *key) else {
            let keys: Vec<String> = parameters.iter().map(Parameter::key).collect();
            let why = Invalid::new(shortened(key), check::unknown(key, keys.iter().map(String::as_str)));
            given.wrong(key, Invalid { place: Some(place(key, |at| at.key)), ..why });
            continue;
        };
        if value.is_null() {
            continue;
        }
        match typed(parameter, value) {
            Ok(answer) => drop(given.answers.insert(parameter.name.clone(), answer)),
            Err(reason) => {
                let why = Invalid::new(key, reason);
                given.wrong(&parameter.name, Invalid { place: Some(place(key, |at| at.value)), ..why });
            }
        }
    }
    given
}

fn typed(parameter: &Parameter, value: &Value) -> Result<Answer, String> {
    match (&parameter.kind, value) {
        (Type::Secret, value) => secret(value).map(Answer::Secret),
        (Type::SecretKeys, Value::Object(entries)) => {
            let mut secrets = BTreeMap::new();
            for (key, value) in entries {
                names::config_key(key)?;
                secrets.insert(key.clone(), secret(value).map_err(|reason| format!("`{key}`: {reason}"))?);
            }
            Ok(Answer::Secrets(secrets))
        }
        (Type::SecretKeys, _) => {
            Err("a map of keys is needed, each with {generate: true}, {env: NAME} or {file: PATH}".to_owned())
        }
        (Type::List { item }, value) => list(*item, value).map(Answer::List),
        (Type::Bool, Value::Bool(yes)) => Ok(Answer::Bool(*yes)),
        (_, Value::String(text)) if text.is_empty() && parameter.optional => Ok(Answer::Text(String::new())),
        (kind, value) => check(kind, &scalar(value)?),
    }
}

/// The only three ways in which a secret may stand in a file.
fn secret(value: &Value) -> Result<SecretSource, String> {
    let refused =
        || Err("a secret is not written into this file; use {generate: true}, {env: NAME} or {file: PATH}".to_owned());
    let Some((key, origin)) =
        value.as_object().filter(|entries| entries.len() == 1).and_then(|entries| entries.iter().next())
    else {
        return refused();
    };
    match (key.as_str(), origin) {
        ("generate", Value::Bool(true)) => Ok(SecretSource::Generate),
        ("env", Value::String(name)) => check::origin(&format!("env:{name}")),
        ("file", Value::String(path)) => check::origin(&format!("file:{path}")),
        (_, _) => refused(),
    }
}

fn list(item: ListItem, value: &Value) -> Result<Vec<String>, String> {
    let items = match (item, value) {
        (_, Value::Array(items)) => items.iter().map(scalar).collect::<Result<Vec<_>, _>>()?,
        (item, Value::Object(entries)) if item.is_pair() || item == ListItem::File => entries
            .iter()
            .map(|(key, value)| scalar(value).map(|text| format!("{key}={text}")))
            .collect::<Result<Vec<_>, _>>()?,
        (_, _) => return Err("a list is needed".to_owned()),
    };
    check_items(item, &items)?;
    Ok(items)
}

fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(yes) => Err(format!("YAML reads this as the truth value {yes}; put the text in quotes")),
        Value::Null | Value::Array(_) | Value::Object(_) => Err("a single value is needed".to_owned()),
    }
}

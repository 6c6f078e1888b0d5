//! Answers files: YAML with one kebab-case key for each parameter. A secret is
//! there as `{generate: true}`, `{env: NAME}` or `{file: PATH}`, never as a
//! value, neither on the way in nor on the way out.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::check::{self, Invalid, check};
use super::flags::check_items;
use super::given::Given;
use super::parameter::{Answer, Answers, ListItem, Parameter, SecretSource, Type};
use crate::objects::nearest::shortened;
use crate::objects::{names, yaml};

const LARGEST: u64 = 1024 * 1024;

/// Why an answers file cannot be used.
#[derive(Debug, Error)]
pub enum AnswersFileError {
    #[error("cannot read `{}`: {reason}", path.display())]
    Read { path: PathBuf, reason: String },
    /// `at` is `FILE:LINE:COLUMN`, as far as it is known.
    #[error("`{at}`: {reason}")]
    Yaml { at: String, reason: String },
    #[error("cannot save the answers to `{}`: {reason}; no file was changed", path.display())]
    Write { path: PathBuf, reason: String },
}

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

/// Saves the answers, readable by the owner only, all or nothing. Returns the
/// flags of the secrets that were given by hand and are therefore not in the
/// file.
///
/// # Errors
/// The folder cannot be written, or the disk is full.
pub fn write(path: &Path, parameters: &[Parameter], answers: &Answers) -> Result<Vec<String>, AnswersFileError> {
    let (entries, left_out) = document(parameters, answers);
    let text = yaml::to_yaml(&Value::Object(entries));
    store(path, text.as_bytes()).map_err(|error| AnswersFileError::Write {
        path: path.to_owned(),
        reason: match error.kind() {
            ErrorKind::StorageFull | ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded => {
                format!("there is no space left ({error})")
            }
            _ => error.to_string(),
        },
    })?;
    Ok(left_out)
}

/// What an answers file holds: every answer by its key, secrets by their origin.
/// Beside it the flags of the secrets that were given by hand.
#[must_use]
pub fn document(parameters: &[Parameter], answers: &Answers) -> (Map<String, Value>, Vec<String>) {
    let mut entries = Map::new();
    let mut left_out = Vec::new();
    for parameter in parameters {
        let value = match answers.get(&parameter.name) {
            None => continue,
            Some(Answer::Bool(yes)) => json!(yes),
            Some(Answer::Int(number)) => json!(number),
            Some(Answer::Text(text)) => json!(text),
            Some(Answer::List(items)) => json!(items),
            Some(Answer::Secret(source)) => {
                let Some(origin) = origin(source) else {
                    left_out.push(parameter.flag());
                    continue;
                };
                origin
            }
            Some(Answer::Secrets(by_key)) => {
                let typed: Vec<_> = by_key.iter().filter(|(_, source)| origin(source).is_none()).collect();
                if !typed.is_empty() {
                    // Half of the keys would silently make another Secret.
                    left_out.extend(typed.iter().map(|(key, _)| format!("{} {key}=…", parameter.flag())));
                    continue;
                }
                let stored = by_key.iter().filter_map(|(key, source)| Some((key.clone(), origin(source)?)));
                Value::Object(stored.collect())
            }
        };
        entries.insert(parameter.key(), value);
    }
    (entries, left_out)
}

fn origin(source: &SecretSource) -> Option<Value> {
    match source {
        SecretSource::Generate => Some(json!({"generate": true})),
        SecretSource::Env(name) => Some(json!({"env": name})),
        SecretSource::File(path) => Some(json!({"file": path.to_string_lossy()})),
        SecretSource::Given(_) => None,
    }
}

/// Beside the target first, then renamed: a full disk leaves the old file. A
/// link stays one, and what is no regular file (`/dev/null`) is written to.
fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return File::options().write(true).open(path)?.write_all(bytes);
    }
    let path = &target(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Where the links of a path lead, be a file there yet or not.
fn target(path: &Path) -> std::io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::read_link(path) {
            Ok(next) => target(&path.parent().unwrap_or(Path::new("")).join(next)),
            Err(_) => Ok(path.to_owned()),
        },
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::samples::parameter;
    use super::*;

    fn parameters() -> Vec<Parameter> {
        let mut note = parameter("note", Type::Text { pattern: None });
        note.optional = true;
        vec![
            parameter("storage_class", Type::StorageClass),
            parameter("size", Type::Quantity),
            parameter("replicas", Type::Int { min: 1, max: 9 }),
            parameter("ingress", Type::Bool),
            parameter("label", Type::List { item: ListItem::KeyValue }),
            parameter("admin_password", Type::Secret),
            parameter("value", Type::SecretKeys),
            note,
        ]
    }

    fn read_text(text: &str) -> Result<Answers, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.yaml");
        std::fs::write(&path, text).unwrap();
        let plain = |text: String| text.replace(&*path.to_string_lossy(), "FILE");
        let given = read(&path, &parameters()).map_err(|error| plain(error.to_string()))?;
        match given.wrong.as_slice() {
            [] => Ok(given.answers),
            wrong => Err(plain(wrong.iter().map(|wrong| wrong.why.to_string()).collect::<Vec<_>>().join("\n"))),
        }
    }

    #[test]
    fn what_was_saved_is_read_back_and_nobody_else_can_read_it() {
        let answers: Answers = [
            ("storage_class".to_owned(), Answer::Text(String::new())),
            ("size".to_owned(), Answer::Text("10Gi".into())),
            ("replicas".to_owned(), Answer::Int(3)),
            ("ingress".to_owned(), Answer::Bool(false)),
            ("label".to_owned(), Answer::List(vec!["on=1_000".into(), "a=".into()])),
            ("admin_password".to_owned(), Answer::Secret(SecretSource::Generate)),
            ("value".to_owned(), Answer::Secrets([("ca".to_owned(), SecretSource::File("/x y/ca".into()))].into())),
        ]
        .into();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.yaml");
        std::fs::write(&path, "old: 1\n").unwrap();
        assert_eq!(write(&path, &parameters(), &answers).unwrap(), Vec::<String>::new());
        assert_eq!(read(&path, &parameters()).unwrap(), answers.into());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_given_secret_is_left_out_and_reported() {
        let given = || SecretSource::Given("hunter2".into());
        let answers: Answers = [
            ("admin_password".to_owned(), Answer::Secret(given())),
            ("value".to_owned(), Answer::Secrets([("ca".to_owned(), given())].into())),
        ]
        .into();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.yaml");
        let left_out = write(&path, &parameters(), &answers).unwrap();
        assert_eq!(left_out, ["--admin-password-from", "--value-from ca=…"]);
        assert!(!std::fs::read_to_string(&path).unwrap().contains("hunter2"));
    }

    #[test]
    fn a_file_that_cannot_be_written_changes_nothing() {
        let error = write(Path::new("/no/such/folder/a.yaml"), &parameters(), &Answers::new()).unwrap_err();
        assert!(error.to_string().contains("no file was changed"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_stay_what_they_are() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        use std::process::Command;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let answers = Answers::from([("size".to_owned(), Answer::Text("1Gi".into()))]);
        fs::create_dir(at("there")).unwrap();
        fs::write(at("there/old"), "old: 1\n").unwrap();
        // The last two lead to a file that is not there yet, one by way of the other.
        for (link, to) in [("a", "there/old"), ("b", "there/new"), ("there/d", "../new"), ("c", "there/d")] {
            symlink(to, at(link)).unwrap();
            write(&at(link), &parameters(), &answers).unwrap();
            assert_eq!(fs::read_link(at(link)).unwrap(), Path::new(to));
            assert_eq!(read(&at(link), &parameters()).unwrap(), answers.clone().into(), "{link}");
            if link.ends_with('d') {
                fs::remove_file(at("new")).unwrap();
            }
        }
        let fifo = at("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || fs::read_to_string(fifo).unwrap()
        });
        write(&fifo, &parameters(), &answers).unwrap();
        assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
        assert_eq!(reader.join().unwrap(), "size: 1Gi\n");
        assert!(write(&at("there"), &parameters(), &answers).is_err(), "a folder is no file");
        symlink("round", at("round")).unwrap();
        assert!(write(&at("round"), &parameters(), &answers).is_err());
    }

    #[test]
    fn unknown_keys_get_a_suggestion() {
        let error = read_text("storage_class: fast\n").unwrap_err();
        assert!(error.ends_with("did you mean `storage-class`?"), "{error}");
        assert!(read_text("replica: 3\n").unwrap_err().contains("`replicas`?"));
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let error = read_text("# mine\nsize: 10GB\nnote: x\nreplicas:\n  two\nnmae: web\n").unwrap_err();
        let places: Vec<_> = error.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(places, ["`FILE:2:7`", "`FILE:5:3`", "`FILE:6:1`"], "{error}");
        assert!(read_text("size: [\n").unwrap_err().starts_with("`FILE:1:7`: "), "{error}");
    }

    #[test]
    fn secrets_written_out_are_refused_and_not_repeated() {
        for text in [
            "admin-password: hunter2\n",
            "admin-password: {value: hunter2}\n",
            "admin-password: {generate: hunter2}\n",
            "admin-password: {env: A, file: hunter2}\n",
            "value: {ca: hunter2}\n",
            "value: hunter2\n",
            "admin-password: [hunter2\n",
            "admin-password: {env: A}\nadmin-password: hunter2\n",
        ] {
            let error = read_text(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn values_are_checked_like_flags() {
        for (text, part) in [
            ("size: 10GB\n", "10Gi"),
            ("size: yes\n", "in quotes"),
            ("replicas: 10\n", "from 1 to 9"),
            ("replicas: 1.5\n", "whole number"),
            ("ingress: 'true '\n", "true or false"),
            ("label: a\n", "a list is needed"),
            ("label: [a]\n", "KEY=VALUE"),
            ("size: {a: b}\n", "single value"),
            ("- size\n", "not a map"),
            ("size: 1Gi\n---\nsize: 2Gi\n", "more than one document"),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn plain_files_are_read_with_their_types() {
        let answers =
            read_text("size: 1000\nlabel: {tier: db, n: 1}\nnote: ''\nadmin-password: {env: PW}\nreplicas:\n").unwrap();
        assert_eq!(answers["size"], Answer::Text("1000".into()));
        assert_eq!(answers["label"], Answer::List(vec!["tier=db".into(), "n=1".into()]));
        assert_eq!(answers["note"], Answer::Text(String::new()));
        assert_eq!(answers["admin_password"], Answer::Secret(SecretSource::Env("PW".into())));
        assert!(!answers.contains_key("replicas"));
        assert_eq!(read_text("# nothing\n"), Ok(Answers::new()));
    }

    #[test]
    fn bombs_and_endless_files_are_refused() {
        let mut laughs = "size: &a0 [x]\n".to_owned();
        for level in 1..12 {
            let many = format!("*a{},", level - 1).repeat(10);
            let _ = writeln!(laughs, "k{level}: &a{level} [{many}]");
        }
        assert!(read_text(&laughs).is_err());
        assert!(read(Path::new("/dev/zero"), &parameters()).unwrap_err().to_string().contains("1 MiB"));
    }
}

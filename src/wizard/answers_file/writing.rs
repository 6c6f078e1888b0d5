//! Answers as a file: all or nothing, for its owner alone, and no secret in it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::AnswersFileError;
use crate::objects::yaml;
use crate::wizard::parameter::{Answer, Answers, Parameter, SecretSource};

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

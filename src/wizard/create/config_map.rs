//! `create configmap` from literals, files and folders.

use std::collections::BTreeSet;
use std::path::Path;

use super::answered::{Answered, split};
use super::claim::label;
use super::files::LARGEST;
use super::kind::{BuildError, CreateKind};
use crate::objects::builders::config_map::config_map;
use crate::objects::builders::metadata::Metadata;
use crate::objects::names;
use crate::wizard::create::Files;
use crate::wizard::parameter::{Answer, Answers, ListItem, Parameter, Type};
use crate::wizard::secret;

pub(super) fn kind() -> CreateKind {
    CreateKind {
        name: "configmap",
        aliases: &["cm"],
        about: "A ConfigMap from literals, files or folders",
        parameters: vec![
            Parameter::new("name", Type::Name { max: 253 }, "Name of the ConfigMap", "The name of the ConfigMap.")
                .positional(),
            Parameter::new(
                "from_literal",
                Type::List { item: ListItem::KeyValue },
                "Key and value",
                "A key and its value; may be repeated.",
            )
            .optional(),
            Parameter::new(
                "from_file",
                Type::List { item: ListItem::File },
                "File or folder",
                "A file, by its name or under a key, or all files of a folder; may be repeated.",
            )
            .optional(),
            Parameter::new("immutable", Type::Bool, "Never to be changed", "The data can never be changed afterwards.")
                .default(Answer::Bool(false))
                .quiet(),
            label(),
        ],
        build,
        secrets: secret::sources,
    }
}

fn build(answers: &Answers, namespace: &str, files: &dyn Files) -> Result<Vec<serde_json::Value>, BuildError> {
    let answered = Answered(answers);
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    for item in answered.list("from_literal") {
        let (key, value) = split(item);
        entries.push((key, value.into_bytes()));
    }
    for item in answered.list("from_file") {
        read(item, files, &mut entries)?;
    }
    let mut keys = BTreeSet::new();
    for (key, _) in &entries {
        let wrong = |reason: &str| BuildError::invalid("--from-file", format!("the key `{key}`: {reason}"));
        names::config_key(key).map_err(|reason| wrong(&reason))?;
        if !keys.insert(key) {
            return Err(wrong("it is there twice"));
        }
    }
    let size: usize = entries.iter().map(|(key, bytes)| key.len() + bytes.len()).sum();
    if size as u64 > LARGEST {
        return Err(BuildError::invalid("--from-file", format!("{size} bytes together; a ConfigMap holds 1 MiB")));
    }
    let metadata = Metadata::new(answered.needed("name")?, Some(namespace), answered.labels("label")?);
    Ok(vec![config_map(&metadata, &entries, answered.yes("immutable"))])
}

fn read(item: &str, files: &dyn Files, entries: &mut Vec<(String, Vec<u8>)>) -> Result<(), BuildError> {
    let (key, path) = match item.split_once('=') {
        Some((key, path)) => (Some(key), Path::new(path)),
        None => (None, Path::new(item)),
    };
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |reason: String| BuildError::File { path, reason }
    };
    if files.is_folder(path) {
        if key.is_some() {
            return Err(unreadable(path)("it is a folder; a key can only have a file".to_owned()));
        }
        for name in files.names(path).map_err(unreadable(path))? {
            let file = path.join(&name);
            entries.push((name, files.read(&file).map_err(unreadable(&file))?));
        }
        return Ok(());
    }
    let name = key.or_else(|| path.file_name().and_then(|name| name.to_str()));
    let name = name.ok_or_else(|| unreadable(path)("the path has no file name".to_owned()))?;
    entries.push((name.to_owned(), files.read(path).map_err(unreadable(path))?));
    Ok(())
}

//! Objects as text: `-o yaml|json|name`, `--save DIR`. A Secret appears only
//! with `--show-secrets`, and never in a file.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::kept::Existing;
use crate::commands::flags::Format;
use crate::effects::{Effect, Secrets};
use crate::error::Failure;
use crate::objects::kinds::ObjectRef;
use crate::objects::secret_token;
use crate::objects::yaml;

/// The objects as they are to be printed, and what was left out.
pub struct Printable {
    pub text: String,
    /// `Secret/name` of each Secret that is not in the text.
    pub left_out: Vec<ObjectRef>,
}

/// Renders manifests before they are made.
pub fn manifests(
    effects: &[Effect],
    format: Format,
    show_secrets: bool,
    secrets: &dyn Secrets,
    existing: &Existing,
) -> Result<Printable, Failure> {
    let mut objects = Vec::new();
    let mut left_out = Vec::new();
    for effect in effects {
        match effect {
            Effect::Apply(apply) => objects.push(apply.manifest.clone()),
            Effect::CreateSecret(create) if format == Format::Name => objects.push(create.manifest.clone()),
            Effect::CreateSecret(create) if show_secrets && existing.contains_key(&create.object.path()) => {
                objects.extend(existing.get(&create.object.path()).cloned());
            }
            Effect::CreateSecret(create) if show_secrets => {
                let resolved = secret_token::resolve(&create.manifest, |name| secrets.value(name))
                    .map_err(|why| Failure::usage("secret-value", why))?;
                objects.push(resolved);
            }
            Effect::CreateSecret(create) => left_out.push(create.object.clone()),
        }
    }
    Ok(Printable { text: render(&objects, format), left_out })
}

/// How to create by hand a Secret that is not in the output.
pub fn left_out(secret: &ObjectRef, effects: &[Effect]) -> String {
    let manifest = effects.iter().find_map(|effect| match effect {
        Effect::CreateSecret(create) if create.object == *secret => Some(&create.manifest),
        Effect::CreateSecret(_) | Effect::Apply(_) => None,
    });
    let keys = manifest.and_then(|manifest| manifest["stringData"].as_object()).into_iter().flatten();
    let literals: Vec<_> = keys.map(|(key, _)| format!("--from-literal={key}=…")).collect();
    format!(
        "{secret} is left out (`--show-secrets` shows it); to create it: kubectl create secret generic {} {} -n {}",
        secret.name,
        literals.join(" "),
        secret.namespace
    )
}

/// Renders objects in kubectl's formats.
pub fn render(objects: &[Value], format: Format) -> String {
    match format {
        Format::Yaml => yaml::to_yaml_documents(objects),
        Format::Json => {
            let whole = match objects {
                [one] => one.clone(),
                several => json!({ "apiVersion": "v1", "kind": "List", "items": several }),
            };
            format!("{}\n", serde_json::to_string_pretty(&whole).unwrap_or_default())
        }
        Format::Name => {
            let mut lines: Vec<_> = objects.iter().filter_map(ObjectRef::of).map(|object| name(&object)).collect();
            lines.push(String::new());
            lines.join("\n")
        }
    }
}

/// `statefulset.apps/web`, as kubectl names objects.
pub fn name(object: &ObjectRef) -> String {
    let kind = object.kind.kind.to_lowercase();
    match object.kind.group {
        "" => format!("{kind}/{}", object.name),
        group => format!("{kind}.{group}/{}", object.name),
    }
}

/// Writes each object but Secrets to a file of its own, in apply order. Each
/// file appears whole or not at all.
pub fn save(effects: &[Effect], folder: &Path) -> Result<Vec<String>, Failure> {
    let failed = |path: &Path, why: &dyn std::fmt::Display| {
        Failure::failed("cannot-save", format!("cannot write `{}`: {why}", path.display()))
            .hint("choose another folder with `--save DIR`")
    };
    std::fs::create_dir_all(folder).map_err(|why| failed(folder, &why))?;
    let mut written = Vec::new();
    for (index, effect) in effects.iter().enumerate() {
        let Effect::Apply(apply) = effect else { continue };
        let object = &apply.object;
        let path = folder.join(format!("{:02}-{}-{}.yaml", index + 1, object.kind.kind.to_lowercase(), object.name));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|why| failed(&path, &why))?;
        file.write_all(yaml::to_yaml(&apply.manifest).as_bytes())
            .and_then(|()| file.as_file().sync_data())
            .map_err(|why| failed(&path, &why))?;
        file.persist(&path).map_err(|why| failed(&path, &why.error))?;
        written.push(path.display().to_string());
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::create_secret::CreateSecret;

    struct Hunter;

    impl Secrets for Hunter {
        fn value(&self, _: &str) -> Result<Vec<u8>, String> {
            Ok(b"hunter2".to_vec())
        }
    }

    fn secret() -> Vec<Effect> {
        let manifest = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" },
                               "stringData": { "password": { "$secret": "password" } } });
        let object = ObjectRef::of(&manifest).unwrap();
        vec![Effect::CreateSecret(CreateSecret { object, manifest })]
    }

    #[test]
    fn a_secret_is_left_out_unless_it_was_asked_for() {
        let hidden = manifests(&secret(), Format::Yaml, false, &Hunter, &Existing::new()).unwrap();
        assert_eq!((hidden.text.as_str(), hidden.left_out.len()), ("", 1));
        let shown = manifests(&secret(), Format::Yaml, true, &Hunter, &Existing::new()).unwrap();
        assert!(shown.text.contains("aHVudGVyMg=="), "{}", shown.text);
    }

    #[test]
    fn saved_files_never_hold_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        assert!(save(&secret(), folder.path()).unwrap().is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn names_are_kubectls() {
        let set = ObjectRef::of(&json!({ "kind": "StatefulSet", "metadata": { "name": "web" } })).unwrap();
        assert_eq!(name(&set), "statefulset.apps/web");
    }
}

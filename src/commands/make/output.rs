//! Objects as text: `-o yaml|json|name`, `--save DIR`. A Secret appears only
//! with `--show-secrets`, and never in a file.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::kept::Existing;
use crate::commands::flags::Format;
use crate::effects::create_secret::CreateSecret;
use crate::effects::{Effect, Preview, Secrets};
use crate::error::Failure;
use crate::objects::kinds::ObjectRef;
use crate::objects::secret_token;
use crate::objects::yaml;

/// The objects as they are to be printed, and what was left out.
pub struct Printable {
    pub text: String,
    /// A line on each Secret that is not in the text.
    pub left_out: Vec<String>,
}

/// Which form of an object that is not made yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is asked for: what somebody would write by hand and keep.
    Manifest,
    /// As the server would store it, if one was asked.
    DryRun,
}

/// Renders objects that are not made yet.
pub fn planned(
    approved: &[(Effect, Preview)],
    form: Form,
    format: Format,
    show_secrets: bool,
    secrets: &dyn Secrets,
    existing: &Existing,
) -> Result<Printable, Failure> {
    let body = |(effect, preview): &(Effect, Preview)| match effect.secret() {
        None if form == Form::Manifest => Ok(effect.manifest().clone()),
        None => Ok(as_kubectl_shows(preview.after.clone())),
        Some(create) if !show_secrets => Ok(create.manifest.clone()),
        Some(create) => match existing.get(&create.object.path()) {
            Some(existing) => Ok(existing.clone()),
            None => secret_token::resolve(&create.manifest, |name| secrets.value(name))
                .map_err(|why| Failure::usage("secret-value", why)),
        },
    };
    let bodies = approved.iter().map(body).collect::<Result<Vec<_>, _>>()?;
    Ok(printable(approved.iter().map(|(effect, _)| effect).zip(bodies), format, show_secrets))
}

/// Renders objects as the server stores them.
pub fn stored(approved: &[(Effect, Preview)], objects: Vec<Value>, format: Format, show_secrets: bool) -> Printable {
    let objects = objects.into_iter().map(as_kubectl_shows);
    printable(approved.iter().map(|(effect, _)| effect).zip(objects), format, show_secrets)
}

/// Sorted keys, and no managed fields, which kubectl shows only when asked to.
fn as_kubectl_shows(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    object.sort_all_objects();
    object
}

fn printable<'a>(objects: impl Iterator<Item = (&'a Effect, Value)>, format: Format, show_secrets: bool) -> Printable {
    let mut shown = Vec::new();
    let mut left_out = Vec::new();
    for (effect, object) in objects {
        match effect.secret() {
            // Its name is no secret.
            Some(create) if !show_secrets && format != Format::Name => left_out.push(by_hand(create)),
            Some(_) | None => shown.push(object),
        }
    }
    Printable { text: render(&shown, format), left_out }
}

/// How to create by hand a Secret that is not in the output.
fn by_hand(create: &CreateSecret) -> String {
    let (object, manifest) = (&create.object, &create.manifest);
    let keys = || manifest["stringData"].as_object().into_iter().flatten().map(|(key, _)| key);
    let words: Vec<_> = match manifest["type"].as_str() {
        Some("kubernetes.io/tls") => {
            vec![format!("tls {}", object.name), "--cert=…".to_owned(), "--key=…".to_owned()]
        }
        Some("kubernetes.io/dockerconfigjson") => {
            let flags = ["--docker-server=…", "--docker-username=…", "--docker-password=…"].map(str::to_owned);
            std::iter::once(format!("docker-registry {}", object.name)).chain(flags).collect()
        }
        _ => {
            let literals = keys().map(|key| format!("--from-literal={key}=…"));
            std::iter::once(format!("generic {}", object.name)).chain(literals).collect()
        }
    };
    format!(
        "{object} is left out (`--show-secrets` shows it); to create it: kubectl create secret {} -n {}",
        words.join(" "),
        object.namespace
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
pub fn save(approved: &[(Effect, Preview)], folder: &Path) -> Result<Vec<String>, Failure> {
    let failed = |path: &Path, why: &dyn std::fmt::Display| {
        Failure::failed("cannot-save", format!("cannot write `{}`: {why}", path.display()))
            .hint("choose another folder with `--save DIR`")
    };
    std::fs::create_dir_all(folder).map_err(|why| failed(folder, &why))?;
    let mut written = Vec::new();
    let applied = approved.iter().map(|(effect, _)| effect).filter(|effect| effect.secret().is_none());
    for (index, effect) in applied.enumerate() {
        let object = effect.object();
        let path = folder.join(format!("{:02}-{}-{}.yaml", index + 1, object.kind.kind.to_lowercase(), object.name));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|why| failed(&path, &why))?;
        file.write_all(yaml::to_yaml(effect.manifest()).as_bytes())
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
    use crate::effects::apply::Apply;

    struct Hunter;

    impl Secrets for Hunter {
        fn is_given(&self, _: &str) -> bool {
            false
        }

        fn value(&self, _: &str) -> Result<Vec<u8>, String> {
            Ok(b"hunter2".to_vec())
        }
    }

    fn secret(kind: &str) -> Vec<(Effect, Preview)> {
        let manifest = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "n" },
                               "type": kind, "stringData": { "password": { "$secret": "password" } } });
        let object = ObjectRef::of(&manifest).unwrap();
        let preview = Preview::unasked(&manifest);
        vec![(Effect::CreateSecret(CreateSecret { object, manifest }), preview)]
    }

    fn config() -> (Effect, Preview) {
        let manifest = json!({ "kind": "ConfigMap", "metadata": { "name": "c", "namespace": "n" } });
        let preview = Preview::unasked(&manifest);
        (Effect::Apply(Apply { object: ObjectRef::of(&manifest).unwrap(), manifest }), preview)
    }

    fn shown(show_secrets: bool) -> Printable {
        planned(&secret("Opaque"), Form::DryRun, Format::Yaml, show_secrets, &Hunter, &Existing::new()).unwrap()
    }

    #[test]
    fn a_secret_is_left_out_unless_it_was_asked_for() {
        assert_eq!((shown(false).text.as_str(), shown(false).left_out.len()), ("", 1));
        assert!(shown(true).text.contains("aHVudGVyMg=="), "{}", shown(true).text);
    }

    #[test]
    fn a_stored_secret_is_left_out_as_well_and_managed_fields_always_are() {
        let object =
            json!({ "kind": "Secret", "metadata": { "name": "s", "managedFields": [] }, "data": { "a": "eA==" } });
        let hidden = stored(&secret("Opaque"), vec![object.clone()], Format::Json, false);
        assert!(!hidden.text.contains("eA=="), "{}", hidden.text);
        let shown = stored(&secret("Opaque"), vec![object], Format::Json, true);
        assert!(shown.text.contains("eA==") && !shown.text.contains("managedFields"), "{}", shown.text);
    }

    #[test]
    fn a_secret_that_is_left_out_comes_with_the_command_of_its_type() {
        let by_hand = |kind: &str| stored(&secret(kind), vec![Value::Null], Format::Yaml, false).left_out.remove(0);
        assert!(by_hand("Opaque").ends_with("kubectl create secret generic s --from-literal=password=… -n n"));
        assert!(by_hand("kubernetes.io/tls").ends_with("kubectl create secret tls s --cert=… --key=… -n n"));
        assert!(by_hand("kubernetes.io/dockerconfigjson").contains("docker-registry s --docker-server=…"));
    }

    #[test]
    fn saved_files_never_hold_a_secret_and_are_numbered_from_one() {
        let folder = tempfile::tempdir().unwrap();
        let both: Vec<_> = secret("Opaque").into_iter().chain([config()]).collect();
        let written = save(&both, folder.path()).unwrap();
        assert_eq!(written, [folder.path().join("01-configmap-c.yaml").display().to_string()]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn names_are_kubectls() {
        let set = ObjectRef::of(&json!({ "kind": "StatefulSet", "metadata": { "name": "web" } })).unwrap();
        assert_eq!(name(&set), "statefulset.apps/web");
    }
}

//! `create secret generic|docker-registry|tls`. The manifests hold tokens; the
//! values stay where they come from until the Secret is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::answered::Answered;
use super::claim::label;
use super::kind::{BuildError, CreateKind};
use super::persistent_volume::choice;
use crate::objects::builders::metadata::Metadata;
use crate::objects::builders::secret::{SecretKind, secret};
use crate::wizard::create::Files;
use crate::wizard::parameter::{Answer, Answers, Parameter, SecretSource, Type};
use crate::wizard::secret::sources;

pub(super) fn kind() -> CreateKind {
    let types = [
        ("generic", "any keys, such as a password"),
        ("docker-registry", "credentials for a registry of images"),
        ("tls", "a certificate and its key"),
    ];
    let text = || Type::Text { pattern: None };
    CreateKind {
        name: "secret",
        aliases: &[],
        about: "A Secret: keys of your own, registry credentials, or a certificate",
        parameters: vec![
            Parameter::new("kind", choice(&types), "Kind of Secret", "What the Secret holds.").positional(),
            Parameter::new("name", Type::Name { max: 253 }, "Name of the Secret", "The name of the Secret.")
                .positional(),
            Parameter::new(
                "value",
                Type::SecretKeys,
                "Secret value",
                "A key, and where its value comes from; may be repeated.",
            )
            .when("kind", &["generic"]),
            Parameter::new("type", text(), "Type", "The type of the Secret; Opaque if left out.")
                .optional()
                .quiet()
                .when("kind", &["generic"]),
            Parameter::new("docker_server", text(), "Registry", "The address of the registry.")
                .default(Answer::Text("https://index.docker.io/v1/".to_owned()))
                .when("kind", &["docker-registry"]),
            Parameter::new("docker_username", text(), "User name", "The user at the registry.")
                .when("kind", &["docker-registry"]),
            Parameter::new("docker_password", Type::Secret, "Password", "Where the user's password comes from.")
                .when("kind", &["docker-registry"]),
            Parameter::new("docker_email", text(), "E-mail", "The user's e-mail address, if the registry wants it.")
                .optional()
                .quiet()
                .when("kind", &["docker-registry"]),
            Parameter::new("cert", text(), "File of the certificate", "The certificate in PEM form.")
                .when("kind", &["tls"]),
            Parameter::new("key", text(), "File of the key", "The private key in PEM form.").when("kind", &["tls"]),
            label(),
        ],
        build,
        secrets,
    }
}

fn secrets(answers: &Answers) -> BTreeMap<String, SecretSource> {
    let mut out = sources(answers);
    for name in ["cert", "key"] {
        out.extend(Answered(answers).text(name).map(|path| (name.to_owned(), SecretSource::File(PathBuf::from(path)))));
    }
    out
}

fn build(answers: &Answers, namespace: &str, files: &dyn Files) -> Result<Vec<serde_json::Value>, BuildError> {
    let answered = Answered(answers);
    let metadata = Metadata::new(answered.needed("name")?, Some(namespace), answered.labels("label")?);
    let kind = match answered.text("kind") {
        Some("docker-registry") => docker(answers)?,
        Some("tls") => {
            check_pem(files, "cert", answered.needed("cert")?, "CERTIFICATE")?;
            check_pem(files, "key", answered.needed("key")?, "PRIVATE KEY")?;
            SecretKind::Tls { certificate: "cert".to_owned(), key: "key".to_owned() }
        }
        Some(_) | None => generic(answers, files)?,
    };
    Ok(vec![secret(&metadata, &kind)])
}

fn generic(answers: &Answers, files: &dyn Files) -> Result<SecretKind, BuildError> {
    let Some(Answer::Secrets(by_key)) = answers.get("value") else {
        return Err(BuildError::invalid("--value-from", "it is missing"));
    };
    for source in by_key.values() {
        if let SecretSource::File(path) = source {
            readable(files, path)?;
        }
    }
    let keys = by_key.keys().map(|key| (key.clone(), format!("value/{key}"))).collect();
    Ok(SecretKind::Generic { kind: Answered(answers).owned("type"), keys })
}

fn docker(answers: &Answers) -> Result<SecretKind, BuildError> {
    let answered = Answered(answers);
    if answers.get("docker_password") == Some(&Answer::Secret(SecretSource::Generate)) {
        return Err(BuildError::invalid(
            "--docker-password-from",
            "the registry decides on the password; it cannot be generated",
        ));
    }
    Ok(SecretKind::DockerRegistry {
        server: answered.needed("docker_server")?.to_owned(),
        username: answered.needed("docker_username")?.to_owned(),
        email: answered.owned("docker_email"),
        password: "docker_password".to_owned(),
    })
}

/// Said before anything is written, rather than by the write that fails.
fn readable(files: &dyn Files, path: &Path) -> Result<Vec<u8>, BuildError> {
    if files.is_folder(path) {
        let reason = "it is a folder; name each file with --from-file KEY=PATH".to_owned();
        return Err(BuildError::File { path: path.to_owned(), reason });
    }
    files.read(path).map_err(|reason| BuildError::File { path: path.to_owned(), reason })
}

/// Certificate and key are often mixed up. The contents are looked at and dropped.
fn check_pem(files: &dyn Files, name: &str, path: &str, what: &str) -> Result<(), BuildError> {
    let bytes = readable(files, Path::new(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let found =
        text.lines().any(|line| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(&format!("{what}-----")));
    if found {
        Ok(())
    } else {
        Err(BuildError::invalid(&format!("--{name}"), format!("`{path}` has no `BEGIN {what}`")))
    }
}

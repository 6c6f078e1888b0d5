//! kubectl's policy on credential plugins. A kubeconfig can name any program,
//! so whoever was sent one can be made to run anything; `credentialPluginPolicy`
//! in kubectl's preferences file limits that (Kubernetes 1.35), and what holds
//! for kubectl holds for us. Nothing else of that file concerns a plugin.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use serde::Deserialize;

use super::environment::Environment;
use crate::error::Failure;

/// Which credential plugins may be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    AllowAll,
    DenyAll,
    Allowlist(Vec<String>),
}

impl Policy {
    /// Whether this program may run. A bare name stands for the file that
    /// `PATH` finds under it.
    pub fn allows(&self, program: &str, path: Option<&OsStr>) -> bool {
        match self {
            Self::AllowAll => true,
            Self::DenyAll => false,
            Self::Allowlist(names) => {
                let file = located(program, path);
                names.iter().any(|name| name == program || (file.is_some() && located(name, path) == file))
            }
        }
    }
}

fn located(program: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    if program.contains(MAIN_SEPARATOR) {
        return Some(PathBuf::from(program));
    }
    std::env::split_paths(path?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Preference {
    credential_plugin_policy: Option<String>,
    credential_plugin_allowlist: Option<Vec<Entry>>,
}

/// Kubernetes 1.35 calls the field `name`, 1.36 `command`.
#[derive(Deserialize)]
struct Entry {
    #[serde(alias = "name")]
    command: String,
}

/// The policy of `$KUBERC` or `~/.kube/kuberc`. No file, `KUBERC=off` and a
/// file without a policy allow everything, as in kubectl; a file that cannot
/// be understood allows nothing.
pub fn policy(environment: &Environment) -> Result<Policy, Failure> {
    let (path, named) = match &environment.kuberc {
        Some(value) if value == "off" => return Ok(Policy::AllowAll),
        Some(value) if !value.is_empty() => (PathBuf::from(value), true),
        _ => match &environment.home {
            Some(home) => (home.join(".kube").join("kuberc"), false),
            None => return Ok(Policy::AllowAll),
        },
    };
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text).map_err(|why| broken(&path, &why)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !named => Ok(Policy::AllowAll),
        Err(error) => Err(broken(&path, &super::failure::plain(&error))),
    }
}

fn broken(path: &Path, why: &str) -> Failure {
    Failure::usage("kuberc-broken", format!("kubectl's preferences file `{}` is of no use: {why}", path.display()))
        .hint("it says which credential plugins may run; correct it, or set KUBERC=off")
}

fn parse(text: &str) -> Result<Policy, String> {
    let documents: Vec<Preference> = serde_saphyr::from_multiple(text).map_err(|error| match error.location() {
        Some(place) => format!("it is not valid (line {}, column {})", place.line(), place.column()),
        None => "it is not valid".to_owned(),
    })?;
    let speaking = |document: &Preference| {
        document.credential_plugin_policy.as_ref().is_some_and(|policy| !policy.is_empty())
            || document.credential_plugin_allowlist.is_some()
    };
    let Some(found) = documents.into_iter().find(speaking) else { return Ok(Policy::AllowAll) };
    let names: Option<Vec<String>> =
        found.credential_plugin_allowlist.map(|entries| entries.into_iter().map(|entry| entry.command).collect());
    match (found.credential_plugin_policy.as_deref().unwrap_or_default(), names) {
        ("" | "AllowAll", None) => Ok(Policy::AllowAll),
        ("DenyAll", None) => Ok(Policy::DenyAll),
        ("Allowlist", Some(names)) if !names.is_empty() => Ok(Policy::Allowlist(names)),
        ("Allowlist", _) => Err("`credentialPluginAllowlist` is empty".to_owned()),
        ("" | "AllowAll" | "DenyAll", Some(_)) => {
            Err("`credentialPluginAllowlist` needs the policy `Allowlist`".to_owned())
        }
        (other, _) => Err(format!("`{other}` is no credential plugin policy")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_understood_and_everything_else_is_refused() {
        assert_eq!(parse(""), Ok(Policy::AllowAll));
        assert_eq!(parse("kind: Preference\ndefaults: []"), Ok(Policy::AllowAll));
        assert_eq!(parse("credentialPluginPolicy: DenyAll"), Ok(Policy::DenyAll));
        let list = |field| format!("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{{{field}: a}}]");
        assert_eq!(parse(&list("name")), Ok(Policy::Allowlist(vec!["a".into()])));
        assert_eq!(parse(&list("command")), Ok(Policy::Allowlist(vec!["a".into()])));
        assert_eq!(parse("kind: old\n---\ncredentialPluginPolicy: DenyAll"), Ok(Policy::DenyAll));
        for bad in [
            "credentialPluginPolicy: Sometimes",
            "credentialPluginPolicy: Allowlist",
            "credentialPluginAllowlist: [{name: a}]",
            "credentialPluginPolicy: [",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_missing_file_matters_only_when_it_was_named() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        assert_eq!(policy(&environment).unwrap(), Policy::AllowAll);
        let named = Environment { kuberc: Some(home.path().join("mine").into()), ..environment.clone() };
        assert_eq!(policy(&named).unwrap_err().code, "kuberc-broken");
        fs::create_dir(home.path().join(".kube")).unwrap();
        fs::write(home.path().join(".kube/kuberc"), "credentialPluginPolicy: DenyAll").unwrap();
        assert_eq!(policy(&environment).unwrap(), Policy::DenyAll);
        let off = Environment { kuberc: Some("off".into()), ..environment };
        assert_eq!(policy(&off).unwrap(), Policy::AllowAll);
    }

    #[test]
    fn a_list_allows_names_paths_and_what_a_name_means_on_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("login");
        fs::write(&file, "").unwrap();
        let full = file.display().to_string();
        let path = Some(folder.path().as_os_str());
        let allows = |entry: &str, program: &str| Policy::Allowlist(vec![entry.to_owned()]).allows(program, path);
        assert!(allows("login", "login"));
        assert!(allows("login", &full));
        assert!(allows(&full, "login"));
        assert!(!allows("login", "/elsewhere/login"));
        assert!(!allows("other", "login"));
        assert!(!allows("missing", "also-missing"));
        assert!(!Policy::DenyAll.allows("login", path));
    }
}

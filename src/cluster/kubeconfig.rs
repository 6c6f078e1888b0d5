//! Which kubeconfig files count, and what they say together. kubectl's order:
//! `--kubeconfig`, then every file of `KUBECONFIG`, then `~/.kube/config`.
//! Paths inside a file are relative to that file (kube does that).
//!
//! Errors name the file and the line and never quote it: it holds tokens.

use std::io;
use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError};

use super::environment::Environment;
use crate::error::Failure;

/// The merged kubeconfig; `None` when there is none, or only empty ones.
pub fn load(flag: Option<&Path>, environment: &Environment) -> Result<Option<Kubeconfig>, Failure> {
    let mut merged = Kubeconfig::default();
    match flag.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => {
            merged = read(path)?.ok_or_else(|| {
                Failure::usage("kubeconfig-missing", format!("the kubeconfig `{}` does not exist", path.display()))
            })?;
        }
        None => {
            for path in files(environment) {
                if let Some(next) = read(&path)? {
                    merged = merged.merge(next).map_err(|_| {
                        broken(&path, "has another `kind` or `apiVersion` than the files before it in KUBECONFIG")
                    })?;
                }
            }
        }
    }
    Ok((!says_nothing(&merged)).then_some(merged))
}

/// The files that are looked at without `--kubeconfig`, first one first.
fn files(environment: &Environment) -> Vec<PathBuf> {
    match &environment.kubeconfig {
        Some(list) if !list.is_empty() => {
            std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect()
        }
        _ => environment.home.iter().map(|home| home.join(".kube").join("config")).collect(),
    }
}

/// One file; `None` when it does not exist.
fn read(path: &Path) -> Result<Option<Kubeconfig>, Failure> {
    match Kubeconfig::read_from(path) {
        Ok(mut kubeconfig) => {
            // kubectl writes `current-context: ""` for "none", which must not
            // hide the context that a later file names.
            kubeconfig.current_context = kubeconfig.current_context.filter(|name| !name.is_empty());
            Ok(Some(kubeconfig))
        }
        Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(KubeconfigError::ReadConfig(error, _)) => {
            Err(broken(path, &format!("cannot be read: {}", super::failure::plain(&error))))
        }
        Err(KubeconfigError::Parse(error)) => {
            let place = error.location().map(|place| format!(" (line {}, column {})", place.line(), place.column()));
            Err(broken(path, &format!("is not a valid kubeconfig{}", place.unwrap_or_default())))
        }
        Err(_) => Err(broken(path, "is not a valid kubeconfig")),
    }
}

fn broken(path: &Path, why: &str) -> Failure {
    Failure::usage("kubeconfig-broken", format!("the kubeconfig `{}` {why}", path.display()))
        .hint(format!("look at it with `kubectl config view --kubeconfig {}`", path.display()))
}

fn says_nothing(kubeconfig: &Kubeconfig) -> bool {
    kubeconfig.clusters.is_empty()
        && kubeconfig.contexts.is_empty()
        && kubeconfig.auth_infos.is_empty()
        && kubeconfig.current_context.is_none()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn at(list: &[PathBuf]) -> Environment {
        Environment { kubeconfig: Some(std::env::join_paths(list).unwrap()), ..Environment::default() }
    }

    #[test]
    fn the_first_file_wins_and_missing_files_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        fs::write(&first, "current-context: ''\nclusters: [{name: a, cluster: {server: https://one}}]").unwrap();
        fs::write(
            &second,
            "current-context: x\nclusters: [{name: a, cluster: {server: https://two}}, {name: b, cluster: {server: https://b}}]",
        )
        .unwrap();
        let merged = load(None, &at(&[first, folder.path().join("missing"), second])).unwrap().unwrap();
        let servers: Vec<_> =
            merged.clusters.iter().map(|named| named.cluster.clone().unwrap().server.unwrap()).collect();
        assert_eq!(servers, ["https://one", "https://b"]);
        assert_eq!(merged.current_context.as_deref(), Some("x"), "an empty name in the first file does not count");
    }

    #[test]
    fn paths_in_a_file_are_relative_to_that_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(
            &file,
            "clusters: [{name: a, cluster: {certificate-authority: ca.crt}}]\nusers: [{name: u, user: {client-key: k/key, exec: {command: ./login}}}, {name: v, user: {exec: {command: login}}}]",
        )
        .unwrap();
        let read = load(Some(&file), &Environment::default()).unwrap().unwrap();
        let here = |name: &str| folder.path().join(name).display().to_string();
        assert_eq!(read.clusters[0].cluster.clone().unwrap().certificate_authority, Some(here("ca.crt")));
        let user = |index: usize| read.auth_infos[index].auth_info.clone().unwrap();
        assert_eq!(user(0).client_key, Some(here("k/key")));
        assert_eq!(user(0).exec.unwrap().command, Some(here("./login")));
        assert_eq!(user(1).exec.unwrap().command.as_deref(), Some("login"));
    }

    #[test]
    fn the_flag_s_file_must_exist_and_hides_the_variable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, "current-context: from-variable").unwrap();
        let failure = load(Some(&folder.path().join("missing")), &at(&[file])).unwrap_err();
        assert_eq!(failure.code, "kubeconfig-missing");
        assert!(failure.message.contains("missing"), "{failure}");
    }

    #[test]
    fn the_home_folder_is_the_last_place() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        assert!(load(None, &environment).unwrap().is_none());
        fs::create_dir(home.path().join(".kube")).unwrap();
        fs::write(home.path().join(".kube/config"), "current-context: home").unwrap();
        assert_eq!(load(None, &environment).unwrap().unwrap().current_context.as_deref(), Some("home"));
        let elsewhere = Environment { kubeconfig: Some("/nowhere".into()), ..environment };
        assert!(load(None, &elsewhere).unwrap().is_none(), "a set KUBECONFIG hides the home folder");
    }

    #[test]
    fn a_broken_file_is_named_with_its_line_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        for text in [
            "users:\n- name: u\n  user:\n    token: [hunter2",
            "users:\n- name: u\n  user: {token: {hunter2: hunter2}}",
            "hunter2",
        ] {
            fs::write(&file, text).unwrap();
            let failure = load(Some(&file), &Environment::default()).unwrap_err();
            assert_eq!(failure.code, "kubeconfig-broken");
            assert!(failure.message.contains(&file.display().to_string()), "{failure}");
            assert!(failure.message.contains("(line "), "{failure}");
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
    }

    #[test]
    fn an_empty_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        for text in ["", "apiVersion: v1\nkind: Config\nclusters: null\ncontexts: []\n"] {
            fs::write(&file, text).unwrap();
            assert!(load(Some(&file), &Environment::default()).unwrap().is_none());
        }
    }
}

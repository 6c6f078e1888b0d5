//! `kubectl stateful doctor`: what is wrong with live sets, or with manifests
//! before they are applied. Reading is all that is done here; the rules are
//! `diagnosis`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::context::Way;
use super::status::look::{Wanted, look};
use super::status::sets::{failure, set_name};
use crate::cluster::Connection;
use crate::diagnosis::command::{Command, Tool};
use crate::diagnosis::files::examine;
use crate::diagnosis::finding::{Examined, LookedAt};
use crate::diagnosis::live::{self, Extent};
use crate::diagnosis::source::{Input, LARGEST};
use crate::error::{Failure, Kind};
use crate::facts::reader::Reader;
use crate::facts::surroundings::Surroundings;
use crate::wizard::equivalent::quote;

/// Say what is wrong with sets or manifests, why, and what to type
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct DoctorArgs {
    /// A StatefulSet: `web`, `sts/web` or `statefulset.apps/web`; all of the namespace if left out
    #[arg(value_name = "SET", value_parser = set_name, conflicts_with = "files")]
    pub set: Option<String>,

    /// Look at manifests instead: a file, a folder, or `-`; can be given several times
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Look into the folders of folders too
    #[arg(short = 'R', long, requires = "files")]
    pub recursive: bool,

    /// Look at all namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["set", "files"])]
    pub all_namespaces: bool,

    /// Only sets with these labels, such as `app=web,tier!=cache`
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with_all = ["set", "files"])]
    pub selector: Option<String>,

    /// A format other than text for people
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<DoctorFormat>,
}

/// The formats of `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    Yaml,
    Json,
}

/// Endings of files that are read in a folder, as by kubectl.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads the files and holds the rules against them.
///
/// # Errors
/// Files that do not exist or cannot be read (2).
pub fn of_files(args: &DoctorArgs) -> Result<Examined, Failure> {
    let mut inputs = Vec::new();
    for path in &args.files {
        if path.as_os_str() == "-" {
            inputs.push(read(io::stdin().lock(), "-").map_err(|why| unreadable(Path::new("-"), &why))?);
        } else if path.is_dir() {
            for file in files_of(path, args.recursive)? {
                inputs.push(read_file(&file)?);
            }
        } else {
            inputs.push(read_file(path)?);
        }
    }
    Ok(examine(&inputs))
}

/// Reads the sets and holds the rules against them.
///
/// # Errors
/// As `status`.
pub async fn of_sets(args: &DoctorArgs, connection: &Connection, way: Way<'_>) -> Result<Examined, Failure> {
    let extent = if args.set.is_none() && args.selector.is_none() { Extent::Namespaces } else { Extent::Sets };
    let wanted = Wanted {
        set: args.set.as_deref(),
        all_namespaces: args.all_namespaces,
        selector: args.selector.as_deref(),
        without_sets: extent == Extent::Namespaces,
    };
    let seen = look(&wanted, connection, way).await?;
    let looked_at = LookedAt::Sets(seen.found.len());
    let mut unknown: Vec<&'static str> = seen.unreadable.iter().map(|what| what.resource()).collect();
    let reader = Reader::new(connection.client.clone());
    let namespace = if args.all_namespaces { "" } else { connection.namespace.as_str() };
    let around = Surroundings::read(&reader, namespace).await.map_err(|error| failure(&error, connection))?;
    unknown.extend(around.unreadable());
    let findings = live::examine(&seen.found, &seen.inventory, &around, extent, seen.now);
    Ok(Examined { findings, looked_at, unknown })
}

/// A finding's command as it is typed for this cluster; none where kubectl
/// cannot reach it.
#[must_use]
pub fn line(command: &Command, way: Way<'_>) -> Option<String> {
    let words: Vec<String> = command.words.iter().map(|word| quote(word)).collect();
    let words = words.join(" ");
    let namespace = command.namespace.as_deref();
    match command.tool {
        Tool::Ours => Some(Way { namespace, ..way }.ours(&words)),
        Tool::Kubectl => match namespace {
            Some(namespace) => way.kubectl(&format!("-n {} {words}", quote(namespace))),
            None => way.kubectl(&words),
        },
    }
}

/// How the command ends: an error for errors, nothing for warnings.
///
/// # Errors
/// Findings that are errors (5).
pub fn verdict(examined: &Examined) -> Result<(), Failure> {
    let (errors, _) = examined.count();
    if errors == 0 {
        return Ok(());
    }
    let said = if errors == 1 { "1 error was found".to_owned() } else { format!("{errors} errors were found") };
    Err(Failure::new(Kind::Problems, "errors-found", said).hint("`kubectl stateful explain CODE` says more about each"))
}

/// The manifests of a folder by name; those below it only if asked for.
fn files_of(folder: &Path, recursive: bool) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|why| unreadable(&folder, &why))? {
            let entry = entry.map_err(|why| unreadable(&folder, &why))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(|why| unreadable(&folder, &why))?);
            // A link to a folder is not followed: it may lead round in a circle.
            if kind.is_dir() {
                folders.extend(recursive.then_some(path));
            } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known))
                && path.is_file()
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn read_file(path: &Path) -> Result<Input, Failure> {
    let opened = File::open(path).and_then(|file| read(file, &path.display().to_string()));
    opened.map_err(|why| unreadable(path, &why))
}

/// One byte more than is ever looked at tells that there is too much.
fn read(from: impl Read, name: &str) -> io::Result<Input> {
    let mut bytes = Vec::new();
    from.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Input { name: name.to_owned(), bytes })
}

fn unreadable(path: &Path, why: &io::Error) -> Failure {
    Failure::usage("unreadable-file", format!("cannot read `{}`: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(files: &[&Path], recursive: bool) -> DoctorArgs {
        let files = files.iter().map(|path| (*path).to_owned()).collect();
        DoctorArgs { set: None, files, recursive, all_namespaces: false, selector: None, output: None }
    }

    #[test]
    fn a_folder_is_read_by_name_and_deeper_ones_only_when_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("deeper")).unwrap();
        for (name, version) in [
            ("b.yml", "apps/v1beta1"),
            ("a.yaml", "apps/v1beta2"),
            ("notes.txt", "x"),
            ("deeper/c.json", "apps/v1beta1"),
        ] {
            fs::write(root.join(name), format!("{{apiVersion: {version}, kind: StatefulSet}}")).unwrap();
        }
        let files = |recursive| {
            let found = of_files(&args(&[root], recursive)).unwrap();
            let old = found.findings.iter().filter(|finding| finding.code == "removed-api-version");
            let name = |file: &str| Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
            old.map(|finding| name(&finding.spot.as_ref().unwrap().file)).collect::<Vec<_>>()
        };
        assert_eq!(files(false), ["a.yaml", "b.yml"]);
        assert_eq!(files(true), ["a.yaml", "b.yml", "c.json"]);
    }

    #[test]
    fn a_file_that_is_not_there_is_wrong_usage() {
        let failure = of_files(&args(&[Path::new("/none/a.yaml")], false)).unwrap_err();
        assert_eq!(failure.kind, Kind::Usage);
        assert!(failure.message.starts_with("cannot read `/none/a.yaml`: "), "{failure}");
    }
}

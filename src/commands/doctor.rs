//! `kubectl stateful doctor -f`: what is wrong with manifests, before they are
//! applied. Reading them is all that is done here; the rules are `diagnosis`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::diagnosis::files::{Examined, count, examine};
use crate::diagnosis::source::{Input, LARGEST};
use crate::error::{Failure, Kind};

/// Say what is wrong with manifests, why, and how to mend it
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct DoctorArgs {
    /// A manifest, a folder of them, or `-`; can be given several times
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Look into the folders of folders too
    #[arg(short = 'R', long)]
    pub recursive: bool,

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

/// How the command ends: an error for errors, nothing for warnings.
///
/// # Errors
/// Findings that are errors (5).
pub fn verdict(examined: &Examined) -> Result<(), Failure> {
    let (errors, _) = count(&examined.findings);
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
        DoctorArgs { files: files.iter().map(|path| (*path).to_owned()).collect(), recursive, output: None }
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

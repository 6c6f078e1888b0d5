//! The manifests of `doctor -f`: files, folders and standard input.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::DoctorArgs;
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::source::{Input, LARGEST};
use crate::error::Failure;
use crate::wizard::equivalent::quote;

/// Endings of files that are read in a folder, as by kubectl.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads the manifests.
///
/// # Errors
/// Files that do not exist or cannot be read (2).
pub fn read(args: &DoctorArgs) -> Result<Manifests, Failure> {
    let mut inputs = Vec::new();
    // Named twice, or by itself and in its folder, it is still one file.
    let mut known = BTreeSet::new();
    let mut is_new = |path: &Path| !fs::canonicalize(path).is_ok_and(|real| !known.insert(real));
    for path in &args.files {
        if path.as_os_str() == "-" {
            inputs.push(read_from(io::stdin().lock(), "-").map_err(|why| unreadable(Path::new("-"), &why))?);
            continue;
        }
        let files = if path.is_dir() { files_of(path, args.recursive)? } else { vec![path.clone()] };
        for file in files.iter().filter(|file| is_new(file)) {
            inputs.push(read_file(file)?);
        }
    }
    Ok(Manifests::of(&inputs))
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
    let opened = File::open(path).and_then(|file| read_from(file, &path.display().to_string()));
    opened.map_err(|why| unreadable(path, &why))
}

/// One byte more than is ever looked at tells that there is too much.
fn read_from(from: impl Read, name: &str) -> io::Result<Input> {
    let mut bytes = Vec::new();
    from.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Input { name: name.to_owned(), bytes })
}

fn unreadable(path: &Path, why: &io::Error) -> Failure {
    let failure = Failure::usage("unreadable-file", format!("cannot read `{}`: {why}", path.display()));
    match path.to_str().filter(|name| name.starts_with("https://") || name.starts_with("http://")) {
        Some(address) => failure
            .hint(format!("`curl -fsSL {} | kubectl stateful doctor -f -` looks at what is there", quote(address))),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::files::examine_all;
    use crate::error::Kind;

    fn args(files: &[&Path], recursive: bool) -> DoctorArgs {
        let files = files.iter().map(|path| (*path).to_owned()).collect();
        DoctorArgs { set: None, files, recursive, local: false, all_namespaces: false, selector: None, output: None }
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
            let found = examine_all(&read(&args(&[root], recursive)).unwrap());
            let old = found.findings.iter().filter(|finding| finding.code == "removed-api-version");
            let name = |file: &str| Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
            old.map(|finding| name(&finding.spot.as_ref().unwrap().file)).collect::<Vec<_>>()
        };
        assert_eq!(files(false), ["a.yaml", "b.yml"]);
        assert_eq!(files(true), ["a.yaml", "b.yml", "c.json"]);
    }

    /// A file to which somebody does something after its first bytes were read.
    struct Changing {
        file: File,
        path: PathBuf,
        then: Option<fn(&Path) -> io::Result<()>>,
    }

    impl Read for Changing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(then) = self.then.take() else { return self.file.read(buffer) };
            let read = self.file.read(&mut buffer[..20])?;
            then(&self.path)?;
            Ok(read)
        }
    }

    fn read_while(then: fn(&Path) -> io::Result<()>) -> io::Result<Input> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {}}}\n", "ü".repeat(100))).unwrap();
        read_from(Changing { file: File::open(&path).unwrap(), path, then: Some(then) }, "a.yaml")
    }

    fn cut(path: &Path, length: u64) -> io::Result<()> {
        File::options().write(true).open(path)?.set_len(length)
    }

    fn codes(input: Input) -> Vec<&'static str> {
        examine_all(&Manifests::of(&[input])).findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_file_that_shrinks_or_grows_while_it_is_read_is_looked_at_as_far_as_it_was_there() {
        let gone = read_while(|path| cut(path, 0)).unwrap();
        assert_eq!(gone.bytes, b"apiVersion: v1\nkind:");
        assert_eq!(codes(gone), ["no-kind"]);
        let within_a_letter = read_while(|path| cut(path, 43)).unwrap();
        assert_eq!(codes(within_a_letter), ["not-text"]);
        let holes = read_while(|path| cut(path, 4).and_then(|()| cut(path, 100))).unwrap();
        assert_eq!(codes(holes), ["not-text"]);
        let longer = read_while(|path| {
            let more = "---\napiVersion: apps/v1beta1\nkind: StatefulSet\n".repeat(9);
            fs::write(path, [fs::read(path)?, more.into_bytes()].concat())
        });
        assert_eq!(codes(longer.unwrap()).iter().filter(|code| **code == "removed-api-version").count(), 9);
        let endless = read_while(|path| cut(path, 64 * 1024 * 1024)).unwrap();
        assert_eq!(endless.bytes.len(), LARGEST + 1);
        assert_eq!(codes(endless), ["not-text"]);
        let broken = read_while(|_| Err(io::Error::other("the disk is gone")));
        assert_eq!(broken.unwrap_err().to_string(), "the disk is gone");
    }

    #[test]
    fn a_file_that_is_not_there_is_wrong_usage() {
        let failure = read(&args(&[Path::new("/none/a.yaml")], false)).unwrap_err();
        assert_eq!(failure.kind, Kind::Usage);
        assert!(failure.message.starts_with("cannot read `/none/a.yaml`: "), "{failure}");
        let address = read(&args(&[Path::new("https://example.org/a.yaml")], false)).unwrap_err();
        assert!(address.hints[0].starts_with("`curl -fsSL https://example.org/a.yaml | "), "{address}");
    }

    #[test]
    fn a_file_that_is_named_twice_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "kind: Pod").unwrap();
        let again = folder.path().join(".").join("a.yaml");
        assert_eq!(read(&args(&[&path, &again, folder.path()], false)).unwrap().files.len(), 1);
    }
}

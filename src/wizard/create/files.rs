//! Files that become keys of ConfigMaps. Reading goes through a trait, so that
//! the builders stay pure.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The API server takes objects of about 1 MiB.
pub const LARGEST: u64 = 1024 * 1024;
/// More files than a ConfigMap can sensibly hold.
const MOST: usize = 1000;

/// Reads files for the builders. Reasons are fragments without the path.
pub trait Files {
    /// The bytes of a file of at most 1 MiB.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;

    fn is_folder(&self, path: &Path) -> bool;

    /// The names of the regular files in a folder, sorted; not of its folders.
    fn names(&self, folder: &Path) -> Result<Vec<String>, String>;
}

/// The file system.
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 > LARGEST { Err("it is larger than 1 MiB".to_owned()) } else { Ok(bytes) }
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn names(&self, folder: &Path) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| error.to_string())?;
            if !entry.path().is_file() {
                continue;
            }
            let name = entry.file_name().into_string().map_err(|_| "a file's name is not text (UTF-8)".to_owned())?;
            names.push(name);
            if names.len() > MOST {
                return Err(format!("it has more than {MOST} files"));
            }
        }
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_files_sorted_and_no_folders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.cnf", "a.cnf"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        assert_eq!(Disk.names(folder.path()).unwrap(), ["a.cnf", "b.cnf"]);
        assert_eq!(Disk.read(&folder.path().join("a.cnf")).unwrap(), b"a.cnf");
        assert!(Disk.read(Path::new("/dev/zero")).unwrap_err().contains("1 MiB"));
        assert!(Disk.read(&folder.path().join("none")).is_err());
    }
}

//! Where the program keeps its files: the XDG folders with their defaults on
//! Linux and macOS, `%LOCALAPPDATA%` on Windows. Folders of ours are 0700 and
//! files 0600, because a run says what somebody did to which data.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

const OURS: &str = "kubectl-stateful";

/// The two roots below which everything of ours lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Runs and sandboxes.
    pub state: PathBuf,
    /// The user's own recipes and runbooks.
    pub config: PathBuf,
}

impl Places {
    /// Looks the roots up in the environment; `None` when not even a home folder is known.
    #[must_use]
    pub fn from_env(lookup: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let absolute = |name: &str| lookup(name).map(PathBuf::from).filter(|path| path.is_absolute());
        if cfg!(windows) {
            let local = absolute("LOCALAPPDATA")?.join(OURS);
            return Some(Self { state: local.join("state"), config: local.join("config") });
        }
        let home = absolute("HOME");
        let root = |variable: &str, default: &str| {
            absolute(variable).or_else(|| home.as_ref().map(|home| home.join(default))).map(|root| root.join(OURS))
        };
        Some(Self { state: root("XDG_STATE_HOME", ".local/state")?, config: root("XDG_CONFIG_HOME", ".config")? })
    }

    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.state.join("runs")
    }

    #[must_use]
    pub fn sandboxes(&self) -> PathBuf {
        self.state.join("sandboxes")
    }

    #[must_use]
    pub fn sandbox(&self, name: &str) -> PathBuf {
        self.sandboxes().join(name)
    }
}

/// Makes a folder and its missing parents, closed to others.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a new file, closed to others; it must not exist yet, not even as a link.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Puts the names of new files in a folder on disk: syncing a file does not.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    // Windows opens no folder as a file, and needs none of this.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn places(pairs: &[(&str, &str)]) -> Option<Places> {
        let pairs: Vec<_> = pairs.iter().map(|&(name, value)| (name.to_owned(), OsString::from(value))).collect();
        Places::from_env(move |name| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn xdg_variables_win_over_the_home_folder_and_relative_ones_are_ignored() {
        let found = places(&[("HOME", "/home/a"), ("XDG_STATE_HOME", "/s"), ("XDG_CONFIG_HOME", "relative")]).unwrap();
        assert_eq!(found.runs(), Path::new("/s/kubectl-stateful/runs"));
        assert_eq!(found.config, Path::new("/home/a/.config/kubectl-stateful"));
    }

    #[test]
    fn without_any_home_there_is_no_place() {
        assert_eq!(places(&[]), None);
    }

    #[test]
    fn folders_and_files_are_closed_to_others_and_files_never_replace() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        private_folder(&folder).unwrap();
        let file = folder.join("f");
        private_file(&file).unwrap();
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(private_file(&file).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}

//! Says that a sandbox is being served, and by whom: a lock that ends with its
//! process, however that ends, and the kubeconfig that leads there.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::error::OpenError;
use super::lock::private;

/// Others hold the lock for a moment to see whether it is free.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(5);

/// The right to serve a sandbox, or to throw it away. Given back when dropped.
#[derive(Debug)]
pub struct Serving {
    file: File,
    kubeconfig: PathBuf,
}

impl Serving {
    /// Takes the right to the sandbox with this log.
    ///
    /// # Errors
    /// `Served` if another process has it.
    pub fn claim(log: &Path) -> Result<Self, OpenError> {
        let path = lock_beside(log);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let mut file = options.open(&path).map_err(OpenError::io("open", &path))?;
        let mut tries = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries < TRIES => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(OpenError::Served { process: process(&mut file) }),
                Err(TryLockError::Error(source)) => return Err(OpenError::io("lock", &path)(source)),
            }
            tries += 1;
        }
        let signed = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        signed.map_err(OpenError::io("write", &path))?;
        let kubeconfig = kubeconfig_beside(log);
        match fs::remove_file(&kubeconfig) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(OpenError::io("remove", &kubeconfig)(source)),
            Ok(()) | Err(_) => Ok(Self { file, kubeconfig }),
        }
    }

    /// Tells others the way: from now on commands come to the server. Gives the
    /// file's path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn announce(&self, kubeconfig: &str) -> Result<&Path, OpenError> {
        let path = &self.kubeconfig;
        let folder = path.parent().unwrap_or(Path::new("."));
        // Such files are their owner's alone from the beginning.
        let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(OpenError::io("write to", folder))?;
        temporary.write_all(kubeconfig.as_bytes()).map_err(OpenError::io("write", path))?;
        temporary.persist(path).map_err(|error| OpenError::io("replace", path)(error.error))?;
        Ok(path)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Closing the file unlocks as well. The kubeconfig stays: without it
        // kubectl would look for a cluster elsewhere.
        let _ = self.file.unlock();
    }
}

/// The kubeconfig of the process that serves the sandbox, if one does. One that
/// was left behind leads nowhere and is not given.
#[must_use]
pub fn served(log: &Path) -> Option<PathBuf> {
    let file = File::open(lock_beside(log)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(kubeconfig_beside(log)).filter(|path| path.exists()),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

/// Whether this file of a sandbox's folder is the lock.
pub(super) fn is_lock(log: &Path, path: &Path) -> bool {
    path == lock_beside(log)
}

fn lock_beside(log: &Path) -> PathBuf {
    log.with_file_name("serve.lock")
}

fn kubeconfig_beside(log: &Path) -> PathBuf {
    log.with_file_name("kubeconfig")
}

/// The process id in the file; 0 if there is none.
fn process(file: &mut File) -> u32 {
    let mut text = String::new();
    // An unreadable file has no process id to show.
    let _ = file.read_to_string(&mut text);
    text.trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_serves_and_what_it_left_behind_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log.jsonl");
        assert_eq!(served(&log), None);
        let serving = Serving::claim(&log).unwrap();
        assert_eq!(served(&log), None, "it does not listen yet");
        let path = serving.announce("way: here").unwrap().to_owned();
        assert_eq!(served(&log), Some(path.clone()));
        let refused = Serving::claim(&log).unwrap_err();
        assert!(matches!(refused, OpenError::Served { process } if process == std::process::id()), "{refused}");
        drop(serving);
        assert!(path.exists());
        assert_eq!(served(&log), None);
        Serving::claim(&log).unwrap();
        assert!(!path.exists(), "an old way is gone before a new one is told");
    }
}

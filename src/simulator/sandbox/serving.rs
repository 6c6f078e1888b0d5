//! Says that a sandbox is being served, and by whom: a lock that ends with its
//! process, however that ends, and the kubeconfig that leads there.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;

use super::error::OpenError;
use super::folder::replace;
use super::lock::{Held, Lock, PAUSE, READY};

/// Others hold the lock for a moment to see whether it is free.
const TRIES: u32 = 40;

/// The right to serve a sandbox, or to throw it away. Given back when dropped.
/// The kubeconfig stays: without it kubectl would look for a cluster elsewhere.
#[derive(Debug)]
pub struct Serving {
    lock: Lock,
    kubeconfig: PathBuf,
    _held: Held,
}

impl Serving {
    /// Takes the right to the sandbox with this log.
    ///
    /// # Errors
    /// `Served` if another process has it.
    pub fn claim(log: &Path) -> Result<Self, OpenError> {
        let lock = Lock::at(lock_beside(log))?;
        for _ in 0..TRIES {
            if let Some(held) = lock.try_take()? {
                return Ok(Self { lock, kubeconfig: kubeconfig_beside(log), _held: held });
            }
            thread::sleep(PAUSE);
        }
        Err(OpenError::Served { process: lock.holder() })
    }

    /// Tells others the way: from now on commands come to the server. Gives the
    /// file's path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn announce(&self, kubeconfig: &str) -> Result<&Path, OpenError> {
        let path = &self.kubeconfig;
        replace(path, kubeconfig.as_bytes())?;
        self.lock.is_ready()?;
        Ok(path)
    }
}

/// The kubeconfig of the process that serves the sandbox, if one does. One that
/// was left behind leads nowhere and is not given.
#[must_use]
pub fn served(log: &Path) -> Option<PathBuf> {
    let path = lock_beside(log);
    match File::open(&path).ok()?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    // Where a locked file cannot be read, its lock has to do.
    let is_ready = fs::read_to_string(&path).map_or(true, |text| text.ends_with(READY));
    Some(kubeconfig_beside(log)).filter(|path| is_ready && path.exists())
}

/// Whether this file outlives the sandbox: the lock, and the kubeconfig without
/// which kubectl would look for a cluster elsewhere.
pub(super) fn outlives(log: &Path, path: &Path) -> bool {
    path == lock_beside(log) || path == kubeconfig_beside(log)
}

fn lock_beside(log: &Path) -> PathBuf {
    log.with_file_name("serve.lock")
}

fn kubeconfig_beside(log: &Path) -> PathBuf {
    log.with_file_name("kubeconfig")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_serves_and_what_it_left_behind_leads_nowhere_and_stays() {
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
        assert_eq!(served(&log), None);
        let again = Serving::claim(&log).unwrap();
        assert_eq!(served(&log), None, "the old way leads nowhere");
        assert_eq!(fs::read_to_string(&path).unwrap(), "way: here", "kubectl is not to look elsewhere meanwhile");
        again.announce("way: there").unwrap();
        assert_eq!(served(&log), Some(path.clone()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "way: there");
    }
}

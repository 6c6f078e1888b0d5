//! A lock that ends with its process, however that ends: the one beside the
//! log, and the one of whoever serves it. Its file holds the process id of who
//! has it, so that somebody who waits long can be told whom for.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::error::{GivenUp, OpenError};
use super::folder::private;
use crate::simulator::options::Waiter;

const PATIENCE: Duration = Duration::from_secs(5);
pub(super) const PAUSE: Duration = Duration::from_millis(5);
/// What stands in the file behind the process id of one that is ready.
pub(super) const READY: &str = "\n";

/// A lock file of a sandbox.
#[derive(Debug)]
pub struct Lock {
    file: Arc<File>,
    path: PathBuf,
}

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub struct Held {
    file: Arc<File>,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Closing the file unlocks as well, so there is nothing to report.
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// The lock of a log, created when absent.
    pub fn beside(log: &Path) -> Result<Self, OpenError> {
        let mut name = log.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        Self::at(log.with_file_name(name))
    }

    /// The lock in this file, created when absent.
    pub fn at(path: PathBuf) -> Result<Self, OpenError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let file = options.open(&path).map_err(OpenError::io("open", &path))?;
        Ok(Self { file: Arc::new(file), path })
    }

    /// Waits for the lock; tells the waiter once when that takes long, and gives
    /// up when the waiter does.
    pub fn take(&self, mut waiter: Option<&mut (dyn Waiter + 'static)>) -> Result<Held, OpenError> {
        let mut told = false;
        let mut passed = Duration::ZERO;
        loop {
            if let Some(held) = self.try_take()? {
                return Ok(held);
            }
            thread::sleep(PAUSE);
            passed = passed.saturating_add(PAUSE);
            let Some(waiter) = waiter.as_deref_mut() else { continue };
            if waiter.gives_up() {
                return Err(GivenUp.into());
            }
            if passed >= PATIENCE && !told {
                told = true;
                waiter.waits_for(self.holder());
            }
        }
    }

    /// The lock if it is free at this moment.
    pub fn try_take(&self) -> Result<Option<Held>, OpenError> {
        match self.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(OpenError::io("lock", &self.path)(source)),
        }
        let held = Held { file: Arc::clone(&self.file) };
        self.sign().map_err(OpenError::io("write", &self.path))?;
        Ok(Some(held))
    }

    /// Whether this is the lock's own file.
    pub fn is_at(&self, path: &Path) -> bool {
        self.path == path
    }

    fn sign(&self) -> std::io::Result<()> {
        let mut file = self.file.as_ref();
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(std::process::id().to_string().as_bytes())
    }

    /// Writes behind the process id: it has done what others wait for.
    pub fn is_ready(&self) -> Result<(), OpenError> {
        self.file.as_ref().write_all(READY.as_bytes()).map_err(OpenError::io("write", &self.path))
    }

    /// The process id in the file; 0 if there is none.
    pub fn holder(&self) -> u32 {
        let mut text = String::new();
        let mut file = self.file.as_ref();
        if file.rewind().is_ok() {
            // An unreadable file has no process id to show.
            let _ = file.read_to_string(&mut text);
        }
        text.trim().parse().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Impatient;

    impl Waiter for Impatient {
        fn waits_for(&mut self, _: u32) {}

        fn gives_up(&self) -> bool {
            true
        }
    }

    #[test]
    fn whoever_gives_up_waiting_has_not_got_the_lock_and_can_try_again() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let (one, other) = (Lock::beside(&log).unwrap(), Lock::beside(&log).unwrap());
        let held = one.take(None).unwrap();
        assert!(matches!(other.take(Some(&mut Impatient)), Err(OpenError::GivenUp(_))));
        assert_eq!(other.holder(), std::process::id());
        drop(held);
        assert!(other.take(Some(&mut Impatient)).is_ok(), "nobody has to wait for a free one");
    }
}

//! The lock beside the log. It holds the process id of whoever has it, so that
//! somebody who waits long can be told whom for.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::error::OpenError;

const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// The lock file of a sandbox.
pub struct Lock {
    file: Arc<File>,
    path: PathBuf,
}

/// Holds the lock until it is dropped.
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
        let path = log.with_file_name(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let file = options.open(&path).map_err(OpenError::io("open", &path))?;
        Ok(Self { file: Arc::new(file), path })
    }

    /// Waits for the lock; tells `on_wait` once when that takes long.
    pub fn take(&self, on_wait: Option<&mut (dyn FnMut(u32) + Send)>) -> Result<Held, OpenError> {
        let mut on_wait = on_wait;
        let mut waited = Duration::ZERO;
        loop {
            match self.file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(OpenError::io("lock", &self.path)(source)),
            }
            waited = waited.saturating_add(PAUSE);
            if waited >= PATIENCE
                && let Some(hook) = on_wait.take()
            {
                hook(self.holder());
            }
        }
        let held = Held { file: Arc::clone(&self.file) };
        self.sign().map_err(OpenError::io("write", &self.path))?;
        Ok(held)
    }

    fn sign(&self) -> std::io::Result<()> {
        let mut file = self.file.as_ref();
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(std::process::id().to_string().as_bytes())
    }

    /// The process id in the file; 0 if there is none.
    fn holder(&self) -> u32 {
        let mut text = String::new();
        let mut file = self.file.as_ref();
        if file.rewind().is_ok() {
            // An unreadable file has no process id to show.
            let _ = file.read_to_string(&mut text);
        }
        text.trim().parse().unwrap_or(0)
    }
}

/// Files of a sandbox are for their owner alone.
#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
pub(super) fn private(_: &mut OpenOptions) {}

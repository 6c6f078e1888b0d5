//! Throws a sandbox away. Its locks stay: whoever waits for one would else hold
//! one that nobody after them knows. So does its kubeconfig, if it was served:
//! whoever uses it is not to be led to another cluster.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::error::OpenError;
use super::folder::folder_of;
use super::lock::Lock;
use super::serving::{Serving, outlives};
use crate::simulator::options::Waiter;

/// Removes what is in the folder of this log, between two requests of whoever
/// has it open. Whether there was such a sandbox.
///
/// # Errors
/// What cannot be removed, a waiter that gave up, or somebody who serves it.
pub fn reset(log: &Path, mut waiter: Option<Box<dyn Waiter>>) -> Result<bool, OpenError> {
    let folder = folder_of(log);
    if fs::symlink_metadata(folder).is_err_and(|why| why.kind() == ErrorKind::NotFound) {
        return Ok(false);
    }
    let lock = Lock::beside(log)?;
    // Whoever waits here does not stand in the way of a server.
    let _held = lock.take(waiter.as_deref_mut())?;
    let _nobody_serves = Serving::claim(log)?;
    for entry in fs::read_dir(folder).map_err(OpenError::io("read", folder))? {
        let path = entry.map_err(OpenError::io("read", folder))?.path();
        if !lock.is_at(&path) && !outlives(log, &path) {
            remove(&path).map_err(OpenError::io("remove", &path))?;
        }
    }
    Ok(true)
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

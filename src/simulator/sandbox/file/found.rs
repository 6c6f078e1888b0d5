//! A sandbox that begins as a copy of a live namespace.

use std::path::Path;

use jiff::Timestamp;

use super::{Sandbox, seed_at};
use crate::simulator::import::{Original, world_of};
use crate::simulator::options::Waiter;
use crate::simulator::sandbox::error::OpenError;

impl Sandbox {
    /// Puts a copy in a place where there is no sandbox yet.
    pub fn found(
        path: &Path,
        original: Original,
        now_real: Timestamp,
        waiter: Option<Box<dyn Waiter>>,
    ) -> Result<(), OpenError> {
        let mut sandbox = Self::at(path, now_real, waiter)?;
        let _held = sandbox.take_lock()?;
        if path.try_exists().map_err(OpenError::io("look for", path))? {
            return Err(OpenError::Exists { path: path.to_owned() });
        }
        sandbox.real = Some(now_real);
        sandbox.rewrite(&world_of(original, seed_at(now_real)))
    }
}

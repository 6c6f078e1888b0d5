//! What journals are written with.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

type Write = dyn Fn(&mut File, &[u8]) -> io::Result<()> + Send + Sync;

/// Puts bytes behind the others in a journal, on disk.
#[derive(Clone)]
pub struct Pen(Arc<Write>);

impl Default for Pen {
    fn default() -> Self {
        Self::new(|file, bytes| file.write_all(bytes).and_then(|()| file.sync_data()))
    }
}

impl Pen {
    /// Another one, for tests that see what becomes of a run whose lines do not
    /// get to the disk.
    #[must_use]
    pub fn new(write: impl Fn(&mut File, &[u8]) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    pub(super) fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        (self.0)(file, bytes)
    }
}

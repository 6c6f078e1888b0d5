//! Which run came after which. An id tells when a run was planned, by the clock
//! of its cluster: a plan in a file begins long after it was made, and a sandbox
//! may be ahead of the machine. So each run has a number as well, one more than
//! all that have begun in this home before it.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// What is read of a run's description.
#[derive(Deserialize)]
struct Numbered {
    /// Earlier versions wrote none: such a run is older than all with one.
    #[serde(default)]
    number: u64,
}

/// The number of the run in this folder. One that cannot be read may have come
/// after all others.
pub fn of(folder: &Path) -> u64 {
    let text = fs::read(folder.join("run.json")).ok();
    let read = text.and_then(|text| serde_json::from_slice::<Numbered>(&text).ok());
    read.map_or(u64::MAX, |run| run.number)
}

/// The number of a run that begins now. Two that begin at the same moment may
/// have the same.
pub fn next(runs: &Path) -> u64 {
    let folders = fs::read_dir(runs).into_iter().flatten().flatten();
    let known = folders.map(|entry| of(&entry.path())).filter(|number| *number < u64::MAX);
    known.max().unwrap_or_default() + 1
}

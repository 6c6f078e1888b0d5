//! How a simulated cluster begins, and what whoever holds it is told.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::admission::Features;
use super::store::Commit;

/// How a simulated cluster begins.
#[derive(Clone, Debug)]
pub struct Options {
    /// Same seed and same requests give the same history, byte for byte.
    pub seed: u64,
    /// Virtual time at the start.
    pub start: Timestamp,
    /// Rights that clients do not have: (verb, resource), such as
    /// `("delete", "persistentvolumes")`; `*` stands for all.
    pub deny: Vec<(String, String)>,
    /// Actors whose caches lag: the name of each and by how many revisions at
    /// most. How far a look is behind is drawn from the seed; it never goes
    /// back, and an actor that is behind looks again until it is not.
    pub lags: BTreeMap<String, u64>,
    /// What is switched on beyond what 1.36 has. Actors that are handed in have to be made
    /// for it (`controllers::all::with_features`).
    pub features: Features,
}

impl Default for Options {
    fn default() -> Self {
        // 2026-01-01T00:00:00Z: long after the epoch, so that ages look right.
        let start = Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { seed: 0, start, deny: Vec::new(), lags: BTreeMap::new(), features: Features::default() }
    }
}

/// What letting time pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// An actor looked, or the time passed without news.
    Passed,
    /// Nothing is queued: nothing will ever happen by itself. The time passed
    /// nevertheless.
    Idle,
}

/// Called after each commit, under the simulator's lock: it must not call the
/// simulator.
pub type CommitHook = Box<dyn FnMut(&Commit) + Send>;

/// Whoever waits for a sandbox that another process keeps locked.
pub trait Waiter: Send {
    /// Called once with the other's process id, when it takes longer than five
    /// seconds.
    fn waits_for(&mut self, process: u32);

    /// Asked again and again: whether waiting is to end, without the sandbox.
    fn gives_up(&self) -> bool;
}

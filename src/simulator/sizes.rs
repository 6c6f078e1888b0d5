//! How much a simulated cluster holds.

/// Numbers of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Objects of all kinds, events among them.
    pub objects: usize,
    pub events: usize,
    /// Commits that watches and reads of the past are served from.
    pub history: usize,
    /// Lines of the request log.
    pub log: usize,
    /// Refused writes of actors.
    pub refused: usize,
    /// Ends of watches that are still to come.
    pub alarms: usize,
}

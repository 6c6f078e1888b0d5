//! Faults by plan: what can go wrong between a client and a cluster, or in the
//! cluster, each at one request, one event of a watch or one look of an actor.
//! A schedule is data, so the same schedule gives the same history.
//!
//! Not here: what a run has to hold against all of it (`oracles`).

mod answers;
mod cast;
mod fault;
mod handle;
mod rivals;
mod schedule;
mod service;
mod stream;

pub use cast::Cast;
pub use fault::{Actor, Answer, Crash, Disturbance, Fault, JournalFault, WatchFault};
pub use handle::{Faults, Seen};
pub use rivals::Rival;
pub use schedule::{Length, Point, Schedule, Strike};
pub use service::{Broken, FaultyService, is_crash};

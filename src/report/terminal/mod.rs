//! The person's terminal as shared state of the process: raw while a question
//! stands, as it was found at every other time and at every end, be it normal,
//! a signal or a panic.
//!
//! Not here: what is asked (`ask`) and what an interrupt stops (the spine).

pub mod guard;
mod modes;
pub mod signals;

pub use guard::{Awaited, note_change, restore};
pub use signals::{install_interrupt, install_panic_hook, survive_size_limits};

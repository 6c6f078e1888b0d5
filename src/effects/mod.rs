//! WHAT IS CHANGED. The only room that writes to a cluster: one file per
//! effect, one effect per write, each with its guards, its precondition and its
//! undo. An effect never chooses what to do.

pub mod apply;
pub mod create_secret;
mod difference;
mod effect;
mod error;
mod outcome;
mod preview;
mod request;

pub use difference::Difference;
pub use effect::{Done, Effect, Ready, Secrets};
pub use error::EffectError;
pub use outcome::{Change, Outcome};
pub use preview::Preview;

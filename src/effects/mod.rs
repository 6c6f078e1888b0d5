//! WHAT IS CHANGED. The only room that writes to a cluster: one file per
//! effect, one effect per write, each with its guards, its precondition and its
//! undo. An effect never chooses what to do.

pub mod apply;
pub mod create_claim;
pub mod create_secret;
pub mod delete_claim;
pub mod difference;
mod effect;
mod error;
pub mod exec;
pub mod give_up;
pub mod guard;
pub mod lock;
pub mod object;
mod outcome;
mod preview;
mod printed;
pub mod protect;
pub mod purge;
mod ready;
mod rehearsal;
mod request;
pub mod reserve;
pub mod retention;
pub mod scale;
mod shell;
mod target;
pub mod unprotect;

pub use difference::Difference;
pub use effect::Effect;
pub use error::EffectError;
pub use guard::Guards;
pub use outcome::{Change, Outcome};
pub use preview::Preview;
pub use ready::{Done, NoSecrets, Ready, Secrets};
pub use target::Target;

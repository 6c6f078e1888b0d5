//! A simulated cluster that outlives its process: an append-only log of JSON
//! lines beside a lock that is held for one request at a time. What was
//! answered is on disk; a torn last line was never answered.

mod error;
mod file;
mod folder;
mod line;
mod lock;
mod reset;
mod serving;

pub use error::{GivenUp, OpenError};
pub use file::{Beginning, Sandbox, beginning_of};
pub use reset::reset;
pub use serving::{Serving, served};

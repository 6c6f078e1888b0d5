//! WHAT IS ASKED. One file per verb: its `Args`, whose doc comments are the
//! help, and a short body that joins the other rooms.
//!
//! Not here: calls to the cluster and printing; both are handed in.

mod around;
mod before;
pub mod capture;
mod claims;
pub mod completion;
pub mod context;
pub mod create;
pub mod doctor;
pub mod earlier;
pub mod explain;
pub mod flags;
pub mod init;
pub mod lookup;
pub mod make;
pub mod questions;
mod refused;
pub mod runbook;
pub mod runbooks;
pub mod runs;
pub mod sandbox;
pub mod screen;
pub mod secrets;
pub mod status;
mod unfit;

pub use context::Context;

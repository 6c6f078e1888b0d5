//! The map of the house. Rooms stand in the order in which a request flows
//! through them; each room's `mod.rs` says what it is for and what it is not.
//! `ARCHITECTURE.md` holds the table of who may use whom; a test reads it.

pub mod error;

pub mod cli;
pub mod cluster;
pub mod commands;
pub mod diagnosis;
pub mod effects;
pub mod facts;
pub mod objects;
pub mod report;
pub mod runbook;
pub mod runs;
pub mod schema;
pub mod simulator;
mod spine;
pub mod wizard;

/// Objects are trees of small pieces that come and go with each request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use spine::{OnSimulator, SimulatedClusters, run, simulated, specimen};

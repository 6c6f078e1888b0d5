//! What can go wrong, by plan: every fault does what it says, and the oracles
//! find a careless scale-down out and let a careful one pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acts;
mod asked;
mod careful;
mod determinism;
mod ends;
mod everywhere;
mod first;
mod journals;
mod judges;
mod lives;
mod museum;
mod mutants;
mod naive;
mod objects;
mod order;
mod product;
mod program;
mod races;
mod renewals;
mod requests;
mod returns;
mod rivals;
mod said;
mod scenes;
mod second;
mod stage;
mod strikes;
#[path = "../support/unattended.rs"]
#[expect(dead_code, reason = "what is shown is no matter here")]
mod unattended;
mod watches;

//! What can go wrong, by plan: every fault does what it says, and the oracles
//! find a careless scale-down out and let a careful one pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod careful;
mod determinism;
mod everywhere;
mod judges;
mod museum;
mod naive;
mod product;
mod requests;
mod rivals;
mod stage;
mod watches;

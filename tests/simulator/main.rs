//! The simulated API server over its wire format: what a client sends and gets,
//! and what the program does on it.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod books;
mod budgets;
mod copies;
mod custom;
mod determinism;
mod knobs;
mod lags;
mod listener;
mod memory;
mod minds;
mod quotas;
mod reads;
mod rights;
mod runs;
mod sandbox;
mod served_time;
mod support;
mod time;
#[path = "../support/unattended.rs"]
mod unattended;

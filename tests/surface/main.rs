//! What the program looks like from outside: rooms, help, errors, exit codes,
//! completions, the plugin manifest; and what it does with bad input and bad luck.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod again;
mod answers;
mod asking;
mod beyond;
mod claims;
mod completions;
mod disks;
mod doctor;
mod hostile;
mod journals;
mod killed;
mod library;
mod manifests;
mod neighbour;
mod others;
mod pairs;
mod plans;
mod plugin;
mod program;
mod readme;
mod recipes;
mod reference;
#[path = "../support/plugin_manifest.rs"]
mod render;
mod rights;
mod rooms;
mod runbooks;
mod sandboxes;
mod secrets;
mod served;
mod served_killed;
mod servers;
mod sources;
#[path = "../support/unattended.rs"]
#[expect(dead_code, reason = "only the last lines are looked at here")]
mod unattended;
mod ways_out;
mod words;

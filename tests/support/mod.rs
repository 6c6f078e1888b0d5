//! The harness that the test binaries share: pinned Go tools, a real control
//! plane, the actors that play its nodes and disks, the built plugin as a
//! process, the corpus of requests and the scenarios over time with their golden
//! answers.
//!
//! Not here: any test. A binary that uses only a part of the harness says so
//! with `#[expect(dead_code)]` on its `mod support` line.

pub mod actors;
pub mod api;
pub mod canonical;
pub mod cli;
pub mod control_plane;
pub mod corpus;
pub mod credentials;
pub mod kubectl_script;
pub mod plugin_manifest;
pub mod resources;
pub mod scenario;
pub mod seed;
pub mod streams;
pub mod supervised;
pub mod tools;

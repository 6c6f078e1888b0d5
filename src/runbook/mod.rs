//! RHAI. The only room that knows the script language: the engine with all its
//! limits, recipes and their headers, the values that scripts see, diagnostics.
//!
//! Not here: talking to a cluster, asking, printing.

pub mod bridge;
pub mod consistency;
pub mod diagnostics;
pub mod engine;
pub mod error;
pub mod header;
mod library;
pub mod lint;
mod manifest;
pub mod recipe;
#[cfg(test)]
mod samples;
pub mod script;
#[cfg(test)]
mod script_tests;
mod shipped;
mod sizes;
pub mod thread;
mod tokens;
pub mod trial;
mod values;
mod verbs;
pub mod vocabulary;
mod whereabouts;

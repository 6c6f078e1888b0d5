//! The objects that `create KIND` makes one at a time: for each kind its
//! parameters and the way from answers to manifests.
//!
//! Not here: applying them, and whether what they refer to exists.

mod answered;
mod claim;
mod config_map;
pub mod files;
pub mod kind;
mod parse;
mod persistent_volume;
mod secret;
mod service;
mod set;
mod set_parameters;
mod storage_class;
#[cfg(test)]
mod tutorial;

pub use files::{Disk, Files};
pub use kind::{BuildError, CreateKind, kinds};
pub(super) use parse::compound;

//! Manifests from decisions: one builder for each kind, all pure. They put keys
//! in the order in which people read them and emit no noise (`status`, empty
//! maps). What the types allow is what the API takes.
//!
//! Not here: reading answers, flags or files.

pub mod claim;
pub mod config_map;
pub mod container;
pub mod metadata;
pub mod persistent_volume;
pub mod secret;
pub mod service;
pub mod stateful_set;
pub mod storage_class;

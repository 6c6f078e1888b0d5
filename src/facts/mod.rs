//! WHAT IS TRUE. Typed views of what was read from the cluster, each with UID
//! and resourceVersion, and the arithmetic of ordinals, claim names and volumes.
//! Only `reader` holds a client; all else is pure.
//!
//! Not here: writing, printing, Rhai, choosing what to do.

pub mod age;
pub mod attachment;
pub mod autoscaler;
pub mod binding;
pub mod blocking;
pub mod budget;
pub mod claim;
pub mod class;
pub mod endpoints;
pub mod event;
pub mod focus;
pub mod inventory;
pub mod leftovers;
pub mod lock;
pub mod machine;
pub mod mark;
pub mod meta;
pub mod node;
pub mod obstacle;
pub mod ordinals;
pub mod overview;
pub mod pod;
pub mod pulls;
pub mod quota;
pub mod reader;
mod released;
pub mod revision;
#[cfg(test)]
pub(crate) mod samples;
pub mod selector;
pub mod service;
pub mod set;
pub mod snapshot;
pub mod surroundings;
pub mod topology;
pub mod volume;
pub mod wish;
pub mod words;
pub mod workload;

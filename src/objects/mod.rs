//! WHAT IS MADE. Pure knowledge about Kubernetes objects: kinds and their
//! places in the API, quantities, names, YAML in and out, builders of manifests.
//!
//! Not here: anything that talks to a cluster, waits, prints or runs a script.

pub mod builders;
pub mod handed;
pub mod kinds;
pub mod looked_for;
pub mod names;
pub mod nearest;
pub mod placed;
pub mod quantity;
pub mod release;
pub mod secret_token;
pub mod size;
pub mod stuck;
pub mod summary;
pub mod withheld;
pub mod yaml;

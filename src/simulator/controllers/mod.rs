//! The actors of a cluster: controllers, scheduler, kubelet, attacher,
//! provisioner, resizer. Each is a pure function from what it sees to the writes
//! it wants and the time at which it wants to look again. The simulator applies
//! the writes through its own request handling; the live tests drive the kubelet,
//! attacher, provisioner and resizer against a real API server with the same
//! functions.

mod amount;
mod change;
mod controller;
mod opaque;
mod pass;
mod selector;
mod taints;
mod view;
mod write;

pub mod play;

pub(in crate::simulator) mod fields;

pub mod all;
pub mod attach_detach;
pub mod attacher;
pub mod attachments;
pub mod binder;
pub mod disruption;
pub mod endpoints;
pub mod ephemeral;
pub mod garbage;
pub mod kubelet;
pub(in crate::simulator) mod migrated;
pub mod namespaces;
pub mod node_lifecycle;
pub mod pod_garbage;
pub mod protection;
pub mod provisioner;
pub mod quotas;
pub mod resizer;
pub mod scheduler;
pub mod stateful_set;
pub mod taint_eviction;

#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod world;

pub use change::{Change, Target};
pub use controller::{Controller, Keyed};
pub use view::View;
pub use write::{Dependents, EventType, Part, Step, Write};

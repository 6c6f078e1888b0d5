//! THE OTHER WHERE. A simulated API server with the controllers that matter to
//! stateful workloads, behind a tower service that speaks the wire format. One
//! revision counter, one event queue with a virtual clock, one request log and
//! one commit hook; a seed gives the same history byte for byte.
//!
//! It shares nothing with the rest of the program but `objects`: it must be an
//! independent opinion. What it does not simulate it refuses by name.

mod access;
mod actors;
mod admission;
mod allocation;
mod applies;
mod body;
mod by_hand;
mod bytes;
mod call;
mod cause;
mod clock;
pub mod controllers;
mod custom;
mod decode;
mod defaults;
mod deletion;
mod discovery;
mod disks;
mod document;
mod engine;
mod eviction;
mod families;
pub mod faults;
mod field_manager;
mod field_selector;
mod groups;
mod identity;
mod impersonation;
mod import;
mod lags;
mod lifecycle;
mod limits;
mod listener;
mod listing;
mod logs;
mod mounts;
mod negotiation;
mod on_nodes;
mod open_api;
pub mod opinion;
mod options;
pub mod oracles;
mod owners;
mod past;
mod patch;
mod priority;
pub mod protobuf;
mod quantity;
mod query;
mod queue;
mod quota;
mod reads;
mod recent;
mod request;
mod room;
mod sandbox;
mod sayings;
mod scale;
pub mod schema;
mod seed;
mod selectors;
mod service;
mod settle;
mod shelves;
mod sizes;
mod standings;
mod status;
mod store;
mod tables;
mod topology;
mod validation;
mod version;
mod warnings;
mod watch;
mod world;
mod writer;
mod writes;

pub use admission::Features;
pub use engine::Simulator;
pub use import::{Origin, Original};
pub use listener::{Access, Limits, ListenError, Listener, Pace, kubeconfig};
pub use options::{Advance, CommitHook, Options, Waiter};
pub use sandbox::{Beginning, GivenUp, OpenError, Serving, beginning_of, reset, served};
pub use service::{AnswerBody, SimulatorService};
pub use sizes::Sizes;
pub use store::Commit;

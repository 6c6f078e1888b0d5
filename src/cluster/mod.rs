//! WHERE. Finds the cluster that the user means, as kubectl would, and makes
//! the one `kube::Client` that talks to it. Retries, warnings, time-outs and
//! interruption are layers around that client and live here too.
//!
//! Not here: what is read or written (facts, effects), and the simulated
//! cluster, which the spine joins to the same `Connection`.

mod address;
pub mod behalf;
mod causes;
pub mod clock;
pub mod connection;
mod context;
pub mod environment;
pub mod exec;
pub mod failure;
pub mod flags;
pub mod interrupt;
mod interrupted;
mod kubeconfig;
mod kuberc;
pub mod live;
mod login;
#[cfg(test)]
mod loopback;
pub mod missing_right;
pub mod offline;
mod passing;
mod plugin;
mod proxy;
mod retry;
mod silence;
mod target;
pub mod time_limit;
mod transport;
pub mod warnings;

pub use clock::{Clock, Pause};
pub use connection::{Connection, Entropy, Identity};
pub use environment::Environment;
pub use exec::Exec;
pub use failure::explain;
pub use flags::ConnectionFlags;
pub use interrupt::Interrupt;
pub use live::{SystemEntropy, connect};
pub use passing::is_passing;
pub use silence::silence_logs;
pub use warnings::Warnings;

//! Everything that differs between a live and a simulated cluster, in one
//! bundle. The spine makes it from `cluster` or from `simulator`; no code
//! behind it can ask which of the two it got.

use std::sync::Arc;

use super::clock::Clock;
use super::exec::Exec;
use super::interrupt::Interrupt;
use super::warnings::Warnings;

/// The way to one cluster.
#[derive(Clone)]
pub struct Connection {
    pub client: kube::Client,
    pub exec: Arc<dyn Exec>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub identity: Identity,
    /// The namespace that `-n`, the context or the default names.
    pub namespace: String,
    pub interrupt: Interrupt,
    /// What the API server warned of; a simulated cluster's stays empty.
    pub warnings: Warnings,
}

/// Which cluster this is, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The context's name, `in-cluster`, or `sandbox` / `sandbox NAME`.
    pub name: String,
    /// Address of the API server, for messages.
    pub server: String,
}

/// Where random bytes come from: the system, or a seed.
pub trait Entropy: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

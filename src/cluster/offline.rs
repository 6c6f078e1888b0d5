//! A connection for work that asks no server (`--dry-run=client`): names from
//! the kubeconfig if there is one, no login, and a client that sends nothing.

use std::sync::Arc;

use http::Request;
use kube::Client;
use kube::client::Body;
use tower::BoxError;

use super::connection::{Connection, Identity};
use super::environment::Environment;
use super::exec::NoExec;
use super::flags::ConnectionFlags;
use super::interrupt::Interrupt;
use super::live::{LiveClock, SystemEntropy};
use super::target;
use super::transport::Answer;
use super::warnings::Warnings;
use crate::error::Failure;

/// Something was asked of a server that must not be asked.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a client dry run asks no server")]
pub struct NotAsked;

/// What the cluster is called and the namespace, without asking anybody.
///
/// # Errors
/// A kubeconfig that cannot be read, or flags that name what it does not hold.
pub fn names(flags: &ConnectionFlags) -> Result<(Identity, String), Failure> {
    target::named(flags, &Environment::of_process())
}

/// The connection. Every request through it fails before it leaves. Must be
/// called inside a runtime.
///
/// # Errors
/// The system gives no random bytes.
pub fn offline(identity: Identity, namespace: String, interrupt: &Interrupt) -> Result<Connection, Failure> {
    let nobody = tower::service_fn(|_: Request<Body>| async { Err::<Answer, BoxError>(NotAsked.into()) });
    Ok(Connection {
        client: Client::new(nobody, namespace.as_str()),
        exec: Arc::new(NoExec),
        clock: Arc::new(LiveClock { interrupt: interrupt.clone() }),
        entropy: Arc::new(SystemEntropy::probed()?),
        identity,
        namespace,
        interrupt: interrupt.clone(),
        warnings: Warnings::default(),
    })
}

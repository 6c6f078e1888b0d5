//! The one place where these tests get hold of a simulated cluster.

use jiff::Timestamp;
use kube::Client;
use kubectl_stateful::simulator::{Options, Simulator};

/// A fresh simulated cluster, seeded like the real one of the live tests.
pub fn simulator() -> Simulator {
    Simulator::in_memory(Options { seed: 1, start: Timestamp::UNIX_EPOCH, ..Options::default() })
}

/// A client of a fresh one.
pub fn client() -> Client {
    simulator().client()
}

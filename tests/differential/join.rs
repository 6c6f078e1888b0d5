//! The one place where these tests get hold of a simulated cluster.

use jiff::Timestamp;
use kubectl_stateful::simulator::{Options, Simulator};

fn options() -> Options {
    Options { seed: 1, start: Timestamp::UNIX_EPOCH, ..Options::default() }
}

/// A fresh simulated cluster, seeded like the real one of the live tests.
pub fn simulator() -> Simulator {
    Simulator::in_memory(options())
}

/// The same as the bare API server of the live tests: no controller runs beside it.
pub fn bare() -> Simulator {
    Simulator::with_controllers(options(), Vec::new())
}

//! The one place where these tests get hold of a simulated cluster.

use jiff::Timestamp;
use kubectl_stateful::simulator::controllers::all::{all, with_features};
use kubectl_stateful::simulator::controllers::attacher::Attacher;
use kubectl_stateful::simulator::{Features, Options, Simulator};

use crate::support::seed::CLOUD;

fn options() -> Options {
    Options { seed: 1, start: Timestamp::UNIX_EPOCH, ..Options::default() }
}

/// A fresh simulated cluster, seeded like the real one of the live tests, and
/// with the same actors.
pub fn simulator() -> Simulator {
    let mut actors = all();
    actors.push(Box::new(Attacher::new(CLOUD)));
    Simulator::with_controllers(options(), actors)
}

/// The same where `rollingUpdate.maxUnavailable` of a set counts.
pub fn gated() -> Simulator {
    let features = Features { max_unavailable: true };
    let mut actors = with_features(features);
    actors.push(Box::new(Attacher::new(CLOUD)));
    Simulator::with_controllers(Options { features, ..options() }, actors)
}

/// The same as the bare API server of the live tests: no controller runs beside it.
pub fn bare() -> Simulator {
    Simulator::with_controllers(options(), Vec::new())
}

//! The actors of a cluster in the order in which they are looked at.

use super::Controller;
use super::attach_detach::AttachDetach;
use super::attacher::Attacher;
use super::binder::Binder;
use super::disruption::Disruption;
use super::endpoints::EndpointSlices;
use super::ephemeral::EphemeralVolumes;
use super::garbage::GarbageCollector;
use super::kubelet::{Kubelet, PlayedNodes};
use super::namespaces::Namespaces;
use super::node_lifecycle::NodeLifecycle;
use super::pod_garbage::PodGarbageCollector;
use super::protection::{ClaimProtection, VolumeProtection};
use super::provisioner::Provisioner;
use super::quotas::Quotas;
use super::resizer::Resizer;
use super::scheduler::Scheduler;
use super::stateful_set::StatefulSets;
use super::taint_eviction::TaintEviction;
use crate::simulator::admission::Features;
use crate::simulator::world::World;

/// The provisioner whose volumes the simulated cluster makes, deletes and grows.
pub const DISK: &str = "sandbox.kubectl-stateful/disk";

/// One of each, in a fixed order, so that a seed gives the same history.
pub fn all() -> Vec<Box<dyn Controller>> {
    with_features(Features::default())
}

/// The same where this is switched on.
pub fn with_features(features: Features) -> Vec<Box<dyn Controller>> {
    with(features, Provisioner::new(DISK), Resizer::new(DISK), Attacher::new(DISK))
}

/// Those of a world: what is switched on there counts, and the classes of a
/// copy have provisioners of their own.
pub(in crate::simulator) fn of(world: &World) -> Vec<Box<dyn Controller>> {
    let features = world.features();
    if world.origin.is_none() {
        return with_features(features);
    }
    of_copy(features)
}

/// Those of a copy, which play every driver.
pub(super) fn of_copy(features: Features) -> Vec<Box<dyn Controller>> {
    with(features, Provisioner::of_all(), Resizer::of_all(), Attacher::of_all())
}

fn with(
    features: Features,
    provisioner: Provisioner,
    resizer: Resizer,
    attacher: Attacher,
) -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(StatefulSets { max_unavailable: features.max_unavailable }),
        Box::new(Binder),
        Box::new(provisioner),
        Box::new(ClaimProtection),
        Box::new(VolumeProtection),
        Box::new(Scheduler),
        Box::new(Kubelet::new(PlayedNodes::All)),
        Box::new(resizer),
        Box::new(EndpointSlices),
        Box::new(GarbageCollector),
        Box::new(Namespaces),
        Box::new(Quotas),
        Box::new(Disruption),
        Box::new(NodeLifecycle),
        Box::new(TaintEviction),
        Box::new(PodGarbageCollector),
        Box::new(EphemeralVolumes),
        Box::new(attacher),
        Box::new(AttachDetach),
    ]
}

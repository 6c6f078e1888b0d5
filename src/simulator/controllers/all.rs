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
use crate::simulator::import::Origin;

/// The provisioner whose volumes the simulated cluster makes, deletes and grows.
pub const DISK: &str = "sandbox.kubectl-stateful/disk";

/// One of each, in a fixed order, so that a seed gives the same history.
pub fn all() -> Vec<Box<dyn Controller>> {
    with(StatefulSets::default(), Provisioner::new(DISK), Resizer::new(DISK), Attacher::new(DISK))
}

/// The same for the copy of a cluster, whose classes have provisioners of
/// their own, and whose sets may know `maxUnavailable`.
pub fn of_copy(max_unavailable: bool) -> Vec<Box<dyn Controller>> {
    with(StatefulSets { max_unavailable }, Provisioner::of_all(), Resizer::of_all(), Attacher::of_all())
}

/// Those of a cluster that is a copy or not.
pub fn of(origin: Option<&Origin>) -> Vec<Box<dyn Controller>> {
    origin.map_or_else(all, |origin| of_copy(origin.counts_max_unavailable()))
}

fn with(
    sets: StatefulSets,
    provisioner: Provisioner,
    resizer: Resizer,
    attacher: Attacher,
) -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(sets),
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

//! The kubelets of the nodes that this actor plays: pods come up after a short
//! delay and go away after their grace period; the nodes stay Ready. There are
//! no images and no processes. Everything it decides stands in the pod's
//! status and annotations, so it can be restarted at any point, and it writes
//! only what a real API server takes.

mod address;
mod lifecycle;
mod node;
mod status;

use jiff::Timestamp;
use serde_json::Value;

pub(super) use self::node::is_up;
use super::fields::{Fields, targets};
use super::{Change, Controller, Keyed, Step, Target, View};

/// What the annotations begin with that this actor obeys.
const KNOBS: &str = "sandbox.kubectl-stateful/";

/// The readiness probe never succeeds. May be set and removed while the pod
/// runs.
pub const NEVER_READY: &str = "sandbox.kubectl-stateful/never-ready";
/// The image cannot be pulled.
pub const IMAGE_ERROR: &str = "sandbox.kubectl-stateful/image-error";
/// The first container exits again and again.
pub const CRASH_LOOP: &str = "sandbox.kubectl-stateful/crash-loop";
/// The containers exit well once they have started; a pod that may not be
/// restarted completes.
pub const COMPLETES: &str = "sandbox.kubectl-stateful/completes";
/// How many seconds the containers need to start, in place of two.
pub const START_SECONDS: &str = "sandbox.kubectl-stateful/start-seconds";
/// How many seconds the containers need to stop; `never` for one that hangs
/// beyond its grace period.
pub const STOP_SECONDS: &str = "sandbox.kubectl-stateful/stop-seconds";
/// The pod stays as it is until it is deleted: what keeps it from being well
/// is outside of what a copy of its cluster holds. A claim with it gets nothing
/// from its provisioner or resizer.
pub const AS_CAPTURED: &str = "sandbox.kubectl-stateful/as-captured";
/// On a node: its kubelet is gone. Pods on it neither start nor stop.
pub const NODE_DOWN: &str = "sandbox.kubectl-stateful/node-down";
/// On a node that is down: since when. Its kubelet writes it as its last word.
pub const DOWN_SINCE: &str = "sandbox.kubectl-stateful/down-since";

pub use lifecycle::is_settled;

/// Whether the pod has annotations that this actor obeys.
pub fn goes_by_knobs(pod: &Value) -> bool {
    pod["metadata"]["annotations"].as_object().is_some_and(|told| told.keys().any(|key| key.starts_with(KNOBS)))
}

/// Which nodes an actor plays.
#[derive(Clone, Debug)]
pub enum PlayedNodes {
    All,
    /// Nodes whose name begins with one of these.
    Prefixes(Vec<String>),
}

impl PlayedNodes {
    fn include(&self, node: &str) -> bool {
        match self {
            Self::All => true,
            Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| node.starts_with(prefix.as_str())),
        }
    }
}

/// The kubelets of some nodes.
#[derive(Clone, Debug)]
pub struct Kubelet {
    nodes: PlayedNodes,
    /// Seconds from the start of a pod to Ready, and again for init containers.
    start_delay: i64,
}

impl Kubelet {
    /// Plays the given nodes; pods become ready two seconds after their start.
    pub fn new(nodes: PlayedNodes) -> Self {
        Self { nodes, start_delay: 2 }
    }
}

impl Controller for Kubelet {
    fn name(&self) -> &'static str {
        "kubelet"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        let is_placed = |pod: &Value| !pod.text("/spec/nodeName").is_empty();
        match change.kind {
            // What it wrote itself about a pod needs no second look.
            "Pod" => change.after.is_some_and(is_placed) && change.by != self.name(),
            "PersistentVolumeClaim" => {
                let is_bound = |claim: &Value| claim.phase() == "Bound";
                change.after.is_some_and(is_bound) && !change.before.is_some_and(is_bound)
            }
            kind => matches!(kind, "Node" | "Secret" | "ConfigMap"),
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for Kubelet {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        [targets(&view.list("Node")), targets(&view.list("Pod"))].concat()
    }

    /// A claim, Secret or ConfigMap concerns the pods of its namespace that may
    /// wait for it; a node all pods if it has gone down or come back.
    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        match change.kind {
            "Pod" => Some(change.target().into_iter().collect()),
            "Node" => {
                let is_up = |node: Option<&Value>| node.is_some_and(is_up);
                (is_up(change.before) == is_up(change.after)).then(|| change.target().into_iter().collect())
            }
            _ => {
                let place = change.target()?;
                let mut pods = view.list_in("Pod", &place.namespace);
                pods.retain(|pod| pod.phase() == "Pending" && !pod.text("/spec/nodeName").is_empty());
                Some(targets(&pods))
            }
        }
    }

    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step> {
        let Some(object) = view.get(&target.kind, &target.namespace, &target.name) else { return Vec::new() };
        let home = match target.kind.as_str() {
            "Node" => target.name.as_str(),
            _ => object.text("/spec/nodeName"),
        };
        let Some(home) = view.get("Node", "", home).filter(|_| self.nodes.include(home)) else { return Vec::new() };
        let pass = match target.kind.as_str() {
            "Node" => node::keep(&home, now),
            _ if is_up(&home) => self.sync(view, &object, &home, now),
            _ => return Vec::new(),
        };
        Some(pass).filter(|pass| !pass.is_idle()).into_iter().collect()
    }
}

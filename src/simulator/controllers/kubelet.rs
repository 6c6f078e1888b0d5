//! The kubelets of the nodes that this actor plays: pods come up after a short
//! delay and go away after their grace period; the nodes stay Ready. There are
//! no images and no processes: containers exit, and probes fail, as annotations
//! say. Everything it decides stands in the pod's status and annotations, so it
//! can be restarted at any point, and it writes only what a real API server takes.

mod address;
mod back_off;
mod container;
mod course;
mod knobs;
mod lifecycle;
mod news;
mod node;
mod probes;
mod sources;
mod status;
mod stop;
mod volumes;

use jiff::Timestamp;
use serde_json::Value;

pub(super) use self::node::is_up;
use super::attachments::{self, holds};
use super::fields::{Fields, targets};
use super::{Change, Controller, Keyed, Step, Target, View};

pub use knobs::{
    AS_CAPTURED, COMPLETES, CRASH_LOOP, DOWN_SINCE, EXEC_EXIT, EXEC_PRINTS, EXIT_CODE, Form, HANGING, IMAGE_ERROR,
    KNOBS, Knob, LIVENESS_SECONDS, LOGS, NEVER_READY, NODE_DOWN, READY_SECONDS, RUN_SECONDS, START_SECONDS,
    STARTUP_SECONDS, STOP_SECONDS, UNREADY,
};
pub use lifecycle::is_settled;

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
            "Pod" => {
                change.after.is_some_and(is_placed) && change.by != self.name()
                    || volumes::lets_go(change)
                    || volumes::turns(change)
            }
            "PersistentVolumeClaim" => {
                let is_bound = |claim: &Value| claim.phase() == "Bound";
                change.after.is_some_and(is_bound) && !change.before.is_some_and(is_bound)
            }
            "Node" => !change.is_of_volumes_alone(),
            attachments::KIND => change.before.is_some_and(holds) != change.after.is_some_and(holds),
            kind => matches!(kind, "Secret" | "ConfigMap"),
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
            "Pod" => {
                let mut concerned: Vec<Target> = change.target().into_iter().collect();
                if let Some(home) = change.before.filter(|_| volumes::lets_go(change)) {
                    concerned.push(node_target(home.text("/spec/nodeName")));
                }
                Some(concerned)
            }
            attachments::KIND => {
                let attachment = change.after.or(change.before)?;
                let volume = attachments::volume_of(view, attachment);
                Some(volume.map(|volume| targets(&attachments::users(view, &volume))).unwrap_or_default())
            }
            "Node" => {
                let is_up = |node: Option<&Value>| node.is_some_and(is_up);
                (is_up(change.before) == is_up(change.after)).then(|| change.target().into_iter().collect())
            }
            _ => {
                let place = change.target()?;
                let mut pods = view.list_in("Pod", &place.namespace);
                pods.retain(|pod| !pod.holds("Ready") && !pod.text("/spec/nodeName").is_empty());
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
        let passes = match target.kind.as_str() {
            "Node" => {
                let mut volumes = Step::default();
                if is_up(&home) {
                    volumes::count(view, &home, &mut volumes);
                }
                vec![node::keep(&home, now), volumes]
            }
            _ if is_up(&home) => {
                let mut volumes = Step::default();
                volumes::take(view, &object, &home, &mut volumes);
                vec![volumes, self.sync(view, &object, &home, now)]
            }
            _ => return Vec::new(),
        };
        passes.into_iter().filter(|pass| !pass.is_idle()).collect()
    }

    /// Who looks at everything at once has counted the volumes of the pods with
    /// their nodes.
    fn all_passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        let nodes = targets(&view.list("Node")).into_iter().flat_map(|node| self.passes_about(view, &node, now));
        let pods = view.list("Pod").into_iter().filter_map(|pod| {
            let home = view.get("Node", "", pod.text("/spec/nodeName"))?;
            let is_played = self.nodes.include(home.name()) && is_up(&home);
            is_played.then(|| self.sync(view, &pod, &home, now)).filter(|pass| !pass.is_idle())
        });
        nodes.chain(pods).collect()
    }
}

fn node_target(name: &str) -> Target {
    Target { kind: "Node".to_owned(), namespace: String::new(), name: name.to_owned() }
}

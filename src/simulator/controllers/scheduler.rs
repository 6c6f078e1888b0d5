//! The scheduler, without scoring: it finds the nodes on which a pod fits,
//! takes the emptiest, has delayed claims bound there, and then puts the pod on
//! it. What it decided stands in the objects (PV-05), so a decision survives a
//! restart.

mod fit;
mod placed;
mod resources;
mod volumes;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::fit::Unfit;
use self::placed::Placed;
use self::volumes::{ClaimNeed, Placement};
use super::fields::{Fields, claim_names, with_condition};
use super::{Change, Controller, EventType, Step, View, Write};

/// `default-scheduler`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scheduler;

/// Why a pod is on no node yet.
enum Refusal {
    /// True for the pod wherever it goes.
    Pod(String),
    /// For each node that was tried.
    Nodes(Vec<Unfit>),
}

impl Controller for Scheduler {
    fn name(&self) -> &'static str {
        "default-scheduler"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            // One that waits, or one that makes room or was in the way.
            "Pod" => {
                let makes_room = |before: &Value, after: &Value| {
                    before["metadata"]["labels"] != after["metadata"]["labels"]
                        || before.has_ended() != after.has_ended()
                        || before.terminating() != after.terminating()
                };
                change.after.is_none_or(waits)
                    || change.before.zip(change.after).is_none_or(|(before, after)| makes_room(before, after))
            }
            "Node" => !change.is_of_volumes_alone(),
            kind => matches!(kind, "PersistentVolumeClaim" | "PersistentVolume" | "StorageClass"),
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        let mut waiting = view.pods_on("");
        waiting.retain(|pod| waits(pod));
        if waiting.is_empty() {
            return Vec::new();
        }
        let mut cluster = Cluster::read(view, &waiting);
        waiting.sort_by_key(|pod| {
            let age = pod.instant("/metadata/creationTimestamp");
            (age, pod.namespace().to_owned(), pod.name().to_owned())
        });
        waiting.iter().map(|pod| cluster.schedule(pod, now)).collect()
    }
}

/// A pod that this scheduler has to place.
fn waits(pod: &Value) -> bool {
    pod.text("/spec/nodeName").is_empty()
        && !pod.terminating()
        && !pod.has_ended()
        && matches!(pod.text("/spec/schedulerName"), "" | "default-scheduler")
        && pod.items("/spec/schedulingGates").is_empty()
}

/// Claims for devices are not simulated: there is never one.
fn without_devices(pod: &Value) -> Option<String> {
    let asked = pod.items("/spec/resourceClaims").first()?;
    Some(match asked["resourceClaimName"].as_str() {
        Some(name) => format!("resourceclaim.resource.k8s.io {name:?} not found"),
        None => format!("pod {:?}: ResourceClaim not created yet", format!("{}/{}", pod.namespace(), pod.name())),
    })
}

/// What one look works on; decisions of the look are noted in it, so that the
/// next pod sees them.
struct Cluster<'a> {
    view: &'a dyn View,
    nodes: Vec<Arc<Value>>,
    pods: Placed,
    volumes: Vec<Arc<Value>>,
}

impl<'a> Cluster<'a> {
    /// Of the volumes, those that a waiting pod could get.
    fn read(view: &'a dyn View, waiting: &[Arc<Value>]) -> Self {
        let pods = Placed::of(&view.list("Pod"));
        let claims: BTreeSet<(&str, String)> =
            waiting.iter().flat_map(|pod| claim_names(pod).into_iter().map(|name| (pod.namespace(), name))).collect();
        let mut volumes = view.list("PersistentVolume");
        volumes.retain(|volume| {
            let claim = &volume["spec"]["claimRef"];
            !claim.is_object() || claims.contains(&(claim.text("/namespace"), claim.text("/name").to_owned()))
        });
        Self { view, nodes: view.list("Node"), pods, volumes }
    }

    fn schedule(&mut self, pod: &Value, now: Timestamp) -> Step {
        let mut step = Step::default();
        match self.place(pod) {
            Err(refusal) => self.refuse(pod, refusal, now, &mut step),
            Ok((node, placement)) if placement.is_settled() => {
                step.push(Write::Bind { target: pod.target(), node: node.clone() });
                let message = format!("Successfully assigned {}/{} to {node}", pod.namespace(), pod.name());
                step.event(pod, EventType::Normal, "Scheduled", message);
                self.note(pod, &node);
            }
            Ok((node, placement)) => {
                placement.write(&node, &mut step);
                self.forget_volumes(&placement);
                self.note(pod, &node);
            }
        }
        step
    }

    /// The node for a pod, and what its claims still need there.
    fn place(&self, pod: &Value) -> Result<(String, Placement), Refusal> {
        if self.nodes.is_empty() {
            return Err(Refusal::Pod("no nodes available to schedule pods".to_owned()));
        }
        if let Some(why) = without_devices(pod) {
            return Err(Refusal::Pod(self.none_available(&why)));
        }
        let needs = ClaimNeed::of_pod(self.view, pod).map_err(|reason| Refusal::Pod(self.none_available(&reason)))?;
        let is_taken = self.is_claim_taken(pod);
        let mut refusals = Vec::new();
        let mut fits: Vec<(usize, &str, Placement)> = Vec::new();
        for node in &self.nodes {
            let misfit =
                fit::misfit(pod, node, &self.pods).or_else(|| is_taken.then(|| Unfit::crowded(volumes::TAKEN)));
            let placed = misfit
                .map_or_else(|| self.place_volumes(&needs, node), Err)
                .and_then(|placement| fit::crowded(pod, node, &self.nodes, &self.pods).map_or(Ok(placement), Err));
            match placed {
                Ok(placement) => fits.push((self.pods.load(node), node.name(), placement)),
                Err(why) => refusals.push(why),
            }
        }
        fits.into_iter()
            .min_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)))
            .map(|(_, node, placement)| (node.to_owned(), placement))
            .ok_or(Refusal::Nodes(refusals))
    }

    /// Remembers a decision for the pods that follow in this look.
    fn note(&mut self, pod: &Value, node: &str) {
        let mut placed = pod.clone();
        placed["spec"]["nodeName"] = json!(node);
        self.pods.add(&Arc::new(placed));
    }

    /// Volumes that were given away are no candidates for the next pod.
    fn forget_volumes(&mut self, placement: &Placement) {
        self.volumes.retain(|volume| !placement.takes(volume.name()));
    }

    /// The text for a pod that was refused before any node was tried. The odd
    /// end is the real one's: a later plugin misses its own notes.
    fn none_available(&self, why: &str) -> String {
        format!("0/{} nodes are available: {why}. not found", self.nodes.len())
    }

    fn preemption(nodes: usize, hopeless: usize) -> String {
        let mut parts = Vec::new();
        if nodes > hopeless {
            parts.push(format!("{} No preemption victims found for incoming pod", nodes - hopeless));
        }
        if hopeless > 0 {
            parts.push(format!("{hopeless} Preemption is not helpful for scheduling"));
        }
        parts.sort();
        format!("no new claims to deallocate, preemption: 0/{nodes} nodes are available: {}.", parts.join(", "))
    }

    /// The condition and the event of a pod that fits nowhere.
    fn refuse(&self, pod: &Value, refusal: Refusal, now: Timestamp, step: &mut Step) {
        let message = match refusal {
            Refusal::Pod(message) => message,
            Refusal::Nodes(refusals) => {
                let mut counts = std::collections::BTreeMap::<&str, usize>::new();
                for reason in refusals.iter().flat_map(|unfit| &unfit.reasons) {
                    *counts.entry(reason).or_default() += 1;
                }
                let mut parts: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
                parts.sort();
                let hopeless = refusals.iter().filter(|unfit| unfit.is_hopeless).count();
                let nodes = self.nodes.len();
                let preemption = Self::preemption(nodes, hopeless);
                format!("0/{nodes} nodes are available: {}. {preemption}", parts.join(", "))
            }
        };
        let held = pod.condition("PodScheduled");
        let known = held.is_some_and(|held| held["status"] == "False" && held["message"] == message);
        if !known {
            let condition = json!({
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": message,
                "lastProbeTime": null,
            });
            step.patch_status(pod, json!({ "conditions": with_condition(pod, condition, now) }));
        }
        step.event_once(self.view, pod, EventType::Warning, "FailedScheduling", message);
    }
}

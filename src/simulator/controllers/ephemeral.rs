//! The controller that makes the claims of generic ephemeral volumes. A claim
//! of this kind is controlled by its pod, and goes with it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, controller_reference, ephemeral_claim_name, is_made_for, targets};
use super::pass::told;
use super::play::Refusal;
use super::{Change, Controller, EventType, Keyed, Part, Step, Target, View, Write};

/// `ephemeral-volume-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EphemeralVolumes;

impl Controller for EphemeralVolumes {
    fn name(&self) -> &'static str {
        "ephemeral-volume-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            "Pod" => change.before.is_none(),
            "PersistentVolumeClaim" => change.after.is_none(),
            _ => false,
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }

    fn refused(&self, view: &dyn View, rest: &[Part], refusals: &[Refusal]) -> Vec<Write> {
        let (Some(Part::Write(Write::Create(claim))), Some(refusal)) = (rest.first(), refusals.first()) else {
            return Vec::new();
        };
        let Some(pod) = claim.controller().and_then(|pod| view.get("Pod", claim.namespace(), pod.text("/name"))) else {
            return Vec::new();
        };
        let volume = claim.name().strip_prefix(&format!("{}-", pod.name())).unwrap_or_default();
        let message = format!("ephemeral volume {volume}: create PVC {}: {}", claim.name(), refusal.error);
        if told(view, &pod, "FailedBinding", &message) {
            return Vec::new();
        }
        let mut step = Step::default();
        step.event(&pod, EventType::Warning, "FailedBinding", message);
        step.parts
            .into_iter()
            .filter_map(|part| if let Part::Write(write) = part { Some(write) } else { None })
            .collect()
    }
}

impl Keyed for EphemeralVolumes {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        targets(&view.list("Pod"))
    }

    /// A claim that is gone concerns the pods of its namespace that could want
    /// one of this name.
    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        if change.kind == "Pod" {
            return Some(change.target().into_iter().collect());
        }
        let claim = change.target()?;
        let mut pods = view.pods_with(&claim.namespace, &claim.name);
        pods.retain(|pod| volumes(pod).any(|volume| ephemeral_claim_name(pod, volume) == claim.name));
        Some(targets(&pods))
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let pod = view.get(&target.kind, &target.namespace, &target.name).filter(|pod| !pod.terminating());
        let pass = pod.map(|pod| make_claims(view, &pod));
        pass.map(Step::if_any).unwrap_or_default()
    }
}

fn volumes(pod: &Value) -> impl Iterator<Item = &Value> {
    pod.items("/spec/volumes").iter().filter(|volume| volume["ephemeral"].is_object())
}

fn make_claims(view: &dyn View, pod: &Value) -> Step {
    let mut step = Step::default();
    for volume in volumes(pod) {
        let name = ephemeral_claim_name(pod, volume);
        match view.get("PersistentVolumeClaim", pod.namespace(), &name) {
            None => step.push(Write::Create(claim(pod, volume, &name))),
            Some(held) if is_made_for(pod, &held) => {}
            Some(_) => {
                let place =
                    format!("{}/{name} was not created for pod {}/{}", pod.namespace(), pod.namespace(), pod.name());
                let message = format!("ephemeral volume {}: PVC {place} (pod is not owner)", volume.text("/name"));
                step.event_once(view, pod, EventType::Warning, "FailedBinding", message);
                break;
            }
        }
    }
    step
}

fn claim(pod: &Value, volume: &Value, name: &str) -> Value {
    let template = &volume["ephemeral"]["volumeClaimTemplate"];
    let mut metadata = json!({
        "name": name,
        "namespace": pod.namespace(),
        "ownerReferences": [controller_reference(pod, "v1", "Pod")],
    });
    for key in ["labels", "annotations"] {
        if template["metadata"][key].is_object() {
            metadata[key] = template["metadata"][key].clone();
        }
    }
    json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"] })
}

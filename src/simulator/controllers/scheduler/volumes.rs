//! What a pod's claims need before it can go to a node, and where they can be
//! had (PV-05, PV-54).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::fit::Unfit;
use crate::simulator::controllers::binder::{
    NO_PROVISIONER, SELECTED_NODE, best_on_node, class_of, is_bound, volume_patch,
};
use crate::simulator::controllers::fields::{Fields, claim_names, ephemeral_claim_name, is_made_for};
use crate::simulator::controllers::{Step, View, selector};

/// Why no node will do for a pod whose claim is taken.
pub(super) const TAKEN: &str = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use \
                     by another pod";

/// A claim of the pod, as far as scheduling cares.
pub(super) enum ClaimNeed {
    /// Bound: the node must be able to reach this volume.
    Bound { volume: Option<Arc<Value>> },
    /// To be bound where the pod goes.
    Delayed { claim: Arc<Value>, class: Arc<Value> },
}

/// What has to be written before the pod can be put on the node.
#[derive(Default)]
pub(super) struct Placement {
    /// Pre-made volumes to reserve: the volume and its patch.
    reserve: Vec<(Arc<Value>, Value)>,
    /// Claims to be provisioned on the node.
    provision: Vec<Arc<Value>>,
    /// Claims that are under way already.
    pending: usize,
}

impl ClaimNeed {
    /// The needs of all claims of a pod, or why no node will do.
    pub(super) fn of_pod(view: &dyn View, pod: &Value) -> Result<Vec<Self>, String> {
        let mut unbound_immediate = false;
        let mut needs = Vec::new();
        let claims = claims(view, pod)?;
        for claim in &claims {
            if claim.phase() == "Lost" {
                let volume = claim.text("/spec/volumeName");
                return Err(format!(
                    "persistentvolumeclaim {:?} bound to non-existent persistentvolume {volume:?}",
                    claim.name()
                ));
            }
            if claim.terminating() {
                return Err(format!("persistentvolumeclaim {:?} is being deleted", claim.name()));
            }
        }
        for claim in claims {
            if is_bound(&claim) {
                let name = claim.text("/spec/volumeName").to_owned();
                let volume = view.get("PersistentVolume", "", &name);
                needs.push(Self::Bound { volume });
                continue;
            }
            let class = view.get("StorageClass", "", class_of(&claim));
            let delayed = class.filter(|class| class["volumeBindingMode"] == "WaitForFirstConsumer");
            match delayed {
                Some(class) if claim.text("/spec/volumeName").is_empty() => {
                    needs.push(Self::Delayed { claim, class });
                }
                Some(_) | None => unbound_immediate = true,
            }
        }
        if unbound_immediate {
            return Err("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
        Ok(needs)
    }
}

/// The claims of a pod, all of which have to be there.
fn claims(view: &dyn View, pod: &Value) -> Result<Vec<Arc<Value>>, String> {
    let mut claims = Vec::new();
    let find = |name: &str| view.get("PersistentVolumeClaim", pod.namespace(), name);
    for volume in pod.items("/spec/volumes") {
        if let Some(name) = volume["persistentVolumeClaim"]["claimName"].as_str() {
            claims.push(find(name).ok_or_else(|| format!("persistentvolumeclaim {name:?} not found"))?);
        } else if volume["ephemeral"].is_object() {
            let name = ephemeral_claim_name(pod, volume);
            let claim = find(&name).ok_or_else(|| {
                format!("waiting for ephemeral volume controller to create the persistentvolumeclaim {name:?}")
            })?;
            if !is_made_for(pod, &claim) {
                let (namespace, pod) = (pod.namespace(), pod.name());
                return Err(format!(
                    "PVC {namespace}/{name} was not created for pod {namespace}/{pod} (pod is not owner)"
                ));
            }
            claims.push(claim);
        }
    }
    Ok(claims)
}

impl Cluster<'_> {
    /// Whether a claim of the pod is for one pod alone, and another has it.
    pub(super) fn is_claim_taken(&self, pod: &Value) -> bool {
        claim_names(pod).iter().any(|name| {
            let claim = self.view.get("PersistentVolumeClaim", pod.namespace(), name);
            claim.is_some_and(|claim| claim.items("/spec/accessModes").iter().any(|mode| mode == "ReadWriteOncePod"))
                && self.pods.is_in_use(pod.namespace(), name)
        })
    }

    /// Where the claims can be had on a node, or the reasons why not.
    pub(super) fn place_volumes(&self, needs: &[ClaimNeed], node: &Value) -> Result<Placement, Unfit> {
        let mut placement = Placement::default();
        let mut taken = BTreeSet::new();
        let (mut unreachable, mut missing, mut unsatisfied) = (false, false, false);
        for need in needs {
            match need {
                ClaimNeed::Bound { volume: None } => missing = true,
                ClaimNeed::Bound { volume: Some(volume) } => {
                    unreachable |= !selector::node_matches(&volume["spec"]["nodeAffinity"]["required"], node);
                }
                ClaimNeed::Delayed { claim, class } => {
                    unsatisfied |= !self.place_delayed(claim, class, node, &mut taken, &mut placement);
                }
            }
        }
        let reasons: Vec<String> = [
            (unreachable, "node(s) didn't match PersistentVolume's node affinity"),
            (unsatisfied, "node(s) didn't find available persistent volumes to bind"),
            (missing, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"),
        ]
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, reason)| reason.to_owned())
        .collect();
        if reasons.is_empty() { Ok(placement) } else { Err(Unfit { reasons, is_hopeless: true }) }
    }

    /// A delayed claim on a node: a claim that has been promised to a node
    /// goes there only; then pre-made volumes; then provisioning.
    fn place_delayed(
        &self,
        claim: &Arc<Value>,
        class: &Value,
        node: &Value,
        taken: &mut BTreeSet<String>,
        placement: &mut Placement,
    ) -> bool {
        if let Some(selected) = claim.annotation(SELECTED_NODE) {
            placement.pending += 1;
            return selected == node.name();
        }
        if let Some(volume) = best_on_node(claim, &self.volumes, taken, node) {
            taken.insert(volume.name().to_owned());
            match volume_patch(volume, claim) {
                Some(patch) => placement.reserve.push((Arc::clone(volume), patch)),
                None => placement.pending += 1,
            }
            return true;
        }
        let can_provision = class.text("/provisioner") != NO_PROVISIONER && allowed(class, node);
        if can_provision {
            placement.provision.push(Arc::clone(claim));
        }
        can_provision
    }
}

/// The class's `allowedTopologies`, if any, include the node.
fn allowed(class: &Value, node: &Value) -> bool {
    let terms = class.items("/allowedTopologies");
    terms.is_empty()
        || terms.iter().any(|term| {
            term.items("/matchLabelExpressions").iter().all(|expression| {
                node["metadata"]["labels"]
                    .get(expression.text("/key"))
                    .is_some_and(|held| expression.items("/values").contains(held))
            })
        })
}

impl Placement {
    /// Nothing left to do or to wait for.
    pub(super) fn is_settled(&self) -> bool {
        self.reserve.is_empty() && self.provision.is_empty() && self.pending == 0
    }

    pub(super) fn takes(&self, volume: &str) -> bool {
        self.reserve.iter().any(|(reserved, _)| reserved.name() == volume)
    }

    /// Reserves the chosen volumes and has the others provisioned.
    pub(super) fn write(&self, node: &str, step: &mut Step) {
        for (volume, patch) in &self.reserve {
            step.patch_unchanged(volume, patch.clone());
        }
        for claim in &self.provision {
            step.patch_unchanged(claim, json!({ "metadata": { "annotations": { SELECTED_NODE: node } } }));
        }
    }
}

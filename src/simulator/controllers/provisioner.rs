//! A dynamic provisioner and deleter, as an external one works beside the
//! binder: it makes a volume for each claim that waits for it, and deletes the
//! volumes that were given back (PV-14, PV-40, PV-43).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::attacher::is_attached;
use super::attachments::NEVER_ATTACHED;
use super::binder::{PROVISIONED_BY, PROVISIONER, PROVISIONER_BETA, SELECTED_NODE, class_of};
use super::fields::{Fields, targets};
use super::kubelet::AS_CAPTURED;
use super::migrated::driver_of_former;
use super::{Change, Controller, EventType, Keyed, Step, Target, View, Write};

/// What names of provisioners inside of Kubernetes begin with.
const IN_TREE: &str = "kubernetes.io/";
const FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";
const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";

/// The provisioner of one name, or of all names.
#[derive(Clone, Debug)]
pub struct Provisioner {
    name: Option<String>,
}

impl Provisioner {
    /// A provisioner for the classes whose `provisioner` is `name`.
    pub fn new(name: &str) -> Self {
        Self { name: Some(name.to_owned()) }
    }

    /// A provisioner for every class that is not for volumes made by hand.
    pub fn of_all() -> Self {
        Self { name: None }
    }

    fn is(&self, name: &str) -> bool {
        match &self.name {
            Some(own) => own == name,
            None => !name.is_empty() && (!name.starts_with(IN_TREE) || driver_of_former(name).is_some()),
        }
    }

    fn made(&self, volume: &Value) -> bool {
        volume.annotation(PROVISIONED_BY).is_some_and(|by| self.is(by))
    }
}

/// The CSI driver of a provisioner. A class may name its provisioner with a
/// slash, as a label is named; a driver is a DNS subdomain, which has none. One
/// of before there were drivers has been taken over by one.
pub(super) fn driver_of(provisioner: &str) -> &str {
    let own = provisioner.split_once('/').map_or(provisioner, |(domain, _)| domain);
    driver_of_former(provisioner).unwrap_or(own)
}

impl Controller for Provisioner {
    fn name(&self) -> &'static str {
        "external-provisioner"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            "PersistentVolumeClaim" => change.after.is_some_and(|claim| self.is_asked(claim)),
            "PersistentVolume" => change.after.is_some_and(|volume| self.made(volume)),
            "Node" => !change.is_of_volumes_alone(),
            "VolumeAttachment" => change.after.is_none(),
            kind => kind == "StorageClass",
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for Provisioner {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        [targets(&view.list("PersistentVolumeClaim")), targets(&view.list("PersistentVolume"))].concat()
    }

    fn concerned(&self, _view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        if let ("VolumeAttachment", Some(gone)) = (change.kind, change.before) {
            let name = gone.text("/spec/source/persistentVolumeName").to_owned();
            return Some(vec![Target { kind: "PersistentVolume".to_owned(), namespace: String::new(), name }]);
        }
        let is_own = matches!(change.kind, "PersistentVolumeClaim" | "PersistentVolume");
        is_own.then(|| change.target().into_iter().collect())
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let Some(object) = view.get(&target.kind, &target.namespace, &target.name) else { return Vec::new() };
        let pass = match target.kind.as_str() {
            "PersistentVolume" => Some(self.look_after(view, &object)),
            _ => self.provision(view, &object),
        };
        pass.map(Step::if_any).unwrap_or_default()
    }
}

impl Provisioner {
    /// The claim waits for a volume of ours, and was not copied as one that waits in vain.
    fn is_asked(&self, claim: &Value) -> bool {
        let asked =
            [PROVISIONER, PROVISIONER_BETA].iter().any(|key| claim.annotation(key).is_some_and(|name| self.is(name)));
        asked
            && !claim.terminating()
            && claim.text("/spec/volumeName").is_empty()
            && claim.annotation(AS_CAPTURED).is_none()
    }

    /// A volume for a claim that the binder has handed over: at once, or with
    /// a delayed class when the scheduler has chosen a node.
    fn provision(&self, view: &dyn View, claim: &Value) -> Option<Step> {
        if !self.is_asked(claim) {
            return None;
        }
        let class = view.get("StorageClass", "", class_of(claim))?;
        let name = format!("pvc-{}", claim.uid());
        if !self.is(class.text("/provisioner")) || view.get("PersistentVolume", "", &name).is_some() {
            return None;
        }
        if let Some(why) = hindrance(claim) {
            return Some(fail(view, claim, &class, why));
        }
        let delayed = class["volumeBindingMode"] == "WaitForFirstConsumer";
        let node = match claim.annotation(SELECTED_NODE) {
            Some(name) => {
                let node = view.get("Node", "", name);
                if node.is_none() {
                    return Some(reschedule(claim));
                }
                node
            }
            None if delayed => return None,
            None => None,
        };
        let alike = self.alike(view, &class);
        let affinity = match node.filter(|_| delayed) {
            Some(node) => affinity(&node),
            None => alike.as_ref().map(|volume| volume["spec"]["nodeAffinity"].clone()).filter(Value::is_object),
        };
        let mut volume = volume(claim, &class, &name, affinity);
        if let Some(mark) = alike.as_ref().and_then(|volume| volume.annotation(NEVER_ATTACHED)) {
            volume["metadata"]["annotations"][NEVER_ATTACHED] = json!(mark);
        }
        let mut step = begin(view, claim);
        step.push(Write::Create(volume));
        let message = format!("Successfully provisioned volume {name}");
        step.event(claim, EventType::Normal, "ProvisioningSucceeded", message);
        Some(step)
    }

    /// In a copy, another volume of the class, which says where its volumes can
    /// be reached from, and whether they are attached: drivers of zones pin a
    /// volume also where no node was chosen for it (H-43).
    fn alike(&self, view: &dyn View, class: &Value) -> Option<Arc<Value>> {
        if self.name.is_some() {
            return None;
        }
        let mut volumes = view.list("PersistentVolume");
        volumes.retain(|volume| self.made(volume) && volume.text("/spec/storageClassName") == class.name());
        let pinned = volumes.iter().find(|volume| volume["spec"]["nodeAffinity"].is_object());
        pinned.or(volumes.first()).cloned()
    }

    /// Keeps the finalizer of a volume of ours in line with its policy, and
    /// deletes the volume when it was given back to be deleted (PV-43) and is
    /// attached nowhere. The finalizer goes last: then the disk behind it is gone.
    fn look_after(&self, view: &dyn View, volume: &Value) -> Step {
        let mut step = Step::default();
        if !self.made(volume) || volume.annotation(AS_CAPTURED).is_some() {
            return step;
        }
        let doomed = volume.text("/spec/persistentVolumeReclaimPolicy") == "Delete";
        let held = volume.has_finalizer(FINALIZER);
        let dropping = || json!({ "metadata": { "finalizers": volume.finalizers_without(FINALIZER) } });
        if !doomed {
            if held {
                step.patch_unchanged(volume, dropping());
            }
        } else if volume.phase() == "Released" {
            if is_attached(view, volume) {
                return step;
            }
            if !volume.terminating() {
                step.delete(volume, None);
            } else if held {
                step.patch_unchanged(volume, dropping());
            }
        } else if !held && !volume.terminating() && volume.phase() == "Bound" {
            let mut finalizers = volume.items("/metadata/finalizers").to_vec();
            finalizers.push(json!(FINALIZER));
            step.patch_unchanged(volume, json!({ "metadata": { "finalizers": finalizers } }));
        }
        step
    }
}

/// What no volume is made for: real provisioners refuse selectors, and data
/// that would have to come from somewhere is not there.
fn hindrance(claim: &Value) -> Option<&'static str> {
    let spec = &claim["spec"];
    if !spec["selector"].is_null() {
        return Some("claim Selector is not supported");
    }
    if spec["volumeAttributesClassName"].as_str().is_some_and(|name| !name.is_empty()) {
        return Some("classes of volume attributes are not simulated");
    }
    (!spec["dataSource"].is_null() || !spec["dataSourceRef"].is_null()).then_some("data sources are not simulated")
}

fn begin(view: &dyn View, claim: &Value) -> Step {
    let mut step = Step::default();
    let what = format!("{}/{}", claim.namespace(), claim.name());
    let message = format!("External provisioner is provisioning volume for claim {what:?}");
    step.event_once(view, claim, EventType::Normal, "Provisioning", message);
    step
}

fn fail(view: &dyn View, claim: &Value, class: &Value, why: &str) -> Step {
    let mut step = begin(view, claim);
    let message = format!("failed to provision volume with StorageClass {:?}: {why}", class.name());
    step.event_once(view, claim, EventType::Warning, "ProvisioningFailed", message);
    step
}

/// The volume that a class makes for a claim.
fn volume(claim: &Value, class: &Value, name: &str, affinity: Option<Value>) -> Value {
    let provisioner = class.text("/provisioner");
    let policy = match class.text("/reclaimPolicy") {
        "" => "Delete",
        policy => policy,
    };
    let mode = match claim.text("/spec/volumeMode") {
        "" => "Filesystem",
        mode => mode,
    };
    let mut metadata = json!({ "name": name, "annotations": { PROVISIONED_BY: provisioner } });
    if policy == "Delete" {
        metadata["finalizers"] = json!([FINALIZER]);
    }
    let mut spec = json!({
        "accessModes": claim["spec"]["accessModes"],
        "capacity": { "storage": claim["spec"]["resources"]["requests"]["storage"] },
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": claim.namespace(),
            "name": claim.name(),
            "uid": claim.uid(),
        },
        "csi": { "driver": driver_of(provisioner), "volumeHandle": format!("disk-{}", claim.uid()) },
        "persistentVolumeReclaimPolicy": policy,
        "storageClassName": class.name(),
        "volumeMode": mode,
    });
    if !class.items("/mountOptions").is_empty() {
        spec["mountOptions"] = class["mountOptions"].clone();
    }
    if let Some(affinity) = affinity {
        spec["nodeAffinity"] = affinity;
    }
    json!({ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec })
}

/// Gives the choice of a node back to the scheduler: the chosen one is gone.
fn reschedule(claim: &Value) -> Step {
    let mut step = Step::default();
    step.patch_unchanged(claim, json!({ "metadata": { "annotations": { SELECTED_NODE: null } } }));
    step
}

/// Ties a volume to the zone of a node, or to the node where there are no
/// zones.
fn affinity(node: &Value) -> Option<Value> {
    let zone = node.label(ZONE).map(|zone| (ZONE, zone));
    let (key, value) = zone.or_else(|| node.label(HOSTNAME).map(|host| (HOSTNAME, host)))?;
    Some(json!({ "required": { "nodeSelectorTerms": [
        { "matchExpressions": [{ "key": key, "operator": "In", "values": [value] }] },
    ] } }))
}

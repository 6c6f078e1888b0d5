//! Which volumes have to be attached to a node before a pod can use them, what
//! their attachments are called, and who uses them. Volumes of drivers are
//! attached; folders, local disks and network shares are there at once.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::View;
use super::binder::is_in_use;
use super::fields::{Fields, claim_names, claim_of};
use super::migrated::driver_and_handle;

/// On a volume of a copy whose driver attaches nothing.
pub(in crate::simulator) const NEVER_ATTACHED: &str = "sandbox.kubectl-stateful/never-attached";

/// What the kubelet and the controller put before the driver's name of a volume.
const PLUGIN: &str = "kubernetes.io/csi/";

/// What the names of attachments are made of: this, and a digest in so many digits.
const PREFIX: &str = "csi-";
const DIGITS: usize = 64;

pub(in crate::simulator) const KIND: &str = "VolumeAttachment";

/// On a node to which the controller attaches volumes: kubelets set it.
pub const MANAGED: &str = "volumes.kubernetes.io/controller-managed-attach-detach";

/// What a claim has, as nodes know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Had<'a> {
    /// There is no such claim.
    NoClaim,
    /// It is not bound, or to a volume that is there without being attached.
    NoDisk,
    /// What nodes call its volume.
    Disk(Cow<'a, str>),
}

/// Whether the controller looks after the volumes of a node.
pub(super) fn is_managed(node: &Value) -> bool {
    node.annotation(MANAGED).is_some()
}

/// Whether a volume has to be attached.
pub(in crate::simulator) fn is_attachable(volume: &Value) -> bool {
    driver_and_handle(volume).is_some() && volume.annotation(NEVER_ATTACHED).is_none()
}

/// The name by which nodes list a volume that is attached or in use.
pub(in crate::simulator) fn unique_name(volume: &Value) -> String {
    let (driver, handle) = driver_and_handle(volume).unwrap_or_default();
    format!("{PLUGIN}{driver}^{handle}")
}

/// The name that an attachment of a volume to a node is given.
pub(in crate::simulator) fn attachment_name(volume: &Value, node: &str) -> String {
    let (driver, handle) = driver_and_handle(volume).unwrap_or_default();
    let digest = Sha256::digest(format!("{handle}{driver}{node}"));
    digest.iter().fold(PREFIX.to_owned(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

/// The attachment that the controller makes for a volume and a node.
pub(super) fn attachment(volume: &Value, node: &str) -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": KIND,
        "metadata": { "name": attachment_name(volume, node) },
        "spec": {
            "attacher": driver_and_handle(volume).unwrap_or_default().0,
            "nodeName": node,
            "source": { "persistentVolumeName": volume.name() },
        },
    })
}

/// The attachment of a volume to a node. One that was copied may have the name of
/// a handle that only its driver could translate.
pub(super) fn attachment_to(view: &dyn View, volume: &Value, node: &str) -> Option<Arc<Value>> {
    view.get(KIND, "", &attachment_name(volume, node)).or_else(|| {
        let mut all = view.attachments_of(volume.name()).into_iter();
        all.find(|held| held.text("/spec/nodeName") == node && volume_of(view, held).is_some())
    })
}

/// The volume of an attachment that the controller made; one that somebody made
/// by hand under another name is nobody's business.
pub(super) fn volume_of(view: &dyn View, attachment: &Value) -> Option<Arc<Value>> {
    let volume = view.get("PersistentVolume", "", attachment.text("/spec/source/persistentVolumeName"))?;
    is_for(attachment, &volume).then_some(volume)
}

/// Whether the controller made an attachment for this volume.
pub(super) fn is_for(attachment: &Value, volume: &Value) -> bool {
    let is_ours = driver_and_handle(volume).is_some_and(|(driver, _)| attachment.text("/spec/attacher") == driver);
    is_ours && is_of_controller(attachment) && is_attachable(volume)
}

/// Whether it has a name that the controller gives.
pub(in crate::simulator) fn is_of_controller(attachment: &Value) -> bool {
    attachment.name().strip_prefix(PREFIX).is_some_and(|rest| rest.len() == DIGITS)
}

/// Done, and not on its way out.
pub(in crate::simulator) fn holds(attachment: &Value) -> bool {
    attachment["status"]["attached"] == true && !attachment.terminating()
}

/// The volumes of a pod that have to be attached, each with the name that the
/// pod gives it, as far as its claims are bound.
pub(super) fn volumes_of(view: &dyn View, pod: &Value) -> Vec<(String, Arc<Value>)> {
    let mut volumes = volumes_of_any_kind(view, pod);
    volumes.retain(|(_, volume)| is_attachable(volume));
    volumes
}

/// The same of all volumes.
pub(super) fn volumes_of_any_kind(view: &dyn View, pod: &Value) -> Vec<(String, Arc<Value>)> {
    let claims = pod.items("/spec/volumes").iter().filter_map(|named| Some((named, claim_of(pod, named)?)));
    claims
        .filter_map(|(named, claim)| {
            let claim = view.get("PersistentVolumeClaim", pod.namespace(), &claim)?;
            let volume = view.get("PersistentVolume", "", claim.text("/spec/volumeName"))?;
            is_in_use(&claim).then(|| (named.text("/name").to_owned(), volume))
        })
        .collect()
}

/// The pods on nodes that mount the claim of a volume and have not ended.
pub(super) fn users(view: &dyn View, volume: &Value) -> Vec<Arc<Value>> {
    let claim = &volume["spec"]["claimRef"];
    let (namespace, name) = (claim.text("/namespace"), claim.text("/name"));
    let held = view.get("PersistentVolumeClaim", namespace, name);
    if name.is_empty() || held.is_some_and(|claim| claim.text("/spec/volumeName") != volume.name()) {
        return Vec::new();
    }
    let mut pods = view.pods_with(namespace, name);
    pods.retain(|pod| needs_volumes(pod));
    pods
}

/// Whether a pod mounts the claim of this name.
pub(super) fn mounts(pod: &Value, claim: &str) -> bool {
    pod.items("/spec/volumes").iter().any(|volume| claim_of(pod, volume).is_some_and(|name| name == claim))
}

/// On a node, and not known to have stopped: a pod that ends is done with its
/// volumes when no container of it runs any more.
pub(in crate::simulator) fn needs_volumes(pod: &Value) -> bool {
    let runs = |status: &Value| !status["state"]["terminated"].is_object() && !status["state"]["waiting"].is_object();
    !pod.text("/spec/nodeName").is_empty()
        && !pod.has_ended()
        && (!pod.terminating() || pod.items("/status/containerStatuses").iter().any(runs))
}

/// Whether the pod mounts any claim.
pub(super) fn has_claims(pod: &Value) -> bool {
    !claim_names(pod).is_empty()
}

/// Whether a volume may be attached to several nodes at once.
pub(super) fn is_shared(volume: &Value) -> bool {
    let modes = volume.items("/spec/accessModes");
    modes.is_empty() || modes.iter().any(|mode| mode == "ReadWriteMany" || mode == "ReadOnlyMany")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_is_named_after_handle_driver_and_node() {
        let volume = json!({"metadata": {"name": "v"}, "spec": {"csi": {"driver": "d.example", "volumeHandle": "h"}}});
        let name = attachment_name(&volume, "n");
        // What `printf hd.examplen | sha256sum` says.
        assert_eq!(name, "csi-c9bcba1d279a5fa4fd20367ba087d6e8df4e8a5e822d1104a6acc787250602ba");
        assert_eq!(unique_name(&volume), "kubernetes.io/csi/d.example^h");
    }

    #[test]
    fn a_pod_that_ends_needs_its_volumes_while_a_container_runs() {
        let pod = |state: Value| {
            json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"nodeName": "n"},
                   "status": {"phase": "Running", "containerStatuses": [{"state": state}]}})
        };
        assert!(needs_volumes(&pod(json!({"running": {}}))));
        assert!(!needs_volumes(&pod(json!({"terminated": {}}))));
        assert!(!needs_volumes(&pod(json!({"waiting": {}}))));
        let mut over = pod(json!({"running": {}}));
        over["status"]["phase"] = json!("Failed");
        assert!(!needs_volumes(&over));
    }
}

//! What has to be there before a container can be made: claims that are bound,
//! Secrets, ConfigMaps and the keys in them.

use serde_json::Value;

use crate::simulator::controllers::View;
use crate::simulator::controllers::binder::is_bound;
use crate::simulator::controllers::fields::{Fields, claim_names};
use crate::simulator::controllers::protection;

/// Why the pod's volumes cannot be mounted yet: claims that are not bound,
/// ConfigMaps and Secrets that do not exist.
pub(super) fn unmounted(view: &dyn View, pod: &Value) -> Option<String> {
    for name in claim_names(pod) {
        let claim = view.get("PersistentVolumeClaim", pod.namespace(), &name);
        // While it is protected it stays for as long as the pod does.
        if claim.as_ref().is_some_and(|claim| claim.terminating() && !claim.has_finalizer(protection::CLAIM)) {
            return Some(format!(
                "Unable to attach or mount volumes: error processing PVC {}/{name}: PVC is being deleted",
                pod.namespace()
            ));
        }
        if !claim.is_some_and(|claim| is_bound(&claim) && claim.phase() == "Bound") {
            return Some(format!(
                "Unable to attach or mount volumes: error processing PVC {}/{name}: PVC is not bound",
                pod.namespace()
            ));
        }
    }
    pod.items("/spec/volumes").iter().find_map(|volume| {
        let secret = (&volume["secret"], "Secret", "secretName", "secret");
        let map = (&volume["configMap"], "ConfigMap", "name", "configmap");
        [secret, map].into_iter().find_map(|(source, kind, field, word)| {
            let name = source[field].as_str().filter(|_| source["optional"] != true)?;
            let missing = view.get(kind, pod.namespace(), name).is_none();
            missing.then(|| {
                format!("MountVolume.SetUp failed for volume {:?} : {word} {name:?} not found", volume.text("/name"))
            })
        })
    })
}

/// A Secret or ConfigMap, or a key in it, that a container's environment names
/// and that is not there.
pub(super) fn missing_reference(view: &dyn View, pod: &Value, container: &Value) -> Option<String> {
    let single = container.items("/env").iter().flat_map(|variable| {
        let from = &variable["valueFrom"];
        [("Secret", &from["secretKeyRef"]), ("ConfigMap", &from["configMapKeyRef"])]
    });
    let whole = container
        .items("/envFrom")
        .iter()
        .flat_map(|from| [("Secret", &from["secretRef"]), ("ConfigMap", &from["configMapRef"])]);
    single.chain(whole).find_map(|(kind, reference)| missing(view, pod.namespace(), kind, reference))
}

fn missing(view: &dyn View, namespace: &str, kind: &str, reference: &Value) -> Option<String> {
    let name = reference["name"].as_str().filter(|_| reference["optional"] != true)?;
    let Some(object) = view.get(kind, namespace, name) else {
        return Some(format!("{} {name:?} not found", kind.to_lowercase()));
    };
    let key = reference["key"].as_str()?;
    let held = ["data", "binaryData"].iter().any(|map| object[map].get(key).is_some());
    (!held).then(|| format!("couldn't find key {key} in {kind} {namespace}/{name}"))
}

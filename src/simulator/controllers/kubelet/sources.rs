//! What has to be there before a container can be made: claims that are bound,
//! Secrets, ConfigMaps and the keys in them.

use serde_json::Value;

use crate::simulator::controllers::View;
use crate::simulator::controllers::binder::is_bound;
use crate::simulator::controllers::fields::{Fields, claim_names};
use crate::simulator::controllers::protection;

/// In every namespace of a real cluster; nobody makes it here.
const ROOT_CERTIFICATE: &str = "kube-root-ca.crt";

/// Why the pod's volumes cannot be mounted yet: claims that are not bound,
/// ConfigMaps and Secrets, or keys in them, that do not exist.
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
    if let Some(why) = super::volumes::in_another_mode(view, pod) {
        return Some(why);
    }
    pod.items("/spec/volumes").iter().find_map(|volume| {
        let missing = |(kind, source, field)| absent(view, pod.namespace(), kind, source, field);
        let mut all: Vec<String> = Vec::new();
        for told in sources(volume).filter_map(missing) {
            if !all.contains(&told) {
                all.push(told);
            }
        }
        let why = match all.as_slice() {
            [] => return None,
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        Some(format!("MountVolume.SetUp failed for volume {:?} : {why}", volume.text("/name")))
    })
}

/// What a volume takes from Secrets and ConfigMaps: kind, source, and the field of its name.
fn sources(volume: &Value) -> impl Iterator<Item = (&'static str, &Value, &'static str)> {
    let plain = [("Secret", &volume["secret"], "secretName"), ("ConfigMap", &volume["configMap"], "name")];
    let projected = volume
        .items("/projected/sources")
        .iter()
        .flat_map(|source| [("Secret", &source["secret"], "name"), ("ConfigMap", &source["configMap"], "name")]);
    plain.into_iter().chain(projected)
}

/// What is not there of a Secret or ConfigMap that a volume needs: itself, or a key.
fn absent(view: &dyn View, namespace: &str, kind: &str, source: &Value, field: &str) -> Option<String> {
    let name = source[field].as_str().filter(|name| source["optional"] != true && *name != ROOT_CERTIFICATE)?;
    let Some(object) = view.get(kind, namespace, name) else {
        return Some(format!("{} {name:?} not found", kind.to_lowercase()));
    };
    let key = source.items("/items").iter().map(|item| item.text("/key")).find(|key| !has_key(&object, key))?;
    let what = if kind == "Secret" {
        "references non-existent secret key"
    } else {
        "configmap references non-existent config key"
    };
    Some(format!("{what}: {key}"))
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
    (!has_key(&object, key)).then(|| format!("couldn't find key {key} in {kind} {namespace}/{name}"))
}

fn has_key(object: &Value, key: &str) -> bool {
    ["data", "binaryData"].iter().any(|map| object[map].get(key).is_some())
}

//! A claim that exists, and a manifest that changes what cannot be changed.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::facts::claim::Claim;
use crate::facts::words::ClaimPhase;
use crate::objects::placed::Placed;
use crate::objects::quantity::Quantity;

pub static RULE: Rule = Rule {
    code: "immutable-claim",
    severity: Severity::Error,
    sources: &["PV-57"],
    summary: "the manifest changes what cannot be changed of the claim that exists",
    page: include_str!("../../../docs/explain/immutable-claim.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    all.of_kind(Kind::Claim).flat_map(|document| changes(all, document)).collect()
}

/// Fields that the manifest does not write stay as they are on the cluster.
fn changes(all: &Manifests, document: &Document) -> Vec<Finding> {
    let beyond = all.beyond.as_ref();
    let Some(live) = beyond.and_then(|beyond| beyond.claim(document.namespace(), document.name())) else {
        return Vec::new();
    };
    let Some(ours) = Claim::read(&document.root.to_value()) else { return Vec::new() };
    let told = |field: &str, there: &str| {
        let place = document.at(&format!("spec.{field}"))?;
        Some(
            RULE.at(document, place, format!("`spec.{field}` cannot be changed; it is {there} on the cluster"))
                .because("what a claim asks for stands once it is made; a volume was chosen by it")
                .remedy("write what the cluster has; for another volume make a claim of another name"),
        )
    };
    let class = (document.at("spec.storageClassName").is_some() && live.class.is_some() && ours.class != live.class)
        .then(|| told("storageClassName", &format!("`{}`", live.class.as_deref().unwrap_or_default())));
    let modes = (ours.access_modes != live.access_modes)
        .then(|| told("accessModes", &format!("`{}`", live.access_modes.join(", "))));
    let mode =
        (ours.volume_mode != live.volume_mode).then(|| told("volumeMode", &format!("`{}`", live.volume_mode.as_str())));
    let volume = (ours.volume_name.is_some() && live.volume_name.is_some() && ours.volume_name != live.volume_name)
        .then(|| told("volumeName", &format!("`{}`", live.volume_name.as_deref().unwrap_or_default())));
    [class, modes, mode, volume].into_iter().flatten().flatten().chain(size(all, document, live)).collect()
}

/// A size may only grow, once the claim is bound and where its class allows it.
fn size(all: &Manifests, document: &Document, live: &Claim) -> Option<Finding> {
    let place = document.at("spec.resources.requests.storage")?;
    let amount = |text: &str| Quantity::parse(text).ok();
    let (wanted, asked, held) = (amount(&written(place))?, amount(&live.requested)?, amount(live.size())?);
    let classes = all.beyond.as_ref()?.classes.as_deref();
    let class = classes.and_then(|known| known.iter().find(|class| Some(&class.meta.name) == live.class.as_ref()));
    let (message, remedy) = if wanted == asked {
        return None;
    } else if live.phase != ClaimPhase::Bound {
        let message = format!("the size of a claim without a volume cannot be changed; it is {}", live.requested);
        (
            message,
            "write the size that the cluster has, or delete the claim, which holds nothing yet, and apply it anew",
        )
    } else if wanted < held {
        let message = format!("a claim cannot shrink: its volume has {}", live.size());
        (
            message,
            "write the size that the cluster has; for a smaller volume make a claim of another name and copy the data",
        )
    } else if wanted > asked && class.is_some_and(|class| !class.expandable) {
        let name = live.class.as_deref().unwrap_or_default();
        let message = format!("class `{name}` does not let claims grow; this one has {}", live.requested);
        (
            message,
            "write the size that the cluster has, or let the class allow it (`allowVolumeExpansion: true`) if its driver can",
        )
    } else {
        return None;
    };
    let because = "the server refuses it: the size of a claim grows while it is bound, and where its class allows it";
    Some(RULE.at(document, place, message).because(because).remedy(remedy))
}

fn written(place: &Placed) -> String {
    place.to_value().as_str().map_or_else(|| place.to_value().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::beyond::Beyond;
    use crate::diagnosis::samples::{beyond, fires_beyond, silent, silent_beyond};

    const WRITTEN: &str = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  storageClassName: fixed
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 2Gi}}
";

    fn there(phase: &str, expandable: bool) -> Beyond {
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fixed"},
            "provisioner": "example.com/disk", "allowVolumeExpansion": expandable});
        let volume = if phase == "Bound" { json!("pv-1") } else { Value::Null };
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "default", "uid": "1"},
            "spec": {"storageClassName": "fixed", "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
                "volumeName": volume, "resources": {"requests": {"storage": "2Gi"}}},
            "status": {"phase": phase, "capacity": if phase == "Bound" { json!({"storage": "2Gi"}) } else { Value::Null }}});
        beyond(&[class, claim])
    }

    fn told(from: &str, to: &str, there: Beyond) -> String {
        assert!(WRITTEN.contains(from), "{from}");
        let found = fires_beyond(&RULE, &WRITTEN.replace(from, to), there);
        found.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn another_class_mode_or_volume_of_a_claim_that_exists_is_told() {
        let bound = || there("Bound", true);
        assert_eq!(
            told("fixed", "fast", bound()),
            "`spec.storageClassName` cannot be changed; it is `fixed` on the cluster"
        );
        assert_eq!(
            told("ReadWriteOnce", "ReadWriteMany", bound()),
            "`spec.accessModes` cannot be changed; it is `ReadWriteOnce` on the cluster"
        );
        assert_eq!(
            told("  resources", "  volumeMode: Block\n  volumeName: pv-2\n  resources", bound()),
            "`spec.volumeMode` cannot be changed; it is `Filesystem` on the cluster; \
             `spec.volumeName` cannot be changed; it is `pv-1` on the cluster"
        );
    }

    #[test]
    fn a_size_that_cannot_be_had_is_told() {
        assert_eq!(told("2Gi", "1Gi", there("Bound", true)), "a claim cannot shrink: its volume has 2Gi");
        let fixed = "class `fixed` does not let claims grow; this one has 2Gi";
        assert_eq!(told("2Gi", "3Gi", there("Bound", false)), fixed);
        let unbound = "the size of a claim without a volume cannot be changed; it is 2Gi";
        assert_eq!(told("2Gi", "3Gi", there("Pending", true)), unbound);
    }

    #[test]
    fn the_same_in_other_words_what_may_grow_and_what_is_not_there_are_left_alone() {
        silent_beyond(&RULE, WRITTEN, there("Bound", false));
        silent_beyond(&RULE, &WRITTEN.replace("2Gi", "2048Mi"), there("Pending", false));
        silent_beyond(&RULE, &WRITTEN.replace("2Gi", "3Gi"), there("Bound", true));
        silent_beyond(
            &RULE,
            &WRITTEN.replace("name: data", "name: other").replace("fixed", "fast"),
            there("Bound", true),
        );
        silent(&RULE, &WRITTEN.replace("fixed", "fast"));
    }
}

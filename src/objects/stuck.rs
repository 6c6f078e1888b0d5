//! Claims that wait for their provisioner or resizer for longer than that takes.
//! Why is outside of Kubernetes: a driver that fails, or one that is not there.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::quantity::Quantity;

/// What has been the same for this long is not on its way any more.
pub const SETTLED: SignedDuration = SignedDuration::from_secs(60);

const ASKED: &[&str] = &["volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"];

/// What a claim waits for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// A volume that was asked for.
    Unmade,
    /// The rest of the size that it asks for.
    Ungrown,
}

/// Whether a claim is stuck, as it was found at this time.
#[must_use]
pub fn stuck(claim: &Value, at: Timestamp) -> Option<Stuck> {
    let meta = &claim["metadata"];
    if claim["kind"] != "PersistentVolumeClaim" || meta["deletionTimestamp"].is_string() {
        return None;
    }
    let is_old = touched(claim).is_none_or(|touched| at.duration_since(touched) > SETTLED);
    if claim["spec"]["volumeName"].as_str().is_none_or(str::is_empty) {
        let is_asked = ASKED.iter().any(|key| meta["annotations"][*key].is_string());
        return (is_asked && is_old).then_some(Stuck::Unmade);
    }
    let waits_for_pod = holds(claim, "FileSystemResizePending");
    let has_failed = ["ControllerResizeError", "NodeResizeError"].iter().any(|name| holds(claim, name));
    (wants_more(claim) && (has_failed || is_old && !waits_for_pod)).then_some(Stuck::Ungrown)
}

fn wants_more(claim: &Value) -> bool {
    let amount = |value: &Value| value.as_str().and_then(|text| Quantity::parse(text).ok()).map(|size| size.nanos());
    let wanted = amount(&claim["spec"]["resources"]["requests"]["storage"]);
    let held = amount(&claim["status"]["capacity"]["storage"]);
    claim["status"]["phase"] == "Bound" && held.is_some() && wanted > held
}

/// When something was last said of it: events of a driver that fails over and
/// over are not.
fn touched(claim: &Value) -> Option<Timestamp> {
    let list = |value: &'static str| claim.pointer(value).and_then(Value::as_array).into_iter().flatten();
    let written = list("/metadata/managedFields").map(|entry| &entry["time"]);
    let turned = list("/status/conditions").map(|condition| &condition["lastTransitionTime"]);
    let all = written.chain(turned).chain([&claim["metadata"]["creationTimestamp"]]);
    all.filter_map(|time| time.as_str()?.parse().ok()).max()
}

fn holds(claim: &Value, condition: &str) -> bool {
    let mut conditions = claim["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|held| held["type"] == condition && held["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(claim: &Value) -> Option<Stuck> {
        stuck(claim, "2026-05-01T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_claim_whose_provisioner_was_asked_long_ago_is_stuck() {
        let claim = |created: &str, extra: Value| {
            let mut claim = json!({"kind": "PersistentVolumeClaim", "spec": {}, "status": {"phase": "Pending"},
                "metadata": {"creationTimestamp": created, "annotations": {ASKED[0]: "example.com/broken"}}});
            for (key, value) in extra.as_object().unwrap() {
                claim["metadata"][key] = value.clone();
            }
            found(&claim)
        };
        assert_eq!(claim("2026-05-01T09:00:00Z", json!({})), Some(Stuck::Unmade));
        assert_eq!(claim("2026-05-01T09:59:30Z", json!({})), None, "it may be on its way");
        assert_eq!(claim("2026-05-01T09:00:00Z", json!({"annotations": {}})), None, "nobody was asked");
        assert_eq!(claim("2026-05-01T09:00:00Z", json!({"deletionTimestamp": "2026-05-01T09:59:00Z"})), None);
        let asked = json!({"managedFields": [{"time": "2026-05-01T09:59:50Z"}]});
        assert_eq!(claim("2026-05-01T09:00:00Z", asked), None, "asked when its pod came");
    }

    #[test]
    fn a_claim_that_does_not_grow_is_stuck_unless_it_waits_for_a_pod() {
        let claim = |wanted: &str, conditions: Value| {
            found(&json!({"kind": "PersistentVolumeClaim", "metadata": {"creationTimestamp": "2026-05-01T09:00:00Z"},
                "spec": {"volumeName": "v", "resources": {"requests": {"storage": wanted}}},
                "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "conditions": conditions}}))
        };
        let condition =
            |name: &str, since: &str| json!([{"type": name, "status": "True", "lastTransitionTime": since}]);
        assert_eq!(claim("1024Mi", json!([])), None);
        assert_eq!(claim("2Gi", json!([])), Some(Stuck::Ungrown));
        assert_eq!(claim("2Gi", condition("Resizing", "2026-05-01T09:59:50Z")), None);
        assert_eq!(claim("2Gi", condition("Resizing", "2026-05-01T09:50:00Z")), Some(Stuck::Ungrown));
        assert_eq!(claim("2Gi", condition("FileSystemResizePending", "2026-05-01T09:50:00Z")), None);
        assert_eq!(claim("2Gi", condition("ControllerResizeError", "2026-05-01T09:59:50Z")), Some(Stuck::Ungrown));
    }
}

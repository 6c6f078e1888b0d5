//! D3: what destroys carries the UID that was shown, so that a namesake that
//! came in between is refused by the server.

use serde_json::Value;

use super::watcher::Confirmed;
use super::{Rule, Violation};
use crate::simulator::faults::Seen;

/// Judges one request of the run: deletions, evictions, changes of scale, and
/// volumes that are given up to be deleted.
#[must_use]
pub fn identity(request: &Seen, confirmed: &Confirmed) -> Option<Violation> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    if is_dry(request, &body) {
        return None;
    }
    let uid = match request.method.as_str() {
        "DELETE" => &body["preconditions"]["uid"],
        "POST" if request.path.ends_with("/eviction") => &body["deleteOptions"]["preconditions"]["uid"],
        "PUT" | "PATCH" if destroys(&request.path, &body) => uid_of(&body),
        _ => return None,
    };
    let why = match uid.as_str() {
        Some(uid) if confirmed.shown.contains(uid) => return None,
        Some(uid) => format!("carries the UID {uid}, which was not shown"),
        None => "carries no UID".to_owned(),
    };
    Some(Violation::new(Rule::Identity, format!("{} {} {why}", request.method, request.path)))
}

/// Nothing is destroyed by what is only tried.
fn is_dry(request: &Seen, body: &Value) -> bool {
    let asked = [&body["dryRun"], &body["deleteOptions"]["dryRun"]];
    request.query.split('&').any(|pair| pair == "dryRun=All") || asked.iter().any(|options| options[0] == "All")
}

/// Whether a change makes members go, or a volume go with its claim.
fn destroys(path: &str, body: &Value) -> bool {
    let mut parts = path.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some("scale"), _) => true,
        (_, Some("statefulsets")) => wish(body, "/spec/replicas").is_some(),
        (_, Some("persistentvolumes")) => {
            wish(body, "/spec/persistentVolumeReclaimPolicy").is_some_and(|policy| policy != "Retain")
        }
        _ => false,
    }
}

/// What a body or a JSON patch puts at this place, or `null` for what cannot be told.
fn wish<'a>(body: &'a Value, place: &str) -> Option<&'a Value> {
    let Some(steps) = body.as_array() else { return body.pointer(place) };
    steps.iter().filter(|step| step["op"] != "test").find_map(|step| {
        let inner = place.strip_prefix(step["path"].as_str()?)?;
        match step["op"].as_str() {
            Some("add" | "replace") => step["value"].pointer(inner),
            _ => Some(&Value::Null),
        }
    })
}

/// The UID that a change of an object stands on.
fn uid_of(body: &Value) -> &Value {
    let tested = |step: &&Value| step["op"] == "test" && step["path"] == "/metadata/uid";
    match body.as_array() {
        Some(steps) => steps.iter().find(tested).map_or(&Value::Null, |step| &step["value"]),
        None => &body["metadata"]["uid"],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SET: &str = "/apis/apps/v1/namespaces/a/statefulsets/web";
    const VOLUME: &str = "/api/v1/persistentvolumes/v";

    fn is_judged_well(method: &str, path: &str, query: &str, body: &Value) -> bool {
        let confirmed = Confirmed { shown: ["shown".to_owned()].into(), ..Confirmed::default() };
        let body = body.to_string().into_bytes().into();
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        identity(&Seen { method, path, query, body, stale: 0 }, &confirmed).is_none()
    }

    #[test]
    fn every_way_to_fewer_members_or_a_doomed_volume_carries_the_uid_that_was_shown() {
        let meta = |uid: &str| json!({ "uid": uid });
        let policy = |policy: &str| json!({"persistentVolumeReclaimPolicy": policy});
        let test = |uid: &str| json!({"op": "test", "path": "/metadata/uid", "value": uid});
        let fewer = json!({"op": "replace", "path": "/spec/replicas", "value": 0});
        for (path, spec, steps) in [
            (SET, json!({"replicas": 0}), vec![fewer.clone()]),
            (SET, json!({"replicas": null}), vec![json!({"op": "remove", "path": "/spec/replicas"})]),
            (SET, json!({"replicas": 1}), vec![json!({"op": "replace", "path": "/spec", "value": {"replicas": 1}})]),
            (&format!("{SET}/scale"), json!({"replicas": 0}), vec![fewer]),
            (
                VOLUME,
                policy("Delete"),
                vec![json!({"op": "add", "path": "/spec/persistentVolumeReclaimPolicy", "value": "Delete"})],
            ),
        ] {
            for method in ["PUT", "PATCH"] {
                assert!(!is_judged_well(method, path, "", &json!({ "spec": spec })), "{method} {path} {spec}");
                assert!(!is_judged_well(method, path, "", &json!({"spec": spec, "metadata": meta("other")})));
                assert!(is_judged_well(method, path, "", &json!({"spec": spec, "metadata": meta("shown")})));
                assert!(is_judged_well(method, path, "fieldManager=x&dryRun=All", &json!({ "spec": spec })));
            }
            assert!(!is_judged_well("PATCH", path, "", &json!(steps)), "{path} {steps:?}");
            let with = |uid: &str| json!([[test(uid)].as_slice(), &steps].concat());
            assert!(!is_judged_well("PATCH", path, "", &with("other")));
            assert!(is_judged_well("PATCH", path, "", &with("shown")), "{path} {steps:?}");
        }
    }

    #[test]
    fn what_destroys_nothing_needs_no_uid() {
        let label = json!({"metadata": {"labels": {"a": "b"}}});
        let keep = json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}});
        assert!(is_judged_well("PATCH", SET, "", &label) && is_judged_well("PATCH", VOLUME, "", &keep));
        let step = json!([{"op": "add", "path": "/metadata/labels/a", "value": "b"}]);
        assert!(is_judged_well("PATCH", SET, "", &step) && is_judged_well("PATCH", VOLUME, "", &step));
        assert!(!is_judged_well("DELETE", SET, "", &json!({})));
        assert!(is_judged_well("DELETE", SET, "dryRun=All", &json!({})));
        assert!(is_judged_well("DELETE", SET, "", &json!({"dryRun": ["All"]})));
        assert!(!is_judged_well("DELETE", SET, "dryRun=Allx", &json!({"dryRun": []})));
    }
}

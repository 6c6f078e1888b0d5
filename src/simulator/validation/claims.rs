//! Claims: what they ask for, and how little of it can change.

use serde_json::{Value, json};

use super::read::{amount, items, needed, one_of, text};
use super::volumes::{VOLUME_MODES, access_modes, basic, positive};
use super::{diff, names};
use crate::simulator::quantity::Quantity;
use crate::simulator::schema::is_same_spec;
use crate::simulator::status::Cause;

const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// Steps of a resize.
const RESIZES: &[&str] = &[
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
];

/// The spec of a claim or of a claim template.
pub fn of_claim(path: &str, spec: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if items(spec, "accessModes", path).is_empty() {
        causes.push(Cause::required(format!("{path}.accessModes"), "at least 1 access mode is required"));
    }
    causes.extend(names::selector(&format!("{path}.selector"), &spec["selector"]));
    causes.extend(access_modes(path, spec));
    let asked = &spec["resources"]["requests"]["storage"];
    let field = format!("{path}.resources[storage]");
    if asked.is_null() {
        causes.push(Cause::required(field.as_str(), ""));
    }
    causes.extend(positive(field, asked));
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        causes.extend(names::subdomain(&format!("{path}.storageClassName"), class));
    }
    causes.extend(one_of(spec, "volumeMode", path, VOLUME_MODES));
    let attributes = text(spec, "volumeAttributesClassName");
    if !attributes.is_empty() {
        causes.extend(names::subdomain(&format!("{path}.volumeAttributesClassName"), attributes));
    }
    sources(path, spec, &mut causes);
    causes
}

/// Where the data of a new claim come from.
fn sources(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    for name in ["dataSource", "dataSourceRef"] {
        let (source, path) = (&spec[name], format!("{path}.{name}"));
        if source.is_null() {
            continue;
        }
        causes.extend(needed(source, "name", &path));
        causes.extend(needed(source, "kind", &path));
        let (group, kind) = (text(source, "apiGroup"), text(source, "kind"));
        if group.is_empty() && kind != "PersistentVolumeClaim" {
            let why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            causes.push(Cause::invalid(path.as_str(), &kind.into(), why));
        }
        if !group.is_empty() {
            causes.extend(names::subdomain(&format!("{path}.apiGroup"), group));
        }
        if !text(source, "namespace").is_empty() {
            causes.extend(names::label(&format!("{path}.namespace"), text(source, "namespace")));
        }
    }
    let (source, other) = (&spec["dataSource"], &spec["dataSourceRef"]);
    if source.is_null() || other.is_null() {
        return;
    }
    let is_same = ["apiGroup", "kind", "name"].into_iter().all(|name| text(source, name) == text(other, name));
    let why = if !text(other, "namespace").is_empty() {
        "may not be specified when dataSourceRef.namespace is specified"
    } else if is_same {
        return;
    } else {
        "must match dataSourceRef"
    };
    causes.push(Cause::invalid(path, &json!({}), why));
}

/// Undoes the change of one field.
fn restore(before: &Value, after: &mut Value, name: &str) {
    if let Some(fields) = after.as_object_mut() {
        match before.get(name) {
            Some(value) => fields.insert(name.to_owned(), value.clone()),
            None => fields.shift_remove(name),
        };
    }
}

/// A claim's spec is settled once it exists; a bound claim can grow (PV-57).
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let is_bound = old["status"]["phase"] == "Bound";
    let before = &old["spec"];
    let mut after = new["spec"].clone();
    let mut causes = Vec::new();
    if is_bound {
        restore(before, &mut after, "volumeAttributesClassName");
    }
    // The binder names the volume once.
    if before["volumeName"].is_null() {
        restore(before, &mut after, "volumeName");
    }
    class(old, new, &mut after, &mut causes);
    if is_bound && let Some(requests) = after.get_mut("resources").and_then(|resources| resources.get_mut("requests")) {
        restore(&before["resources"]["requests"], requests, "storage");
    }
    if !is_same_spec("PersistentVolumeClaim", before, &after) {
        let difference = diff::of_claims(before, &after);
        let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound \
                   claims";
        causes.push(Cause::forbidden("spec", &format!("{why}{difference}")));
    }
    let wanted = amount(&new["spec"]["resources"]["requests"]["storage"]);
    let was = amount(&before["resources"]["requests"]["storage"]);
    let has = amount(&old["status"]["capacity"]["storage"]).unwrap_or(0);
    if wanted < was && wanted.unwrap_or(0) <= has {
        let why = "field can not be less than status.capacity";
        causes.push(Cause::forbidden("spec.resources.requests.storage", why));
    }
    let mode = &new["spec"]["volumeMode"];
    if before["volumeMode"] != *mode {
        causes.push(Cause::invalid("volumeMode", mode, "field is immutable"));
    }
    causes
}

/// A class may be given to a claim that never had one; what an old annotation
/// says may move into the spec.
fn class(old: &Value, new: &Value, after: &mut Value, causes: &mut Vec<Cause>) {
    let annotation = |claim: &Value| claim["metadata"]["annotations"][OLD_CLASS].as_str().map(str::to_owned);
    let (written, rewritten) = (annotation(old), annotation(new));
    let (before, wanted) = (&old["spec"]["storageClassName"], &new["spec"]["storageClassName"]);
    let moves = written.is_some()
        && before.is_null()
        && wanted.as_str() == written.as_deref()
        && (rewritten.is_none() || rewritten == written);
    if moves {
        restore(&old["spec"], after, "storageClassName");
        return;
    }
    if written != rewritten {
        let shown = rewritten.unwrap_or_default();
        causes.push(Cause::invalid(format!("metadata.annotations.{OLD_CLASS}"), &shown.into(), "field is immutable"));
    }
    let fits = written.is_none() || wanted.as_str() == written.as_deref();
    if before.is_null() && !wanted.is_null() && fits {
        restore(&old["spec"], after, "storageClassName");
    }
}

/// The status of a claim.
pub fn of_status(claim: &Value) -> Vec<Cause> {
    let status = &claim["status"];
    let mut causes = Vec::new();
    let amounts = |name: &str| status[name].as_object().into_iter().flatten();
    for (name, value) in amounts("capacity") {
        causes.extend(basic(&format!("status.capacity[{name}]"), value));
    }
    for (name, step) in amounts("allocatedResourceStatuses") {
        let field = "status.allocatedResourceStatuses";
        causes.extend(resource(field, name));
        if !step.as_str().is_some_and(|step| RESIZES.contains(&step)) {
            causes.push(Cause::unsupported(field, name, RESIZES));
        }
    }
    for (name, value) in amounts("allocatedResources") {
        let wrong = resource("status.allocatedResources", name);
        if wrong.is_empty() {
            causes.extend(basic(&format!("status.allocatedResources[{name}]"), value));
        }
        causes.extend(wrong);
    }
    causes
}

/// Of what is Kubernetes' own a claim has storage alone.
fn resource(field: &str, name: &str) -> Vec<Cause> {
    let wrong = names::qualified(field, name);
    let is_native = !name.contains('/') || name.contains("kubernetes.io/");
    if wrong.is_empty() && is_native && name != "storage" {
        return vec![Cause::unsupported(field, name, &["storage"])];
    }
    wrong
}

/// Whether storage is asked for in parts of a byte.
pub fn is_fractional(value: &Value) -> bool {
    value.as_str().and_then(Quantity::parse).is_some_and(|amount| amount.nanos() % 1_000_000_000 != 0)
}

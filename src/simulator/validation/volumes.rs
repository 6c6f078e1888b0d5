//! Volumes, claims and storage classes.

use serde_json::Value;

use super::{diff, names};
use crate::simulator::quantity::Quantity;
use crate::simulator::status::Cause;

const ACCESS_MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];
/// Fields of a volume's spec that are no volume source.
const NO_SOURCE: &[&str] = &[
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

fn access_modes(path: &str, spec: &Value, why_required: &str) -> Vec<Cause> {
    let modes = spec["accessModes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut causes = Vec::new();
    if modes.is_empty() {
        causes.push(Cause::required(format!("{path}.accessModes"), why_required));
    }
    for mode in modes.iter().filter_map(Value::as_str).filter(|mode| !ACCESS_MODES.contains(mode)) {
        causes.push(Cause::unsupported(format!("{path}.accessModes"), mode, ACCESS_MODES));
    }
    if modes.len() > 1 && modes.iter().any(|mode| mode == "ReadWriteOncePod") {
        let why = "may not use ReadWriteOncePod with other access modes";
        causes.push(Cause::forbidden(format!("{path}.accessModes"), why));
    }
    causes
}

fn positive(field: String, amount: &Value) -> Option<Cause> {
    let text = amount.as_str()?;
    let is_positive = Quantity::parse(text).is_some_and(|quantity| quantity.nanos() > 0);
    (!is_positive).then(|| Cause::invalid(field, &text.into(), "must be greater than zero"))
}

/// The name of a driver: a domain, in whatever case.
pub fn driver(field: &str, name: &str) -> Vec<Cause> {
    if name.is_empty() {
        return vec![Cause::required(field, "")];
    }
    let mut causes = Vec::new();
    if name.len() > 63 {
        causes.push(Cause::too_long(field, 63));
    }
    let lower = name.to_lowercase();
    causes.extend(names::subdomain(field, &lower).into_iter().map(|cause| cause.about(&lower, name)));
    causes
}

fn volume_mode(path: &str, spec: &Value) -> Option<Cause> {
    let mode = spec["volumeMode"].as_str().filter(|mode| !VOLUME_MODES.contains(mode))?;
    Some(Cause::unsupported(format!("{path}.volumeMode"), mode, VOLUME_MODES))
}

/// The spec of a claim or of a claim template.
pub fn of_claim(path: &str, spec: &Value) -> Vec<Cause> {
    let mut causes = access_modes(path, spec, "at least 1 access mode is required");
    let asked = &spec["resources"]["requests"]["storage"];
    if asked.is_null() {
        causes.push(Cause::required(format!("{path}.resources[storage]"), ""));
    }
    causes.extend(positive(format!("{path}.resources[storage]"), asked));
    let class = spec["storageClassName"].as_str().unwrap_or_default();
    if !class.is_empty() {
        causes.extend(names::subdomain(&format!("{path}.storageClassName"), class));
    }
    causes.extend(volume_mode(path, spec));
    causes
}

/// A whole volume.
pub fn of_volume(volume: &Value) -> Vec<Cause> {
    let spec = &volume["spec"];
    let mut causes = access_modes("spec", spec, "");
    let capacity = &spec["capacity"];
    if capacity.as_object().is_none_or(serde_json::Map::is_empty) {
        causes.push(Cause::required("spec.capacity", ""));
    }
    if capacity["storage"].is_null() {
        causes.push(Cause {
            reason: "FieldValueNotSupported",
            message: format!("Unsupported value: {capacity}: supported values: \"storage\""),
            field: "spec.capacity".to_owned(),
        });
    }
    causes.extend(positive("spec.capacity[storage]".to_owned(), &capacity["storage"]));
    let policy = spec["persistentVolumeReclaimPolicy"].as_str().unwrap_or_default();
    if !matches!(policy, "Delete" | "Recycle" | "Retain") {
        let known = &["Delete", "Recycle", "Retain"];
        causes.push(Cause::unsupported("spec.persistentVolumeReclaimPolicy", policy, known));
    }
    sources(spec, &mut causes);
    let class = spec["storageClassName"].as_str().unwrap_or_default();
    if !class.is_empty() {
        causes.extend(names::subdomain("spec.storageClassName", class));
    }
    causes.extend(volume_mode("spec", spec));
    causes
}

/// Names of the sources in a volume's spec, in the server's order of checks.
fn source_names(spec: &Value) -> Vec<&String> {
    let mut names: Vec<&String> = spec
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .filter(|name| !NO_SOURCE.contains(&name.as_str()))
        .collect();
    names.sort_by_key(|name| (*name != "hostPath", *name));
    names
}

fn sources(spec: &Value, causes: &mut Vec<Cause>) {
    let names = source_names(spec);
    if names.is_empty() {
        causes.push(Cause::required("spec", "must specify a volume type"));
    }
    if spec["hostPath"].is_object() {
        path_cause("spec.hostPath.path", &spec["hostPath"]["path"], causes);
    }
    for second in names.iter().skip(1) {
        causes.push(Cause::forbidden(format!("spec.{second}"), "may not specify more than 1 volume type"));
    }
    if spec["local"].is_object() && names.len() == 1 {
        path_cause("spec.local.path", &spec["local"]["path"], causes);
        if spec["nodeAffinity"]["required"].is_null() {
            causes.push(Cause::required("spec.nodeAffinity", "Local volume requires node affinity"));
        }
    }
    if spec["csi"].is_object() {
        for name in ["driver", "volumeHandle"] {
            if spec["csi"][name].as_str().unwrap_or_default().is_empty() {
                causes.push(Cause::required(format!("spec.csi.{name}"), ""));
            }
        }
        // A driver is named like a domain; what is a valid provisioner of a class need not be one.
        let driver = spec["csi"]["driver"].as_str().unwrap_or_default();
        if !driver.is_empty() {
            causes.extend(names::subdomain("spec.csi.driver", driver));
        }
    }
    if spec["nfs"].is_object() {
        for name in ["server", "path"] {
            if spec["nfs"][name].as_str().unwrap_or_default().is_empty() {
                causes.push(Cause::required(format!("spec.nfs.{name}"), ""));
            }
        }
        let path = spec["nfs"]["path"].as_str().unwrap_or_default();
        if !path.is_empty() && !path.starts_with('/') {
            causes.push(Cause::invalid("spec.nfs.path", &path.into(), "must be an absolute path"));
        }
    }
}

fn path_cause(field: &str, path: &Value, causes: &mut Vec<Cause>) {
    let path = path.as_str().unwrap_or_default();
    if path.is_empty() {
        causes.push(Cause::required(field, ""));
    } else if path.split('/').any(|part| part == "..") {
        causes.push(Cause::invalid(field, &path.into(), "must not contain '..'"));
    }
}

/// A storage class.
pub fn of_class(class: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if class["provisioner"].as_str().unwrap_or_default().is_empty() {
        causes.push(Cause::required("provisioner", ""));
    }
    for (name, known) in
        [("reclaimPolicy", &["Delete", "Retain"]), ("volumeBindingMode", &["Immediate", "WaitForFirstConsumer"])]
    {
        let value = class[name].as_str().unwrap_or_default();
        if !known.contains(&value) {
            causes.push(Cause::unsupported(name, value, known));
        }
    }
    causes
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
pub fn of_claim_change(old: &Value, new: &Value) -> Vec<Cause> {
    let is_bound = old["status"]["phase"] == "Bound";
    let before = &old["spec"];
    let mut after = new["spec"].clone();
    if is_bound {
        restore(before, &mut after, "volumeAttributesClassName");
    }
    // The binder names the volume once.
    if before["volumeName"].is_null() {
        restore(before, &mut after, "volumeName");
    }
    // A class may be given to a claim that never had one.
    if before["storageClassName"].is_null() && !is_bound {
        restore(before, &mut after, "storageClassName");
    }
    if is_bound && let Some(requests) = after.get_mut("resources").and_then(|resources| resources.get_mut("requests")) {
        restore(&before["resources"]["requests"], requests, "storage");
    }
    if *before != after {
        let difference = diff::of_claims(before, &after);
        let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound \
                   claims";
        return vec![Cause::forbidden("spec", &format!("{why}{difference}"))];
    }
    let amount = |value: &Value| value.as_str().and_then(Quantity::parse).map(Quantity::nanos);
    let wanted = amount(&new["spec"]["resources"]["requests"]["storage"]);
    let was = amount(&old["spec"]["resources"]["requests"]["storage"]);
    let has = amount(&old["status"]["capacity"]["storage"]);
    if wanted < was && wanted <= has {
        let why = "field can not be less than status.capacity";
        return vec![Cause::forbidden("spec.resources.requests.storage", why)];
    }
    Vec::new()
}

/// The storage behind a volume and its affinity stay what they are.
pub fn of_volume_change(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let source = |volume: &Value| {
        let mut spec = volume["spec"].clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|name, _| !NO_SOURCE.contains(&name.as_str()));
        }
        spec
    };
    let (before, after) = (source(old), source(new));
    if before != after {
        let difference = diff::of_volume_sources(&before, &after);
        let why = format!("spec.persistentvolumesource is immutable after creation{difference}");
        causes.push(Cause::forbidden("spec.persistentvolumesource", &why));
    }
    if old["spec"]["volumeMode"] != new["spec"]["volumeMode"] {
        causes.push(Cause::invalid("spec.volumeMode", &new["spec"]["volumeMode"], "field is immutable"));
    }
    let affinity = &old["spec"]["nodeAffinity"];
    if !affinity.is_null() && *affinity != new["spec"]["nodeAffinity"] {
        let why = "field is immutable, except for updating from beta label to GA";
        causes.push(Cause::invalid("nodeAffinity", &new["spec"]["nodeAffinity"], why));
    }
    causes
}

/// A class can only change its annotations, expansion and mount options.
pub fn of_class_change(old: &Value, new: &Value) -> Vec<Cause> {
    ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| Cause::invalid(name, &new[name], "field is immutable"))
        .collect()
}

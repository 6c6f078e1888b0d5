//! Metadata, which the real server checks more often than once: as part of the
//! whole object, as something that was changed, and as a part of a path. Each
//! round reports by itself.

use serde_json::Value;

use super::names;
use crate::objects::kinds::ApiKind;
use crate::simulator::status::Cause;

/// Metadata as part of a whole object of its kind.
pub fn of_whole(kind: &ApiKind, object: &Value) -> Vec<Cause> {
    let meta = &object["metadata"];
    let mut causes = name(meta, |field, name| names::of_kind(kind, field, name));
    causes.extend(common(meta));
    if kind.kind != "Lease" {
        causes.extend(standard_finalizers(meta));
    }
    causes
}

/// Metadata of the scale of an object.
pub fn of_scale(meta: &Value) -> Vec<Cause> {
    let mut causes = name(meta, names::subdomain);
    causes.extend(common(meta));
    causes.extend(standard_finalizers(meta));
    causes
}

/// The same of a custom object, of which finalizers are only warned of.
pub fn of_whole_custom(object: &Value) -> Vec<Cause> {
    let meta = &object["metadata"];
    let mut causes = name(meta, names::subdomain);
    causes.extend(common(meta));
    causes
}

/// Metadata of a changed object, before its kind is asked.
pub fn of_path(meta: &Value) -> Vec<Cause> {
    let mut causes = name(meta, names::path_segment);
    causes.extend(common(meta));
    causes
}

/// What may not become of metadata; what the client left out does not count.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let (before, after) = (&old["metadata"], &new["metadata"]);
    let mut causes = Vec::new();
    if !before["deletionTimestamp"].is_null() {
        causes.extend(new_finalizers(before, after));
    }
    for name in ["name", "namespace", "uid"] {
        let is_given = after[name].as_str().is_some_and(|value| !value.is_empty());
        if is_given && after[name] != before[name] {
            causes.push(Cause::invalid(format!("metadata.{name}"), &after[name], "field is immutable"));
        }
    }
    if before["deletionTimestamp"].is_null() && !after["deletionTimestamp"].is_null() {
        causes.push(Cause::invalid("metadata.deletionTimestamp", &after["deletionTimestamp"], "field is immutable"));
    }
    let grace = &after["deletionGracePeriodSeconds"];
    if !grace.is_null() && *grace != before["deletionGracePeriodSeconds"] {
        causes.push(Cause::invalid("metadata.deletionGracePeriodSeconds", grace, "field is immutable"));
    }
    causes.extend(marks(after));
    causes
}

/// The same as the check of a kind repeats it.
pub fn of_change_again(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = of_change(old, new);
    causes.extend(standard_finalizers(&new["metadata"]));
    causes
}

fn name(meta: &Value, rule: impl Fn(&str, &str) -> Vec<Cause>) -> Vec<Cause> {
    let text = |name: &str| meta[name].as_str().unwrap_or_default();
    let mut causes = Vec::new();
    let prefix = text("generateName");
    if !prefix.is_empty() {
        // A dash at its end will not be the last letter, and is passed over with the letter before it.
        let begun = match prefix.strip_suffix('-') {
            Some(rest) if !rest.is_empty() => {
                rest.chars().take(rest.chars().count().saturating_sub(1)).collect::<String>() + "a"
            }
            Some(_) | None => prefix.to_owned(),
        };
        causes.extend(rule("metadata.generateName", &begun).into_iter().map(|cause| cause.about(&begun, prefix)));
    }
    if text("name").is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else {
        causes.extend(rule("metadata.name", text("name")));
    }
    causes
}

fn common(meta: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let generation = &meta["generation"];
    if generation.as_i64().is_some_and(|number| number < 0) {
        causes.push(Cause::invalid("metadata.generation", generation, "must be greater than or equal to 0"));
    }
    causes.extend(marks(meta));
    let finalizers: Vec<&str> = meta["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    causes.extend(finalizers.iter().flat_map(|name| names::qualified("metadata.finalizers", name)));
    if finalizers.contains(&"orphan") && finalizers.contains(&"foregroundDeletion") {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        causes.push(Cause::invalid("metadata.finalizers", &meta["finalizers"], why));
    }
    causes
}

fn marks(meta: &Value) -> Vec<Cause> {
    let mut causes = names::labels("metadata.labels", &meta["labels"]);
    causes.extend(names::annotations("metadata.annotations", &meta["annotations"]));
    causes.extend(owners("metadata.ownerReferences", &meta["ownerReferences"]));
    causes
}

/// Owners are named completely, and one at most is in charge.
fn owners(field: &str, owners: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut controller: Option<String> = None;
    for owner in owners.as_array().into_iter().flatten() {
        let text = |name: &str| owner[name].as_str().unwrap_or_default();
        let version = text("apiVersion").rsplit('/').next().unwrap_or_default();
        if version.is_empty() {
            let value = &text("apiVersion").into();
            causes.push(Cause::invalid(format!("{field}.apiVersion"), value, "version must not be empty"));
        }
        for name in ["kind", "name", "uid"] {
            if text(name).is_empty() {
                causes.push(Cause::invalid(format!("{field}.{name}"), &"".into(), "must not be empty"));
            }
        }
        if text("apiVersion") == "v1" && text("kind") == "Event" {
            causes.push(Cause::invalid(field, owner, "/v1, Kind=Event is disallowed from being an owner"));
        }
        if owner["controller"] == true {
            let this = format!("{}/{}", text("kind"), text("name"));
            if let Some(first) = &controller {
                let why = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and \
                     {this}"
                );
                causes.push(Cause::invalid(field, owners, &why));
            } else {
                controller = Some(this);
            }
        }
    }
    causes
}

fn new_finalizers(before: &Value, after: &Value) -> Option<Cause> {
    let known: Vec<&Value> = before["finalizers"].as_array().into_iter().flatten().collect();
    let given = after["finalizers"].as_array().into_iter().flatten();
    let mut fresh: Vec<String> = given.filter(|name| !known.contains(name)).map(Value::to_string).collect();
    fresh.sort();
    fresh.dedup();
    if fresh.is_empty() {
        return None;
    }
    let why = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        fresh.join(", ")
    );
    Some(Cause::forbidden("metadata.finalizers", &why))
}

/// Finalizers without a domain are those that Kubernetes knows.
fn standard_finalizers(meta: &Value) -> Vec<Cause> {
    let names = meta["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).enumerate();
    names
        .filter(|(_, name)| !name.contains('/') && !matches!(*name, "kubernetes" | "orphan" | "foregroundDeletion"))
        .map(|(index, name)| {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            Cause::invalid(format!("metadata.finalizers[{index}]"), &name.into(), why)
        })
        .collect()
}

//! Objects of other kinds, which a runbook writes whole or in parts: what may be
//! written at all, and what a write means for data.
//!
//! Sets, pods, claims, volumes, Leases and Secrets have verbs of their own with
//! guards of their own, and are refused here by name. So is what nothing in the
//! copy of a plan stands for: a plan could not say what becomes of it.

pub mod apply;
pub mod create;
pub mod delete;
mod governs;
mod harm;
pub mod owned;
pub mod patch;
mod told;

use serde_json::{Map, Value, json};

use self::harm::{Sayer, harmless};
use super::error::EffectError;
use super::request::FIELD_MANAGER;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// The kinds that are written in general words. A copy of a namespace holds all of them.
pub const KINDS: [&str; 5] =
    ["ConfigMap", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "ResourceQuota"];

/// Kinds that are read besides.
const READ: [&str; 4] = ["StatefulSet", "Pod", "PersistentVolumeClaim", "Secret"];

/// Why an object is not written in general words, or not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub why: String,
    /// What to do instead.
    pub hint: String,
}

fn refused(why: impl Into<String>, hint: impl Into<String>) -> Refused {
    Refused { why: why.into(), hint: hint.into() }
}

/// What does the work for kinds that are not written in general words.
const INSTEAD: &[(&str, &str)] = &[
    ("StatefulSet", "a set is changed with `set.scale(n)` and `set.keep_claims()`"),
    ("Pod", "a set makes its pods and takes them away: `set.scale(n)`"),
    (
        "PersistentVolumeClaim",
        "a claim goes with `claim.retire()`, which keeps its data, and comes back with `volume.restore()`",
    ),
    ("PersistentVolume", "a volume is kept with `claim.protect()`, and goes with `volume.purge()`"),
    ("Lease", "a run takes the locks that it needs, and gives them back"),
    ("Secret", "no value of a Secret passes a script: write one with `kubectl stateful create secret`"),
    ("ControllerRevision", "the revisions of a set are its own"),
];

/// The kind of this name, for reading.
///
/// # Errors
/// It is not read in general words.
pub fn readable(kind: &str) -> Result<&'static ApiKind, Refused> {
    match ApiKind::named(kind).filter(|known| KINDS.contains(&known.kind) || READ.contains(&known.kind)) {
        Some(known) => Ok(known),
        None => Err(unknown(kind, "read")),
    }
}

/// The kind of this name, for writing.
///
/// # Errors
/// It is not written in general words.
pub fn writable(kind: &str) -> Result<&'static ApiKind, Refused> {
    if let Some((_, hint)) = INSTEAD.iter().find(|(known, _)| *known == kind) {
        return Err(refused(format!("a {kind} is not written in general words"), *hint));
    }
    match ApiKind::named(kind).filter(|known| KINDS.contains(&known.kind)) {
        Some(known) => Ok(known),
        None => Err(unknown(kind, "written")),
    }
}

fn unknown(kind: &str, done: &str) -> Refused {
    let why = match ApiKind::named(kind) {
        Some(known) if !known.namespaced => format!("a {kind} lives in no namespace, and a run stays in its own"),
        _ => format!("a {kind} is not {done} by a runbook: the copy that a plan is played on holds none"),
    };
    refused(why, format!("there are {}", KINDS.join(", ")))
}

/// The object that a whole manifest is about, in `namespace`, and the manifest as it is sent.
///
/// # Errors
/// It is none that may be written so.
pub fn whole(mut manifest: Value, namespace: &str) -> Result<(ObjectRef, Value), Refused> {
    let kind = manifest["kind"]
        .as_str()
        .ok_or_else(|| refused("the object says no `kind`", "write #{ kind: \"ConfigMap\", … }"))?;
    let kind = writable(kind)?;
    let version = kind.api_version();
    if manifest["apiVersion"].as_str().is_some_and(|said| said != version) || !manifest["metadata"].is_object() {
        return Err(refused(
            "the object is not one that can be written",
            format!("it is of `apiVersion: \"{version}\"` and has `metadata`"),
        ));
    }
    let Some(name) = manifest["metadata"]["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned) else {
        return Err(refused("the object has no name", "write `metadata: #{ name: \"…\" }`"));
    };
    if manifest["metadata"]["namespace"].as_str().is_some_and(|said| said != namespace) {
        let said = &manifest["metadata"]["namespace"];
        return Err(refused(
            format!("the object is of namespace {said}"),
            format!("this run writes in `{namespace}` alone: leave `metadata.namespace` out"),
        ));
    }
    only_what_is_its_own(&manifest, &["apiVersion", "kind"], &["name", "namespace"])?;
    manifest["apiVersion"] = json!(version);
    manifest["metadata"]["namespace"] = json!(namespace);
    Ok((ObjectRef { kind, namespace: namespace.to_owned(), name }, manifest))
}

/// A part of an object may be written like this.
///
/// # Errors
/// It has what is not for a script to say.
pub fn part(patch: &Value) -> Result<(), Refused> {
    if patch.as_object().is_none_or(Map::is_empty) {
        return Err(refused("there is nothing to change", "write #{ data: #{ … } }"));
    }
    if patch.get("metadata").is_some_and(|metadata| !metadata.is_object()) {
        return Err(refused("`metadata` is no map", "write `metadata: #{ labels: #{ … } }`, or leave it out"));
    }
    only_what_is_its_own(patch, &[], &[])
}

/// Labels and annotations, and what the kind itself has: who owns an object,
/// who holds it back and how it is doing decides about others.
fn only_what_is_its_own(object: &Value, also: &[&str], of_metadata: &[&str]) -> Result<(), Refused> {
    let hint = "of `metadata` a script says `labels` and `annotations`; the rest is not for it to say";
    let names = |value: &Value| value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let other =
        |key: &String| !["labels", "annotations"].contains(&key.as_str()) && !of_metadata.contains(&key.as_str());
    if let Some(key) = names(&object["metadata"]).into_iter().find(other) {
        return Err(refused(format!("`metadata.{key}` cannot be written"), hint));
    }
    let is_texts = |field: &&str| object["metadata"][*field].is_object() || object["metadata"][*field].is_null();
    if let Some(field) = ["labels", "annotations"].into_iter().find(|field| !is_texts(field)) {
        return Err(refused(format!("`metadata.{field}` is no map"), format!("write `{field}: #{{ a: \"b\" }}`")));
    }
    let other =
        |key: &String| ["apiVersion", "kind", "status"].contains(&key.as_str()) && !also.contains(&key.as_str());
    match names(object).into_iter().find(other) {
        Some(key) => Err(refused(format!("`{key}` cannot be written"), "leave it out")),
        None => Ok(()),
    }
}

/// The object as it could be made once more: without what the server keeps for itself.
fn cleaned(object: &Value) -> Value {
    let mut clean = object.clone();
    if let Some(fields) = clean.as_object_mut() {
        fields.shift_remove("status");
    }
    if let Some(metadata) = clean["metadata"].as_object_mut() {
        for field in [
            "uid",
            "resourceVersion",
            "generation",
            "creationTimestamp",
            "managedFields",
            "selfLink",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ] {
            metadata.shift_remove(field);
        }
    }
    clean
}

/// Somebody is taking it away: what is written to it goes with it.
fn stays(object: &Value) -> Result<(), EffectError> {
    if object["metadata"]["deletionTimestamp"].is_null() { Ok(()) } else { Err(EffectError::Terminating) }
}

/// Whether we have written to it before.
fn is_ours(object: &Value) -> bool {
    super::apply::managers(object).contains(&FIELD_MANAGER)
}

fn changed_since(fields: &[super::Difference]) -> EffectError {
    let paths: Vec<_> = fields.iter().map(|field| format!("`{}`", field.path)).collect();
    EffectError::Guarded {
        code: "changed-since",
        why: format!("somebody has changed {} since", paths.join(", ")),
        hint: "look at it and decide yourself: kubectl get -o yaml".to_owned(),
    }
}

/// One that goes because we made it must hold nothing that others have written.
/// Labels and annotations of others, and the status, are no matter.
fn written_by_others(object: &Value) -> Result<(), EffectError> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let fields = |entry: &Value| entry["fieldsV1"].as_object().cloned().unwrap_or_default();
    let of_its_own =
        |entry: &Value| fields(entry).keys().any(|key| !["f:metadata", "f:status"].contains(&key.as_str()));
    let other = entries
        .filter(|entry| entry["manager"] != FIELD_MANAGER && of_its_own(entry))
        .find_map(|entry| entry["manager"].as_str());
    let why = match other {
        Some(other) => format!("`{other}` has written fields of it since"),
        None if is_ours(object) => return Ok(()),
        None => "nobody can tell who has written it by now".to_owned(),
    };
    let hint = "look at it and delete it yourself, if it may go: kubectl get -o yaml --show-managed-fields".to_owned();
    Err(EffectError::Guarded { code: "changed-since", why, hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(metadata: &Value) -> Value {
        json!({ "kind": "ConfigMap", "metadata": metadata, "data": { "a": "1" } })
    }

    #[test]
    fn kinds_with_verbs_of_their_own_and_kinds_of_no_namespace_are_refused_by_name() {
        for (kind, hint) in [
            ("StatefulSet", "set.scale"),
            ("Pod", "set.scale"),
            ("PersistentVolumeClaim", "claim.retire"),
            ("PersistentVolume", "volume.purge"),
            ("Lease", "locks"),
            ("Secret", "create secret"),
            ("Deployment", "there are ConfigMap"),
            ("Namespace", "there are ConfigMap"),
            ("Node", "there are ConfigMap"),
            ("CustomResourceDefinition", "there are ConfigMap"),
            ("StorageClass", "there are ConfigMap"),
        ] {
            let refused = writable(kind).expect_err(kind);
            assert!(refused.why.contains(kind) && refused.hint.contains(hint), "{refused:?}");
        }
        assert!(KINDS.iter().all(|kind| writable(kind).is_ok_and(|kind| kind.namespaced)));
        assert!(readable("Secret").is_ok() && readable("Node").is_err());
    }

    #[test]
    fn what_others_have_written_besides_labels_and_the_status_stays() {
        let of = |managers: &[(&str, &str)]| {
            let entry = |(manager, field): &(&str, &str)| json!({ "manager": manager, "fieldsV1": { *field: {} } });
            written_by_others(
                &json!({ "metadata": { "managedFields": managers.iter().map(entry).collect::<Vec<_>>() } }),
            )
        };
        assert!(of(&[(FIELD_MANAGER, "f:data"), ("cloud", "f:metadata"), ("controller", "f:status")]).is_ok());
        let other = of(&[(FIELD_MANAGER, "f:data"), ("kubectl-edit", "f:data")]).unwrap_err();
        assert_eq!(other.to_string(), "`kubectl-edit` has written fields of it since");
        assert!(of(&[("cloud", "f:metadata")]).is_err() && of(&[]).is_err());
    }

    #[test]
    fn a_whole_object_is_of_the_namespace_of_the_run_and_says_nothing_about_owners() {
        let (object, sent) = whole(map(&json!({ "name": "a" })), "apps").unwrap();
        assert_eq!(object.path(), "/api/v1/namespaces/apps/configmaps/a");
        assert_eq!((&sent["apiVersion"], &sent["metadata"]["namespace"]), (&json!("v1"), &json!("apps")));
        for metadata in [
            json!({}),
            json!({ "name": "" }),
            json!({ "name": "a", "namespace": "other" }),
            json!({ "name": "a", "finalizers": ["x/y"] }),
            json!({ "name": "a", "ownerReferences": [] }),
            json!({ "name": "a", "uid": "1" }),
            json!({ "generateName": "a" }),
        ] {
            assert!(whole(map(&metadata), "apps").is_err(), "{metadata}");
        }
        assert!(
            whole(json!({ "kind": "ConfigMap", "apiVersion": "v2", "metadata": { "name": "a" } }), "apps").is_err()
        );
        assert!(part(&json!({ "metadata": { "labels": { "a": null }, "annotations": null } })).is_ok());
        for patch in
            [json!({}), json!({ "status": {} }), json!({ "kind": "Pod" }), json!({ "metadata": { "name": "b" } })]
        {
            assert!(part(&patch).is_err(), "{patch}");
        }
    }

    #[test]
    fn metadata_and_what_is_in_it_are_maps() {
        for metadata in [json!("x"), json!(["x"]), json!(1), json!(null)] {
            assert!(part(&json!({ "metadata": metadata })).is_err(), "{metadata}");
            assert!(whole(map(&metadata), "apps").is_err(), "{metadata}");
        }
        for texts in [json!("x"), json!(["x"]), json!(1)] {
            for field in ["labels", "annotations"] {
                assert!(part(&json!({ "metadata": { field: texts } })).is_err(), "{field} {texts}");
                assert!(whole(map(&json!({ "name": "a", field: texts })), "apps").is_err(), "{field} {texts}");
            }
        }
    }
}

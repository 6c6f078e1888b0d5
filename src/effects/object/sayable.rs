//! What a script may say of an object of another kind: which kinds there are for
//! it, and of which of their fields it is master.

use serde_json::{Map, Value, json};

use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::objects::nearest::{nearest, shortened};

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
    let there_are = || format!("there are {}", KINDS.join(", "));
    match ApiKind::named(kind) {
        Some(known) if !known.namespaced => {
            refused(format!("a {kind} lives in no namespace, and a run stays in its own"), there_are())
        }
        found => {
            let known = KINDS.into_iter().chain(READ).chain(INSTEAD.iter().map(|(known, _)| *known));
            if let Some(meant) = nearest(kind, known).filter(|_| found.is_none()) {
                return refused(
                    format!("nobody here knows a kind `{}`", shortened(kind)),
                    format!("did you mean `{meant}`?"),
                );
            }
            let why = format!("a {kind} is not {done} by a runbook: the copy that a plan is played on holds none");
            refused(why, there_are())
        }
    }
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
    texts_alone(kind, &manifest)?;
    manifest["apiVersion"] = json!(version);
    manifest["metadata"]["namespace"] = json!(namespace);
    Ok((ObjectRef { kind, namespace: namespace.to_owned(), name }, manifest))
}

/// A part of an object may be written like this.
///
/// # Errors
/// It has what is not for a script to say.
pub fn part(kind: &ApiKind, patch: &Value) -> Result<(), Refused> {
    if patch.as_object().is_none_or(Map::is_empty) {
        return Err(refused("there is nothing to change", "write #{ data: #{ … } }"));
    }
    if patch.get("metadata").is_some_and(|metadata| !metadata.is_object()) {
        return Err(refused("`metadata` is no map", "write `metadata: #{ labels: #{ … } }`, or leave it out"));
    }
    only_what_is_its_own(patch, &[], &[])?;
    texts_alone(kind, patch)
}

/// The server's own words for another sort of value quote the whole object.
fn texts_alone(kind: &ApiKind, object: &Value) -> Result<(), Refused> {
    let maps = [("data", &object["data"]), ("binaryData", &object["binaryData"])];
    let maps = maps.into_iter().filter(|_| kind.kind == "ConfigMap");
    let of_metadata = ["labels", "annotations"].map(|field| (field, &object["metadata"][field]));
    for (field, map) in maps.chain(of_metadata) {
        let other = |(_, value): &(&String, &Value)| !value.is_string() && !value.is_null();
        if let Some((key, value)) = map.as_object().into_iter().flatten().find(other) {
            let why =
                format!("`{}` of `{field}` must be text, and is {}", shortened(key), shortened(&value.to_string()));
            return Err(refused(why, "write it in quotes, or `value.to_string()`"));
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn map(metadata: &Value) -> Value {
        json!({ "kind": "ConfigMap", "metadata": metadata, "data": { "a": "1" } })
    }

    fn config_map() -> &'static ApiKind {
        ApiKind::named("ConfigMap").unwrap()
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
        assert!(part(config_map(), &json!({ "metadata": { "labels": { "a": null }, "annotations": null } })).is_ok());
        for patch in
            [json!({}), json!({ "status": {} }), json!({ "kind": "Pod" }), json!({ "metadata": { "name": "b" } })]
        {
            assert!(part(config_map(), &patch).is_err(), "{patch}");
        }
    }

    #[test]
    fn metadata_and_what_is_in_it_are_maps() {
        for metadata in [json!("x"), json!(["x"]), json!(1), json!(null)] {
            assert!(part(config_map(), &json!({ "metadata": metadata })).is_err(), "{metadata}");
            assert!(whole(map(&metadata), "apps").is_err(), "{metadata}");
        }
        for texts in [json!("x"), json!(["x"]), json!(1)] {
            for field in ["labels", "annotations"] {
                assert!(part(config_map(), &json!({ "metadata": { field: texts } })).is_err(), "{field} {texts}");
                assert!(whole(map(&json!({ "name": "a", field: texts })), "apps").is_err(), "{field} {texts}");
            }
        }
    }

    #[test]
    fn a_kind_that_is_misspelt_is_told_the_right_one_and_amounts_in_a_map_of_texts_are_refused() {
        for (kind, hint) in [("Configmap", "`ConfigMap`"), ("Sevice", "`Service`"), ("Statefulset", "`StatefulSet`")] {
            let refused = writable(kind).expect_err(kind);
            assert!(refused.hint.contains(hint), "{refused:?}");
        }
        let number = json!({ "data": { "a": 1 } });
        assert_eq!(part(config_map(), &number).unwrap_err().why, "`a` of `data` must be text, and is 1");
        assert!(part(config_map(), &json!({ "metadata": { "labels": { "a": true } } })).is_err());
        assert!(part(ApiKind::named("Service").unwrap(), &json!({ "data": { "a": 1 } })).is_ok());
        assert!(part(config_map(), &json!({ "data": { "a": null, "b": "1" } })).is_ok());
    }
}

//! Revisions of the pod template as ControllerRevision objects (SS-50 to
//! SS-55). Names of new ones are opaque; live ones are known by content, never
//! by recomputing a hash (SS-51).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::members::Members;
use super::set::Set;
use crate::simulator::controllers::fields::{Fields, controller_reference};
use crate::simulator::controllers::{Step, View, Write, opaque, selector};

const HASH: &str = "controller.kubernetes.io/hash";

/// The two revisions of a pass and the history they stand in.
pub(super) struct Revisions {
    pub current: Revision,
    pub update: Revision,
    pub collisions: i64,
    /// Oldest first, without one that this pass creates.
    history: Vec<Arc<Value>>,
}

/// A revision's name and the template it stores.
#[derive(Clone)]
pub(super) struct Revision {
    pub name: String,
    pub template: Arc<Value>,
}

impl Revisions {
    /// Finds the revision that equals the set's template, or creates it, and
    /// the one that the status calls current.
    pub(super) fn resolve(view: &dyn View, set: &Set, step: &mut Step) -> Self {
        let history = owned(view, set, step);
        let mut collisions = set.object.number("/status/collisionCount").unwrap_or(0);
        let template = bare(&set.object["spec"]["template"]);
        let next = history.last().and_then(|newest| newest.number("/revision")).unwrap_or(0).saturating_add(1);
        let known: Vec<Revision> = history
            .iter()
            .map(|object| Revision { name: object.name().to_owned(), template: Arc::new(stored(object)) })
            .collect();
        let equal = known.iter().zip(&history).rev().find(|(revision, _)| *revision.template == template);
        let update = match equal {
            Some((found, object)) => {
                // A rollback: the old revision becomes the newest (SS-52).
                if known.last().is_some_and(|newest| *newest.template != template) {
                    step.patch(object, json!({ "revision": next }));
                }
                found.clone()
            }
            None => create(view, set, &template, next, &mut collisions, step),
        };
        let named = set.object.text("/status/currentRevision");
        let current = known.iter().find(|revision| revision.name == named).unwrap_or(&update).clone();
        Self { current, update, collisions, history }
    }

    /// Deletes the oldest revisions that nothing uses, beyond the limit (SS-55).
    pub(super) fn truncate(&self, set: &Set, members: &Members) -> Step {
        let mut step = Step::default();
        let limit =
            usize::try_from(set.object.number("/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or(usize::MAX);
        let unused: Vec<&Arc<Value>> = self
            .history
            .iter()
            .filter(|revision| {
                let name = revision.name();
                name != self.current.name && name != self.update.name && !members.all().any(|pod| pod.revision == name)
            })
            .collect();
        for surplus in unused.iter().take(unused.len().saturating_sub(limit)) {
            if !surplus.terminating() {
                step.delete(surplus, None);
            }
        }
        step
    }
}

/// The set's revisions, oldest first; orphans with matching labels are adopted.
fn owned(view: &dyn View, set: &Set, step: &mut Step) -> Vec<Arc<Value>> {
    let mut revisions: Vec<Arc<Value>> = view
        .list_in("ControllerRevision", set.namespace)
        .into_iter()
        .filter(|revision| selector::matches(&set.object["spec"]["selector"], revision))
        .filter(|revision| revision.controller().is_none_or(|owner| owner["uid"] == set.uid))
        .collect();
    revisions.sort_by(|one, other| {
        let key = |revision: &Value| {
            (revision.number("/revision").unwrap_or(0), revision.instant("/metadata/creationTimestamp"))
        };
        key(one).cmp(&key(other)).then_with(|| one.name().cmp(other.name()))
    });
    if !set.terminating {
        for orphan in revisions.iter().filter(|revision| revision.controller().is_none()) {
            let mut owners = orphan.owners().to_vec();
            owners.push(controller_reference(set.object, "apps/v1", "StatefulSet"));
            step.patch(orphan, json!({ "metadata": { "ownerReferences": owners } }));
        }
    }
    revisions
}

fn create(
    view: &dyn View,
    set: &Set,
    template: &Value,
    number: i64,
    collisions: &mut i64,
    step: &mut Step,
) -> Revision {
    let mut hash = opaque::suffix(&format!("{template}/{collisions}"), 10);
    let taken = |hash: &str| view.get("ControllerRevision", set.namespace, &format!("{}-{hash}", set.name)).is_some();
    while taken(&hash) {
        *collisions = collisions.saturating_add(1);
        hash = opaque::suffix(&format!("{template}/{collisions}"), 10);
    }
    let name = format!("{}-{hash}", set.name);
    let mut labels = template["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    labels.insert(HASH.into(), json!(hash));
    let mut metadata = Map::new();
    metadata.insert("name".into(), json!(name));
    metadata.insert("namespace".into(), json!(set.namespace));
    metadata.insert("labels".into(), Value::Object(labels));
    if let Some(annotations) = set.object["metadata"]["annotations"].as_object().filter(|map| !map.is_empty()) {
        metadata.insert("annotations".into(), json!(annotations));
    }
    metadata.insert("ownerReferences".into(), json!([controller_reference(set.object, "apps/v1", "StatefulSet")]));
    let mut replacing = template.clone();
    replacing["$patch"] = json!("replace");
    step.push(Write::Create(json!({
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": { "spec": { "template": replacing } },
        "revision": number,
    })));
    Revision { name, template: Arc::new(template.clone()) }
}

/// The template that a revision stores.
fn stored(revision: &Value) -> Value {
    bare(&revision["data"]["spec"]["template"])
}

/// A template without what differs between equal ones: the patch directive,
/// nulls, empty lists, and empty maps where the API drops them. (An empty
/// `emptyDir` is not one of those: it says which volume is meant.)
fn bare(template: &Value) -> Value {
    match template {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "$patch")
            .map(|(key, value)| (key.clone(), bare(value)))
            .filter(|(key, value)| !says_nothing(key, value))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(bare).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => template.clone(),
    }
}

fn says_nothing(key: &str, value: &Value) -> bool {
    let map = matches!(key, "annotations" | "labels" | "nodeSelector" | "securityContext" | "resources");
    value.is_null()
        || value.as_array().is_some_and(Vec::is_empty)
        || (map && value.as_object().is_some_and(Map::is_empty))
}

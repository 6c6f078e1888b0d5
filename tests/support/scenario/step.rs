//! One step of a scenario, and the request that it stands for. In all texts
//! `$NAMESPACE` is filled in, and `${pod/web-0#/metadata/uid}` with a value of
//! an object as it was last seen.

use std::collections::BTreeMap;

use kubectl_stateful::simulator::controllers::kubelet::NEVER_READY;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::base::{Target, containers};
use super::story::Story;
use crate::support::api::{Method, path_of};

/// What is done, or `rest`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Leaves the cluster alone until nothing changes any more.
    Rest,
    /// Lets time pass until objects are so: `there`, `gone`, `terminating`, or
    /// fields that they have.
    Until(BTreeMap<String, Value>),
    /// Creates objects: the base manifest of the kind with these fields merged.
    Create(BTreeMap<String, Value>),
    /// Merge patches of objects.
    Patch(BTreeMap<String, Value>),
    /// Merge patches of statuses.
    Status(BTreeMap<String, Value>),
    /// A merge patch of the spec of the set `web`.
    Set(Value),
    /// Puts another version of the image into the template of `web`.
    Image(String),
    /// Scales `web` through the subresource.
    Scale(u32),
    /// The probe of a pod fails from now on.
    Break(String),
    /// The probe of a pod succeeds from now on.
    Mend(String),
    /// Deletes objects; their dependents follow in the background.
    Delete(Names),
    /// Deletes pods at once, without waiting for their containers.
    Force(Names),
    /// Deletes objects and leaves their dependents.
    Orphan(Names),
    /// Deletes objects after their dependents.
    Foreground(Names),
    /// Evicts pods.
    Evict(Names),
}

/// One name or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    One(String),
    Several(Vec<String>),
}

/// One request to the server.
pub(super) struct Request {
    pub method: Method,
    pub path: String,
    pub body: Value,
    /// How it is called in the golden form.
    pub called: String,
}

impl Step {
    /// The requests of this step, as the story stands.
    pub fn requests(&self, story: &Story) -> Result<Vec<Request>, String> {
        match self {
            Self::Rest | Self::Until(_) => Ok(Vec::new()),
            Self::Create(objects) => {
                each(objects, story, "create", |target, fields| create(target, &story.namespace, &fields))
            }
            Self::Patch(objects) => each(objects, story, "patch", |target, fields| patch(target, "", fields)),
            Self::Status(objects) => {
                each(objects, story, "status of", |target, status| patch(target, "/status", json!({"status": status})))
            }
            Self::Set(spec) => of_web(story, "patch", "", json!({"spec": spec})),
            Self::Image(version) => {
                let template = json!({"spec": {"containers": containers(version)}});
                of_web(story, "patch", "", json!({"spec": {"template": template}}))
            }
            Self::Scale(replicas) => of_web(story, "scale", "/scale", json!({"spec": {"replicas": replicas}})),
            Self::Break(pod) => probe(story, pod, json!("true")),
            Self::Mend(pod) => probe(story, pod, Value::Null),
            Self::Delete(names) => names.deleted(story, "delete", &json!({})),
            Self::Force(names) => names.deleted(story, "force", &json!({"gracePeriodSeconds": 0})),
            Self::Orphan(names) => names.deleted(story, "orphan", &json!({"propagationPolicy": "Orphan"})),
            Self::Foreground(names) => names.deleted(story, "foreground", &json!({"propagationPolicy": "Foreground"})),
            Self::Evict(names) => names.evicted(story),
        }
    }
}

impl Names {
    fn each(
        &self,
        story: &Story,
        word: &str,
        request: impl Fn(&Target) -> (Method, String, Value),
    ) -> Result<Vec<Request>, String> {
        let names = match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        };
        let requests = names.iter().map(|name| {
            let target = Target::of(&fill(name, story)?, story)?;
            let (method, path, body) = request(&target);
            Ok(Request { method, path, body, called: format!("{word} {name}") })
        });
        requests.collect()
    }

    fn deleted(&self, story: &Story, word: &str, options: &Value) -> Result<Vec<Request>, String> {
        let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
        json_patch::merge(&mut body, options);
        self.each(story, word, |target| {
            (Method::Delete, path_of(target.kind, &target.namespace, &target.name), body.clone())
        })
    }

    fn evicted(&self, story: &Story) -> Result<Vec<Request>, String> {
        self.each(story, "evict", |target| {
            let body = json!({
                "apiVersion": "policy/v1", "kind": "Eviction",
                "metadata": {"name": target.name, "namespace": target.namespace},
            });
            let path = path_of(target.kind, &target.namespace, &target.name);
            (Method::Post, format!("{path}/eviction"), body)
        })
    }
}

fn each(
    objects: &BTreeMap<String, Value>,
    story: &Story,
    word: &str,
    request: impl Fn(&Target, Value) -> (Method, String, Value),
) -> Result<Vec<Request>, String> {
    let requests = objects.iter().map(|(name, fields)| {
        let target = Target::of(&fill(name, story)?, story)?;
        let (method, path, body) = request(&target, filled(fields, story)?);
        Ok(Request { method, path, body, called: format!("{word} {name}") })
    });
    requests.collect()
}

fn create(target: &Target, namespace: &str, fields: &Value) -> (Method, String, Value) {
    let mut object = target.base(namespace);
    json_patch::merge(&mut object, fields);
    let path = path_of(target.kind, &target.namespace, "");
    (Method::Post, path.trim_end_matches('/').to_owned(), object)
}

fn patch(target: &Target, part: &str, fields: Value) -> (Method, String, Value) {
    (Method::MergePatch, path_of(target.kind, &target.namespace, &target.name) + part, fields)
}

fn of_web(story: &Story, word: &str, part: &str, body: Value) -> Result<Vec<Request>, String> {
    let one = BTreeMap::from([("set/web".to_owned(), body)]);
    each(&one, story, word, |target, body| patch(target, part, body))
}

fn probe(story: &Story, pod: &str, knob: Value) -> Result<Vec<Request>, String> {
    let mut annotations = Map::new();
    let word = if knob.is_null() { "mend" } else { "break" };
    annotations.insert(NEVER_READY.to_owned(), knob);
    let one = BTreeMap::from([(format!("pod/{pod}"), json!({"metadata": {"annotations": annotations}}))]);
    each(&one, story, word, |target, body| patch(target, "", body))
}

/// A value with every text in it filled.
pub(super) fn filled(value: &Value, story: &Story) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, story)?),
        Value::Array(items) => items.iter().map(|item| filled(item, story)).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Object(fields) => {
            let mut object = Map::new();
            for (key, value) in fields {
                object.insert(fill(key, story)?, filled(value, story)?);
            }
            object.into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

fn fill(text: &str, story: &Story) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let wrong = || format!("`{text}` refers to nothing that was seen");
        let (reference, after) = after.split_once('}').ok_or_else(wrong)?;
        let (target, pointer) = reference.split_once('#').ok_or_else(wrong)?;
        let target = Target::of(target, story)?;
        let seen = story.seen(target.kind, &target.name);
        let value = seen.and_then(|seen| seen.object.pointer(pointer)?.as_str());
        filled.push_str(before);
        filled.push_str(value.ok_or_else(wrong)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled.replace("$NAMESPACE", &story.namespace))
}

//! Turns what an actor asks for into requests, under its own name. They take
//! the same way as a client's, but rights do not bind them and they are not
//! in the request log.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::clock::clock_text;
use super::controllers::play::{self, Refusal, Sender};
use super::controllers::{Controller, EventType, Part, Step, Target, View, Write};
use super::identity;
use super::past::Past;
use super::queue::{Look, Looked};
use super::request::Raw;
use super::store::Store;
use super::world::World;
use crate::objects::kinds::{ApiKind, ObjectRef, collection_path};

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";

/// Runs one look of an actor: its passes one after the other, whatever of the
/// others is refused; the actor may record why. Each object of an
/// actor that works by key is looked at when the writes about the one before it
/// are done. Returns what each look came to, and what was refused.
/// `seen` is the revision that the actor has seen, if that is not the newest.
pub fn run(world: &mut World, actor: &dyn Controller, look: Look, seen: Option<u64>) -> (Vec<Looked>, Vec<String>) {
    let mut refused = Vec::new();
    let Some(keyed) = actor.keyed() else {
        let passes = with_view(&world.store, seen, |view| actor.passes(view, world.now));
        return (vec![send(world, actor, None, &passes, &mut refused)], refused);
    };
    let targets = match look {
        Look::Everything => with_view(&world.store, seen, |view| keyed.keys(view)),
        Look::These(targets) => targets,
    };
    let looked = targets.into_iter().map(|target| {
        let passes = with_view(&world.store, seen, |view| keyed.passes_about(view, &target, world.now));
        send(world, actor, Some(target), &passes, &mut refused)
    });
    (looked.collect(), refused)
}

fn with_view<T>(store: &Store, seen: Option<u64>, look: impl FnOnce(&dyn View) -> T) -> T {
    match seen {
        Some(revision) => look(&Past::new(store, revision)),
        None => look(store),
    }
}

/// An actor's way to the server.
struct Hand<'a> {
    world: &'a mut World,
    actor: &'a dyn Controller,
    refused: &'a mut Vec<String>,
}

impl Sender for Hand<'_> {
    fn send(&mut self, write: &Write) -> Result<(), String> {
        let sent = apply(self.world, self.actor, write);
        self.refused.extend(sent.clone().err());
        sent
    }

    fn refused(&mut self, rest: &[Part], refusals: &[Refusal]) {
        for record in &self.actor.refused(&self.world.store, rest, refusals) {
            self.refused.extend(apply(self.world, self.actor, record).err());
        }
    }
}

fn send(
    world: &mut World,
    actor: &dyn Controller,
    at: Option<Target>,
    passes: &[Step],
    refused: &mut Vec<String>,
) -> Looked {
    let mut looked = Looked { at, ..Looked::default() };
    let mut hand = Hand { world, actor, refused };
    for pass in passes {
        // A wake time that has passed already would be asked for ever.
        let wake = pass.wake.filter(|time| *time > hand.world.now);
        looked.wake = looked.wake.into_iter().chain(wake).min();
        looked.was_refused |= !play::play(&pass.parts, &mut hand).is_empty();
    }
    looked
}

/// Sends one write; the error is the message of the Status.
fn apply(world: &mut World, actor: &dyn Controller, write: &Write) -> Result<(), String> {
    let raw = request(world, actor.name(), write)
        .ok_or_else(|| format!("{}: {write:?} names no known kind", actor.name()))?;
    world.answer_actor(&raw).map(drop).map_err(|refusal| refusal.message().to_owned())
}

fn path(world: &World, target: &Target) -> Option<String> {
    let kind = world.store.kind_named(&target.kind)?;
    Some(ObjectRef { kind, namespace: target.namespace.clone(), name: target.name.clone() }.path())
}

fn request(world: &World, actor: &str, write: &Write) -> Option<Raw> {
    let raw = |method, path, content_type: &str, body: Arc<Value>| Raw::by(actor, method, path, content_type, body);
    match write {
        Write::Create(object) => {
            let text = |name: &str| object[name].as_str().unwrap_or_default();
            let kind = world.store.kind_of(text("apiVersion"), text("kind"))?;
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
            Some(raw(Method::POST, collection_path(kind, namespace), JSON, object.clone().into()))
        }
        Write::Patch { target, patch } => Some(raw(Method::PATCH, path(world, target)?, MERGE, Arc::clone(patch))),
        Write::PatchStatus { target, patch } => {
            Some(raw(Method::PATCH, format!("{}/status", path(world, target)?), MERGE, Arc::clone(patch)))
        }
        Write::Bind { target, node } => {
            let body = json!({
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": target.name},
                "target": {"apiVersion": "v1", "kind": "Node", "name": node},
            });
            Some(raw(Method::POST, format!("{}/binding", path(world, target)?), JSON, body.into()))
        }
        Write::Finalize(namespace) => {
            let name = namespace["metadata"]["name"].as_str().unwrap_or_default();
            Some(raw(Method::PUT, format!("/api/v1/namespaces/{name}/finalize"), JSON, namespace.clone().into()))
        }
        Write::Delete { target, uid, grace, dependents } => {
            let mut body = json!({
                "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid},
            });
            if let Some(grace) = grace {
                body["gracePeriodSeconds"] = json!(grace);
            }
            if let Some(dependents) = dependents {
                body["propagationPolicy"] = json!(dependents.to_string());
            }
            Some(raw(Method::DELETE, path(world, target)?, JSON, body.into()))
        }
        Write::Event { target, kind, reason, message } => {
            let (method, path, content_type, body) = event(world, actor, target, *kind, reason, message)?;
            Some(raw(method, path, content_type, body.into()))
        }
    }
}

/// An event that was told before is counted, not told again.
fn event(
    world: &World,
    actor: &str,
    target: &Target,
    kind: EventType,
    reason: &str,
    message: &str,
) -> Option<(Method, String, &'static str, Value)> {
    let events = ApiKind::named("Event")?;
    let about = world.store.kind_named(&target.kind)?;
    let namespace = if target.namespace.is_empty() { "default" } else { &target.namespace };
    let now = clock_text(world.now);
    let object = world.store.object(about, &target.namespace, &target.name);
    let uid = object.map_or(Value::Null, |object| object["metadata"]["uid"].clone());
    let same = world.store.events_saying(namespace, &target.name, reason, message).into_iter().find(|known| {
        let involved = &known["involvedObject"];
        known["message"] == message
            && known["reason"] == reason
            && involved["kind"] == about.name()
            && involved["name"] == target.name.as_str()
            && involved["uid"] == uid
            && known["source"]["component"] == actor
    });
    if let Some(known) = same {
        let name = known["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("{}/{name}", collection_path(events, namespace));
        let count = known["count"].as_i64().unwrap_or(1).saturating_add(1);
        return Some((Method::PATCH, path, MERGE, json!({"count": count, "lastTimestamp": now})));
    }
    let suffix = identity::event_suffix(world.now, world.next_revision());
    let mut body = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": format!("{}.{suffix}", target.name), "namespace": namespace},
        "involvedObject": {
            "apiVersion": about.api_version(), "kind": about.name(), "name": target.name, "uid": uid,
        },
        "reason": reason, "message": message, "source": {"component": actor}, "type": kind.to_string(),
        "firstTimestamp": now, "lastTimestamp": now, "count": 1, "reportingComponent": actor,
    });
    if !target.namespace.is_empty() {
        body["involvedObject"]["namespace"] = json!(target.namespace);
    }
    Some((Method::POST, collection_path(events, namespace), JSON, body))
}

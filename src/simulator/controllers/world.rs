//! A world of a few lines for the actors' tests: it keeps objects with the
//! bookkeeping that actors rely on, applies their writes, and runs them to
//! rest with a clock of its own. It is not the simulated API server.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, later};
use super::play::{self, Refusal, Sender};
use super::{Controller, Dependents, Part, Step, Target, View, Write};
use crate::simulator::admission::Features;
use crate::simulator::clock::clock_text;

type Key = (String, String, String);

pub(super) struct World {
    objects: BTreeMap<Key, Value>,
    pub now: Timestamp,
    actors: Vec<Box<dyn Controller>>,
    revision: u64,
    /// One line for each write that was made, such as `create Pod/web-0`.
    pub log: Vec<String>,
}

impl View for World {
    fn list(&self, kind: &str) -> Vec<Arc<Value>> {
        self.objects.iter().filter(|(key, _)| key.0 == kind).map(|(_, object)| Arc::new(object.clone())).collect()
    }

    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.objects.get(&(kind.to_owned(), namespace.to_owned(), name.to_owned())).cloned().map(Arc::new)
    }
}

/// One actor's way into the world.
struct Hand<'a> {
    world: &'a mut World,
    actor: usize,
    moved: bool,
}

impl Sender for Hand<'_> {
    fn send(&mut self, write: &Write) -> Result<(), String> {
        self.world.apply(write).inspect(|()| self.moved = true)
    }

    fn refused(&mut self, rest: &[Part], refusals: &[Refusal]) {
        for record in &self.world.actors[self.actor].refused(self.world, rest, refusals) {
            self.send(record).unwrap();
        }
    }
}

fn key(target: &Target) -> Key {
    (target.kind.clone(), target.namespace.clone(), target.name.clone())
}

impl World {
    /// All actors and three nodes in three zones.
    pub fn new() -> Self {
        let mut world = Self {
            objects: BTreeMap::new(),
            now: "2026-03-01T10:00:00Z".parse().unwrap(),
            actors: super::all::all(),
            revision: 0,
            log: Vec::new(),
        };
        for zone in ["a", "b", "c"] {
            world.put(json!({
                "apiVersion": "v1", "kind": "Node",
                "metadata": { "name": format!("node-{zone}"), "annotations": { super::attachments::MANAGED: "true" }, "labels": {
                    "topology.kubernetes.io/zone": format!("eu-1{zone}"),
                    "kubernetes.io/hostname": format!("node-{zone}"),
                } },
            }));
        }
        world
    }

    /// Puts an object in, as a user would create it.
    pub fn put(&mut self, mut object: Value) {
        self.revision += 1;
        let kind = object.kind().to_owned();
        object["metadata"]["uid"] = json!(format!("uid-{}", self.revision));
        object["metadata"]["creationTimestamp"] = json!(clock_text(self.now));
        object["metadata"]["generation"] = json!(1);
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        if matches!(kind.as_str(), "Pod" | "PersistentVolumeClaim" | "PersistentVolume")
            && object["status"]["phase"].is_null()
        {
            object["status"]["phase"] = json!("Pending");
        }
        if kind == "PersistentVolumeClaim" && !object.has_finalizer("kubernetes.io/pvc-protection") {
            object["metadata"]["finalizers"] = json!(["kubernetes.io/pvc-protection"]);
        }
        let key = key(&object.target());
        assert!(!self.objects.contains_key(&key), "{key:?} already exists");
        self.objects.insert(key, object);
    }

    pub fn object(&self, kind: &str, name: &str) -> Value {
        let namespaced = self.get(kind, "default", name);
        namespaced.or_else(|| self.get(kind, "", name)).map_or(Value::Null, Arc::unwrap_or_clone)
    }

    pub fn exists(&self, kind: &str, name: &str) -> bool {
        self.object(kind, name).is_object()
    }

    /// Names of all objects of a kind.
    pub fn names(&self, kind: &str) -> Vec<String> {
        self.list(kind).iter().map(|object| object.name().to_owned()).collect()
    }

    /// Reasons and messages of the events about an object.
    pub fn events(&self, kind: &str, name: &str) -> Vec<(String, String)> {
        let about =
            |event: &Arc<Value>| event["involvedObject"]["kind"] == kind && event["involvedObject"]["name"] == name;
        let events = self.list("Event").into_iter().filter(about);
        events.map(|event| (event.text("/reason").to_owned(), event.text("/message").to_owned())).collect()
    }

    /// A user's merge patch.
    pub fn edit(&mut self, kind: &str, name: &str, patch: Value) {
        let target = self.object(kind, name).target();
        self.apply(&Write::Patch { target, patch: patch.into() }).unwrap();
    }

    /// A user's merge patch of a status.
    pub fn edit_status(&mut self, kind: &str, name: &str, status: &Value) {
        let target = self.object(kind, name).target();
        self.apply(&Write::PatchStatus { target, patch: json!({ "status": status }).into() }).unwrap();
    }

    /// A user's delete.
    pub fn remove(&mut self, kind: &str, name: &str) {
        let object = self.object(kind, name);
        self.apply(&Write::Delete {
            target: object.target(),
            uid: object.uid().to_owned(),
            grace: None,
            dependents: None,
        })
        .unwrap();
    }

    /// Applies everything the actors ask for until they ask for nothing at
    /// this time. Answers the next time at which one wants to look.
    fn settle_now(&mut self) -> Option<Timestamp> {
        for _ in 0..500 {
            let mut wake: Option<Timestamp> = None;
            let mut moved = false;
            for index in 0..self.actors.len() {
                let targets = self.actors[index].keyed().map(|keyed| keyed.keys(self));
                let looks = targets.map_or(vec![None], |targets| targets.into_iter().map(Some).collect());
                for look in looks {
                    let actor = &self.actors[index];
                    let passes = match actor.keyed().zip(look) {
                        Some((keyed, target)) => keyed.passes_about(self, &target, self.now),
                        None => actor.passes(self, self.now),
                    };
                    for pass in passes {
                        moved |= self.play(index, &pass);
                        wake = [wake, pass.wake].into_iter().flatten().min();
                    }
                }
            }
            if !moved {
                return wake;
            }
        }
        panic!("the actors do not come to rest; last writes: {:#?}", &self.log[self.log.len() - 20..]);
    }

    fn play(&mut self, actor: usize, pass: &Step) -> bool {
        let mut hand = Hand { world: self, actor, moved: false };
        play::play(&pass.parts, &mut hand);
        hand.moved
    }

    /// Runs until nothing happens any more, at most an hour of virtual time.
    pub fn settle(&mut self) {
        let end = later(self.now, 3600);
        while let Some(wake) = self.settle_now() {
            if wake > end {
                return;
            }
            self.now = self.now.max(wake);
        }
    }

    /// Switches the feature of SS-63.
    pub fn set_max_unavailable(&mut self, max_unavailable: bool) {
        self.actors = super::all::with_features(Features { max_unavailable });
    }

    /// The actors of a copy, which are those of every driver.
    pub fn play_copy(&mut self) {
        self.actors = super::all::of_copy(Features::default());
    }

    /// Takes one actor away until the next restart.
    pub fn stop_actor(&mut self, name: &str) {
        self.actors.retain(|actor| actor.name() != name);
    }

    /// A user's delete by force.
    pub fn force(&mut self, pod: &str) {
        let object = self.object("Pod", pod);
        let (target, uid) = (object.target(), object.uid().to_owned());
        self.apply(&Write::Delete { target, uid, grace: Some(0), dependents: None }).unwrap();
    }

    /// New actors in place of the old ones.
    pub fn restart(&mut self) {
        self.actors = super::all::all();
    }

    /// Runs for so many seconds.
    pub fn run(&mut self, seconds: i64) {
        let end = later(self.now, seconds);
        while let Some(wake) = self.settle_now() {
            if wake > end {
                break;
            }
            self.now = self.now.max(wake);
        }
        self.now = end;
        self.settle_now();
    }

    fn apply(&mut self, write: &Write) -> Result<(), String> {
        match write {
            Write::Create(object) => {
                if self.objects.contains_key(&key(&object.target())) {
                    return Err(format!("{} already exists", object.name()));
                }
                self.refuse_by_quota(object)?;
                self.log.push(format!("create {}/{}", object.kind(), object.name()));
                self.put(object.clone());
            }
            Write::Patch { target, patch } => {
                self.log.push(format!("patch {}/{}", target.kind, target.name));
                self.change(target, patch, false)?;
            }
            Write::PatchStatus { target, patch } => self.change(target, patch, true)?,
            Write::Bind { target, node } => {
                self.log.push(format!("bind {}/{} to {node}", target.kind, target.name));
                self.change(target, &json!({ "spec": { "nodeName": node } }), false)?;
                let condition = json!({
                    "type": "PodScheduled", "status": "True", "lastProbeTime": null,
                    "lastTransitionTime": clock_text(self.now),
                });
                self.change(target, &json!({ "status": { "conditions": [condition] } }), true)?;
            }
            Write::Finalize(namespace) => {
                let patch = json!({ "spec": { "finalizers": namespace["spec"]["finalizers"] } });
                self.change(&namespace.target(), &patch, false)?;
            }
            Write::Delete { target, uid, grace, dependents } => self.delete(target, uid, *grace, *dependents)?,
            Write::Event { target, kind, reason, message } => {
                self.revision += 1;
                let uid = self.objects.get(&key(target)).map_or("", |object| object.uid()).to_owned();
                let name = format!("{}.{:06}", target.name, self.revision);
                let namespace = if target.namespace.is_empty() { "default" } else { &target.namespace };
                let involved = json!({
                    "kind": target.kind, "namespace": target.namespace, "name": target.name, "uid": uid,
                });
                let event = json!({
                    "apiVersion": "v1", "kind": "Event",
                    "metadata": { "name": name, "namespace": namespace },
                    "involvedObject": involved, "type": kind.to_string(), "reason": reason, "message": message,
                    "lastTimestamp": clock_text(self.now),
                });
                self.objects.insert(key(&event.target()), event);
            }
        }
        Ok(())
    }

    /// A quota that allows so many pods, for failures the server decides.
    fn refuse_by_quota(&self, object: &Value) -> Result<(), String> {
        let quota = self.object("ResourceQuota", "pods");
        let Some(most) = quota.number("/spec/hard/pods") else { return Ok(()) };
        let held = i64::try_from(self.list("Pod").len()).unwrap();
        if object.kind() == "Pod" && held >= most {
            return Err(format!("pods {:?} is forbidden: exceeded quota: pods", object.name()));
        }
        Ok(())
    }

    fn change(&mut self, target: &Target, patch: &Value, of_status: bool) -> Result<(), String> {
        let Some(old) = self.objects.get(&key(target)) else { return Err(format!("{} not found", target.name)) };
        let wanted = patch.text("/metadata/resourceVersion");
        if !wanted.is_empty() && wanted != old.text("/metadata/resourceVersion") {
            return Err("the object has been modified".to_owned());
        }
        let mut new = old.clone();
        if of_status {
            json_patch::merge(&mut new["status"], &patch["status"]);
        } else {
            let mut patch = patch.clone();
            patch.as_object_mut().unwrap().remove("status");
            json_patch::merge(&mut new, &patch);
            if new["spec"] != old["spec"] {
                new["metadata"]["generation"] = json!(old.number("/metadata/generation").unwrap_or(0) + 1);
            }
        }
        if new == *old {
            return Ok(());
        }
        self.revision += 1;
        new["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        self.store_or_drop(target, new);
        Ok(())
    }

    /// A terminating object without finalizers is gone, unless it is a pod
    /// whose grace period still runs.
    fn store_or_drop(&mut self, target: &Target, object: Value) {
        let held = !object.items("/metadata/finalizers").is_empty()
            || !object.items("/spec/finalizers").is_empty()
            || object.number("/metadata/deletionGracePeriodSeconds").unwrap_or(0) > 0;
        if object.terminating() && !held {
            self.log.push(format!("gone {}/{}", target.kind, target.name));
            self.objects.remove(&key(target));
        } else {
            self.objects.insert(key(target), object);
        }
    }

    fn delete(
        &mut self,
        target: &Target,
        uid: &str,
        grace: Option<u32>,
        dependents: Option<Dependents>,
    ) -> Result<(), String> {
        let Some(old) = self.objects.get(&key(target)) else { return Err(format!("{} not found", target.name)) };
        if old.uid() != uid {
            return Err("the UID in the precondition does not match".to_owned());
        }
        let on_node = !old.text("/spec/nodeName").is_empty() && !old.has_ended();
        let own = old.number("/spec/terminationGracePeriodSeconds").unwrap_or(30);
        let grace = if target.kind == "Pod" && on_node { grace.map_or(own, i64::from) } else { 0 };
        let mut object = old.clone();
        if let Some(dependents) = dependents {
            let mut finalizers = object.items("/metadata/finalizers").to_vec();
            finalizers.retain(|held| held != "foregroundDeletion" && held != "orphan");
            finalizers.extend(match dependents {
                Dependents::Background => None,
                Dependents::Foreground => Some(json!("foregroundDeletion")),
                Dependents::Orphan => Some(json!("orphan")),
            });
            object["metadata"]["finalizers"] = json!(finalizers);
        }
        let shortens = object.number("/metadata/deletionGracePeriodSeconds").is_none_or(|held| grace < held);
        if !object.terminating() || shortens {
            self.log.push(format!("delete {}/{}", target.kind, target.name));
            object["metadata"]["deletionTimestamp"] = json!(clock_text(later(self.now, grace)));
            object["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
            self.revision += 1;
            object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        }
        self.store_or_drop(target, object);
        Ok(())
    }
}

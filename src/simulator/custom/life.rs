//! The life of definitions, as the API server's own controllers lead it: names
//! are accepted where nobody else has them, what is accepted is served, and a
//! definition that goes takes its objects along. All this is done before the
//! request that caused it is answered to the next one; on a real server it takes
//! some milliseconds.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::objects::kinds::ApiKind;
use crate::simulator::clock::clock_text;
use crate::simulator::deletion::Options;
use crate::simulator::patch::managed_fields::Operation;
use crate::simulator::request::Part;
use crate::simulator::status::Refusal;
use crate::simulator::world::World;
use crate::simulator::writer::{Writer, set_meta};

const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Under which name the API server writes.
const SERVER: &str = "kube-apiserver";

impl World {
    /// Brings all definitions as far as they can come by themselves.
    pub(in crate::simulator) fn look_after_definitions(&mut self) {
        let Some(kind) = ApiKind::named("CustomResourceDefinition") else { return };
        let all: Vec<Arc<Value>> = self.store.objects(kind, "").cloned().collect();
        for object in &all {
            // A refusal leaves a definition as it is, as a failing controller would.
            let _ = if object["metadata"]["deletionTimestamp"].is_null() {
                self.accept(kind, object)
            } else {
                self.end(kind, object)
            };
        }
    }

    fn write_status(
        &mut self,
        kind: &'static ApiKind,
        old: &Arc<Value>,
        change: impl FnOnce(&mut Value),
    ) -> Result<Arc<Value>, Refusal> {
        let mut new = Value::clone(old);
        change(&mut new);
        self.replace(&server(kind, Part::Status), old, new, None)
    }

    /// Accepts what names can be had, then has the kind served.
    fn accept(&mut self, kind: &'static ApiKind, object: &Arc<Value>) -> Result<(), Refusal> {
        let now = clock_text(self.now);
        if object["spec"]["names"] == object["status"]["acceptedNames"] {
            return Ok(());
        }
        let (names, conflict) = self.names_for(kind, object);
        let is_settled = condition(object, "NamesAccepted")
            .is_some_and(|held| held["reason"] == conflict.as_ref().map_or("NoConflicts", |(reason, _)| *reason));
        if is_settled && object["status"]["acceptedNames"] == names {
            return Ok(());
        }
        let is_established = condition(object, "Established").is_some_and(|held| held["status"] == "True");
        let accepted = self.write_status(kind, object, |new| {
            new["status"]["acceptedNames"] = names;
            match &conflict {
                None => set_condition(new, "NamesAccepted", true, "NoConflicts", "no conflicts found", &now),
                Some((reason, why)) => set_condition(new, "NamesAccepted", false, reason, why, &now),
            }
            if !is_established {
                let (reason, message) = match &conflict {
                    None => ("Installing", "the initial names have been accepted"),
                    Some(_) => ("NotAccepted", "not all names are accepted"),
                };
                set_condition(new, "Established", false, reason, message, &now);
            }
        })?;
        if conflict.is_none() && !is_established {
            self.write_status(kind, &accepted, |new| {
                let message = "the initial names have been accepted";
                set_condition(new, "Established", true, "InitialNamesAccepted", message, &now);
            })?;
        }
        Ok(())
    }

    /// The names that a definition can have, and why it cannot have them all.
    fn names_for(&self, kind: &ApiKind, object: &Value) -> (Value, Option<(&'static str, String)>) {
        let (mut resources, mut kinds) = (Vec::new(), Vec::new());
        let group = &object["spec"]["group"];
        for other in self.store.objects(kind, "").filter(|other| other["spec"]["group"] == *group) {
            let names = &other["status"]["acceptedNames"];
            let short = names["shortNames"].as_array().into_iter().flatten();
            resources.extend([&names["plural"], &names["singular"]].into_iter().chain(short).cloned());
            kinds.extend([names["kind"].clone(), names["listKind"].clone()]);
        }
        let (wanted, mut names) = (&object["spec"]["names"], object["status"]["acceptedNames"].clone());
        let mut conflict = None;
        let in_use = |name: &Value| format!("{name} is already in use");
        for (field, taken, reason) in [
            ("plural", &resources, "PluralConflict"),
            ("singular", &resources, "SingularConflict"),
            ("shortNames", &resources, "ShortNamesConflict"),
            ("kind", &kinds, "KindConflict"),
            ("listKind", &kinds, "ListKindConflict"),
        ] {
            let mine: Vec<Value> = names[field].as_array().cloned().unwrap_or_else(|| vec![names[field].clone()]);
            let asked: Vec<Value> = wanted[field].as_array().cloned().unwrap_or_else(|| vec![wanted[field].clone()]);
            let clashes: Vec<String> =
                asked.iter().filter(|name| !mine.contains(name) && taken.contains(name)).map(in_use).collect();
            match clashes.as_slice() {
                [] => names[field] = wanted[field].clone(),
                [only] => conflict = Some((reason, only.clone())),
                several => conflict = Some((reason, format!("[{}]", several.join(", ")))),
            }
        }
        names["categories"] = wanted["categories"].clone();
        if let Some(fields) = names.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        (names, conflict)
    }

    /// Deletes the objects of a definition that goes, and lets it go when none
    /// is left.
    fn end(&mut self, kind: &'static ApiKind, object: &Arc<Value>) -> Result<(), Refusal> {
        let finalizers = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        if !finalizers.iter().any(|name| name == FINALIZER) {
            return Ok(());
        }
        let now = clock_text(self.now);
        let is_established = condition(object, "Established").is_some_and(|held| held["status"] == "True");
        let (reason, message) = ("InstanceDeletionInProgress", "CustomResource deletion is in progress");
        let object = self.write_status(kind, object, |new| {
            set_condition(new, "Terminating", true, reason, message, &now);
        })?;
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let custom = self.store.definition(name).and_then(|definition| definition.stored().map(|one| one.kind));
        if let Some(custom) = custom {
            let left: Vec<Arc<Value>> = self.store.objects(custom, "").cloned().collect();
            for one in left.iter().filter(|one| one["metadata"]["deletionTimestamp"].is_null()) {
                self.doom(&server(custom, Part::Whole), one, &Options::default())?;
            }
            if self.store.objects(custom, "").next().is_some() {
                return Ok(());
            }
        }
        self.write_status(kind, &object, |new| {
            let (reason, message) = if is_established {
                ("InstanceDeletionCompleted", "removed all instances")
            } else {
                ("NeverEstablished", "resource was never established")
            };
            set_condition(new, "Terminating", false, reason, message, &now);
            let left: Vec<&Value> = finalizers.iter().filter(|name| *name != FINALIZER).collect();
            set_meta(new, "finalizers", if left.is_empty() { Value::Null } else { json!(left) });
        })?;
        Ok(())
    }

    /// Marks a definition as terminating.
    pub(in crate::simulator) fn doom_definition(&mut self, writer: &Writer, old: &Arc<Value>) -> (Arc<Value>, bool) {
        if !old["metadata"]["deletionTimestamp"].is_null() {
            return (Arc::clone(old), false);
        }
        let now = clock_text(self.now);
        let mut new = Value::clone(old);
        let mut finalizers = old["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        if !finalizers.iter().any(|name| name == FINALIZER) {
            finalizers.push(FINALIZER.into());
        }
        set_meta(&mut new, "deletionTimestamp", now.clone().into());
        set_meta(&mut new, "finalizers", finalizers.into());
        let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
        set_condition(&mut new, "Terminating", true, "InstanceDeletionPending", message, &now);
        (self.put(writer, Some(old), new), false)
    }
}

fn server(kind: &'static ApiKind, part: Part) -> Writer {
    Writer { kind, part, manager: SERVER.to_owned(), operation: Operation::Update, dry_run: false }
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|held| held["type"] == kind)
}

fn set_condition(object: &mut Value, kind: &str, holds: bool, reason: &str, message: &str, now: &str) {
    let status = if holds { "True" } else { "False" };
    let same = condition(object, kind).filter(|held| held["status"] == status);
    let since = same.map_or_else(|| now.into(), |held| held["lastTransitionTime"].clone());
    let fresh = json!({
        "type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message,
    });
    if !object["status"]["conditions"].is_array() {
        object["status"]["conditions"] = json!([]);
    }
    let Some(conditions) = object["status"]["conditions"].as_array_mut() else { return };
    match conditions.iter_mut().find(|held| held["type"] == kind) {
        Some(held) => *held = fresh,
        None => conditions.push(fresh),
    }
}

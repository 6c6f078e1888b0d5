//! DELETE: preconditions, finalizers, the grace period of pods, and what the
//! propagation policy leaves for the garbage collector to find.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::body;
use super::clock::clock_text;
use super::controllers::fields::Fields as _;
use super::patch::managed_fields::Operation;
use super::query::dry_run;
use super::reads;
use super::request::{ObjectCall, Raw};
use super::status::{Cause, Refusal};
use super::world::{Reply, World, manager, success};
use super::writer::{Writer, set_meta};
use crate::objects::kinds::ApiKind;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";
const DEFAULT_GRACE: i64 = 30;

/// Who depends on the object, and what is to become of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Propagation {
    /// As the object's finalizers say already, else background.
    #[default]
    Unset,
    Background,
    Foreground,
    Orphan,
}

/// What the body of a DELETE says, or its query if it has none.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    uid: Option<String>,
    resource_version: Option<String>,
    grace: Option<i64>,
    propagation: Propagation,
    pub(super) dry_run: bool,
}

impl Options {
    fn read(raw: &Raw, call: &ObjectCall) -> Result<Self, Refusal> {
        if raw.is_bare() {
            return Ok(Self {
                grace: call.query.grace_period,
                propagation: propagation(call.query.propagation.as_deref().unwrap_or_default())?,
                dry_run: call.query.dry_run,
                ..Self::default()
            });
        }
        // Whatever the query says beside a body is not looked at.
        Self::of_body(&body::delete_options(raw)?, false)
    }

    /// Options that stand inside another body.
    ///
    /// # Errors
    /// 422 for values that make no sense.
    pub(super) fn of_body(body: &Value, dry_run: bool) -> Result<Self, Refusal> {
        let mut options = Self { dry_run, ..Self::default() };
        options.take(body)?;
        Ok(options)
    }

    /// What the body says beside the query.
    ///
    /// # Errors
    /// 422 for values that make no sense.
    fn take(&mut self, body: &Value) -> Result<(), Refusal> {
        if let (Some(_), Some(policy)) = (body["orphanDependents"].as_bool(), body["propagationPolicy"].as_str()) {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            let cause = Cause::invalid("propagationPolicy", &Value::from(policy), why);
            return Err(Refusal::invalid_named("meta.k8s.io", "DeleteOptions", "", &[cause]));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.uid = text(&body["preconditions"]["uid"]);
        self.resource_version = text(&body["preconditions"]["resourceVersion"]);
        self.grace = body["gracePeriodSeconds"].as_i64();
        if let Some(policy) = body["propagationPolicy"].as_str() {
            self.propagation = propagation(policy)?;
        } else if let Some(orphan) = body["orphanDependents"].as_bool() {
            self.propagation = if orphan { Propagation::Orphan } else { Propagation::Background };
        }
        let stages = body["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.dry_run |= dry_run(&stages.map(str::to_owned).collect::<Vec<_>>(), "DeleteOptions")?;
        Ok(())
    }

    /// A definition is checked in other words.
    fn check_definition(&self, kind: &ApiKind, object: &Value) -> Result<(), Refusal> {
        let stored = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
        let uid = ("UID", &self.uid, stored("uid"));
        let version = ("ResourceVersion", &self.resource_version, stored("resourceVersion"));
        for (what, wanted, stored) in [uid, version] {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| **wanted != stored) {
                let why =
                    format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {stored}");
                return Err(Refusal::conflict(kind, object["metadata"]["name"].as_str().unwrap_or_default(), &why));
            }
        }
        Ok(())
    }

    pub(super) fn check(&self, kind: &ApiKind, object: &Value) -> Result<(), Refusal> {
        let stored = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
        if kind.kind == "CustomResourceDefinition" {
            return self.check_definition(kind, object);
        }
        let wanted = [("UID", &self.uid, stored("uid"), "deleted and then recreated")];
        let version = [("ResourceVersion", &self.resource_version, stored("resourceVersion"), "modified")];
        for (what, wanted, stored, happened) in wanted.into_iter().chain(version) {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| **wanted != stored) {
                let why = format!(
                    "the {what} in the precondition ({wanted}) does not match the {what} in record ({stored}). The \
                     object might have been {happened}"
                );
                return Err(Refusal::precondition(kind, object["metadata"]["name"].as_str().unwrap_or_default(), &why));
            }
        }
        Ok(())
    }
}

fn propagation(policy: &str) -> Result<Propagation, Refusal> {
    match policy {
        "" => Ok(Propagation::Unset),
        "Background" => Ok(Propagation::Background),
        "Foreground" => Ok(Propagation::Foreground),
        "Orphan" => Ok(Propagation::Orphan),
        other => {
            let cause = Cause::unsupported("propagationPolicy", other, &["Foreground", "Background", "Orphan", "nil"]);
            Err(Refusal::invalid_named("meta.k8s.io", "DeleteOptions", "", &[cause]))
        }
    }
}

/// Kinds whose DELETE answers with the object instead of a `Status`.
fn answers_with_object(kind: &ApiKind) -> bool {
    matches!(
        kind.kind,
        "Pod"
            | "Service"
            | "PersistentVolume"
            | "PersistentVolumeClaim"
            | "ResourceQuota"
            | "ServiceAccount"
            | "StorageClass"
            | "VolumeAttachment"
    )
}

impl World {
    pub(super) fn delete(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let options = Options::read(raw, call)?;
        let old = self
            .store
            .object(call.kind, &call.namespace, &call.name)
            .cloned()
            .ok_or_else(|| Refusal::not_found(call.kind, &call.name))?;
        options.check(call.kind, &old)?;
        let writer = Writer {
            kind: call.kind,
            part: call.part,
            manager: manager(&call.query, raw),
            operation: Operation::Update,
            dry_run: options.dry_run,
        };
        let (last, is_gone) = self.doom(&writer, &old, &options)?;
        if !is_gone || answers_with_object(call.kind) {
            return Ok(Reply::object(200, &last));
        }
        let mut status = success();
        let mut details = json!({ "name": call.name });
        if !call.kind.group.is_empty() {
            details["group"] = Value::from(call.kind.group);
        }
        details["kind"] = Value::from(call.kind.plural);
        details["uid"] = old["metadata"]["uid"].clone();
        status["details"] = details;
        Ok(Reply::json(200, status))
    }

    /// Deletes what a list with this query would show, one by one.
    pub(super) fn delete_collection(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let options = Options::read(raw, call)?;
        let doomed = reads::listed(&self.store, call, None)?;
        let writer = Writer {
            kind: call.kind,
            part: call.part,
            manager: manager(&call.query, raw),
            operation: Operation::Update,
            dry_run: options.dry_run,
        };
        for object in &doomed.objects {
            let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
            // A page of the past may show what has changed or gone since.
            let Some(now) = self.store.object(call.kind, text("namespace"), text("name")).cloned() else { continue };
            options.check(call.kind, &now)?;
            self.doom(&writer, &now, &options)?;
        }
        // The answer shows what was found, as the real server does.
        Ok(Reply::json(200, doomed.body()))
    }

    /// Marks an object as terminating, or removes it; says which.
    pub(super) fn doom(
        &mut self,
        writer: &Writer,
        old: &Arc<Value>,
        options: &Options,
    ) -> Result<(Arc<Value>, bool), Refusal> {
        if writer.kind.kind == "Namespace" {
            return self.doom_namespace(writer, old);
        }
        if writer.kind.kind == "CustomResourceDefinition" {
            return Ok(self.doom_definition(writer, old));
        }
        let finalizers = finalizers(old, options.propagation);
        let grace = if writer.kind.kind == "Pod" { pod_grace(old, options.grace) } else { 0 };
        let mut new = Value::clone(old);
        set_meta(&mut new, "finalizers", if finalizers.is_empty() { Value::Null } else { finalizers.clone().into() });
        self.mark(old, &mut new, grace);
        if finalizers.is_empty() && grace == 0 {
            // That a pod has no grace (left) is written before it goes: two events.
            let is_told = writer.kind.kind == "Pod" && new != **old;
            let old = if is_told { self.put(writer, Some(old), new) } else { Arc::clone(old) };
            let mut last = Value::clone(&old);
            if !writer.dry_run {
                set_meta(&mut last, "resourceVersion", self.next_revision().to_string().into());
            }
            return Ok((self.remove(writer, &old, last), true));
        }
        if new == **old {
            return Ok((Arc::clone(old), false));
        }
        Ok((self.put(writer, Some(old), new), false))
    }

    /// Sets deletion time and grace. A grace period can be shortened, never
    /// prolonged, and a deletion never taken back (PV-53); it is counted from
    /// the first deletion on.
    fn mark(&self, old: &Value, new: &mut Value, grace: i64) {
        let ends = old["metadata"]["deletionTimestamp"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let is_terminating = ends.is_some();
        let current = current_grace(old);
        if is_terminating && grace >= current {
            return;
        }
        let begun = ends.and_then(|ends| ends.checked_sub(SignedDuration::from_secs(current)).ok()).unwrap_or(self.now);
        let at = begun.checked_add(SignedDuration::from_secs(grace)).unwrap_or(begun);
        set_meta(new, "deletionTimestamp", clock_text(at).into());
        set_meta(new, "deletionGracePeriodSeconds", grace.into());
        if let Some(generation) = old["metadata"]["generation"].as_i64().filter(|_| !is_terminating) {
            set_meta(new, "generation", generation.saturating_add(1).into());
        }
    }

    fn doom_namespace(&mut self, writer: &Writer, old: &Arc<Value>) -> Result<(Arc<Value>, bool), Refusal> {
        let name = old["metadata"]["name"].as_str().unwrap_or_default();
        if matches!(name, "default" | "kube-system" | "kube-public") {
            let why = "this namespace may not be deleted";
            return Err(Refusal::forbidden(writer.kind, name, why));
        }
        if !old["metadata"]["deletionTimestamp"].is_null() {
            return Ok((Arc::clone(old), false));
        }
        let mut new = Value::clone(old);
        set_meta(&mut new, "deletionTimestamp", clock_text(self.now).into());
        new["status"]["phase"] = Value::from("Terminating");
        Ok((self.put(writer, Some(old), new), false))
    }
}

/// The finalizers with the garbage collector's own put in or taken out.
fn finalizers(object: &Value, propagation: Propagation) -> Vec<String> {
    let current = object["metadata"]["finalizers"].as_array().into_iter().flatten();
    let mut out: Vec<String> = current.filter_map(Value::as_str).map(str::to_owned).collect();
    // Events have no dependents to wait for or to let go.
    let propagation = if object["kind"] == "Event" { Propagation::Background } else { propagation };
    let wanted = match propagation {
        Propagation::Unset => return out,
        Propagation::Background => None,
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Orphan => Some(ORPHAN),
    };
    out.retain(|name| name != ORPHAN && name != FOREGROUND);
    out.extend(wanted.map(str::to_owned));
    out
}

fn current_grace(object: &Value) -> i64 {
    object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0)
}

/// Pods that never ran, or are through, need no grace. One that goes already
/// keeps what it has, unless less is asked for.
fn pod_grace(pod: &Value, asked: Option<i64>) -> i64 {
    let asked = asked.map(|seconds| if seconds < 0 { 1 } else { seconds });
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        let current = current_grace(pod);
        return asked.map_or(current, |asked| asked.min(current));
    }
    let own = pod["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(DEFAULT_GRACE);
    let is_scheduled = pod["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
    if is_scheduled && !pod.has_ended() { asked.unwrap_or(own) } else { 0 }
}

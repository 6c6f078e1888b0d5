//! The `scale` subresource of StatefulSets, and the `binding` of pods: small
//! objects that stand for one field of a larger one.

use std::sync::Arc;

use serde_json::{Value, json};

use super::applies::{check_manager, configuration, typed_again};
use super::body;
use super::clock::clock_text;
use super::custom::{self, Replicas, Version};
use super::patch::managed_fields::{Claim, Managed, Operation};
use super::request::{ObjectCall, Part, PatchKind, Raw};
use super::schema::table;
use super::selectors::LabelSelector;
use super::status::{Cause, Refusal};
use super::topology;
use super::validation;
use super::world::{Reply, World, manager, success};
use super::writer::Writer;
use super::writes::{check_force, check_place, check_uid, patched, replacement, writer};
use crate::objects::kinds::ApiKind;

/// The `Scale` of a set.
#[must_use]
pub fn of_set(set: &Value) -> Value {
    let meta = &set["metadata"];
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {},
        "spec": {}, "status": {"replicas": set["status"]["replicas"].as_i64().unwrap_or(0)},
    });
    for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if !meta[name].is_null() {
            scale["metadata"][name] = meta[name].clone();
        }
    }
    if set["spec"]["replicas"].as_i64().unwrap_or(0) != 0 {
        scale["spec"]["replicas"] = set["spec"]["replicas"].clone();
    }
    if let Some(selector) = LabelSelector::of_spec(&set["spec"]["selector"]) {
        scale["status"]["selector"] = Value::from(selector.text());
    }
    scale
}

/// The `Scale` of a custom object.
///
/// # Errors
/// 500 if it does not say how many it wants.
pub fn of_custom(version: &Version, object: &Value) -> Result<Value, Refusal> {
    let Some(replicas) = &version.replicas else { return Err(Refusal::no_resource()) };
    if custom::at(object, &replicas.wanted).is_null() {
        let why = format!("the spec replicas field {:?} does not exist", format!(".{}", replicas.wanted.join(".")));
        return Err(Refusal::internal_cause(&why));
    }
    Ok(of_counts(replicas, object))
}

fn of_counts(replicas: &Replicas, object: &Value) -> Value {
    let of_set = json!({
        "metadata": object["metadata"], "spec": {"replicas": custom::at(object, &replicas.wanted)},
        "status": {"replicas": custom::at(object, &replicas.there)},
    });
    let mut scale = self::of_set(&of_set);
    let selector = replicas.selector.as_ref().and_then(|names| custom::at(object, names).as_str());
    if let Some(text) = selector.filter(|text| !text.is_empty()) {
        scale["status"]["selector"] = text.into();
    }
    scale
}

impl World {
    /// Where the numbers of a custom object stand.
    fn replicas(&self, kind: &ApiKind) -> Option<&Replicas> {
        self.store.version_of(kind).and_then(|(_, version)| version.replicas.as_ref())
    }

    /// The `Scale` of whatever object has one.
    fn scale_of(&self, kind: &ApiKind, object: &Value) -> Value {
        self.replicas(kind).map_or_else(|| of_set(object), |replicas| of_counts(replicas, object))
    }

    /// PUT or PATCH of `scale`: only `spec.replicas` counts, with the uid and
    /// resourceVersion of the body as preconditions.
    pub(super) fn scale(&mut self, raw: &Raw, call: &ObjectCall, patch: Option<PatchKind>) -> Result<Reply, Refusal> {
        let written = match patch {
            None => {
                let read = replacement(raw, call, None)?;
                (self.stored(call).and_then(|set| self.rescaled(raw, call, &set, &read.object)), read.warnings)
            }
            Some(PatchKind::Apply) => (self.apply_scale(raw, call), Vec::new()),
            Some(how @ (PatchKind::Json | PatchKind::Merge | PatchKind::Strategic)) => {
                check_force(call)?;
                let set = self.stored(call)?;
                let read = patched(raw, call, how, &self.scale_of(call.kind, &set), None)?;
                let set = check_place(call, &read.object)
                    .and_then(|()| check_patched_uid(call, &set, &read.object))
                    .and_then(|()| self.rescaled(raw, call, &set, &read.object));
                let mut warnings = read.warnings;
                warnings.sort_unstable();
                (set, warnings)
            }
        };
        match written {
            (Ok(set), warnings) => {
                let mut reply = Reply::json(200, self.scale_of(call.kind, &set));
                reply.warnings = warnings;
                Ok(reply)
            }
            (Err(refusal), warnings) => Err(refusal.after_warnings(warnings)),
        }
    }

    /// Server-side apply of a `Scale`: the set's entries that own the number are
    /// seen as those of the scale, and what becomes of them is written back.
    fn apply_scale(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Arc<Value>, Refusal> {
        check_manager(call)?;
        let set = self.stored(call)?;
        let shape = table().kind("Scale");
        let config = configuration(raw, call, &shape)?;
        let writer = writer(raw, call, Operation::Apply);
        let (owner, reset) = (writer.owner(), writer.reset());
        let claim = Claim { owner: &owner, reset: &reset, force: call.query.force.unwrap_or(false) };
        let (managed, scale) = (Managed::of(&set), self.scale_of(call.kind, &set));
        let seen = managed.of_scale();
        let seen = if seen.is_empty() { self.of_nobody(call, &scale, &reset) } else { seen };
        let applied = seen.apply(&shape, &scale, &config, &claim, self.now)?;
        let managed = managed.with_scale(&applied.managed, &call.kind.api_version());
        let scale = typed_again(call, &config, applied.object, None)?;
        check_place(call, &scale)?;
        self.with_scale(&writer, call, &set, &scale, Some(managed))
    }

    /// The set with the number that a `Scale` says.
    fn rescaled(
        &mut self,
        raw: &Raw,
        call: &ObjectCall,
        set: &Arc<Value>,
        scale: &Value,
    ) -> Result<Arc<Value>, Refusal> {
        self.with_scale(&writer(raw, call, Operation::Update), call, set, scale, None)
    }

    fn with_scale(
        &mut self,
        writer: &Writer,
        call: &ObjectCall,
        set: &Arc<Value>,
        scale: &Value,
        managed: Option<Managed>,
    ) -> Result<Arc<Value>, Refusal> {
        let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
        let mut causes = validation::of_scale_metadata(&scale["metadata"]);
        // A custom object says so itself.
        if replicas < 0 && !writer.kind.is_custom() {
            let why = "must be greater than or equal to 0";
            causes.push(Cause::invalid("spec.replicas", &Value::from(replicas), why));
        }
        if !causes.is_empty() {
            return Err(Refusal::invalid_named("autoscaling", "Scale", &call.name, &causes));
        }
        if let Some(uid) = scale["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty()) {
            check_uid(call, set, uid)?;
        }
        let mut new = Value::clone(set);
        match self.replicas(writer.kind) {
            Some(paths) => custom::put(&mut new, &paths.wanted, replicas.into()),
            None => new["spec"]["replicas"] = Value::from(replicas),
        }
        if let Some(version) = scale["metadata"]["resourceVersion"].as_str().filter(|version| !version.is_empty()) {
            new["metadata"]["resourceVersion"] = version.into();
        }
        self.replace(writer, set, new, managed)
    }

    /// POST of a pod's `binding`: puts it on a node, once.
    pub(super) fn bind(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let read = body::object(raw, "v1", "Binding", call.query.field_validation)?;
        if read.object["metadata"]["name"] != call.name.as_str() {
            return Err(Refusal::bad_request("name in URL does not match name in Binding object"));
        }
        let node = read.object["target"]["name"].as_str().unwrap_or_default().to_owned();
        if node.is_empty() {
            let cause = Cause::required("target.name", "");
            return Err(Refusal::invalid_named("", "Binding", &call.name, &[cause]));
        }
        let pod = self
            .store
            .object(call.kind, &call.namespace, &call.name)
            .ok_or_else(|| Refusal::not_found(call.kind, &call.name))?
            .clone();
        let why = if pod["metadata"]["deletionTimestamp"].is_null() {
            let bound = pod["spec"]["nodeName"].as_str().filter(|bound| !bound.is_empty());
            let gates = pod["spec"]["schedulingGates"].as_array().filter(|gates| !gates.is_empty());
            match (bound, gates) {
                (Some(bound), _) => Some(format!("pod {} is already assigned to node {bound:?}", call.name)),
                (None, Some(_)) => Some(format!("pod {} has non-empty .spec.schedulingGates", call.name)),
                (None, None) => None,
            }
        } else {
            Some(format!("pod {} is being deleted, cannot be assigned to a host", call.name))
        };
        if let Some(why) = why {
            return Err(binding_conflict(call, &why));
        }
        let mut new = Value::clone(&pod);
        new["spec"]["nodeName"] = Value::from(node);
        topology::label(&self.store, &mut new);
        let scheduled = json!({
            "type": "PodScheduled", "status": "True", "lastTransitionTime": clock_text(self.now),
        });
        let mut conditions = new["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.retain(|condition| condition["type"] != "PodScheduled");
        conditions.push(scheduled);
        new["status"]["conditions"] = Value::Array(conditions);
        let writer = Writer {
            kind: call.kind,
            part: Part::Binding,
            manager: manager(&call.query, raw),
            operation: Operation::Update,
            dry_run: call.query.dry_run,
        };
        self.replace(&writer, &pod, new, None)?;
        let mut status = success();
        status["code"] = Value::from(201);
        Ok(Reply::json(201, status))
    }
}

/// The UID in a patched `Scale` is a precondition of the scale.
fn check_patched_uid(call: &ObjectCall, set: &Value, scale: &Value) -> Result<(), Refusal> {
    let stored = set["metadata"]["uid"].as_str().unwrap_or_default();
    let Some(uid) = scale["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty() && *uid != stored) else {
        return Ok(());
    };
    let plural = if call.kind.plural == "statefulsets" { "statefulsets/scale" } else { call.kind.plural };
    let kind = crate::objects::kinds::ApiKind { plural, ..*call.kind };
    let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {stored}");
    Err(Refusal::conflict(&kind, &call.name, &why))
}

fn binding_conflict(call: &ObjectCall, why: &str) -> Refusal {
    let binding = crate::objects::kinds::ApiKind { plural: "pods/binding", ..*call.kind };
    Refusal::conflict(&binding, &call.name, why)
}

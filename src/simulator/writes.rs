//! POST, PUT and PATCH of objects and their status, up to the point where the
//! new object is known; `lifecycle` takes it from there.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::body::{self, Read};
use super::custom::{self, Version};
use super::document::json_type;
use super::import::newer;
use super::owners::{Found, named_once};
use super::patch::managed_fields::Operation;
use super::patch::{json, merge, strategic, unstructured};
use super::request::{Action, ObjectCall, Part, PatchKind, Raw};
use super::schema::table;
use super::status::{Cause, Refusal};
use super::warnings;
use super::world::{Reply, World, manager};
use super::writer::Writer;
use crate::objects::kinds::ApiKind;

/// What Go reads patches into.
const INTO_MAP: &str = "into Go value of type map[string]interface {}";

/// An object for another namespace than the request's.
pub(super) const OTHER_NAMESPACE: &str =
    "the namespace of the provided object does not match the namespace sent on the request";

pub(super) fn writer(raw: &Raw, call: &ObjectCall, operation: Operation) -> Writer {
    Writer {
        kind: call.kind,
        part: call.part,
        manager: manager(&call.query, raw),
        operation,
        dry_run: call.query.dry_run,
    }
}

/// The answer to a write: what was read oddly, then what the server thinks of
/// the outcome.
pub(super) fn reply(call: &ObjectCall, old: Option<&Value>, object: &Arc<Value>, mut warnings: Vec<String>) -> Reply {
    let mut reply = Reply::object(if old.is_some() { 200 } else { 201 }, object);
    if call.part == Part::Whole {
        warnings.extend(warnings::of(call.kind, old, object));
    }
    reply.warnings = warnings;
    reply
}

impl World {
    pub(super) fn create(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let Read { mut object, mut warnings } = self.read(raw, call)?;
        warnings.extend(named_once(&mut object, Found::InTheBody));
        self.check_definition_lives(call, object["metadata"]["name"].as_str().unwrap_or_default())?;
        let created = self.insert(&writer(raw, call, Operation::Update), &call.namespace, object, None)?;
        Ok(reply(call, None, &created, warnings))
    }

    pub(super) fn stored(&self, call: &ObjectCall) -> Result<Arc<Value>, Refusal> {
        self.store
            .object(call.kind, &call.namespace, &call.name)
            .cloned()
            .ok_or_else(|| Refusal::not_found(call.kind, &call.name))
    }

    pub(super) fn update(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let Read { mut object, mut warnings } = replacement(raw, call, self.custom(call))?;
        warnings.extend(named_once(&mut object, Found::InTheBody));
        let old = self.stored(call)?;
        if let Some(uid) = object["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty()) {
            check_uid(call.kind, &old, uid)?;
        }
        let written = self.replace(&writer(raw, call, Operation::Update), &old, object, None)?;
        Ok(reply(call, Some(&old), &written, warnings))
    }

    pub(super) fn patch(&mut self, raw: &Raw, call: &ObjectCall, how: PatchKind) -> Result<Reply, Refusal> {
        if how == PatchKind::Apply {
            return self.apply(raw, call);
        }
        check_force(call)?;
        let old = self.stored(call)?;
        let is_copied = self.origin.is_some() && !call.kind.is_custom();
        let known = if is_copied { newer::without(call.kind, &old) } else { Arc::clone(&old) };
        let Read { mut object, mut warnings } = patched(raw, call, how, &known, self.custom(call))?;
        warnings.extend(named_once(&mut object, Found::InThePatched));
        let written = self.replace(&writer(raw, call, Operation::Update), &old, object, None)?;
        Ok(reply(call, Some(&old), &written, warnings))
    }
}

/// What the body of a write through this endpoint is: the object itself, or the
/// `Scale` that stands for it.
pub(super) fn body_kind(call: &ObjectCall) -> (String, &'static str) {
    match call.part {
        Part::Scale => ("autoscaling/v1".to_owned(), "Scale"),
        Part::Whole | Part::Status | Part::Binding | Part::Eviction | Part::Finalize | Part::Log => {
            (call.kind.api_version(), call.kind.name())
        }
    }
}

/// The body of a PUT.
///
/// # Errors
/// 400 for what cannot be read, or is for another place than the path's.
pub(super) fn replacement(raw: &Raw, call: &ObjectCall, custom: Option<&Version>) -> Result<Read, Refusal> {
    let (api_version, kind) = body_kind(call);
    let validation = call.query.field_validation;
    let read = match custom {
        Some(version) => custom::body(raw, version, validation)?,
        None => body::object(raw, &api_version, kind, validation)?,
    };
    check_name(call, &read.object)?;
    let given = read.object["metadata"]["namespace"].as_str().unwrap_or_default();
    if call.kind.namespaced && !given.is_empty() && given != call.namespace {
        return Err(Refusal::bad_request(OTHER_NAMESPACE));
    }
    Ok(read)
}

/// Only an apply overrules anybody.
pub(super) fn check_force(call: &ObjectCall) -> Result<(), Refusal> {
    if call.query.force.is_none() {
        return Ok(());
    }
    let cause = Cause::forbidden("force", "may not be specified for non-apply patch");
    Err(Refusal::invalid_named("meta.k8s.io", "PatchOptions", "", &[cause]))
}

/// What a patch of the request makes of an object.
///
/// # Errors
/// 400 or 422 for a patch that cannot be done, or whose outcome is no such object.
pub(super) fn patched(
    raw: &Raw,
    call: &ObjectCall,
    how: PatchKind,
    known: &Value,
    custom: Option<&Version>,
) -> Result<Read, Refusal> {
    let change = body::json(raw, body_kind(call).1)?;
    let read = match how {
        PatchKind::Json => read_again(call, json::apply(known, &change)?, custom)?,
        PatchKind::Merge => read_again(call, merged(known, &change)?, custom)?,
        PatchKind::Strategic | PatchKind::Apply => strategically(call, known, &change)?,
    };
    check_name(call, &read.object)?;
    check_place(call, &read.object)?;
    Ok(read)
}

fn merged(known: &Value, change: &Value) -> Result<Value, Refusal> {
    if change.is_null() {
        return Err(Refusal::bad_request("Invalid JSON Patch"));
    }
    if !change.is_object() {
        let found = json_type(change);
        let why = format!("error decoding patch: json: cannot unmarshal {found} {INTO_MAP}");
        return Err(Refusal::bad_request(&why));
    }
    Ok(merge::apply(known, change))
}

/// A patched object, read like a body.
fn read_again(call: &ObjectCall, patched: Value, custom: Option<&Version>) -> Result<Read, Refusal> {
    if let Some(version) = custom {
        return custom::patched(patched, version, call.query.field_validation);
    }
    let (api_version, kind) = body_kind(call);
    body::patched(patched, &api_version, kind, call.query.field_validation)
}

/// A strategically merged object; what cannot be read is told with the patch.
fn strategically(call: &ObjectCall, old: &Value, patch: &Value) -> Result<Read, Refusal> {
    let (api_version, kind) = body_kind(call);
    let nothing = Value::Object(Map::new());
    let patch = if patch.is_null() { &nothing } else { patch };
    if !patch.is_object() {
        let found = json_type(patch);
        return Err(Refusal::bad_request(&format!("json: cannot unmarshal {found} {INTO_MAP}")));
    }
    let shape = table().kind(kind);
    let mut merged = strategic::apply(&shape, old, patch)?;
    let shown = unstructured::go_text(patch);
    unstructured::convert(&shape, &mut merged).map_err(|why| body::unusable(&shown, &why))?;
    body::patched_as(merged, &shown, &api_version, kind, call.query.field_validation)
}

/// The name of an object that is written by name is in the body as well.
fn check_name(call: &ObjectCall, object: &Value) -> Result<(), Refusal> {
    let named = object["metadata"]["name"].as_str().unwrap_or_default();
    if named.is_empty() {
        let why = "was undeterminable: name must be provided";
        return Err(Refusal::bad_request(&format!("the name of the object ({} based on URL) {why}", call.name)));
    }
    check_place(call, &serde_json::json!({"metadata": {"name": named}}))
}

/// What names and namespaces an object names are those of its path.
pub(super) fn check_place(call: &ObjectCall, object: &Value) -> Result<(), Refusal> {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
    if !text("name").is_empty() && text("name") != call.name {
        let message =
            format!("the name of the object ({}) does not match the name on the URL ({})", text("name"), call.name);
        return Err(Refusal::bad_request(&message));
    }
    if call.kind.namespaced && !text("namespace").is_empty() && text("namespace") != call.namespace {
        let is_patch = matches!(call.action, Action::Patch(_));
        let message = if is_patch {
            "the namespace of the provided object does not match the namespace sent on the request".to_owned()
        } else {
            let (found, wanted) = (text("namespace"), &call.namespace);
            format!("the namespace of the object ({found}) does not match the namespace on the request ({wanted})")
        };
        return Err(Refusal::bad_request(&message));
    }
    Ok(())
}

/// The UID in the body of a PUT is a precondition.
pub(super) fn check_uid(kind: &ApiKind, old: &Value, uid: &str) -> Result<(), Refusal> {
    let stored = |name: &str| old["metadata"][name].as_str().unwrap_or_default();
    if stored("uid") == uid {
        return Ok(());
    }
    let folder = match kind.kind {
        "Node" => "minions",
        "Service" => "services/specs",
        _ => kind.plural,
    };
    let place = if kind.namespaced { format!("{folder}/{}", stored("namespace")) } else { folder.to_owned() };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{place}/{}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
        stored("name"),
        stored("uid"),
    );
    Err(Refusal::conflict(kind, stored("name"), &why))
}

//! POST, PUT and PATCH of objects and their status, up to the point where the
//! new object is known; `lifecycle` takes it from there.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::applies::creation;
use super::body::{self, Read};
use super::custom::{self, Version};
use super::document::json_type;
use super::import::newer;
use super::owners::{Found, named_once};
use super::patch::managed_fields::Operation;
use super::patch::{json, merge, strategic, unstructured};
use super::request::{ObjectCall, Part, PatchKind, Raw};
use super::schema::table;
use super::settle::settle_changed;
use super::status::{Cause, Refusal};
use super::warnings;
use super::world::{Reply, World, manager};
use super::writer::{Writer, set_meta};
use crate::objects::kinds::ApiKind;

/// What Go reads patches into.
const INTO_MAP: &str = "into Go value of type map[string]interface {}";

/// The field of the metadata that says who wrote what.
const MANAGERS: &str = "managedFields";
/// The managers are about half of an object. A patch that does not name them leaves
/// them to the server, which knows them from what is stored.
const MANAGERS_LEFT_OUT: &[&str] = &["metadata", MANAGERS];

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

/// What a write has done.
pub(super) struct Written {
    pub old: Option<Arc<Value>>,
    pub new: Arc<Value>,
}

/// The answer to a write: what was read oddly, whether or not it was done,
/// then what the server thinks of the outcome.
pub(super) fn told(
    call: &ObjectCall,
    outcome: Result<Written, Refusal>,
    mut warnings: Vec<String>,
) -> Result<Reply, Refusal> {
    let Written { old, new } = match outcome {
        Ok(written) => written,
        Err(refusal) => return Err(refusal.after_warnings(warnings)),
    };
    let mut reply = Reply::object(if old.is_some() { 200 } else { 201 }, &new);
    if call.part == Part::Whole {
        warnings.extend(warnings::of(call.kind, old.as_deref(), &new));
    }
    reply.warnings = warnings;
    Ok(reply)
}

/// A posted object without what the server says of its life.
fn wiped(mut object: Value) -> Value {
    for name in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        set_meta(&mut object, name, Value::Null);
    }
    object
}

/// Kinds of which a PUT makes the object that is not there, of Services even
/// one of the status.
pub(super) fn is_made_by_put(kind: &ApiKind) -> bool {
    let rights = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
    rights.contains(&kind.kind) || matches!(kind.kind, "Endpoints" | "Event" | "Lease" | "Service")
}

impl World {
    pub(super) fn create(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let Read { mut object, mut warnings } = self.read(raw, call)?;
        warnings.extend(named_once(&mut object, Found::InTheBody));
        self.check_definition_lives(call, object["metadata"]["name"].as_str().unwrap_or_default())?;
        let created = self.insert(&writer(raw, call, Operation::Update), &call.namespace, wiped(object), None);
        told(call, created.map(|new| Written { old: None, new }), warnings)
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
        let written = self.updated(raw, call, object);
        told(call, written, warnings)
    }

    fn updated(&mut self, raw: &Raw, call: &ObjectCall, mut object: Value) -> Result<Written, Refusal> {
        let mut writer = writer(raw, call, Operation::Update);
        let uid = object["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty());
        let old = match self.stored(call) {
            Ok(old) => old,
            Err(_) if is_made_by_put(call.kind) => {
                if let Some(uid) = uid {
                    check_uid(call, &Value::Null, uid)?;
                }
                let may_create = self.rights().check(raw.user.as_ref(), &creation(call));
                writer.dry_run |= may_create.is_err();
                if !writer.dry_run {
                    set_meta(&mut object, "resourceVersion", Value::Null);
                }
                let new = self.insert(&writer, &call.namespace, object, None)?;
                may_create?;
                return Ok(Written { old: None, new });
            }
            Err(refusal) => return Err(refusal),
        };
        if let Some(uid) = uid {
            check_uid(call, &old, uid)?;
        }
        let new = self.replace(&writer, &old, object, None)?;
        Ok(Written { old: Some(old), new })
    }

    pub(super) fn patch(&mut self, raw: &Raw, call: &ObjectCall, how: PatchKind) -> Result<Reply, Refusal> {
        if how == PatchKind::Apply {
            return self.apply(raw, call);
        }
        check_force(call)?;
        let old = self.stored(call)?;
        let known = if self.has_newer(call.kind) { newer::without(call.kind, &old) } else { Cow::Borrowed(&*old) };
        let Read { mut object, mut warnings } = patched(raw, call, how, &known, self.custom(call))?;
        warnings.extend(named_once(&mut object, Found::InThePatched));
        let written = check_place(call, &object)
            .and_then(|()| self.replace(&writer(raw, call, Operation::Update), &old, object, None));
        told(call, written.map(|new| Written { old: Some(old), new }), warnings)
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
    if let Err(refusal) = check_place(call, &read.object) {
        return Err(refusal.after_warnings(read.warnings));
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
/// 400 or 422 for a patch that cannot be done, or whose outcome is no such
/// object. Whether it has the place of its path is left to the caller.
pub(super) fn patched(
    raw: &Raw,
    call: &ObjectCall,
    how: PatchKind,
    known: &Value,
    custom: Option<&Version>,
) -> Result<Read, Refusal> {
    let change = body::json(raw, body_kind(call).1)?;
    match how {
        PatchKind::Json => {
            let shown = || json::apply(known, &change).unwrap_or_default();
            read_again(call, json::apply(known, &change)?, shown, custom)
        }
        PatchKind::Merge => {
            check_merge(&change)?;
            let keeps_managers = custom.is_some() || change["metadata"].get(MANAGERS).is_some();
            let left_out = if keeps_managers { &[] } else { MANAGERS_LEFT_OUT };
            let mut object = merge::applied(known, &change, left_out);
            if custom.is_none() && body::is_plain_change(&change, body_kind(call).1) {
                settle_changed(&table().kind(body_kind(call).1), &mut object, &change);
                return Ok(Read { object, warnings: Vec::new() });
            }
            read_again(call, object, || merge::applied(known, &change, &[]), custom)
        }
        PatchKind::Strategic | PatchKind::Apply => strategically(call, known, &change),
    }
}

/// Only an object can be merged into one.
fn check_merge(change: &Value) -> Result<(), Refusal> {
    if change.is_null() {
        return Err(Refusal::bad_request("Invalid JSON Patch"));
    }
    if !change.is_object() {
        let found = json_type(change);
        let why = format!("error decoding patch: json: cannot unmarshal {found} {INTO_MAP}");
        return Err(Refusal::bad_request(&why));
    }
    Ok(())
}

/// A patched object, read like a body. `shown` is what is told of it where it
/// cannot be read.
fn read_again(
    call: &ObjectCall,
    object: Value,
    shown: impl Fn() -> Value,
    custom: Option<&Version>,
) -> Result<Read, Refusal> {
    if let Some(version) = custom {
        return custom::patched(object, version, call.query.field_validation);
    }
    let (api_version, kind) = body_kind(call);
    let shown = || shown().to_string();
    body::patched(object, shown, &api_version, kind, call.query.field_validation)
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
    let shown = || unstructured::go_text(&strategic::spent(old, patch));
    unstructured::convert(&shape, &mut merged).map_err(|why| body::unusable(&shown(), &why))?;
    body::restored(merged, shown, &api_version, kind, call.query.field_validation)
}

/// An object that is written by name has the namespace and the name of its path.
pub(super) fn check_place(call: &ObjectCall, object: &Value) -> Result<(), Refusal> {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
    if call.kind.namespaced && !text("namespace").is_empty() && text("namespace") != call.namespace {
        return Err(Refusal::bad_request(OTHER_NAMESPACE));
    }
    let (name, wanted) = (text("name"), &call.name);
    if name.is_empty() {
        let why = "was undeterminable: name must be provided";
        return Err(Refusal::bad_request(&format!("the name of the object ({wanted} based on URL) {why}")));
    }
    if name != wanted {
        let message = format!("the name of the object ({name}) does not match the name on the URL ({wanted})");
        return Err(Refusal::bad_request(&message));
    }
    Ok(())
}

/// The UID in the body of a PUT is a precondition; of nothing, it is not met.
pub(super) fn check_uid(call: &ObjectCall, old: &Value, uid: &str) -> Result<(), Refusal> {
    let stored = old["metadata"]["uid"].as_str().unwrap_or_default();
    if stored == uid {
        return Ok(());
    }
    let folder = match call.kind.kind {
        "Node" => "minions",
        "Service" => "services/specs",
        "Endpoints" => "services/endpoints",
        _ => call.kind.plural,
    };
    let place = if call.kind.namespaced { format!("{folder}/{}", call.namespace) } else { folder.to_owned() };
    // A dry run looks at the key without the prefix of the whole cluster.
    let prefix = if call.query.dry_run { "" } else { "/registry" };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {prefix}/{place}/{}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {uid}, UID in object meta: {stored}",
        call.name,
    );
    Err(Refusal::conflict(call.kind, &call.name, &why))
}

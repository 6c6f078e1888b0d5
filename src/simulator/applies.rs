//! Server-side apply of objects: what an applied configuration makes of what is
//! there, or that it makes it. `scale` reads its own through the same functions.

use std::sync::Arc;

use serde_json::Value;

use super::body;
use super::custom::{self, Version};
use super::document::Node;
use super::patch::field_set::FieldSet;
use super::patch::managed_fields::{Claim, Managed, Operation, Owner};
use super::patch::{last_applied, typed, unstructured};
use super::query::FieldValidation;
use super::request::{Action, ObjectCall, Part, Raw};
use super::schema::{Shape, table};
use super::status::{Cause, Refusal};
use super::world::{Reply, World};
use super::writer::set_meta;
use super::writes::{Written, body_kind, check_place, is_made_by_put, told, writer};

impl World {
    /// Server-side apply: creates or merges, and remembers who said what.
    pub(super) fn apply(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        check_manager(call)?;
        let old = match self.stored(call) {
            Ok(old) => Some(old),
            Err(_) if call.part == Part::Whole || is_made_by_put(call.kind) => None,
            Err(refusal) => return Err(refusal),
        };
        let shape = &*self.store.shape(call.kind);
        let config = configuration(raw, call, shape)?;
        let mut writer = writer(raw, call, Operation::Apply);
        let (reset, owner) = (writer.reset(), writer.owner());
        let claim = Claim { owner: &owner, reset: &reset, force: call.query.force.unwrap_or(false) };
        if old.is_none() {
            self.check_definition_lives(call, &call.name)?;
        }
        let managed = old.as_ref().map_or_else(Managed::default, |old| self.managed_before_apply(call, old, &reset));
        let nothing = shape.zero();
        let live = old.as_deref().unwrap_or(&nothing);
        let mut applied = managed.apply(shape, live, &config, &claim, self.now)?;
        let sent = || body::configuration(raw).map(Node::value);
        last_applied::keep_in_step(&call.query.field_manager, sent, &mut applied.object)?;
        let mut object = typed_again(call, &config, applied.object, self.custom(call))?;
        if let (None, Some(uid)) = (&old, object["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty())) {
            let why =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Refusal::conflict(call.kind, &call.name, &why));
        }
        check_place(call, &object)?;
        let written = if let Some(old) = &old {
            self.replace(&writer, old, object, Some(applied.managed))
        } else {
            let may_create = self.rights().check(raw.user.as_ref(), &creation(call));
            if !writer.dry_run {
                set_meta(&mut object, "resourceVersion", Value::Null);
            }
            // What is wrong with the object is said before what its writer may not do.
            writer.dry_run |= may_create.is_err();
            self.insert(&writer, &call.namespace, object, Some(applied.managed))
                .and_then(|new| may_create.map(|()| new))
        };
        told(call, written.map(|new| Written { old, new }), Vec::new())
    }

    /// Objects that nobody's fields are known of belong to `before-first-apply`.
    fn managed_before_apply(&self, call: &ObjectCall, old: &Value, reset: &FieldSet) -> Managed {
        let managed = Managed::of(old);
        if managed.is_empty() { self.of_nobody(call, old, reset) } else { managed }
    }

    /// The one entry of an object, or of a set's scale, that has none.
    pub(super) fn of_nobody(&self, call: &ObjectCall, old: &Value, reset: &FieldSet) -> Managed {
        let (api_version, kind) = body_kind(call);
        let owner = Owner {
            operation: Operation::Update,
            manager: "before-first-apply".to_owned(),
            api_version,
            subresource: call.part.name().to_owned(),
        };
        let shape = if call.part == Part::Scale { Arc::new(table().kind(kind)) } else { self.store.shape(call.kind) };
        let mut managed = Managed::default();
        managed.updated(&shape, &shape.zero(), old, &owner, reset, self.now);
        managed
    }
}

/// What a write does that finds nothing.
pub(super) fn creation(call: &ObjectCall) -> ObjectCall {
    ObjectCall { action: Action::Create, ..call.clone() }
}

/// Whoever applies has a name.
///
/// # Errors
/// 422 without one.
pub(super) fn check_manager(call: &ObjectCall) -> Result<(), Refusal> {
    if !call.query.field_manager.is_empty() {
        return Ok(());
    }
    let cause = Cause::required("fieldManager", "is required for apply patch");
    Err(Refusal::invalid_named("meta.k8s.io", "PatchOptions", "", &[cause]))
}

/// Reads and checks an applied configuration.
///
/// # Errors
/// 400 or 500 for a configuration that is none.
pub(super) fn configuration(raw: &Raw, call: &ObjectCall, shape: &Shape) -> Result<Value, Refusal> {
    let node = body::configuration(raw)?;
    let (api_version, kind) = body_kind(call);
    if !matches!(node, Node::Object(_) | Node::Null) {
        let found = node.json_type();
        let why = format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
        let message = format!("error decoding YAML: error unmarshaling JSON: while decoding JSON: {why}");
        return Err(Refusal::bad_request(&message));
    }
    if call.query.field_validation == FieldValidation::Strict {
        // Only duplicates: unknown fields are refused below, whatever was asked for.
        let mut duplicates = Vec::new();
        custom::duplicates(&node, "", &mut duplicates);
        if !duplicates.is_empty() {
            return Err(Refusal::bad_request(&format!("error strict decoding YAML: {}", duplicates.join(", "))));
        }
    }
    let config = node.value();
    let text = |name: &str| config[name].as_str().unwrap_or_default().to_owned();
    if text("kind") != kind || text("apiVersion") != api_version {
        let version = text("apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        let message = format!("invalid object type: {group}/{version}, Kind={}", text("kind"));
        return Err(Refusal::bad_request(&message));
    }
    // What is no list of entries is for the schema to refuse.
    let managers = config["metadata"]["managedFields"].as_array();
    if managers.is_some_and(|entries| entries.iter().all(Value::is_object)) {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    if let Some(fault) = typed::fault(shape, &config) {
        let what = called(call, &config);
        return Err(Refusal::internal(&format!("failed to create typed patch object ({what}): {fault}")));
    }
    Ok(config)
}

/// Version and kind of what is applied, as Go writes them.
fn versioned(call: &ObjectCall) -> String {
    let (api_version, kind) = body_kind(call);
    let group = if api_version.contains('/') { api_version } else { format!("/{api_version}") };
    format!("{group}, Kind={kind}")
}

/// What the server calls a configuration: its namespace, its name, its kind.
fn called(call: &ObjectCall, config: &Value) -> String {
    let text = |name: &str| config["metadata"][name].as_str().unwrap_or_default();
    format!("{}/{}; {}", text("namespace"), text("name"), versioned(call))
}

/// The merged object, read the way an object from outside would be.
pub(super) fn typed_again(
    call: &ObjectCall,
    config: &Value,
    mut object: Value,
    custom: Option<&Version>,
) -> Result<Value, Refusal> {
    if let Some(version) = custom {
        return Ok(custom::again(object, version));
    }
    let (api_version, kind) = body_kind(call);
    let restored = unstructured::convert(&table().kind(kind), &mut object);
    restored.and_then(|()| body::merged(object, &api_version, kind)).map_err(|why| {
        let why = format!("unable to convert unstructured object to {}: {why}", versioned(call));
        let what = called(call, config);
        Refusal::internal(&format!("failed to convert new object ({what}) to proper version: {why}"))
    })
}

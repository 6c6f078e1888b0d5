//! Server-side apply of objects: what an applied configuration makes of what is
//! there, or that it makes it. `scale` reads its own through the same functions.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::body;
use super::custom::{self, Version};
use super::document::Node;
use super::patch::field_set::FieldSet;
use super::patch::managed_fields::{Claim, Managed, Operation, Owner};
use super::patch::{last_applied, typed};
use super::query::FieldValidation;
use super::request::{Action, ObjectCall, Part, Raw};
use super::schema::{Shape, table};
use super::status::{Cause, Refusal};
use super::world::{Reply, World};
use super::writer::set_meta;
use super::writes::{body_kind, check_place, reply, writer};

impl World {
    /// Server-side apply: creates or merges, and remembers who said what.
    pub(super) fn apply(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let shape = &*self.store.shape(call.kind);
        let mut config = configuration(raw, call, shape)?;
        let sent = || body::configuration(raw).map(Node::value);
        let mut writer = writer(raw, call, Operation::Apply);
        let reset = writer.reset();
        let owner = writer.owner();
        let claim = Claim { owner: &owner, reset: &reset, force: call.query.force.unwrap_or(false) };
        let Ok(old) = self.stored(call) else {
            if call.part != Part::Whole {
                return Err(Refusal::not_found(call.kind, &call.name));
            }
            if let Some(uid) = config["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty()) {
                let why =
                    format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
                return Err(Refusal::conflict(call.kind, &call.name, &why));
            }
            self.check_definition_lives(call, &call.name)?;
            set_meta(&mut config, "resourceVersion", Value::Null);
            let mut applied = Managed::default().apply(shape, &shape.zero(), &config, &claim, self.now)?;
            last_applied::keep_in_step(&call.query.field_manager, sent, &mut applied.object)?;
            let object = typed_again(call, applied.object, self.custom(call))?;
            let may_create = self.rights().check(raw.user.as_ref(), &creation(call));
            // What is wrong with the object is said before what its writer may not do.
            writer.dry_run |= may_create.is_err();
            let created = self.insert(&writer, &call.namespace, object, Some(applied.managed))?;
            may_create?;
            return Ok(reply(call, None, &created, Vec::new()));
        };
        let managed = self.managed_before_apply(call, &old);
        let mut applied = managed.apply(shape, &old, &config, &claim, self.now)?;
        last_applied::keep_in_step(&call.query.field_manager, sent, &mut applied.object)?;
        let object = typed_again(call, applied.object, self.custom(call))?;
        let written = self.replace(&writer, &old, object, Some(applied.managed))?;
        Ok(reply(call, Some(&old), &written, Vec::new()))
    }

    /// Objects that nobody's fields are known of belong to `before-first-apply`.
    fn managed_before_apply(&self, call: &ObjectCall, old: &Value) -> Managed {
        let managed = Managed::of(old);
        if managed.is_empty() { self.of_nobody(call, old) } else { managed }
    }

    /// The one entry of an object, or of a set's scale, that has none.
    pub(super) fn of_nobody(&self, call: &ObjectCall, old: &Value) -> Managed {
        let (api_version, kind) = body_kind(call);
        let owner = Owner {
            operation: Operation::Update,
            manager: "before-first-apply".to_owned(),
            api_version,
            subresource: call.part.name().to_owned(),
        };
        let shape = if call.part == Part::Scale { Arc::new(table().kind(kind)) } else { self.store.shape(call.kind) };
        let mut managed = Managed::default();
        managed.updated(&shape, &shape.zero(), old, &owner, &FieldSet::default(), self.now);
        managed
    }
}

/// What an apply does that finds nothing.
fn creation(call: &ObjectCall) -> ObjectCall {
    ObjectCall { action: Action::Create, ..call.clone() }
}

/// Reads and checks an applied configuration.
///
/// # Errors
/// 422 without a manager; 400 or 500 for a configuration that is none.
pub(super) fn configuration(raw: &Raw, call: &ObjectCall, shape: &Shape) -> Result<Value, Refusal> {
    if call.query.field_manager.is_empty() {
        let cause = Cause::required("fieldManager", "is required for apply patch");
        return Err(Refusal::invalid_named("meta.k8s.io", "PatchOptions", "", &[cause]));
    }
    let node = body::configuration(raw)?;
    let (api_version, kind) = body_kind(call);
    if call.query.field_validation == FieldValidation::Strict {
        // Only duplicates: unknown fields are refused below, whatever was asked for.
        let mut duplicates = Vec::new();
        custom::duplicates(&node, "", &mut duplicates);
        if !duplicates.is_empty() {
            return Err(Refusal::bad_request(&format!("error strict decoding YAML: {}", duplicates.join(", "))));
        }
    }
    let mut config = node.value();
    let text = |name: &str| config[name].as_str().unwrap_or_default().to_owned();
    if text("kind") != kind || text("apiVersion") != api_version {
        let version = text("apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        let message = format!("invalid object type: {group}/{version}, Kind={}", text("kind"));
        return Err(Refusal::bad_request(&message));
    }
    let meta = &config["metadata"];
    if !meta["managedFields"].is_null() {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    check_place(call, &config)?;
    if let Some(fault) = typed::fault(shape, &config) {
        let group = if api_version.contains('/') { api_version } else { format!("/{api_version}") };
        let namespace = config["metadata"]["namespace"].as_str().unwrap_or_default();
        let what = format!("{namespace}/{}; {group}, Kind={kind}", call.name);
        return Err(Refusal::internal(&format!("failed to create typed patch object ({what}): {fault}")));
    }
    if let Some(fields) = config.as_object_mut()
        && let Some(meta) = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    {
        meta.insert("name".to_owned(), call.name.clone().into());
        if call.kind.namespaced {
            meta.insert("namespace".to_owned(), call.namespace.clone().into());
        }
    }
    Ok(config)
}

/// The merged object, read the way an object from outside would be.
pub(super) fn typed_again(call: &ObjectCall, object: Value, custom: Option<&Version>) -> Result<Value, Refusal> {
    if let Some(version) = custom {
        return Ok(custom::again(object, version));
    }
    let (api_version, kind) = body_kind(call);
    Ok(body::typed(object.into(), &api_version, kind, FieldValidation::Ignore)?.object)
}

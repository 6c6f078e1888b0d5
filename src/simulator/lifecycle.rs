//! What happens to an object on its way into the store: defaults, ownership of
//! fields, server-set metadata, admission, validation, generation. POST, PUT,
//! all patches and the subresources meet here.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::admission;
use super::allocation;
use super::clock::clock_text;
use super::custom;
use super::defaults;
use super::identity;
use super::import::newer;
use super::limits;
use super::patch::managed_fields::Managed;
use super::priority;
use super::request::Part;
use super::room;
use super::schema::{is_same_spec, table};
use super::settle::settle;
use super::status::Refusal;
use super::store::Commit;
use super::validation;
use super::version;
use super::world::World;
use super::writer::{Writer, carry_metadata, carry_over, fill_metadata, set_meta};
use crate::objects::kinds::ApiKind;

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object["metadata"][name].as_str().unwrap_or_default()
}

/// Kinds whose objects count the changes of their spec.
fn has_generation(kind: &ApiKind) -> bool {
    let known = matches!(
        kind.kind,
        "StatefulSet" | "Pod" | "PodDisruptionBudget" | "EndpointSlice" | "CustomResourceDefinition" | "PriorityClass"
    );
    known || kind.is_custom()
}

/// The object with defaults filled in, in the server's spelling.
fn completed(kind: &ApiKind, mut object: Value) -> Value {
    if kind.is_custom() {
        return object;
    }
    defaults::apply(kind, &mut object);
    settle(&table().kind(kind.kind), object).unwrap_or_default()
}

impl World {
    /// Brings a new object in. `managed` is given by server-side apply.
    ///
    /// # Errors
    /// The refusals of admission and validation; 409 if it exists.
    pub(super) fn insert(
        &mut self,
        writer: &Writer,
        namespace: &str,
        object: Value,
        managed: Option<Managed>,
    ) -> Result<Arc<Value>, Refusal> {
        let kind = writer.kind;
        let mut object = completed(kind, object);
        self.keep_version(kind, &mut object);
        for name in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            set_meta(&mut object, name, Value::Null);
        }
        let managed = managed.unwrap_or_else(|| {
            let mut managed = Managed::of(&object);
            let shape = self.store.shape(kind);
            managed.updated(&shape, &shape.zero(), &object, &writer.owner(), &writer.reset(), self.now);
            managed
        });
        admission::namespace(&self.store, kind, namespace, text(&object, "name"))?;
        self.prepare_new(writer, namespace, &mut object)?;
        admission::admit_new(&self.store, kind, &mut object, self.now);
        priority::admit(&self.store, kind, true, &mut object)?;
        limits::admit(&self.store, kind, &object, self.origin.is_some())?;
        let name = text(&object, "name").to_owned();
        allocation::assign(&self.store, kind, &mut object, (self.seed, self.next_revision()))?;
        custom::check_conversion(&object)?;
        let causes = self.causes_of_new(kind, &object);
        if !causes.is_empty() {
            return Err(Refusal::invalid(kind, &name, &causes));
        }
        self.charge(writer, None, &object)?;
        if !text(&object, "resourceVersion").is_empty() {
            return Err(Refusal::internal("resourceVersion should not be set on objects to be created"));
        }
        if let Some(there) = self.store.object(kind, namespace, &name) {
            let is_terminating = !there["metadata"]["deletionTimestamp"].is_null();
            return Err(Refusal::already_exists(kind, &name, is_terminating));
        }
        managed.store(&mut object);
        room::check(writer, &object)?;
        Ok(self.put(writer, None, object))
    }

    fn prepare_new(&mut self, writer: &Writer, namespace: &str, object: &mut Value) -> Result<(), Refusal> {
        let kind = writer.kind;
        let revision = if writer.dry_run { self.dry_draw() } else { self.next_revision() };
        if kind.namespaced {
            let given = text(object, "namespace");
            if !given.is_empty() && given != namespace {
                return Err(Refusal::bad_request(super::writes::OTHER_NAMESPACE));
            }
            set_meta(object, "namespace", namespace.into());
        } else {
            set_meta(object, "namespace", Value::Null);
        }
        let generate = text(object, "generateName").to_owned();
        if text(object, "name").is_empty() && !generate.is_empty() {
            let base: String = generate.chars().take(58).collect();
            set_meta(object, "name", format!("{base}{}", identity::suffix(self.seed, revision)).into());
        }
        set_meta(object, "managedFields", Value::Null);
        set_meta(object, "uid", identity::uid(self.seed, revision).into());
        set_meta(object, "creationTimestamp", clock_text(self.now).into());
        if has_generation(kind) {
            set_meta(object, "generation", 1.into());
        }
        admission::reset_new(kind, object);
        Ok(())
    }

    /// What the made-up names of a dry run are drawn from. It must not give
    /// away the names of the real one, and no two dry runs share theirs.
    fn dry_draw(&self) -> u64 {
        u64::MAX.wrapping_sub(self.next_revision()).wrapping_sub(self.log.total())
    }

    /// Puts a changed object in the place of the stored one.
    ///
    /// # Errors
    /// 409 for a stale `resourceVersion`, 422 for what may not change.
    pub(super) fn replace(
        &mut self,
        writer: &Writer,
        old: &Arc<Value>,
        new: Value,
        managed: Option<Managed>,
    ) -> Result<Arc<Value>, Refusal> {
        let kind = writer.kind;
        let name = text(old, "name").to_owned();
        let mut new = completed(kind, new);
        self.keep_version(kind, &mut new);
        if self.origin.is_some() && !kind.is_custom() {
            newer::keep(&table().kind(kind.kind), old, &mut new);
        }
        version::check(kind, old, text(&new, "resourceVersion"))?;
        let managed = managed.unwrap_or_else(|| self.ownership(writer, old, &new));
        carry_over(writer, old, &mut new);
        admission::drop_disabled(kind, Some(old), &mut new);
        fill_metadata(old, &mut new);
        custom::check_conversion(&new)?;
        let mut causes = validation::of_metadata(old, &new);
        if writer.part == Part::Whole {
            allocation::keep(kind, old, &mut new);
        }
        causes.extend(self.causes_of_change(writer, old, &new));
        if !causes.is_empty() {
            return Err(Refusal::invalid(kind, &name, &causes));
        }
        carry_metadata(old, &mut new);
        if writer.part == Part::Whole {
            allocation::assign(&self.store, kind, &mut new, (self.seed, self.next_revision()))?;
        }
        admission::admit_change(&self.store, kind, old, &new)?;
        priority::admit(&self.store, kind, false, &mut new)?;
        self.charge(writer, Some(old), &new)?;
        if !matches!(writer.part, Part::Binding | Part::Eviction)
            && has_generation(kind)
            && changes_generation(writer, old, &new)
        {
            let generation = old["metadata"]["generation"].as_i64().unwrap_or(0).saturating_add(1);
            set_meta(&mut new, "generation", generation.into());
        }
        if is_same(old, &new, &managed) && !self.is_bare_claim(old) {
            return Ok(Arc::clone(old));
        }
        admission::touch(kind, old, &mut new, self.now);
        managed.store(&mut new);
        if is_finished(&new) {
            return Ok(self.remove(writer, old, new));
        }
        room::check(writer, &new)?;
        Ok(self.put(writer, Some(old), new))
    }

    /// A new claim is stored without its phase, which every reader puts in. So
    /// the first write to it changes what is stored, whatever it says. Its UID
    /// was drawn from the revision that it was made in.
    fn is_bare_claim(&self, object: &Value) -> bool {
        let revision = text(object, "resourceVersion").parse();
        object["kind"] == "PersistentVolumeClaim"
            && revision.is_ok_and(|revision| text(object, "uid") == identity::uid(self.seed, revision))
    }

    /// Whose fields they are after an ordinary write.
    fn ownership(&self, writer: &Writer, old: &Value, new: &Value) -> Managed {
        let given = &new["metadata"]["managedFields"];
        // An empty list, or one empty entry, takes all ownership away.
        let is_reset = given.as_array().is_some_and(|entries| match entries.as_slice() {
            [] => true,
            [only] => only.as_object().is_some_and(Map::is_empty),
            _ => false,
        });
        if is_reset && writer.part == Part::Whole {
            return Managed::default();
        }
        let mut managed = if writer.part == Part::Whole { Managed::of(new) } else { Managed::default() };
        if managed.is_empty() {
            managed = Managed::of(old);
        }
        match writer.part {
            Part::Whole | Part::Status if !managed.is_empty() => {
                let shape = self.store.shape(writer.kind);
                managed.updated(&shape, old, new, &writer.owner(), &writer.reset(), self.now);
            }
            Part::Scale => {
                let is_changed = old["spec"]["replicas"] != new["spec"]["replicas"];
                managed = managed.scaled(&writer.owner(), is_changed);
            }
            Part::Whole | Part::Status | Part::Binding | Part::Eviction | Part::Finalize | Part::Log => {}
        }
        managed
    }

    /// Commits a new state of an object, unless it is only a dry run.
    pub(super) fn put(&mut self, writer: &Writer, old: Option<&Arc<Value>>, mut object: Value) -> Arc<Value> {
        let revision = self.next_revision();
        if writer.dry_run {
            let before = old.map_or(Value::Null, |old| old["metadata"]["resourceVersion"].clone());
            set_meta(&mut object, "resourceVersion", before);
            return Arc::new(object);
        }
        set_meta(&mut object, "resourceVersion", revision.to_string().into());
        let object = Arc::new(object);
        self.commit(Commit {
            revision,
            at: self.now,
            kind: writer.kind,
            namespace: text(&object, "namespace").to_owned(),
            name: text(&object, "name").to_owned(),
            before: old.cloned(),
            after: Some(Arc::clone(&object)),
            by: writer.manager.clone(),
        });
        object
    }

    /// Takes an object out of the store; returns its last state.
    pub(super) fn remove(&mut self, writer: &Writer, old: &Arc<Value>, last: Value) -> Arc<Value> {
        if !writer.dry_run {
            self.commit(Commit {
                revision: self.next_revision(),
                at: self.now,
                kind: writer.kind,
                namespace: text(old, "namespace").to_owned(),
                name: text(old, "name").to_owned(),
                before: Some(Arc::clone(old)),
                after: None,
                by: writer.manager.clone(),
            });
        }
        Arc::new(last)
    }
}

/// Whether a write would change nothing; times of ownership do not count.
fn is_same(old: &Value, new: &Value, managed: &Managed) -> bool {
    are_equal(old, new, &["metadata"])
        && are_equal(&old["metadata"], &new["metadata"], &["managedFields", "resourceVersion"])
        && managed.are_those_of(old)
}

/// Whether two objects have the same fields but for these.
fn are_equal(one: &Value, other: &Value, but: &[&str]) -> bool {
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else { return one == other };
    let count = |fields: &Map<String, Value>| fields.keys().filter(|name| !but.contains(&name.as_str())).count();
    count(one) == count(other)
        && one.iter().all(|(name, value)| but.contains(&name.as_str()) || other.get(name) == Some(value))
}

/// A terminating object without finalizers and without grace is gone. What
/// still holds a namespace stands in its spec.
fn is_finished(object: &Value) -> bool {
    let meta = &object["metadata"];
    let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    let is_held = object["kind"] == "Namespace" && !is_empty(&object["spec"]["finalizers"]);
    !meta["deletionTimestamp"].is_null()
        && meta["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
        && is_empty(&meta["finalizers"])
        && !is_held
}

fn changes_generation(writer: &Writer, old: &Value, new: &Value) -> bool {
    if writer.kind.is_custom() {
        let mut names = old.as_object().into_iter().chain(new.as_object()).flat_map(serde_json::Map::keys);
        return writer.part != Part::Status
            && names.any(|name| !matches!(&**name, "metadata" | "apiVersion") && old.get(name) != new.get(name));
    }
    match writer.kind.kind {
        "EndpointSlice" => ["endpoints", "ports", "addressType"].iter().any(|name| old.get(*name) != new.get(*name)),
        _ => !is_same_spec(writer.kind.kind, &old["spec"], &new["spec"]),
    }
}

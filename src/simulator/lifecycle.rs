//! What happens to an object on its way into the store: defaults, ownership of
//! fields, server-set metadata, admission, validation, generation. POST, PUT,
//! all patches and the subresources meet here.

mod outcome;

use std::sync::Arc;

use serde_json::{Map, Value};

use outcome::{changes_generation, has_generation, is_finished, is_same};

use super::admission::{self, Features};
use super::allocation::{self, Draw};
use super::clock::clock_text;
use super::custom;
use super::defaults;
use super::identity;
use super::import::{Origin, newer};
use super::limits;
use super::patch::managed_fields::Managed;
use super::priority;
use super::request::Part;
use super::room;
use super::schema::table;
use super::settle::{empty_lists, settle};
use super::status::Refusal;
use super::store::Commit;
use super::validation;
use super::version;
use super::warnings;
use super::world::World;
use super::writer::{Writer, carry_metadata, carry_over, fill_metadata, set_meta};
use crate::objects::kinds::ApiKind;

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object["metadata"][name].as_str().unwrap_or_default()
}

/// The object with defaults filled in, in the server's spelling.
pub(super) fn completed(kind: &ApiKind, mut object: Value, features: Features) -> Value {
    if kind.is_custom() {
        return object;
    }
    defaults::apply(kind, &mut object);
    if features.max_unavailable {
        defaults::max_unavailable(kind, &mut object);
    }
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
        let mut object = completed(kind, object, self.features());
        self.keep_version(kind, &mut object);
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
        // A Service that its status makes gets nothing.
        if writer.part == Part::Whole {
            allocation::assign(&self.store, kind, &mut object, self.draw(writer))?;
        }
        custom::check_conversion(&object)?;
        let causes = self.causes_of_new(kind, &object);
        if !causes.is_empty() {
            return Err(Refusal::invalid(kind, &name, &causes));
        }
        allocation::without_traffic(kind, &mut object);
        self.charge(writer, None, &object)?;
        let version = text(&object, "resourceVersion").parse::<u64>();
        if version.is_ok_and(|version| version != 0) && !writer.dry_run {
            return Err(Refusal::internal("resourceVersion should not be set on objects to be created"));
        }
        if let Some(there) = self.store.object(kind, namespace, &name) {
            let is_terminating = !there["metadata"]["deletionTimestamp"].is_null();
            let said = warnings::of(kind, None, &object);
            return Err(Refusal::already_exists(kind, &name, is_terminating).after_warnings(said));
        }
        managed.store(&mut object);
        empty_lists(&self.store.shape(kind), &mut object);
        room::check(writer, &object)?;
        Ok(self.put(writer, None, object))
    }

    fn prepare_new(&mut self, writer: &Writer, namespace: &str, object: &mut Value) -> Result<(), Refusal> {
        let kind = writer.kind;
        let revision = self.draw(writer).revision;
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
        admission::reset_new(kind, object, self.features());
        Ok(())
    }

    /// What is switched on; in a copy, what its original has.
    pub(super) fn features(&self) -> Features {
        let counts = self.origin.as_ref().map(Origin::counts_max_unavailable);
        counts.map_or(self.features, |max_unavailable| Features { max_unavailable })
    }

    /// What made-up names and addresses are drawn from. A dry run must not give
    /// away those of the real one, and no two dry runs share theirs.
    fn draw(&self, writer: &Writer) -> Draw {
        let next = self.next_revision();
        let dry_run = writer.dry_run;
        let revision = if dry_run { u64::MAX.wrapping_sub(next).wrapping_sub(self.log.total()) } else { next };
        Draw { seed: self.seed, revision, dry_run, of_a_copy: self.origin.is_some() }
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
        let mut new = completed(kind, new, self.features());
        self.keep_version(kind, &mut new);
        if self.has_newer(kind) {
            newer::keep(&table().kind(kind.kind), old, &mut new);
        }
        version::check(kind, old, text(&new, "resourceVersion"))?;
        let managed = managed.unwrap_or_else(|| self.ownership(writer, old, &new));
        empty_lists(&self.store.shape(kind), &mut new);
        if writer.part == Part::Whole {
            admission::fill_changed(kind, old, &mut new);
        }
        carry_over(writer, old, &mut new);
        admission::drop_disabled(kind, Some(old), &mut new, self.features());
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
        allocation::without_traffic(kind, &mut new);
        if writer.part == Part::Whole {
            allocation::assign(&self.store, kind, &mut new, self.draw(writer))?;
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
        if !writer.dry_run && is_same(old, &new, &managed) && !self.is_bare_claim(old) {
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
            if let Some(old) = old {
                set_meta(&mut object, "resourceVersion", old["metadata"]["resourceVersion"].clone());
            }
            return Arc::new(object);
        }
        set_meta(&mut object, "selfLink", Value::Null);
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

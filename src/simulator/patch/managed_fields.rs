//! Who owns which fields. Reads and writes `metadata.managedFields` and keeps it
//! right over ordinary updates and over server-side apply, with the conflicts
//! that apply reports.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::compare::{compare, field_set};
use super::entry::Entry;
pub use super::entry::{Operation, Owner};
use super::field_set::{FieldSet, path_text};
use super::structure::{merge, remove, with_named_fields};
use crate::simulator::clock::clock_text;
use crate::simulator::schema::Shape;
use crate::simulator::status::Refusal;

/// All entries of one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Managed {
    entries: Vec<Entry>,
}

/// The result of an apply.
pub struct Applied {
    pub object: Value,
    pub managed: Managed,
}

impl Managed {
    /// Reads `metadata.managedFields`; entries that make no sense give nothing
    /// at all, as on the real server.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let mut managed = Self::listed(object);
        // Of two entries of one owner, which `scaled` can leave, only the last counts.
        let listed = std::mem::take(&mut managed.entries);
        for entry in listed {
            managed.entries.retain(|known| !known.owner.is_same(&entry.owner));
            managed.entries.push(entry);
        }
        managed
    }

    /// The entries as they stand there.
    fn listed(object: &Value) -> Self {
        let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten().map(Entry::read);
        Self { entries: entries.collect::<Option<Vec<_>>>().unwrap_or_default() }
    }

    /// Whether an object has these entries already; times do not count.
    #[must_use]
    pub fn are_those_of(&self, object: &Value) -> bool {
        self.clone().timeless() == Self::listed(object).timeless()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes the entries into an object, in the server's order.
    pub fn store(mut self, object: &mut Value) {
        let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        self.entries.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.owner.operation, entry.time.clone().unwrap_or_default());
            key(a).cmp(&key(b)).then_with(|| a.owner.cmp(&b.owner))
        });
        if self.entries.is_empty() {
            meta.remove("managedFields");
        } else {
            meta.insert("managedFields".to_owned(), self.entries.iter().map(Entry::write).collect());
        }
    }

    /// After an ordinary write: what changed belongs to its writer.
    ///
    /// `reset` names the fields that this endpoint does not write (status on
    /// the main path, spec on the status path).
    pub fn updated(
        &mut self,
        shape: &Shape,
        before: &Value,
        after: &Value,
        owner: &Owner,
        reset: &FieldSet,
        now: Timestamp,
    ) {
        let changes = compare(shape, before, after);
        let taken = changes.modified.union(changes.added).without(reset);
        let removed = changes.removed.without(reset);
        self.release(&[&taken, &removed]);
        let mine = taken.difference(&STRIPPED);
        if !mine.is_empty() {
            let time = Some(clock_text(now));
            match self.entries.iter_mut().find(|entry| entry.owner.is_same(owner)) {
                Some(entry) => {
                    entry.set = std::mem::take(&mut entry.set).union(mine);
                    entry.time = time;
                }
                None => self.entries.push(Entry { owner: owner.clone(), time, set: mine }),
            }
        }
        self.entries.retain(|entry| !entry.set.is_empty());
    }

    /// After a PUT or patch of `scale`. The count goes to the writer if it
    /// changed. A count that nobody owns stays so.
    #[must_use]
    pub fn scaled(&self, owner: &Owner, is_changed: bool) -> Self {
        let mut scale = self.of_scale();
        if is_changed && !scale.is_empty() {
            let entry = Entry { owner: owner.clone(), time: None, set: count() };
            scale = Self { entries: vec![entry] };
        }
        self.with_scale(&scale, &owner.api_version)
    }

    /// The entries that own the number of pods, as `scale` shows them.
    #[must_use]
    pub fn of_scale(&self) -> Self {
        let holders = self.entries.iter().filter(|entry| entry.has_count());
        let seen = holders.map(|entry| Entry {
            owner: Owner { api_version: SCALE.to_owned(), ..entry.owner.clone() },
            time: entry.time.clone(),
            set: count(),
        });
        Self { entries: seen.collect() }
    }

    /// What became of a set's entries when those of its `scale` became these.
    /// The server takes whoever updates, seen through `scale`, for somebody
    /// else: a count that they keep goes into a second entry. The entries that
    /// come from `scale` have no time.
    #[must_use]
    pub fn with_scale(&self, scale: &Self, api_version: &str) -> Self {
        let mut entries = self.entries.clone();
        let mut fresh = Vec::new();
        for seen in scale.entries.iter().filter(|entry| entry.has_count()) {
            let is_kept = |entry: &Entry| entry.has_count() && entry.owner.is_same(&seen.owner);
            if seen.owner.operation == Operation::Update || !entries.iter().any(is_kept) {
                let owner = Owner { api_version: api_version.to_owned(), ..seen.owner.clone() };
                fresh.push(Entry { owner, time: None, set: count() });
            }
        }
        for entry in &mut entries {
            let is_kept = |seen: &Entry| seen.has_count() && seen.owner.is_same(&entry.owner);
            if entry.owner.operation == Operation::Update || !scale.entries.iter().any(is_kept) {
                entry.set.subtract(&count());
            }
        }
        entries.extend(fresh);
        entries.retain(|entry| !entry.set.is_empty());
        Self { entries }
    }

    /// Server-side apply of a configuration onto a live object.
    ///
    /// # Errors
    /// A 409 `Refusal` that names the fields of other managers, without `force`.
    pub fn apply(
        mut self,
        shape: &Shape,
        live: &Value,
        applied: &Value,
        claim: &Claim<'_>,
        now: Timestamp,
    ) -> Result<Applied, Refusal> {
        let owner = claim.owner;
        let live = &without_managed(live);
        let set = field_set(shape, applied).without(claim.reset);
        let previous = self.entries.iter().position(|entry| entry.owner.is_same(owner));
        let previous = previous.map(|position| self.entries.remove(position));
        let merged = merge(shape, Some(live), Some(applied)).unwrap_or_else(|| live.clone());
        let others = self.entries.iter().fold(set.clone(), |all, entry| all.union(entry.set.clone()));
        let merged = match &previous {
            Some(previous) => prune(shape, &merged, &previous.set, &others),
            None => merged,
        };
        self.take(shape, live, &merged, claim)?;
        let mine = set.difference(&STRIPPED);
        if !mine.is_empty() {
            // An apply that changes no field leaves the time as it was.
            let time = if merged == *live { previous.and_then(|entry| entry.time) } else { Some(clock_text(now)) };
            self.entries.push(Entry { owner: owner.clone(), time, set: mine });
        }
        self.entries.retain(|entry| !entry.set.is_empty());
        Ok(Applied { object: merged, managed: self })
    }

    /// Takes changed fields away from other managers, or says who has them.
    fn take(&mut self, shape: &Shape, live: &Value, merged: &Value, claim: &Claim<'_>) -> Result<(), Refusal> {
        let difference = compare(shape, live, merged);
        let changed = difference.modified.union(difference.added).without(claim.reset);
        let mut conflicts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in &self.entries {
            for path in entry.set.intersection(&changed).paths() {
                conflicts.entry(entry.owner.text()).or_default().push(path_text(&path));
            }
        }
        if !claim.force && !conflicts.is_empty() {
            return Err(conflict(&conflicts));
        }
        let removed = difference.removed.without(claim.reset);
        self.release(&[&changed, &removed]);
        Ok(())
    }

    /// Takes fields away from whoever has them.
    fn release(&mut self, gone: &[&FieldSet]) {
        for entry in &mut self.entries {
            for set in gone.iter().filter(|set| !set.is_empty()) {
                entry.set.subtract(set);
            }
        }
    }

    /// The same entries with the times left out, in one order.
    fn timeless(mut self) -> Self {
        for entry in &mut self.entries {
            entry.time = None;
        }
        self.entries.sort_by(|a, b| a.owner.cmp(&b.owner));
        self
    }
}

/// The API version of `Scale`.
const SCALE: &str = "autoscaling/v1";

/// The number of pods, in a set as in its scale.
fn count() -> FieldSet {
    FieldSet::of_path(&["spec", "replicas"])
}

/// Who applies, what the endpoint leaves alone, and whether others are overruled.
pub struct Claim<'a> {
    pub owner: &'a Owner,
    pub reset: &'a FieldSet,
    pub force: bool,
}

fn without_managed(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
    object
}

/// Removes what this applier owned before and names no more, unless somebody
/// else owns it too.
fn prune(shape: &Shape, merged: &Value, previous: &FieldSet, owned: &FieldSet) -> Value {
    let named = |set: &FieldSet| with_named_fields(shape, set);
    let previous = named(previous);
    let all = named(&field_set(shape, merged));
    let pruned = remove(shape, merged, &previous).unwrap_or_else(|| json!({}));
    let kept = named(&field_set(shape, &pruned)).union(named(owned));
    let pruned = remove(shape, merged, &all.clone().difference(&kept)).unwrap_or_else(|| json!({}));
    let left = named(&field_set(shape, &pruned));
    let gone = all.difference(&left).intersection(&previous);
    remove(shape, merged, &gone).unwrap_or_else(|| json!({}))
}

/// Paths that never appear in `managedFields`.
static STRIPPED: LazyLock<FieldSet> = LazyLock::new(|| {
    let names =
        ["name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion"];
    let mut set = FieldSet::default();
    for path in [&["apiVersion"] as &[&str], &["kind"], &["metadata"]] {
        set = set.union(FieldSet::of_path(path));
    }
    names.iter().fold(set, |set, name| set.union(FieldSet::of_path(&["metadata", *name])))
});

fn conflict(conflicts: &BTreeMap<String, Vec<String>>) -> Refusal {
    let causes: Vec<(String, String)> = conflicts
        .iter()
        .flat_map(|(owner, paths)| paths.iter().map(move |path| (format!("conflict with {owner}"), path.clone())))
        .collect();
    let message = if let [(only, path)] = causes.as_slice() {
        format!("Apply failed with 1 conflict: {only}: {path}")
    } else {
        let mut lines = Vec::new();
        for (owner, paths) in conflicts {
            lines.push(format!("conflicts with {owner}:"));
            lines.extend(paths.iter().map(|path| format!("- {path}")));
        }
        format!("Apply failed with {} conflicts: {}", causes.len(), lines.join("\n"))
    };
    Refusal::apply_conflict(&message, &causes)
}

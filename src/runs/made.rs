//! The objects that a run makes or changes itself. What it makes is another one on the copy
//! of the plan than on the cluster, so that their UIDs cannot be compared; nor can what the
//! two servers have added to what it wrote.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::effects::{Change, Effect, Preview};

#[derive(Default)]
pub(super) struct Made {
    /// Their UIDs by path; `None` where nobody has heard of the UID.
    uids: BTreeMap<String, Option<String>>,
    /// The paths of all that lines of the plan were about.
    written: BTreeSet<String>,
}

impl Made {
    /// What this line of the plan was for is there now, with this UID.
    pub fn note(&mut self, effect: &Effect, fingerprint: &str, uid: Option<&str>) {
        let object = effect.object();
        if fingerprint.starts_with(&format!("{} {}/{object} new ", effect.verb(), object.namespace)) {
            self.uids.insert(object.path(), uid.map(str::to_owned));
        }
        if !fingerprint.is_empty() {
            self.written.insert(object.path());
        }
    }

    /// Takes out of a preview what is otherwise on the cluster than in the plan, where the
    /// run itself has written the object before.
    pub fn compare(&self, effect: &Effect, preview: &Preview) -> Preview {
        let mut compared = preview.clone();
        if !self.written.contains(&effect.object().path()) {
            return compared;
        }
        match &mut compared.change {
            Change::Changed(fields) => {
                fields.iter_mut().filter(|field| field.from.is_array()).for_each(|field| field.from = Value::Null);
            }
            Change::Gone => compared.after = Value::Null,
            Change::New | Change::Unchanged | Change::Kept | Change::Runs { .. } => {}
        }
        compared
    }

    /// Whether the object of this effect, as it was found, is one of them.
    pub fn has(&self, effect: &Effect, uid: Option<&str>) -> bool {
        let known = self.uids.get(&effect.object().path());
        known.is_some_and(|made| made.is_none() || made.as_deref() == uid)
    }
}

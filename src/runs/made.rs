//! The objects that a run makes itself. Each is another one on the copy of the
//! plan than on the cluster, so that their UIDs cannot be compared.

use std::collections::BTreeMap;

use crate::effects::Effect;

/// By path; `None` where nobody has heard of the UID.
#[derive(Default)]
pub(super) struct Made(BTreeMap<String, Option<String>>);

impl Made {
    /// What this line of the plan was for is there now, with this UID.
    pub fn note(&mut self, effect: &Effect, fingerprint: &str, uid: Option<&str>) {
        let object = effect.object();
        if fingerprint.starts_with(&format!("{} {}/{object} new ", effect.verb(), object.namespace)) {
            self.0.insert(object.path(), uid.map(str::to_owned));
        }
    }

    /// Whether the object of this effect, as it was found, is one of them.
    pub fn has(&self, effect: &Effect, uid: Option<&str>) -> bool {
        let known = self.0.get(&effect.object().path());
        known.is_some_and(|made| made.is_none() || made.as_deref() == uid)
    }
}

//! A ControllerRevision as it was read: which template of a set a name such as
//! `web-7c9f` stands for. A template that comes back, as by `kubectl rollout undo`,
//! keeps its name and gets the highest number (SS-51).

use serde_json::Value;

use super::meta::{Meta, count};
use super::set::Set;

/// The view of one revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    pub meta: Meta,
    /// As `kubectl rollout history` counts.
    pub number: u64,
}

impl Revision {
    /// Reads a revision; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        Some(Self { meta: Meta::read(object)?, number: count(&object["revision"]) })
    }

    /// By UID: an earlier set of the name had others.
    #[must_use]
    pub fn is_of(&self, set: &Set) -> bool {
        self.meta.controller().is_some_and(|owner| owner.uid == set.meta.uid)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::samples::set;

    #[test]
    fn a_revision_has_a_number_and_belongs_to_a_set_by_uid() {
        let owner = |uid: &str| json!([{"kind": "StatefulSet", "name": "web", "uid": uid, "controller": true}]);
        let revision = |uid| {
            Revision::read(&json!({"metadata": {"name": "web-7c9f", "ownerReferences": owner(uid)}, "revision": 3}))
                .unwrap()
        };
        let set = Set::read(&set("web", 1)).unwrap();
        assert_eq!(
            (revision("set-web").number, revision("set-web").is_of(&set), revision("x").is_of(&set)),
            (3, true, false)
        );
    }
}

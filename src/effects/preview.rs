//! What performing an effect would do, found by a server-side dry run: shown
//! before the approval, and found once more directly before the write. A write
//! that would do something else than what was shown is not sent.

use serde_json::Value;

use super::outcome::Change;

/// What performing would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    pub change: Change,
    /// UID of the object that is there.
    pub uid: Option<String>,
    /// The object as the server would store it; null for a Secret. Of one that goes what it
    /// held, where that is compared.
    pub after: Value,
}

impl Preview {
    /// What is there before the write, if anything is, and what would be there after it.
    pub(super) fn of(change: Change, before: Option<&Value>, after: Value) -> Self {
        let uid = before.and_then(|before| before["metadata"]["uid"].as_str()).map(str::to_owned);
        Self { change, uid, after }
    }

    /// Nothing is left of the object with this UID.
    pub(super) fn gone(uid: &str, change: Change) -> Self {
        Self { change, uid: Some(uid.to_owned()), after: Value::Null }
    }

    /// Nothing is left of what held this.
    pub(super) fn gone_with(uid: &str, held: Value) -> Self {
        Self { change: Change::Gone, uid: Some(uid.to_owned()), after: held }
    }

    /// Before any server was asked: everything counts as new.
    #[must_use]
    pub fn unasked(manifest: &Value) -> Self {
        Self { change: Change::New, uid: None, after: manifest.clone() }
    }

    /// Whether the goal holds already, so that nothing is to be written.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.change {
            Change::Unchanged | Change::Kept => true,
            Change::New | Change::Changed(_) | Change::Gone | Change::Runs { .. } => false,
        }
    }

    /// Whether this is what was approved: the same change of the same object,
    /// or nothing left to change. Versions do not count: a controller may have
    /// written a status in between.
    pub(super) fn was_approved_as(&self, approved: &Self) -> bool {
        match self.change {
            Change::Unchanged => true,
            Change::New | Change::Changed(_) | Change::Kept | Change::Gone | Change::Runs { .. } => {
                self.change == approved.change && self.uid == approved.uid
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::difference::Difference;
    use serde_json::json;

    fn scaled(uid: &str, from: u64, to: u64) -> Preview {
        let path = ".spec.replicas".to_owned();
        let change = Change::Changed(vec![Difference { path, from: json!(from), to: json!(to) }]);
        Preview::of(change, Some(&json!({ "metadata": { "uid": uid } })), Value::Null)
    }

    fn other(change: Change) -> Preview {
        Preview::of(change, None, Value::Null)
    }

    #[test]
    fn the_same_change_of_the_same_object_was_approved_and_no_other() {
        let approved = scaled("a", 1, 3);
        assert!(scaled("a", 1, 3).was_approved_as(&approved));
        for different in [scaled("a", 5, 3), scaled("a", 1, 4), scaled("b", 1, 3), other(Change::New)] {
            assert!(!different.was_approved_as(&approved), "{different:?}");
        }
    }

    #[test]
    fn a_goal_that_holds_by_now_was_approved_but_a_secret_of_somebody_else_was_not() {
        assert!(other(Change::Unchanged).was_approved_as(&other(Change::New)));
        assert!(!other(Change::Kept).was_approved_as(&other(Change::New)));
        assert!(other(Change::Kept).was_approved_as(&other(Change::Kept)));
    }
}

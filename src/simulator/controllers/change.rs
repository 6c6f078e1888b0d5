//! What actors are told of: one object that was made, changed or removed.

use serde_json::Value;

use super::fields::Fields;

/// What a commit did to one object.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub kind: &'a str,
    /// The manager that wrote it.
    pub by: &'a str,
    /// `None` for a new object.
    pub before: Option<&'a Value>,
    /// `None` for a removed object.
    pub after: Option<&'a Value>,
}

impl Change<'_> {
    /// The place of the object.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        self.after.or(self.before).map(Fields::target)
    }

    /// A node has told of its volumes, and nothing else of it is different: what
    /// only those mind who attach them.
    pub(super) fn is_of_volumes_alone(&self) -> bool {
        let (Some(before), Some(after)) = (self.before, self.after) else { return false };
        let lists = ["/status/volumesInUse", "/status/volumesAttached"];
        let parts = [
            "/spec",
            "/status/conditions",
            "/status/allocatable",
            "/status/capacity",
            "/metadata/labels",
            "/metadata/annotations",
        ];
        self.kind == "Node"
            && lists.iter().any(|list| before.pointer(list) != after.pointer(list))
            && parts.iter().all(|part| before.pointer(part) == after.pointer(part))
    }
}

/// Which object, as an actor names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub kind: String,
    /// Empty for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
}

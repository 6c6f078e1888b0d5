//! Sets of field paths, as `managedFields` stores them: a tree whose keys are
//! path elements in their written form (`f:spec`, `k:{"name":"c"}`, `v:"a"`).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Map, Value};

/// A node of the tree: is this path itself in the set, and what lies below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    pub member: bool,
    pub children: BTreeMap<String, FieldSet>,
}

/// The element for a named field or a map key.
#[must_use]
pub fn field(name: &str) -> String {
    format!("f:{name}")
}

impl FieldSet {
    /// A set that holds exactly this path.
    #[must_use]
    pub fn of_path(path: &[&str]) -> Self {
        let mut set = Self::default();
        set.insert(&path.iter().map(|name| field(name)).collect::<Vec<_>>());
        set
    }

    pub fn insert(&mut self, path: &[String]) {
        match path.split_first() {
            None => self.member = true,
            Some((first, rest)) => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.member && self.children.values().all(Self::is_empty)
    }

    #[must_use]
    pub fn has(&self, element: &str) -> bool {
        self.children.get(element).is_some_and(|child| child.member)
    }

    #[must_use]
    pub fn below(&self, element: &str) -> Option<&Self> {
        self.children.get(element)
    }

    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.take_in(other);
        self
    }

    fn take_in(&mut self, other: Self) {
        self.member |= other.member;
        for (element, theirs) in other.children {
            match self.children.entry(element) {
                Entry::Vacant(place) => {
                    place.insert(theirs);
                }
                Entry::Occupied(mut ours) => ours.get_mut().take_in(theirs),
            }
        }
    }

    /// What is in this set but not in the other; paths below a removed path stay.
    #[must_use]
    pub fn difference(mut self, other: &Self) -> Self {
        self.subtract(other);
        self
    }

    /// Leaves what is not in the other.
    pub fn subtract(&mut self, other: &Self) {
        self.member &= !other.member;
        for (element, theirs) in &other.children {
            if let Some(ours) = self.children.get_mut(element) {
                ours.subtract(theirs);
                if ours.is_empty() {
                    self.children.remove(element);
                }
            }
        }
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut out = Self { member: self.member && other.member, children: BTreeMap::new() };
        for (element, ours) in &self.children {
            let common = other.children.get(element).map(|theirs| ours.intersection(theirs));
            if let Some(common) = common.filter(|common| !common.is_empty()) {
                out.children.insert(element.clone(), common);
            }
        }
        out
    }

    /// Without these paths and everything below them.
    #[must_use]
    pub fn without(mut self, roots: &Self) -> Self {
        for (element, below) in &roots.children {
            if below.member {
                self.children.remove(element);
            } else if let Some(child) = self.children.get_mut(element) {
                *child = std::mem::take(child).without(below);
                if child.is_empty() {
                    self.children.remove(element);
                }
            }
        }
        self
    }

    /// All paths, members before what lies below them.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        self.walk(&mut Vec::new(), &mut out);
        out
    }

    fn walk(&self, at: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
        // All that is owned here comes before what is owned further down.
        for (element, _) in self.children.iter().filter(|(_, child)| child.member) {
            out.push(at.iter().chain([element]).cloned().collect());
        }
        for (element, child) in &self.children {
            at.push(element.clone());
            child.walk(at, out);
            at.pop();
        }
    }

    /// As it stands in `fieldsV1`.
    #[must_use]
    pub fn to_fields(&self) -> Value {
        let mut out = Map::new();
        if self.member && !self.children.is_empty() {
            out.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (element, child) in &self.children {
            out.insert(element.clone(), child.to_fields());
        }
        Value::Object(out)
    }

    /// Reads `fieldsV1`; a leaf is a member, `.` makes its parent one.
    #[must_use]
    pub fn from_fields(fields: &Value) -> Self {
        let mut set = Self::default();
        for (element, below) in fields.as_object().into_iter().flatten() {
            if element == "." {
                set.member = true;
                continue;
            }
            let mut child = Self::from_fields(below);
            child.member |= child.children.is_empty();
            set.children.insert(element.clone(), child);
        }
        set
    }
}

/// A path as error messages write it: `.spec.containers[name="c"].image`.
#[must_use]
pub fn path_text(path: &[String]) -> String {
    path.iter().map(|element| element_text(element)).collect()
}

fn element_text(element: &str) -> String {
    match element.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("k", keys)) => {
            let keys: Value = serde_json::from_str(keys).unwrap_or_default();
            let pairs: Vec<String> =
                keys.as_object().into_iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", pairs.join(","))
        }
        Some(("v", value)) => format!("[={value}]"),
        _ => format!("[{element}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_v1_survives_reading_and_writing() {
        let fields = json!({
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {".": {}, "f:image": {}}}},
        });
        assert_eq!(FieldSet::from_fields(&fields).to_fields(), fields);
    }

    #[test]
    fn a_difference_keeps_what_lies_below_a_removed_path() {
        let all = FieldSet::from_fields(&json!({"f:a": {".": {}, "f:b": {}, "f:c": {}}}));
        let gone = FieldSet::from_fields(&json!({"f:a": {".": {}, "f:b": {}}}));
        assert_eq!(all.clone().difference(&gone).to_fields(), json!({"f:a": {"f:c": {}}}));
        assert_eq!(all.intersection(&gone), gone);
        assert!(all.clone().without(&FieldSet::of_path(&["a"])).is_empty());
    }

    #[test]
    fn paths_read_as_in_conflict_messages() {
        let set = FieldSet::from_fields(&json!({"f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {"f:image": {}}}}}));
        let texts: Vec<String> = set.paths().iter().map(|path| path_text(path)).collect();
        assert_eq!(texts, [".spec.containers[name=\"c\"].image"]);
    }
}

//! A HorizontalPodAutoscaler as it was read: whose replicas it decides, and
//! between which numbers.

use serde_json::Value;

use super::meta::{Meta, count, text};
use super::set::Set;

/// The view of one autoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscaler {
    pub meta: Meta,
    target: Target,
    pub least: u64,
    pub most: u64,
}

/// What it scales, as it names it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    api_version: String,
    kind: String,
    name: String,
}

impl Autoscaler {
    /// Reads an autoscaler; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        let target = &spec["scaleTargetRef"];
        Some(Self {
            meta: Meta::read(object)?,
            target: Target {
                api_version: text(&target["apiVersion"]),
                kind: text(&target["kind"]),
                name: text(&target["name"]),
            },
            // The API's default.
            least: if spec["minReplicas"].is_null() { 1 } else { count(&spec["minReplicas"]) },
            most: count(&spec["maxReplicas"]),
        })
    }

    /// Whether it decides over this set (H-01). Its group counts, its version does not.
    #[must_use]
    pub fn scales(&self, set: &Set) -> bool {
        let group = self.target.api_version.split_once('/').map_or("", |(group, _)| group);
        self.meta.namespace == set.meta.namespace
            && (group, self.target.kind.as_str(), self.target.name.as_str())
                == ("apps", "StatefulSet", set.meta.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_scales_the_set_that_it_names_with_group_and_kind() {
        let set = Set::read(&json!({"metadata": {"name": "web", "namespace": "db"}})).unwrap();
        let scales = |version: &str, kind: &str, namespace: &str| {
            let target = json!({"apiVersion": version, "kind": kind, "name": "web"});
            let metadata = json!({"name": "a", "namespace": namespace});
            let read = Autoscaler::read(&json!({"metadata": metadata, "spec": {"scaleTargetRef": target}})).unwrap();
            assert_eq!(read.least, 1);
            read.scales(&set)
        };
        assert!(scales("apps/v1", "StatefulSet", "db") && scales("apps/v1beta1", "StatefulSet", "db"));
        assert!(!scales("apps/v1", "Deployment", "db"));
        assert!(!scales("apps/v1", "StatefulSet", "other"));
        assert!(!scales("example.org/v1", "StatefulSet", "db"));
    }
}

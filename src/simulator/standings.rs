//! What a set asks of all pods and claims of its namespace, read once for each
//! version of them: one pass over a set with a thousand members reads no JSON of
//! those that are as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::controllers::fields::Fields;
use super::controllers::stateful_set::Standing;

/// By namespace, then by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Standings {
    pods: BTreeMap<String, BTreeMap<String, Arc<Standing>>>,
    /// Claims that have an owner.
    owned: BTreeMap<String, BTreeSet<String>>,
}

impl Standings {
    /// Takes in a change of an object.
    pub fn note(&mut self, before: Option<&Value>, after: Option<&Arc<Value>>) {
        let Some(object) = after.map(|after| &**after).or(before) else { return };
        match object.kind() {
            "Pod" => {
                let pods = self.pods.entry(object.namespace().to_owned()).or_default();
                match after {
                    Some(pod) => drop(pods.insert(pod.name().to_owned(), Arc::new(Standing::of(pod)))),
                    None => drop(pods.remove(object.name())),
                }
            }
            "PersistentVolumeClaim" => {
                let owned = self.owned.entry(object.namespace().to_owned()).or_default();
                if after.is_some_and(|claim| !claim.owners().is_empty()) {
                    owned.insert(object.name().to_owned());
                } else {
                    owned.remove(object.name());
                }
            }
            _ => {}
        }
    }

    /// The pods of a namespace by name.
    pub fn of_pods(&self, namespace: &str) -> impl Iterator<Item = &Arc<Standing>> {
        self.pods.get(namespace).into_iter().flat_map(BTreeMap::values)
    }

    /// Whether any claim in a namespace has an owner.
    pub fn has_owned_claims(&self, namespace: &str) -> bool {
        self.owned.get(namespace).is_some_and(|claims| !claims.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_and_owned_claims_are_known_while_they_are_there() {
        let object = |kind: &str, owners: Value| {
            let metadata = json!({"namespace": "n", "name": "x-1", "ownerReferences": owners});
            Arc::new(json!({"kind": kind, "metadata": metadata}))
        };
        let (pod, claim) = (object("Pod", json!([])), "PersistentVolumeClaim");
        let (owned, free) = (object(claim, json!([{"uid": "u"}])), object(claim, json!([])));
        let mut standings = Standings::default();
        standings.note(None, Some(&pod));
        standings.note(None, Some(&owned));
        assert!(standings.of_pods("n").count() == 1 && standings.of_pods("m").next().is_none());
        assert!(standings.has_owned_claims("n") && !standings.has_owned_claims("m"));
        standings.note(Some(&owned), Some(&free));
        assert!(!standings.has_owned_claims("n"));
        standings.note(Some(&free), Some(&owned));
        standings.note(Some(&owned), None);
        standings.note(Some(&pod), None);
        assert!(standings.of_pods("n").next().is_none() && !standings.has_owned_claims("n"));
    }
}

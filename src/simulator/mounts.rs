//! Which pods mount which claim: what a claim's pods are asked for does not grow
//! with the cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::controllers::fields::{Fields, claim_names};

/// Names of pods by namespace and claim.
#[derive(Clone, Debug, Default)]
pub(super) struct Mounts {
    pods: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Mounts {
    /// Takes in a change of an object. What a pod mounts never changes.
    pub fn note(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let is_pod = |object: &&Value| object["kind"] == "Pod";
        match (before.filter(is_pod), after.filter(is_pod)) {
            (None, Some(pod)) => {
                for claim in claims(pod) {
                    self.pods.entry(claim).or_default().insert(pod.name().to_owned());
                }
            }
            (Some(pod), None) => {
                for claim in claims(pod) {
                    if let Some(held) = self.pods.get_mut(&claim) {
                        held.remove(pod.name());
                        if held.is_empty() {
                            self.pods.remove(&claim);
                        }
                    }
                }
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// The pods that mount a claim, by name.
    pub fn of(&self, namespace: &str, claim: &str) -> impl Iterator<Item = &str> {
        self.pods.get(&(namespace.to_owned(), claim.to_owned())).into_iter().flatten().map(String::as_str)
    }
}

fn claims(pod: &Value) -> impl Iterator<Item = (String, String)> + use<'_> {
    claim_names(pod).into_iter().map(|name| (pod.namespace().to_owned(), name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_is_known_by_its_claims_while_it_is_there() {
        let pod = json!({"kind": "Pod", "metadata": {"namespace": "n", "name": "p"}, "spec": {"volumes": [
            {"name": "a", "persistentVolumeClaim": {"claimName": "c"}}, {"name": "b", "ephemeral": {}},
        ]}});
        let mut mounts = Mounts::default();
        let of = |mounts: &Mounts, claim: &str| mounts.of("n", claim).map(str::to_owned).collect::<Vec<_>>();
        mounts.note(None, Some(&pod));
        mounts.note(Some(&pod), Some(&pod));
        assert_eq!((of(&mounts, "c"), of(&mounts, "p-b")), (vec!["p".to_owned()], vec!["p".to_owned()]));
        assert!(mounts.of("other", "c").next().is_none());
        mounts.note(Some(&pod), None);
        assert!(mounts.pods.is_empty());
    }
}

//! What a finding says to type. Each command is made here and nowhere else; the
//! tests of the rules hold each that comes up against the verbs that exist.

use std::collections::BTreeMap;

use crate::facts::mark::RETIRED;
use crate::facts::set::Set;
use crate::facts::volume::Volume;
use crate::facts::wish::Wish;
use crate::facts::words::{RetentionPolicy, VolumeMode};

/// Whose command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Kubectl,
    /// `kubectl stateful`.
    Ours,
}

/// A command without the flags that lead to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub tool: Tool,
    pub words: Vec<String>,
    /// The namespace that it works in; `None` for what lives in none.
    pub namespace: Option<String>,
}

impl Command {
    fn new(tool: Tool, words: &[&str], namespace: Option<&str>) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self { tool, words, namespace: namespace.map(str::to_owned) }
    }

    /// What is there and what is wrong with it.
    #[must_use]
    pub fn status(namespace: &str, set: &str) -> Self {
        Self::new(Tool::Ours, &["status", set], Some(namespace))
    }

    /// The pod is made anew by its set.
    #[must_use]
    pub fn delete_pod(namespace: &str, pod: &str) -> Self {
        Self::new(Tool::Kubectl, &["delete", "pod", pod], Some(namespace))
    }

    /// The pod that it deletes.
    #[must_use]
    pub fn deleted_pod(&self) -> Option<&str> {
        match self.words.as_slice() {
            [verb, kind, name] if verb == "delete" && kind == "pod" => Some(name),
            _ => None,
        }
    }

    /// Events and states of one object.
    #[must_use]
    pub fn describe(namespace: Option<&str>, kind: &str, name: &str) -> Self {
        Self::new(Tool::Kubectl, &["describe", kind, name], namespace)
    }

    /// What a container that runs writes.
    #[must_use]
    pub fn logs(namespace: &str, pod: &str, container: &str) -> Self {
        Self::new(Tool::Kubectl, &["logs", pod, "-c", container], Some(namespace))
    }

    /// What a container last wrote before it ended.
    #[must_use]
    pub fn previous_logs(namespace: &str, pod: &str, container: &str) -> Self {
        Self::new(Tool::Kubectl, &["logs", pod, "-c", container, "--previous"], Some(namespace))
    }

    /// A released volume goes, with its data, to a claim that waits for it. One that was
    /// bound under this name before waits for it alone: with its whole reference gone any
    /// claim could take it, and two members would get each other's data.
    #[must_use]
    pub fn give_volume(volume: &Volume, namespace: &str, claim: &str) -> Self {
        if volume.was_of(namespace, claim) {
            Self::reserve_volume(&volume.meta.name)
        } else {
            Self::reserve_for(&volume.meta.name, namespace, claim)
        }
    }

    /// A released volume waits for this claim and for no other, whatever its former
    /// one was called (PV-35).
    #[must_use]
    pub fn reserve_for(volume: &str, namespace: &str, claim: &str) -> Self {
        let reference = format!(r#"{{"namespace":"{namespace}","name":"{claim}","uid":null,"resourceVersion":null}}"#);
        let patch = format!(r#"{{"spec":{{"claimRef":{reference}}}}}"#);
        Self::new(Tool::Kubectl, &["patch", "persistentvolume", volume, "--type=merge", "-p", &patch], None)
    }

    /// A released volume waits for a new claim of the old name, and for no other (PV-35).
    #[must_use]
    pub fn reserve_volume(volume: &str) -> Self {
        let patch = r#"{"spec":{"claimRef":{"uid":null,"resourceVersion":null}}}"#;
        Self::new(Tool::Kubectl, &["patch", "persistentvolume", volume, "--type=merge", "-p", patch], None)
    }

    /// The last members go, and are not made anew meanwhile.
    #[must_use]
    pub fn scale(namespace: &str, set: &str, replicas: u64) -> Self {
        let replicas = format!("--replicas={replicas}");
        Self::new(Tool::Kubectl, &["scale", "statefulset", set, &replicas], Some(namespace))
    }

    /// The last members go, one after the other and with a plan.
    #[must_use]
    pub fn safe_scale(set: &Set, replicas: u64) -> Self {
        let replicas = replicas.to_string();
        let words = ["scale", &set.meta.name, "--replicas", &replicas];
        // Claims that the set itself deletes cannot be kept where they are.
        let claims: &[&str] = if set.when_scaled == RetentionPolicy::Delete { &["--claims", "retire"] } else { &[] };
        Self::new(Tool::Ours, &[&words, claims].concat(), Some(&set.meta.namespace))
    }

    /// Template changes reach the members counted from here on (SS-61).
    #[must_use]
    pub fn lower_partition(namespace: &str, set: &str, partition: u64) -> Self {
        let patch = format!(r#"{{"spec":{{"updateStrategy":{{"rollingUpdate":{{"partition":{partition}}}}}}}}}"#);
        Self::new(Tool::Kubectl, &["patch", "statefulset", set, "--type=merge", "-p", &patch], Some(namespace))
    }

    /// The pods run on, and nobody makes them anew (SS-09).
    #[must_use]
    pub fn leave_pods_alone(namespace: &str, set: &str) -> Self {
        Self::new(Tool::Kubectl, &["delete", "statefulset", set, "--cascade=orphan"], Some(namespace))
    }

    /// A headless Service for these pods.
    #[must_use]
    pub fn create_service(namespace: &str, name: &str, selector: &BTreeMap<String, String>, ports: &[String]) -> Self {
        let ports = ports.iter().flat_map(|port| ["--port".to_owned(), port.clone()]);
        let labels = selector.iter().flat_map(|(key, value)| ["--selector".to_owned(), format!("{key}={value}")]);
        let words = ["create", "service", name].map(str::to_owned).into_iter().chain(ports).chain(labels);
        Self { tool: Tool::Ours, words: words.collect(), namespace: Some(namespace.to_owned()) }
    }

    /// A disk of one node for one claim and no other. Node and folder are asked for.
    #[must_use]
    pub fn create_volume(name: &str, wish: &Wish) -> Self {
        let mut words =
            vec!["create".to_owned(), "pv".to_owned(), name.to_owned(), "--size".to_owned(), wish.size.clone()];
        // A folder that any node may take for its own would lose the data of a pod that moves.
        words.extend(["--source", "local"].map(str::to_owned));
        if let Some(class) = wish.class.as_ref().filter(|class| !class.is_empty()) {
            words.extend(["--storage-class".to_owned(), class.clone()]);
        }
        words.extend(wish.modes.iter().flat_map(|mode| ["--access-mode".to_owned(), mode.clone()]));
        if wish.volume_mode == VolumeMode::Block {
            words.extend(["--volume-mode", "Block"].map(str::to_owned));
        }
        words.extend(["--for-claim".to_owned(), format!("{}/{}", wish.namespace, wish.name)]);
        Self { tool: Tool::Ours, words, namespace: None }
    }

    /// The data outlives the claim (PV-41).
    #[must_use]
    pub fn keep_volume(volume: &str) -> Self {
        let patch = r#"{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}"#;
        Self::new(Tool::Kubectl, &["patch", "persistentvolume", volume, "-p", patch], None)
    }

    /// The machine is off: its pods are removed and its volumes detached (H-05).
    #[must_use]
    pub fn out_of_service(node: &str) -> Self {
        let taint = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute";
        Self::new(Tool::Kubectl, &["taint", "node", node, taint], None)
    }

    /// The machine is back (H-05).
    #[must_use]
    pub fn in_service(node: &str) -> Self {
        Self::new(Tool::Kubectl, &["taint", "node", node, "node.kubernetes.io/out-of-service-"], None)
    }

    /// Nothing hangs there any more.
    #[must_use]
    pub fn delete_attachment(name: &str) -> Self {
        Self::new(Tool::Kubectl, &["delete", "volumeattachment", name], None)
    }

    /// One pod may go at a time.
    #[must_use]
    pub fn allow_one(namespace: &str, budget: &str) -> Self {
        let patch = r#"{"spec":{"maxUnavailable":1,"minAvailable":null}}"#;
        Self::new(
            Tool::Kubectl,
            &["patch", "poddisruptionbudget", budget, "--type=merge", "-p", patch],
            Some(namespace),
        )
    }

    #[must_use]
    pub fn delete_budget(namespace: &str, budget: &str) -> Self {
        Self::new(Tool::Kubectl, &["delete", "poddisruptionbudget", budget], Some(namespace))
    }

    #[must_use]
    pub fn delete_autoscaler(namespace: &str, name: &str) -> Self {
        Self::new(Tool::Kubectl, &["delete", "horizontalpodautoscaler", name], Some(namespace))
    }

    /// `field` is `minReplicas` or `maxReplicas`.
    #[must_use]
    pub fn bound_autoscaler(namespace: &str, name: &str, field: &str, members: u64) -> Self {
        let patch = serde_json::json!({"spec": {field: members}}).to_string();
        Self::new(
            Tool::Kubectl,
            &["patch", "horizontalpodautoscaler", name, "--type=merge", "-p", &patch],
            Some(namespace),
        )
    }

    /// Pods may be put on the node again.
    #[must_use]
    pub fn uncordon(node: &str) -> Self {
        Self::new(Tool::Kubectl, &["uncordon", node], None)
    }

    /// The runs that were started on this machine.
    #[must_use]
    pub fn runs(namespace: &str) -> Self {
        Self::new(Tool::Ours, &["runs"], Some(namespace))
    }

    /// A run that has stopped goes on.
    #[must_use]
    pub fn resume(namespace: &str, run: &str) -> Self {
        Self::new(Tool::Ours, &["resume", run], Some(namespace))
    }

    /// The claims of earlier members go, and their volumes stay with the data.
    #[must_use]
    pub fn retire_leftovers(namespace: &str, set: &str) -> Self {
        Self::new(Tool::Ours, &["volumes", "retire", set], Some(namespace))
    }

    /// Retired volumes go back under the claims that a member had.
    #[must_use]
    pub fn restore_volumes(namespace: &str, set: &str, ordinal: u64) -> Self {
        Self::new(Tool::Ours, &["volumes", "restore", set, "--ordinal", &ordinal.to_string()], Some(namespace))
    }

    /// A volume that has its claim again is no retired one.
    #[must_use]
    pub fn take_mark_off(volume: &str) -> Self {
        Self::new(Tool::Kubectl, &["label", "persistentvolume", volume, &format!("{RETIRED}-")], None)
    }

    /// What `kubectl apply` remembers of a set.
    #[must_use]
    pub fn edit_applied(namespace: &str, set: &str) -> Self {
        Self::new(Tool::Kubectl, &["apply", "edit-last-applied", &format!("statefulset/{set}")], Some(namespace))
    }

    /// The list of a kind.
    #[must_use]
    pub fn get(namespace: Option<&str>, kind: &str) -> Self {
        Self::new(Tool::Kubectl, &["get", kind], namespace)
    }
}

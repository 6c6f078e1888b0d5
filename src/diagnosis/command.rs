//! What a finding says to type. Each command is made here and nowhere else, so
//! that one test can hold all of them against the verbs that exist.

use std::collections::BTreeMap;

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

    /// Events and states of one object.
    #[must_use]
    pub fn describe(namespace: Option<&str>, kind: &str, name: &str) -> Self {
        Self::new(Tool::Kubectl, &["describe", kind, name], namespace)
    }

    /// What a container last wrote before it ended.
    #[must_use]
    pub fn previous_logs(namespace: &str, pod: &str, container: &str) -> Self {
        Self::new(Tool::Kubectl, &["logs", pod, "-c", container, "--previous"], Some(namespace))
    }

    /// A released volume can be bound again, with its data (PV-35).
    #[must_use]
    pub fn free_volume(volume: &str) -> Self {
        let patch = r#"[{"op":"remove","path":"/spec/claimRef"}]"#;
        Self::new(Tool::Kubectl, &["patch", "persistentvolume", volume, "--type=json", "-p", patch], None)
    }

    /// A released volume waits for a new claim of the old name, and for no other (PV-35).
    #[must_use]
    pub fn reserve_volume(volume: &str) -> Self {
        let patch =
            r#"[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]"#;
        Self::new(Tool::Kubectl, &["patch", "persistentvolume", volume, "--type=json", "-p", patch], None)
    }

    /// The last members go, and are not made anew meanwhile.
    #[must_use]
    pub fn scale(namespace: &str, set: &str, replicas: u64) -> Self {
        let replicas = format!("--replicas={replicas}");
        Self::new(Tool::Kubectl, &["scale", "statefulset", set, &replicas], Some(namespace))
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

    /// The list of a kind.
    #[must_use]
    pub fn get(namespace: Option<&str>, kind: &str) -> Self {
        Self::new(Tool::Kubectl, &["get", kind], namespace)
    }

    /// One of each, for the test that reads them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        vec![
            Self::status("db", "web"),
            Self::delete_pod("db", "web-1"),
            Self::describe(Some("db"), "pod", "web-1"),
            Self::previous_logs("db", "web-1", "app"),
            Self::free_volume("disk"),
            Self::reserve_volume("disk"),
            Self::scale("db", "web", 2),
            Self::leave_pods_alone("db", "web"),
            Self::create_service(
                "db",
                "web",
                &BTreeMap::from([("app".to_owned(), "web".to_owned())]),
                &["80".to_owned()],
            ),
            Self::keep_volume("disk"),
            Self::out_of_service("node-a"),
            Self::in_service("node-a"),
            Self::delete_attachment("csi-1"),
            Self::allow_one("db", "web"),
            Self::delete_budget("db", "web"),
            Self::delete_autoscaler("db", "web"),
            Self::bound_autoscaler("db", "web", "maxReplicas", 3),
            Self::uncordon("node-a"),
            Self::get(None, "storageclass"),
        ]
    }
}

//! What a finding says to type. Each command is made here and nowhere else, so
//! that one test can hold all of them against the verbs that exist.

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

    /// The data outlives the claim (PV-41).
    #[must_use]
    pub fn keep_volume(volume: &str) -> Self {
        let patch = r#"{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}"#;
        Self::new(Tool::Kubectl, &["patch", "persistentvolume", volume, "-p", patch], None)
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
            Self::keep_volume("disk"),
            Self::uncordon("node-a"),
            Self::get(None, "storageclass"),
        ]
    }
}

//! Who and what rivals are about.

/// The names that faults are about.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    pub namespace: String,
    pub set: String,
    /// What an autoscaler or a GitOps tool wants of the set.
    pub replicas: u32,
    pub pods: Vec<String>,
    pub claims: Vec<String>,
    pub volumes: Vec<String>,
    pub nodes: Vec<String>,
    pub class: String,
}

//! Who and what rivals are about.

/// What is to become of a deleted set's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    Background,
    Foreground,
    Orphan,
}

impl Propagation {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

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

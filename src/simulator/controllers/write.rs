//! What actors ask for: writes, in the words of the API, and how a look at things
//! orders them.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::Target;

/// One write that an actor asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// POST of a complete object (`apiVersion`, `kind`, `metadata`, …).
    Create(Value),
    /// JSON merge patch of the object itself.
    Patch { target: Target, patch: Arc<Value> },
    /// JSON merge patch of its `status` subresource.
    PatchStatus { target: Target, patch: Arc<Value> },
    /// The `binding` subresource of a pod: puts it on a node.
    Bind { target: Target, node: String },
    /// PUT of the `finalize` subresource of a namespace: the whole object, with
    /// the finalizers that are left.
    Finalize(Value),
    /// DELETE with the UID as precondition. `grace` of `None` takes the
    /// object's own grace period; `Some(0)` removes a pod at once. `dependents`
    /// of `None` leaves it to the object's finalizers what becomes of those.
    Delete { target: Target, uid: String, grace: Option<u32>, dependents: Option<Dependents> },
    /// An Event object about `target` (type `Normal` or `Warning`).
    Event { target: Target, kind: EventType, reason: String, message: String },
}

/// When the dependents of a deleted object go: the propagation policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// After it.
    Background,
    /// Before it.
    Foreground,
    /// Not at all.
    Orphan,
}

impl fmt::Display for Dependents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        })
    }
}

/// The two types that Kubernetes gives its Event objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    Normal,
    Warning,
}

impl fmt::Display for EventType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        })
    }
}

/// A part of a pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Write(Write),
    /// Some that do not depend on each other. A refused write ends its own one
    /// alone; what comes after the batch is sent if all of them were.
    Batch(Vec<Vec<Part>>),
}

/// What one look came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// In the order in which they are to be sent, up to the first that is
    /// refused.
    pub parts: Vec<Part>,
    /// Look again at this time even if nothing changes.
    pub wake: Option<Timestamp>,
}

impl From<Vec<Write>> for Step {
    fn from(writes: Vec<Write>) -> Self {
        Self { parts: writes.into_iter().map(Part::Write).collect(), wake: None }
    }
}

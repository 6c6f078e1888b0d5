//! What is about to happen, object by object: the data behind the review
//! screen. Made from server-side dry runs, shown by `report`.

use serde::Serialize;

pub use crate::effects::{Change, Difference};

/// All objects in apply order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Review {
    /// Cluster and namespace, such as `minikube/default`.
    pub place: String,
    pub lines: Vec<Line>,
    /// Things to know before saying yes; raw strings.
    pub warnings: Vec<String>,
}

/// One object of the review.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// `Kind/name`.
    pub object: String,
    pub change: Change,
    /// A few words on what matters in it: `headless, port 5984`.
    pub detail: String,
}

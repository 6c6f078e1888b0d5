//! The lines of a sandbox's log.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::simulator::import::Origin;
use crate::simulator::store::{Commit, Store};

/// The newest format that this program writes and reads.
pub const FORMAT: u64 = 1;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Format version.
    pub sandbox: u64,
    pub seed: u64,
    /// Rises with each compaction, so that others notice the new file.
    pub epoch: u64,
    /// The revision of the snapshot that follows.
    pub revision: u64,
    /// Of a copy of a live namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Any further line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// An object of the snapshot.
    Object(Value),
    /// One commit.
    Commit(Written),
    /// The clock moved without a commit, or the sandbox was opened.
    Clock(Clock),
}

/// The virtual clock, and the real one when the sandbox was opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Clock {
    pub now: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real: Option<Timestamp>,
}

/// A commit as it stands in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    pub revision: u64,
    pub at: Timestamp,
    pub by: String,
    pub api_version: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    /// `None` for a removed object.
    pub object: Option<Value>,
}

impl Written {
    #[must_use]
    pub fn of(commit: &Commit) -> Self {
        Self {
            revision: commit.revision,
            at: commit.at,
            by: commit.by.clone(),
            api_version: commit.kind.api_version(),
            kind: commit.kind.name().to_owned(),
            namespace: commit.namespace.clone(),
            name: commit.name.clone(),
            object: commit.after.as_deref().cloned(),
        }
    }

    /// The commit again; its former state is what the store holds.
    #[must_use]
    pub fn commit(self, store: &Store) -> Option<Commit> {
        let kind = store.kind_of(&self.api_version, &self.kind)?;
        Some(Commit {
            revision: self.revision,
            at: self.at,
            kind,
            before: store.object(kind, &self.namespace, &self.name).cloned(),
            namespace: self.namespace,
            name: self.name,
            after: self.object.map(Arc::new),
            by: self.by,
        })
    }
}

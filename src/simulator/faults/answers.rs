//! Answers that nobody earned, as a server or what stands before it gives them.

use serde_json::{Value, json};

use super::fault::Answer;
use crate::simulator::world::Reply;

impl Answer {
    /// Whether the request is done nevertheless.
    pub(super) fn is_committed(self) -> bool {
        match self {
            Self::Internal { committed } | Self::Timeout { committed } => committed,
            Self::Conflict
            | Self::Expired
            | Self::TooMany { .. }
            | Self::Unavailable
            | Self::Unauthorized
            | Self::Forbidden => false,
        }
    }

    /// Whether everything that follows is answered so, too.
    pub(super) fn lasts(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Forbidden)
    }

    pub(super) fn reply(self) -> Reply {
        let (code, reason, message) = match self {
            Self::Conflict => {
                let why = "the object has been modified; please apply your changes to the latest version and try again";
                (409, "Conflict", why)
            }
            Self::Expired => (410, "Expired", "The resourceVersion for the provided list is too old."),
            Self::TooMany { .. } => (429, "TooManyRequests", "Too many requests, please try again later."),
            Self::Internal { .. } => (500, "InternalError", "Internal error occurred: a fault by plan"),
            Self::Unavailable => (503, "ServiceUnavailable", "apiserver not ready"),
            Self::Timeout { .. } => (504, "Timeout", "Timeout: request did not complete within the allotted timeout"),
            Self::Unauthorized => (401, "Unauthorized", "Unauthorized"),
            Self::Forbidden => (403, "Forbidden", "forbidden: the right was taken away"),
        };
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code,
        });
        if let Self::TooMany { after: Some(seconds) } = self {
            status["details"] = json!({ "retryAfterSeconds": seconds });
        }
        Reply::json(code, status)
    }
}

/// The line of a watch that began too long ago.
pub(super) fn expired_event() -> Value {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 410,
        "reason": "Expired", "message": "too old resource version: a fault by plan",
    });
    json!({"type": "ERROR", "object": status})
}

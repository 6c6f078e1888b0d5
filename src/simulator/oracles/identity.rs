//! D3: what destroys carries the UID that was shown, so that a namesake that
//! came in between is refused by the server.

use serde_json::Value;

use super::watcher::Confirmed;
use super::{Rule, Violation};
use crate::simulator::faults::Seen;

/// Judges one request of the run: deletions, evictions and changes of scale.
#[must_use]
pub fn identity(request: &Seen, confirmed: &Confirmed) -> Option<Violation> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let is_scale = matches!(request.method.as_str(), "PUT" | "PATCH") && request.path.ends_with("/scale");
    let uid = match request.method.as_str() {
        "DELETE" => &body["preconditions"]["uid"],
        "POST" if request.path.ends_with("/eviction") => &body["deleteOptions"]["preconditions"]["uid"],
        _ if is_scale => &body["metadata"]["uid"],
        _ => return None,
    };
    let why = match uid.as_str() {
        Some(uid) if confirmed.shown.contains(uid) => return None,
        Some(uid) => format!("carries the UID {uid}, which was not shown"),
        None => "carries no UID".to_owned(),
    };
    Some(Violation::new(Rule::Identity, format!("{} {} {why}", request.method, request.path)))
}

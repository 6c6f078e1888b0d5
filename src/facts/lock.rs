//! The Lease that says which run works on a set: `stateful-SET`, held by the
//! id of the run. A run that ends removes it; one that was killed leaves it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::meta::{text, time};

/// How long a lock counts after it was last kept alive.
pub const LASTS: Duration = Duration::from_mins(1);

const PREFIX: &str = "stateful-";

/// The name of the Lease on a set.
#[must_use]
pub fn lease_name(set: &str) -> String {
    format!("{PREFIX}{set}")
}

/// A lock that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub namespace: String,
    /// Name of the set.
    pub set: String,
    pub run: String,
    pub taken: Option<Timestamp>,
    /// When it was last kept alive.
    pub renewed: Option<Timestamp>,
}

impl Held {
    /// Reads a Lease; `None` if nobody holds it, or if it is none of a set.
    #[must_use]
    pub fn read(lease: &Value) -> Option<Self> {
        let (meta, spec) = (&lease["metadata"], &lease["spec"]);
        Some(Self {
            namespace: text(&meta["namespace"]),
            set: meta["name"].as_str()?.strip_prefix(PREFIX)?.to_owned(),
            run: spec["holderIdentity"].as_str().filter(|run| !run.is_empty())?.to_owned(),
            taken: time(&spec["acquireTime"]),
            renewed: time(&spec["renewTime"]),
        })
    }

    /// Whether its time has run out.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        // A time to come is another machine's clock, and no dead run.
        let age = |renewed| Duration::try_from(now.duration_since(renewed)).unwrap_or_default();
        self.renewed.is_none_or(|renewed| age(renewed) >= LASTS)
    }

    /// Whether its time says that nobody keeps it alive, by our clock. The clock
    /// of whoever holds it may be another one, so that only watching it tells.
    #[must_use]
    pub fn looks_left(&self, now: Timestamp) -> bool {
        let is_to_come = |renewed| Duration::try_from(now.duration_until(renewed)).unwrap_or_default() >= LASTS;
        self.is_over(now) || self.renewed.is_some_and(is_to_come)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_held_lease_with_the_name_of_a_set_is_a_lock() {
        let lease = |name: &str, run: &str| {
            json!({"metadata": {"name": name, "namespace": "db"},
                "spec": {"holderIdentity": run, "renewTime": "2026-03-13T12:00:00.000000Z"}})
        };
        let held = Held::read(&lease("stateful-web", "0abc")).unwrap();
        assert_eq!((held.set.as_str(), held.run.as_str(), held.namespace.as_str()), ("web", "0abc", "db"));
        assert_eq!(Held::read(&lease("stateful-web", "")), None);
        assert_eq!(Held::read(&lease("node-a", "node-a")), None);
        let at = |text: &str| text.parse().unwrap();
        assert!(!held.is_over(at("2026-03-13T12:00:59Z")) && held.is_over(at("2026-03-13T12:01:00Z")));
        assert!(!held.is_over(at("2026-03-13T11:00:00Z")), "another machine's clock");
        assert!(held.looks_left(at("2026-03-13T11:00:00Z")) && !held.looks_left(at("2026-03-13T11:59:30Z")));
    }
}

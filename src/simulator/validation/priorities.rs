//! Priority classes.

use serde_json::Value;

use super::read::{one_of, text};
use crate::simulator::status::Cause;

/// The highest priority that is not the system's.
const HIGHEST: i64 = 1_000_000_000;

/// The classes of the system and their priorities.
const SYSTEM: &[(&str, i64)] = &[("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

/// What is wrong with a priority class.
pub fn of_class(class: &Value) -> Vec<Cause> {
    let name = text(&class["metadata"], "name");
    let value = class["value"].as_i64().unwrap_or(0);
    let mut causes = Vec::new();
    if name.starts_with("system-") {
        let known = SYSTEM.iter().find(|(known, _)| *known == name);
        let why = match known {
            None => Some(format!("{name} is not a known system priority class")),
            Some((_, wanted)) if *wanted != value => Some(format!("value of {name} PriorityClass must be {wanted}")),
            Some(_) if class["globalDefault"] == true => {
                Some(format!("globalDefault of {name} PriorityClass must be false"))
            }
            Some(_) => None,
        };
        causes.extend(why.map(|why| {
            let start = "priority class names with 'system-' prefix are reserved for system use only. error: ";
            Cause::forbidden("metadata.name", &format!("{start}{why}"))
        }));
    } else if value > HIGHEST {
        let why = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        causes.push(Cause::forbidden("value", &why));
    }
    let policies = ["PreemptLowerPriority", "Never"];
    let policy = one_of(class, "preemptionPolicy", "", &policies);
    causes.extend(policy.map(|cause| Cause { field: "preemptionPolicy".to_owned(), ..cause }));
    causes
}

/// What may not become of one.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if old["value"] != new["value"] {
        causes.push(Cause::forbidden("value", "may not be changed in an update."));
    }
    if old["preemptionPolicy"] != new["preemptionPolicy"] {
        causes.push(Cause::invalid("preemptionPolicy", &new["preemptionPolicy"], "field is immutable"));
    }
    causes
}

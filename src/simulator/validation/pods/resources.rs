//! What a container asks for and what it may use.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::simulator::quantity::Quantity;
use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{amount, items, text};

const PAGES: &str = "hugepages-";

const STANDARD: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// Whether there can be more requested than there is: not of devices and pages.
fn can_be_overcommitted(name: &str) -> bool {
    let is_native = !name.contains('/') || name.contains("kubernetes.io/");
    is_native && !name.starts_with("hugepages-")
}

/// The requests and limits of a container.
pub fn of_container(path: &str, resources: &Value, claims: &BTreeSet<&str>) -> Vec<Cause> {
    let empty = Map::new();
    let list = |name: &str| resources[name].as_object().unwrap_or(&empty);
    let limits = list("limits");
    let mut causes = Vec::new();
    for (name, limit) in limits {
        causes.extend(quantity(&format!("{path}.limits[{name}]"), name, limit));
    }
    for (name, request) in list("requests") {
        causes.extend(quantity(&format!("{path}.requests[{name}]"), name, request));
        let field = format!("{path}.requests");
        match limits.get(name) {
            None if can_be_overcommitted(name) => {}
            None => {
                let why = "Limit must be set for non overcommitable resources";
                causes.push(Cause::required(format!("{path}.limits"), why));
            }
            Some(limit) => {
                let (asked, most) = (amount(request), amount(limit));
                let shown = limit.as_str().unwrap_or_default();
                if asked != most && !can_be_overcommitted(name) {
                    causes.push(Cause::invalid(field, request, &format!("must be equal to {name} limit of {shown}")));
                } else if asked > most {
                    let why = format!("must be less than or equal to {name} limit of {shown}");
                    causes.push(Cause::invalid(field, request, &why));
                }
            }
        }
    }
    let named = |start: &str| list("limits").keys().chain(list("requests").keys()).any(|name| name.starts_with(start));
    if named(PAGES) && !list("limits").contains_key("cpu") && !list("requests").contains_key("cpu") && !named("memory")
    {
        causes.push(Cause::forbidden(path, "HugePages require cpu or memory"));
    }
    causes.extend(device_claims(path, resources, claims));
    causes
}

/// Claims on devices that the pod has; each is named once.
pub fn device_claims(path: &str, resources: &Value, claims: &BTreeSet<&str>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, claim) in items(resources, "claims", path) {
        let name = text(claim, "name");
        if name.is_empty() {
            causes.push(Cause::required(path, ""));
            continue;
        }
        if !seen.insert(name) {
            causes.push(Cause::duplicate(path.as_str(), name));
        }
        if !claims.contains(name) {
            let names: Vec<&str> = claims.iter().copied().collect();
            let names = if names.is_empty() { " which is empty".to_owned() } else { format!(": {}", names.join(", ")) };
            let mut cause = Cause::not_found(path, name);
            cause.message = format!("{}: must be one of the names in pod.spec.resourceClaims{names}", cause.message);
            causes.push(cause);
        }
    }
    causes
}

fn quantity(field: &str, name: &str, value: &Value) -> Vec<Cause> {
    let mut causes = names::qualified(field, name);
    let invalid = |why: &str| Cause::invalid(field, &name.into(), why);
    if !name.contains('/') {
        if causes.is_empty() && !STANDARD.contains(&name) && !name.starts_with("hugepages-") {
            let is_known = matches!(name, "storage" | "pods" | "services" | "secrets" | "configmaps");
            if !is_known {
                causes.push(invalid("must be a standard resource type or fully qualified"));
            }
            causes.push(invalid("must be a standard resource for containers"));
        }
    } else if !causes.is_empty() || name.starts_with("requests.") {
        causes.push(invalid("doesn't follow extended resource name standard"));
    }
    let Some(nanos) = amount(value) else { return causes };
    if nanos < 0 {
        causes.push(Cause::invalid(field, value, "must be greater than or equal to 0"));
    }
    let is_whole = name.contains('/') && !name.contains("kubernetes.io/");
    if is_whole && nanos % 1_000_000_000 != 0 {
        causes.push(Cause::invalid(field, value, "must be an integer"));
    }
    let page = name.strip_prefix(PAGES).and_then(Quantity::parse).map(Quantity::nanos);
    if page.is_some_and(|page| page > 0 && nanos % page != 0) {
        let why = format!("{} is not positive integer multiple of {name}", value.as_str().unwrap_or_default());
        causes.push(Cause::invalid(field, value, &why));
    }
    causes
}

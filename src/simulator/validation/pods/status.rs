//! What the status of a pod may say.

use std::net::IpAddr;

use serde_json::Value;

use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{address, items, text};

/// Conditions of these types are Kubernetes' own, and not checked.
const OWN: &[&str] = &["PodScheduled", "Ready", "Initialized"];

/// What is wrong with a pod's new status.
pub fn of_status(old: &Value, new: &Value) -> Vec<Cause> {
    let (before, after) = (&old["status"], &new["status"]);
    let mut causes = Vec::new();
    for (path, condition) in items(after, "conditions", "status") {
        let kind = text(condition, "type");
        if !OWN.contains(&kind) {
            causes.extend(names::qualified(&format!("{path}.Type"), kind));
        }
    }
    if before["qosClass"] != after["qosClass"] {
        causes.push(Cause::invalid("status.qosClass", &after["qosClass"], "field is immutable"));
    }
    for list in ["containerStatuses", "initContainerStatuses"] {
        resurrections(list, old, after, &mut causes);
    }
    addresses("podIPs", before, after, &mut causes);
    if let [(path, first), ..] = items(after, "hostIPs", "status").as_slice()
        && text(first, "ip") != text(after, "hostIP")
    {
        let why = "must be equal to `hostIP`";
        causes.push(Cause::invalid(format!("{path}.ip"), &text(first, "ip").into(), why));
    }
    addresses("hostIPs", before, after, &mut causes);
    causes
}

/// Containers that are not to start again stay dead.
fn resurrections(list: &str, old: &Value, after: &Value, causes: &mut Vec<Cause>) {
    let policy = text(&old["spec"], "restartPolicy");
    for (path, was) in items(&old["status"], list, "status") {
        let ended = &was["state"]["terminated"];
        let may = policy == "Always" || policy == "OnFailure" && ended["exitCode"].as_i64().unwrap_or(0) != 0;
        let now = items(after, list, "status").into_iter().find(|(_, is)| is["name"] == was["name"]);
        if !ended.is_null() && !may && now.is_some_and(|(_, is)| is["state"]["terminated"].is_null()) {
            let why = "may not be transitioned to non-terminated state";
            causes.push(Cause::forbidden(format!("{path}.state"), why));
        }
    }
}

/// Addresses are addresses, unless they stood there before; two are one of
/// each family.
fn addresses(list: &str, before: &Value, after: &Value, causes: &mut Vec<Cause>) {
    let known = items(before, list, "status");
    let given = items(after, list, "status");
    for (path, entry) in &given {
        let is_known = known.iter().any(|(_, known)| known["ip"] == entry["ip"]);
        causes.extend(address(text(entry, "ip"), path).filter(|_| !is_known));
    }
    if given.len() < 2 {
        return;
    }
    let field = format!("status.{list}");
    let mut families = Vec::new();
    for (_, entry) in &given {
        let Ok(address) = text(entry, "ip").parse::<IpAddr>() else {
            let message =
                format!("Internal error: failed to check for dual stack with error:invalid IP: {}", text(entry, "ip"));
            causes.push(Cause { reason: "InternalError", message, field: field.clone() });
            break;
        };
        families.push(address.is_ipv4());
    }
    let is_pair = families.contains(&true) && families.contains(&false);
    if !is_pair || given.len() > 2 {
        let shown: Value = given.iter().map(|(_, entry)| serde_json::json!({"IP": text(entry, "ip")})).collect();
        causes.push(Cause::invalid(field, &shown, "may specify no more than one IP for each IP family"));
    }
}

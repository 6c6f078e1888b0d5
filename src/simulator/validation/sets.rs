//! StatefulSets (SS-10 to SS-14).

use serde_json::Value;

use super::{names, pods, volumes};
use crate::simulator::selectors::LabelSelector;
use crate::simulator::status::Cause;

/// Seen with 1.36; other minors name other lists (SS-13).
pub const IMMUTABLE: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
    'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are \
    forbidden";

/// Fields of the spec that may change.
pub const MUTABLE: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// A whole set.
pub fn of_set(set: &Value) -> Vec<Cause> {
    let spec = &set["spec"];
    let mut causes = Vec::new();
    strategy(spec, &mut causes);
    for (field, path) in [
        (&spec["replicas"], "spec.replicas"),
        (&spec["minReadySeconds"], "spec.minReadySeconds"),
        (&spec["ordinals"]["start"], "spec.ordinals.start"),
    ] {
        causes.extend(non_negative(field, path));
    }
    selector(spec, &mut causes);
    let template = &spec["template"];
    // The real server checks the template twice and reports it twice.
    for _ in 0..2 {
        causes.extend(names::labels("spec.template.labels", &template["metadata"]["labels"]));
    }
    let claims = claim_names(spec);
    causes.extend(pods::of_template("spec.template.spec", &template["spec"], &claims));
    let policy = template["spec"]["restartPolicy"].as_str().unwrap_or("Always");
    if policy != "Always" {
        causes.push(Cause::unsupported("spec.template.spec.restartPolicy", policy, &["Always"]));
    }
    if !template["spec"]["activeDeadlineSeconds"].is_null() {
        let why = "activeDeadlineSeconds in StatefulSet is not Supported";
        causes.push(Cause::forbidden("spec.template.spec.activeDeadlineSeconds", why));
    }
    for (index, template) in spec["volumeClaimTemplates"].as_array().into_iter().flatten().enumerate() {
        causes.extend(volumes::of_claim(&format!("spec.volumeClaimTemplates[{index}].spec"), &template["spec"]));
    }
    causes
}

fn claim_names(spec: &Value) -> Vec<&str> {
    let templates = spec["volumeClaimTemplates"].as_array().into_iter().flatten();
    templates.filter_map(|template| template["metadata"]["name"].as_str()).collect()
}

pub fn non_negative(value: &Value, path: &str) -> Option<Cause> {
    let number = value.as_i64().filter(|number| *number < 0)?;
    Some(Cause::invalid(path, &number.into(), "must be greater than or equal to 0"))
}

fn strategy(spec: &Value, causes: &mut Vec<Cause>) {
    let management = spec["podManagementPolicy"].as_str().unwrap_or_default();
    if !matches!(management, "OrderedReady" | "Parallel") {
        let why = "must be 'OrderedReady' or 'Parallel'";
        causes.push(Cause::invalid("spec.podManagementPolicy", &management.into(), why));
    }
    let rolling = &spec["updateStrategy"]["rollingUpdate"];
    match spec["updateStrategy"]["type"].as_str() {
        Some("RollingUpdate") => {
            let path = "spec.updateStrategy.rollingUpdate.partition";
            causes.extend(non_negative(&rolling["partition"], path));
        }
        Some("OnDelete") if rolling.is_object() => {
            let why = "only allowed for updateStrategy 'RollingUpdate'";
            causes.push(Cause::invalid("spec.updateStrategy.rollingUpdate", rolling, why));
        }
        Some("OnDelete") => {}
        other => {
            let why = "must be 'RollingUpdate' or 'OnDelete'";
            causes.push(Cause::invalid("spec.updateStrategy", &other.unwrap_or_default().into(), why));
        }
    }
    for name in ["whenDeleted", "whenScaled"] {
        let path = format!("spec.persistentVolumeClaimRetentionPolicy.{name}");
        let value = spec["persistentVolumeClaimRetentionPolicy"][name].as_str().unwrap_or("Retain");
        if !matches!(value, "Retain" | "Delete") {
            causes.push(Cause::unsupported(path, value, &["Retain", "Delete"]));
        }
    }
}

fn selector(spec: &Value, causes: &mut Vec<Cause>) {
    let labels = &spec["template"]["metadata"]["labels"];
    let selector = LabelSelector::of_spec(&spec["selector"]);
    if spec["selector"].is_null() {
        causes.push(Cause::required("spec.selector", ""));
    } else if selector.as_ref().is_some_and(LabelSelector::is_empty) {
        let why = "empty selector is invalid for statefulset";
        causes.push(Cause::invalid("spec.selector", &spec["selector"], why));
    }
    let matches = selector.is_some_and(|selector| selector.matches(labels)) && !spec["selector"].is_null();
    if !matches {
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
    }
}

/// Counters of the status (SS-14).
pub fn of_status(set: &Value, old: &Value) -> Vec<Cause> {
    let status = &set["status"];
    let count = |name: &str| status[name].as_i64().unwrap_or(0);
    let mut causes = Vec::new();
    let counters = ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    for name in counters {
        causes.extend(non_negative(&status[name], &format!("status.{name}")));
    }
    for name in &counters[1..] {
        if count(name) > count("replicas") {
            let why = "cannot be greater than status.replicas";
            causes.push(Cause::invalid(format!("status.{name}"), &count(name).into(), why));
        }
    }
    if count("availableReplicas") > count("readyReplicas") {
        let why = "cannot be greater than status.readyReplicas";
        causes.push(Cause::invalid("status.availableReplicas", &count("availableReplicas").into(), why));
    }
    if count("collisionCount") < old["status"]["collisionCount"].as_i64().unwrap_or(0) {
        causes.push(Cause::invalid("status.collisionCount", &count("collisionCount").into(), "cannot be decremented"));
    }
    causes
}

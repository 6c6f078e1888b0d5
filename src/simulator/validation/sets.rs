//! StatefulSets (SS-10 to SS-14).

use serde_json::{Value, json};

use super::read::non_negative;
use super::{claims, go, names, pods, scaling};
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

/// A new set.
pub fn of_set(set: &Value) -> Vec<Cause> {
    of_spec(set, true, true)
}

/// A changed set. What cannot change is not checked again, and a template that
/// was wrong before may stay so.
pub fn of_changed_set(old: &Value, new: &Value) -> Vec<Cause> {
    let was_wrong = !of_spec(old, false, true).is_empty();
    of_spec(new, false, !was_wrong)
}

fn of_spec(set: &Value, is_new: bool, with_pod: bool) -> Vec<Cause> {
    let spec = &set["spec"];
    let mut causes = Vec::new();
    strategy(spec, &mut causes);
    if is_new {
        for (index, template) in spec["volumeClaimTemplates"].as_array().into_iter().flatten().enumerate() {
            causes.extend(claims::of_claim(&format!("spec.volumeClaimTemplates[{index}].spec"), &template["spec"]));
        }
    }
    for (field, path) in [
        (&spec["replicas"], "spec.replicas"),
        (&spec["minReadySeconds"], "spec.minReadySeconds"),
        (&spec["ordinals"]["start"], "spec.ordinals.start"),
    ] {
        causes.extend(non_negative(field, path));
    }
    let service = spec["serviceName"].as_str().unwrap_or_default();
    if is_new && !service.is_empty() {
        causes.extend(names::label("spec.serviceName", service));
    }
    let Some(selector) = selector(spec, &mut causes) else { return causes };
    causes.extend(template(spec, &selector, with_pod));
    let spec = &spec["template"]["spec"];
    let policy = spec["restartPolicy"].as_str().unwrap_or("Always");
    if policy != "Always" {
        causes.push(Cause::unsupported("spec.template.spec.restartPolicy", policy, &["Always"]));
    }
    if !spec["activeDeadlineSeconds"].is_null() {
        let why = "activeDeadlineSeconds in StatefulSet is not Supported";
        causes.push(Cause::forbidden("spec.template.spec.activeDeadlineSeconds", why));
    }
    causes
}

/// The template of the pods. Its labels and annotations are checked with it
/// and once more by themselves, as the real server does.
fn template(spec: &Value, selector: &Selected, with_pod: bool) -> Vec<Cause> {
    let template = &spec["template"];
    let (labels, annotations) = (&template["metadata"]["labels"], &template["metadata"]["annotations"]);
    let mut causes = Vec::new();
    if !selector.matches(labels) {
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
    }
    let metadata = || {
        let mut causes = names::labels("spec.template.labels", labels);
        causes.extend(names::annotations("spec.template.annotations", annotations));
        causes
    };
    if with_pod {
        causes.extend(metadata());
        causes.extend(pods::of_template("spec.template.spec", &with_claims(spec)));
    }
    causes.extend(metadata());
    causes
}

/// The pod of the template as its set completes it: claims become volumes and
/// stand before its own, and the set names the pod.
fn with_claims(spec: &Value) -> Value {
    let mut pod = spec["template"]["spec"].clone();
    let templates = spec["volumeClaimTemplates"].as_array().into_iter().flatten();
    let mut claims: Vec<&str> = Vec::new();
    for name in templates.map(|template| template["metadata"]["name"].as_str().unwrap_or_default()) {
        if !claims.contains(&name) {
            claims.push(name);
        }
    }
    if let Some(fields) = pod.as_object_mut() {
        fields.shift_remove("subdomain");
        fields.shift_remove("hostname");
        let own = fields.get("volumes").and_then(Value::as_array).cloned().unwrap_or_default();
        let own = own.into_iter().filter(|volume| !claims.contains(&volume["name"].as_str().unwrap_or_default()));
        let claims = claims.iter().map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
        let all: Vec<Value> = claims.chain(own).collect();
        if !all.is_empty() {
            fields.insert("volumes".to_owned(), all.into());
        }
    }
    pod
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
            causes.extend(max_unavailable(&rolling["maxUnavailable"]));
        }
        Some("OnDelete") if rolling.is_object() => {
            let why = "only allowed for updateStrategy 'RollingUpdate'";
            let shown = go::in_go(go::ROLLING_UPDATE, rolling);
            causes.push(Cause::invalid("spec.updateStrategy.rollingUpdate", &shown, why));
        }
        Some("OnDelete") => {}
        _ => {
            let why = "must be 'RollingUpdate' or 'OnDelete'";
            let shown = go::in_go(go::UPDATE_STRATEGY, &spec["updateStrategy"]);
            causes.push(Cause::invalid("spec.updateStrategy", &shown, why));
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

/// It may stand there only where it is switched on (SS-63).
fn max_unavailable(value: &Value) -> Vec<Cause> {
    let path = "spec.updateStrategy.rollingUpdate.maxUnavailable";
    let is_nothing = match value {
        Value::Null => return Vec::new(),
        // What is no percentage counts as the number that it is, or as 0.
        Value::String(text) => match scaling::percentage(text) {
            Some(digits) => digits.bytes().all(|digit| digit == b'0'),
            None => text.parse::<i64>().unwrap_or(0) == 0,
        },
        number => number.as_i64() == Some(0),
    };
    let nothing = is_nothing.then(|| Cause::invalid(path, value, "cannot be 0"));
    scaling::share(path, value).into_iter().chain(nothing).collect()
}

/// Which pods a set selects, as far as its template is concerned.
enum Selected {
    /// There is no selector.
    Nothing,
    By(LabelSelector),
}

impl Selected {
    fn matches(&self, labels: &Value) -> bool {
        match self {
            Self::Nothing => false,
            Self::By(selector) => selector.matches(labels),
        }
    }
}

/// The selector, if the server can make one of it.
fn selector(spec: &Value, causes: &mut Vec<Cause>) -> Option<Selected> {
    let field = "spec.selector";
    if spec["selector"].is_null() {
        causes.push(Cause::required(field, ""));
        return Some(Selected::Nothing);
    }
    let wrong = names::selector(field, &spec["selector"]);
    let selector = LabelSelector::of_spec(&spec["selector"]).filter(|_| wrong.is_empty());
    causes.extend(wrong);
    match &selector {
        None => causes.push(Cause::invalid(field, &spec["selector"], "")),
        Some(selector) if selector.is_empty() => {
            causes.push(Cause::invalid(field, &spec["selector"], "empty selector is invalid for statefulset"));
        }
        Some(_) => {}
    }
    selector.map(Selected::By)
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
    causes.extend(non_negative(&status["observedGeneration"], "status.observedGeneration"));
    causes.extend(non_negative(&status["collisionCount"], "status.collisionCount"));
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

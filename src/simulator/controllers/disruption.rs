//! The disruption controller: keeps in each budget's status how many of its
//! pods are healthy, how many must be, and how many evictions that leaves. It
//! also takes back the mark of an eviction that came to nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fields::{Fields, instead, later, targets, with_condition};
use super::{Change, Controller, EventType, Keyed, Step, Target, View, selector};
use crate::objects::kinds::ApiKind;
use crate::simulator::status::resource;

/// A pod that was let go counts as gone for so long.
const DELETION_TIMEOUT: i64 = 120;

/// `disruption-controller`; its name in events and fields is its component's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disruption;

impl Controller for Disruption {
    fn name(&self) -> &'static str {
        "controllermanager"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            "Pod" => {
                let seen = |pod: Option<&Value>| {
                    pod.map(|pod| {
                        let target = pod.condition("DisruptionTarget").cloned();
                        let held = (pod.holds("Ready"), pod.terminating(), target);
                        (held, pod["metadata"]["labels"].clone(), pod.owners().to_vec())
                    })
                };
                seen(change.before) != seen(change.after)
            }
            "StatefulSet" => {
                let scale = |set: Option<&Value>| set.map(|set| set["spec"]["replicas"].clone());
                scale(change.before) != scale(change.after)
            }
            kind => kind == "PodDisruptionBudget" && change.after.is_some() && change.by != self.name(),
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for Disruption {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        [targets(&view.list("PodDisruptionBudget")), targets(&view.list("Pod"))].concat()
    }

    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let place = change.target()?;
        let mut concerned = Vec::new();
        if change.kind != "PodDisruptionBudget" {
            concerned.extend(targets(&view.list_in("PodDisruptionBudget", &place.namespace)));
        }
        if change.kind != "StatefulSet" {
            concerned.push(place);
        }
        Some(concerned)
    }

    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step> {
        let Some(object) = view.get(&target.kind, &target.namespace, &target.name) else { return Vec::new() };
        let pass = if target.kind == "Pod" { forgive(&object, now) } else { sync(view, &object, now) };
        pass.if_any()
    }
}

/// What a budget asks for.
struct Wanted {
    expected: i64,
    healthy: i64,
    has_unmanaged: bool,
}

fn sync(view: &dyn View, budget: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let mut pods = view.list_in("Pod", budget.namespace());
    pods.retain(|pod| selector::matches(&budget["spec"]["selector"], pod));
    if pods.is_empty() {
        step.event_once(view, budget, EventType::Normal, "NoPods", "No matching pods found");
    }
    let wanted = match wanted(view, budget, &pods) {
        Ok(wanted) => wanted,
        Err(why) => {
            fail(budget, &why, now, &mut step);
            let message = format!("Failed to calculate the number of expected pods: {why}");
            step.event_once(view, budget, EventType::Warning, "CalculateExpectedPodCountFailed", message);
            return step;
        }
    };
    let disrupted = disrupted(budget, &pods, now, &mut step);
    let is_healthy =
        |pod: &&Arc<Value>| !pod.terminating() && !disrupted.contains_key(pod.name()) && pod.holds("Ready");
    let current = i64::try_from(pods.iter().filter(is_healthy).count()).unwrap_or(i64::MAX);
    let left = if wanted.expected > 0 { current.saturating_sub(wanted.healthy).max(0) } else { 0 };
    let mut status = json!({
        "currentHealthy": current, "desiredHealthy": wanted.healthy, "expectedPods": wanted.expected,
        "disruptionsAllowed": left, "observedGeneration": budget["metadata"]["generation"],
    });
    let held = &budget["status"];
    let is_counted = status.as_object().is_some_and(|fields| fields.iter().all(|(name, value)| held[name] == *value));
    if !(is_counted && is_same(&held["disruptedPods"], &disrupted) && is_told(budget, left)) {
        status["conditions"] = with_condition(budget, condition(&status), now).into();
        status["disruptedPods"] = instead(&held["disruptedPods"], disrupted);
        step.patch_status(budget, status);
    }
    if wanted.has_unmanaged {
        let message = unmanaged(budget);
        step.event_once(view, budget, EventType::Warning, "UnmanagedPods", message);
    }
    step
}

/// The condition that says whether this status leaves an eviction.
pub(in crate::simulator) fn condition(status: &Value) -> Value {
    let is_allowed = status["disruptionsAllowed"].as_i64().unwrap_or(0) > 0;
    json!({
        "type": "DisruptionAllowed",
        "status": if is_allowed { "True" } else { "False" },
        "observedGeneration": status["observedGeneration"].as_i64().unwrap_or(0),
        "reason": if is_allowed { "SufficientPods" } else { "InsufficientPods" },
        "message": "",
    })
}

fn is_told(budget: &Value, left: i64) -> bool {
    let (status, reason) = if left > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    budget.condition("DisruptionAllowed").is_some_and(|held| held["status"] == status && held["reason"] == reason)
}

/// How many pods the owners want, and how many of them must be healthy.
fn wanted(view: &dyn View, budget: &Value, pods: &[Arc<Value>]) -> Result<Wanted, String> {
    let (most, least) = (&budget["spec"]["maxUnavailable"], &budget["spec"]["minAvailable"]);
    if let Some(healthy) = least.as_i64().filter(|_| most.is_null()) {
        let expected = i64::try_from(pods.len()).unwrap_or(i64::MAX);
        return Ok(Wanted { expected, healthy, has_unmanaged: false });
    }
    if most.is_null() && least.is_null() {
        return Ok(Wanted { expected: 0, healthy: 0, has_unmanaged: false });
    }
    let (expected, has_unmanaged) = scale(view, pods)?;
    let healthy = if most.is_null() {
        of_scale(least, expected)?
    } else {
        expected.saturating_sub(of_scale(most, expected)?).max(0)
    };
    Ok(Wanted { expected, healthy, has_unmanaged })
}

/// A number, or a percentage of the scale, rounded up.
fn of_scale(value: &Value, scale: i64) -> Result<i64, String> {
    if let Some(number) = value.as_i64() {
        return Ok(number);
    }
    let text = value.as_str().unwrap_or_default();
    let invalid = || format!("invalid value for IntOrString: invalid type: string is not a percentage: {text:?}");
    let percent: i64 = text.strip_suffix('%').and_then(|digits| digits.parse().ok()).ok_or_else(invalid)?;
    Ok(percent.saturating_mul(scale).saturating_add(99).div_euclid(100))
}

/// What the owners of the pods are scaled to, together.
fn scale(view: &dyn View, pods: &[Arc<Value>]) -> Result<(i64, bool), String> {
    let mut scales: BTreeMap<&str, i64> = BTreeMap::new();
    let mut has_unmanaged = false;
    for pod in pods {
        let Some(owner) = pod.controller() else {
            has_unmanaged = true;
            continue;
        };
        let uid = owner.text("/uid");
        if scales.contains_key(uid) {
            continue;
        }
        let kind = ApiKind::named(owner.text("/kind"));
        let kind = kind.filter(|kind| kind.api_version() == owner.text("/apiVersion"));
        if let Some(kind) = kind.filter(|kind| kind.kind != "StatefulSet") {
            return Err(format!("{} does not implement the scale subresource", resource(kind)));
        }
        let found = kind
            .and_then(|kind| view.get(kind.kind, pod.namespace(), owner.text("/name")))
            .filter(|set| set.uid() == uid);
        let set = found.ok_or_else(|| format!("found no controllers for pod {:?}", pod.name()))?;
        scales.insert(uid, set.number("/spec/replicas").unwrap_or(1));
    }
    Ok((scales.values().fold(0, |sum, scale| sum.saturating_add(*scale)), has_unmanaged))
}

/// Pods that were let go and are still here; one that stays for too long is
/// no longer counted as gone.
fn disrupted(budget: &Value, pods: &[Arc<Value>], now: Timestamp, step: &mut Step) -> Map<String, Value> {
    let mut kept = Map::new();
    for pod in pods.iter().filter(|pod| !pod.terminating()) {
        let let_go = &budget["status"]["disruptedPods"][pod.name()];
        let Some(since) = let_go.as_str().and_then(|time| time.parse().ok()) else { continue };
        let end = later(since, DELETION_TIMEOUT);
        if end < now {
            let place = budget.namespace();
            let message = format!("Pod was expected by PDB {place}/{place} to be deleted but it wasn't");
            step.event(pod, EventType::Warning, "NotDeleted", message);
        } else {
            step.wake_at(later(end, 1));
            kept.insert(pod.name().to_owned(), let_go.clone());
        }
    }
    kept
}

fn is_same(held: &Value, wanted: &Map<String, Value>) -> bool {
    held.as_object().map_or(wanted.is_empty(), |held| held == wanted)
}

/// A budget that cannot be worked out allows nothing.
fn fail(budget: &Value, why: &str, now: Timestamp, step: &mut Step) {
    let held = budget.condition("DisruptionAllowed");
    let is_told = held.is_some_and(|held| held["reason"] == "SyncFailed" && held["message"] == why);
    if is_told && budget["status"]["disruptionsAllowed"] == 0 {
        return;
    }
    let condition = json!({
        "type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": why,
        "observedGeneration": budget["status"]["observedGeneration"].as_i64().unwrap_or(0),
    });
    let conditions = with_condition(budget, condition, now);
    step.patch_status(budget, json!({"disruptionsAllowed": 0, "conditions": conditions}));
}

fn unmanaged(budget: &Value) -> String {
    format!(
        "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status \
         of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods \
         please set \".spec.minAvailable\" field of the PDB to an integer value.",
        go_text(&budget["spec"]["selector"])
    )
}

/// A selector as Go prints it.
fn go_text(selector: &Value) -> String {
    let labels: BTreeMap<&String, &Value> = selector["matchLabels"].as_object().into_iter().flatten().collect();
    let labels: Vec<String> =
        labels.iter().map(|(key, value)| format!("{key}: {},", value.as_str().unwrap_or(""))).collect();
    let expression = |one: &Value| {
        let values: Vec<&str> = one.items("/values").iter().filter_map(Value::as_str).collect();
        let (key, operator, values) = (one.text("/key"), one.text("/operator"), values.join(" "));
        format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{values}],}},")
    };
    let expressions: Vec<String> = selector.items("/matchExpressions").iter().map(expression).collect();
    let (labels, expressions) = (labels.concat(), expressions.concat());
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}

/// Takes the mark of an eviction off a pod that was not deleted after all.
fn forgive(pod: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let ended = pod.has_ended();
    let Some(mark) = pod.condition("DisruptionTarget").filter(|_| !pod.terminating() && !ended) else { return step };
    if mark["status"] != "True" || mark["reason"] == "TerminationByKubelet" {
        return step;
    }
    let end = mark.instant("/lastTransitionTime").map_or(now, |since| later(since, DELETION_TIMEOUT));
    if end > now {
        step.wake_at(end);
        return step;
    }
    let condition = json!({"type": "DisruptionTarget", "status": "False", "lastProbeTime": null});
    step.patch_status(pod, json!({"conditions": with_condition(pod, condition, now)}));
    step
}

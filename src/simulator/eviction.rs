//! POST of a pod's `eviction`: a DELETE that asks the pod's disruption budget
//! first, and counts itself there. The budget's status is the
//! disruption controller's; between two looks of it, evictions live on what it
//! allowed.

use std::sync::Arc;

use serde_json::{Value, json};

use super::body;
use super::clock::clock_text;
use super::controllers::disruption::condition;
use super::controllers::fields::{Fields, with_condition};
use super::deletion::Options;
use super::patch::managed_fields::Operation;
use super::request::{ObjectCall, Part, Raw};
use super::selectors::LabelSelector;
use super::status::Refusal;
use super::world::{Reply, World, manager, success};
use super::writer::Writer;
use crate::objects::kinds::ApiKind;

/// Who the server is when it writes a budget's status itself.
const SERVER: &str = "kube-apiserver";

/// What the budgets say about one pod.
enum Leave {
    /// No budget counts it.
    Free,
    /// This budget does, and has this status after the eviction.
    Counted { budget: Arc<Value>, after: Value },
}

impl World {
    /// Evicts a pod.
    ///
    /// # Errors
    /// 429 while its budget has no disruption left, 500 if it has two budgets;
    /// else the refusals of a DELETE.
    pub(super) fn evict(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let eviction = body::object(raw, "policy/v1", "Eviction", call.query.field_validation)?.object;
        if eviction["metadata"]["name"] != call.name.as_str() {
            return Err(Refusal::bad_request("name in URL does not match name in Eviction object"));
        }
        let pod = self
            .store
            .object(call.kind, &call.namespace, &call.name)
            .cloned()
            .ok_or_else(|| Refusal::not_found(call.kind, &call.name))?;
        let options = options(&eviction["deleteOptions"], call.query.dry_run)?;
        if let Leave::Counted { budget, after } = self.leave(&pod)?
            && !options.dry_run
        {
            self.count(&budget, after)?;
        }
        options.check(call.kind, &pod)?;
        let writer = Writer {
            kind: call.kind,
            part: Part::Eviction,
            manager: manager(&call.query, raw),
            operation: Operation::Update,
            dry_run: options.dry_run,
        };
        let marked = if options.dry_run { pod } else { self.mark_disrupted(&writer, &pod)? };
        self.doom(&writer, &marked, &options)?;
        let mut status = success();
        status["code"] = json!(201);
        Ok(Reply::json(201, status))
    }

    /// Whether the pod may go, and at which budget's expense.
    fn leave(&self, pod: &Value) -> Result<Leave, Refusal> {
        let is_going = !pod["metadata"]["deletionTimestamp"].is_null();
        if is_going || pod["status"]["phase"] != "Running" && pod["status"]["phase"] != "Unknown" {
            return Ok(Leave::Free);
        }
        let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
        let Some(kind) = ApiKind::named("PodDisruptionBudget") else { return Ok(Leave::Free) };
        let mut budgets = self.store.objects(kind, namespace).filter(|budget| covers(budget, pod));
        let Some(budget) = budgets.next() else { return Ok(Leave::Free) };
        if budgets.next().is_some() {
            return Err(Refusal::internal(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
        if !pod.holds("Ready") && lets_unhealthy_go(budget) {
            return Ok(Leave::Free);
        }
        check(budget)?;
        Ok(Leave::Counted { budget: Arc::clone(budget), after: self.with_one_less(budget, pod) })
    }

    /// The budget after one more disruption.
    fn with_one_less(&self, budget: &Value, pod: &Value) -> Value {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let mut after = budget.clone();
        let left = number(budget, "disruptionsAllowed").saturating_sub(1);
        after["status"]["disruptionsAllowed"] = json!(left);
        after["status"]["disruptedPods"][name] = json!(clock_text(self.now));
        if left == 0 {
            after["status"]["conditions"] = with_condition(&after, condition(&after["status"]), self.now).into();
        }
        after
    }

    fn count(&mut self, budget: &Arc<Value>, after: Value) -> Result<(), Refusal> {
        let Some(kind) = ApiKind::named("PodDisruptionBudget") else { return Ok(()) };
        let writer = Writer {
            kind,
            part: Part::Status,
            manager: SERVER.to_owned(),
            operation: Operation::Update,
            dry_run: false,
        };
        self.replace(&writer, budget, after, None).map(drop)
    }

    /// Says in the pod's status why it goes.
    fn mark_disrupted(&mut self, writer: &Writer, pod: &Arc<Value>) -> Result<Arc<Value>, Refusal> {
        let mut marked = Value::clone(pod);
        let condition = json!({
            "type": "DisruptionTarget", "status": "True", "lastProbeTime": null, "lastTransitionTime": null,
            "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
        });
        marked["status"]["conditions"] = with_condition(pod, condition, self.now).into();
        self.replace(writer, pod, marked, None)
    }
}

/// The options of the delete; both places may ask for a dry run, but not for
/// different ones.
fn options(given: &Value, dry_run: bool) -> Result<Options, Refusal> {
    let stages: Vec<&str> = given["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if dry_run && !stages.is_empty() && stages != ["All"] {
        let stages = stages.join(" ");
        let message = format!("Non-matching dry-run options in request and content: [All] and [{stages}]");
        return Err(Refusal::internal(&message));
    }
    Options::of_body(given, dry_run)
}

fn covers(budget: &Value, pod: &Value) -> bool {
    let selector = &budget["spec"]["selector"];
    selector.is_object()
        && LabelSelector::of_spec(selector).is_some_and(|selector| selector.matches(&pod["metadata"]["labels"]))
}

fn number(budget: &Value, field: &str) -> i64 {
    budget["status"][field].as_i64().unwrap_or(0)
}

/// A pod that is not ready disrupts nobody by going, unless the budget keeps
/// it until enough others are.
fn lets_unhealthy_go(budget: &Value) -> bool {
    let desired = number(budget, "desiredHealthy");
    budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        || (desired > 0 && number(budget, "currentHealthy") >= desired)
}

fn check(budget: &Value) -> Result<(), Refusal> {
    let name = budget["metadata"]["name"].as_str().unwrap_or_default();
    let generation = budget["metadata"]["generation"].as_i64().unwrap_or(0);
    if number(budget, "observedGeneration") < generation {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(Refusal::too_many_disruptions(&why, Some(10)));
    }
    if number(budget, "disruptionsAllowed") > 0 {
        return Ok(());
    }
    let (current, desired) = (number(budget, "currentHealthy"), number(budget, "desiredHealthy"));
    let condition = budget.condition("DisruptionAllowed").filter(|held| held["status"] == "False");
    let text = |field: &str| condition.and_then(|held| held[field].as_str()).unwrap_or_default();
    let (reason, message) = (text("reason"), text("message"));
    let why = if reason == "SyncFailed" && !message.is_empty() {
        format!("does not allow evicting pods currently because it failed sync: {message}")
    } else if current <= desired {
        format!("needs {desired} healthy pods and has {current} currently")
    } else if message.is_empty() {
        "does not allow evicting pods currently".to_owned()
    } else {
        format!("does not allow evicting pods currently ({reason}): {message}")
    };
    Err(Refusal::too_many_disruptions(&format!("The disruption budget {name} {why}"), None))
}

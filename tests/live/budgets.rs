//! The real disruption controller and the simulator's, side by side: after
//! each step of one script both have the same to say about the budget.

use std::time::Duration;

use kubectl_stateful::simulator::{Advance, Options, Simulator};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::live;
use crate::sets::set;
use crate::support::api::{Api, Method};
use crate::world::World;

pub fn tests() -> Vec<Trial> {
    vec![live("the_status_of_a_budget_follows_its_pods_as_in_the_simulator", follows)]
}

/// Both clusters, with a namespace of the same name.
struct Both<'a> {
    real: &'a World,
    simulator: Simulator,
    simulated: Api,
}

impl<'a> Both<'a> {
    fn new(real: &'a World) -> Result<Self, Failed> {
        let simulator = Simulator::in_memory(Options::default());
        let _inside = real.runtime.enter();
        let simulated = Api::new(simulator.client(), "live-test");
        let both = Self { real, simulator, simulated };
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": real.namespace}});
        real.runtime.block_on(both.simulated.create(&namespace)).map_err(String::from)?;
        Ok(both)
    }

    /// The same request to both, which must answer with the same code.
    fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(), Failed> {
        let path = path.replace("$NAMESPACE", &self.real.namespace);
        let code = |answer: Result<Value, crate::support::api::Refusal>| match answer {
            Ok(_) => Ok(None),
            Err(refusal) if refusal.code.is_some() => Ok(refusal.code),
            Err(refusal) => Err(String::from(refusal)),
        };
        let simulated = code(self.real.runtime.block_on(self.simulated.send(method, &path, body)))?;
        let real = code(self.real.runtime.block_on(self.real.api.send(method, &path, body)))?;
        if simulated != real {
            return Err(format!("{path}: {real:?} on the real server, {simulated:?} on the simulated one").into());
        }
        Ok(())
    }

    fn create(&self, kind: &str, object: &Value) -> Result<(), Failed> {
        let version = if kind == "pods" { "api/v1" } else { "apis/policy/v1" };
        let version = if kind == "statefulsets" { "apis/apps/v1" } else { version };
        self.send(Method::Post, &format!("/{version}/namespaces/$NAMESPACE/{kind}"), Some(object))
    }

    fn change(&self, kind: &str, name: &str, patch: &Value) -> Result<(), Failed> {
        let version = if kind == "statefulsets" { "apis/apps/v1" } else { "apis/policy/v1" };
        self.send(Method::MergePatch, &format!("/{version}/namespaces/$NAMESPACE/{kind}/{name}"), Some(patch))
    }

    /// Lets the simulated cluster come to rest, and the real one to the same.
    fn agree(&self, after: &str) -> Result<(), Failed> {
        while self.simulator.advance(Duration::from_mins(1)) == Advance::Passed {}
        let namespace = &self.real.namespace;
        let seen = |api: &Api| -> Result<Value, String> {
            let get = |kind, name| self.real.runtime.block_on(api.get(kind, namespace, name));
            let budget = get("PodDisruptionBudget", "b")?.unwrap_or_default();
            let ready = get("StatefulSet", "web")?.unwrap_or_default()["status"]["readyReplicas"].clone();
            let events = self.real.runtime.block_on(api.list("Event", namespace))?;
            let mut told: Vec<String> = events
                .iter()
                .filter(|event| event["involvedObject"]["kind"] == "PodDisruptionBudget")
                .map(|event| {
                    let message = event["message"].as_str().unwrap_or_default();
                    // Which of the pods the controller trips over first is chance.
                    let message = message.split(" for pod ").next().unwrap_or_default();
                    format!("{} {message}", event["reason"])
                })
                .collect();
            told.sort();
            told.dedup();
            Ok(json!({"status": plain(&budget["status"]), "ready": ready, "events": told}))
        };
        let simulated = seen(&self.simulated)?;
        let what = format!("{simulated} after {after}");
        let same = self.real.until(&what, || Ok((seen(&self.real.api)? == simulated).then_some(())));
        same.map_err(|error| Failed::from(format!("{error}\nlast seen: {:?}", seen(&self.real.api))))
    }
}

/// A status without its times.
fn plain(status: &Value) -> Value {
    let mut status = status.clone();
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        condition["lastTransitionTime"] = Value::Null;
    }
    for time in status["disruptedPods"].as_object_mut().into_iter().flat_map(|pods| pods.values_mut()) {
        *time = Value::Null;
    }
    status
}

const BUDGETS: &str = "poddisruptionbudgets";

fn follows(world: &World) -> Result<(), Failed> {
    let both = Both::new(world)?;
    let budget = json!({"metadata": {"name": "b"}, "spec": {
        "maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}},
    }});
    both.create(BUDGETS, &budget)?;
    both.agree("a budget without pods")?;
    let mut web = set("web", 3, "standard");
    web["spec"]["podManagementPolicy"] = json!("Parallel");
    both.create("statefulsets", &web)?;
    both.agree("its set")?;
    for spec in [
        json!({"maxUnavailable": "50%"}),
        json!({"maxUnavailable": "1%"}),
        json!({"maxUnavailable": 7}),
        json!({"maxUnavailable": 0}),
        json!({"maxUnavailable": null, "minAvailable": "67%"}),
        json!({"minAvailable": 2}),
        json!({"minAvailable": 5}),
    ] {
        both.change(BUDGETS, "b", &json!({"spec": spec}))?;
        both.agree(&spec.to_string())?;
    }
    both.change(BUDGETS, "b", &json!({"spec": {"minAvailable": null, "maxUnavailable": 1}}))?;
    both.change("statefulsets", "web", &json!({"spec": {"replicas": 4}}))?;
    both.agree("a fourth replica")?;
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-1"}});
    both.send(Method::Post, "/api/v1/namespaces/$NAMESPACE/pods/web-1/eviction", Some(&eviction))?;
    both.agree("an eviction and the pod that followed")?;
    let stray = json!({"metadata": {"name": "stray", "labels": {"app": "web"}}, "spec": {
        "containers": [{"name": "c", "image": "i"}],
    }});
    both.create("pods", &stray)?;
    both.agree("a pod of nobody")?;
    both.send(Method::Delete, "/api/v1/namespaces/$NAMESPACE/pods/stray", None)?;
    both.send(Method::Delete, "/apis/apps/v1/namespaces/$NAMESPACE/statefulsets/web", None)?;
    both.agree("everything was deleted")
}

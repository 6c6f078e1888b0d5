//! The driver of the actors: each kind of write that an actor can ask for
//! reaches the real API server in the right form.

use jiff::Timestamp;
use kubectl_stateful::simulator::controllers::{Controller, EventType, Step, Target, View, Write};
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::live;
use crate::support::actors::Actors;
use crate::world::World;

pub fn tests() -> Vec<Trial> {
    vec![live("each_kind_of_write_of_an_actor_reaches_the_server", each_kind)]
}

/// Waits for a pod that nobody schedules, binds it, marks it running, makes
/// and labels a ConfigMap, reports, and removes the ConfigMap `old`.
struct Busy {
    namespace: String,
}

impl Busy {
    fn target(&self, kind: &str, name: &str) -> Target {
        Target { kind: kind.to_owned(), namespace: self.namespace.clone(), name: name.to_owned() }
    }
}

impl Controller for Busy {
    fn name(&self) -> &'static str {
        "busy-actor"
    }

    fn step(&self, view: &dyn View, _now: Timestamp) -> Step {
        let Some(pod) = view.get("Pod", &self.namespace, "lonely") else { return Step::default() };
        let Some(old) = view.get("ConfigMap", &self.namespace, "old") else { return Step::default() };
        if pod["spec"]["nodeName"].is_string() {
            return Step::default();
        }
        let (pod, made) = (self.target("Pod", "lonely"), self.target("ConfigMap", "made"));
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
                            "metadata": {"name": "made", "namespace": self.namespace}, "data": {"a": "1"}});
        let uid = old["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let writes = vec![
            Write::Create(object),
            Write::Patch { target: made, patch: json!({"metadata": {"labels": {"patched": "yes"}}}).into() },
            Write::Delete { target: self.target("ConfigMap", "old"), uid, grace: None, dependents: None },
            Write::Event {
                target: pod.clone(),
                kind: EventType::Warning,
                reason: "Busy".to_owned(),
                message: "about to bind".to_owned(),
            },
            Write::PatchStatus { target: pod.clone(), patch: json!({"status": {"message": "seen"}}).into() },
            Write::Bind { target: pod, node: "node-b".to_owned() },
        ];
        Step::from(writes)
    }
}

fn each_kind(world: &World) -> Result<(), Failed> {
    let actors = Actors::start(&world.plane, vec![Box::new(Busy { namespace: world.namespace.clone() })])?;
    world.create(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}}))?;
    world.create(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lonely"},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "main", "image": "example.com/web:1"}]},
    }))?;
    let pod = world.until_object("Pod", "lonely", |pod| pod["spec"]["nodeName"] == "node-b")?;
    drop(actors);
    if pod["status"]["message"] != "seen" {
        return Err(format!("status was not patched: {}", pod["status"]).into());
    }
    let made = world.get("ConfigMap", "made")?.ok_or("nothing was created")?;
    let managers = made["metadata"]["managedFields"].as_array().ok_or_else(|| format!("no managers: {made}"))?;
    if made["metadata"]["labels"]["patched"] != "yes" || managers.iter().any(|by| by["manager"] != "busy-actor") {
        return Err(format!("not patched by the actor alone: {made}").into());
    }
    world.until_gone("ConfigMap", "old")?;
    let events = world.list("Event")?;
    let event = events.iter().find(|event| event["reason"] == "Busy").ok_or("no event")?;
    let about = &event["involvedObject"];
    if (&event["type"], &about["uid"]) == (&json!("Warning"), &pod["metadata"]["uid"]) {
        Ok(())
    } else {
        Err(event.to_string().into())
    }
}

//! The status of a pod in each phase of its life, in the shape that a real
//! kubelet writes.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::simulator::controllers::fields::{Fields, stamp};

/// How far a pod has come.
pub(super) enum Phase {
    Initializing,
    Creating,
    ImageError,
    ConfigError(String),
    CrashLoop,
    Running { ready: bool },
    Succeeded,
}

/// What a pod should look like.
pub(super) struct Picture {
    pub phase: Phase,
    pub start: Timestamp,
    /// When its containers came up.
    pub started: Timestamp,
}

impl Picture {
    /// The status to write; `None` if the pod looks like that already.
    pub(super) fn status(&self, pod: &Value, address: &str, host: &str, now: Timestamp) -> Option<Value> {
        let started = pod.instant("/status/startTime").is_some();
        let mut status = Map::new();
        status.insert("phase".into(), json!(self.phase_text()));
        status.insert("startTime".into(), json!(stamp(self.start)));
        status.insert("hostIP".into(), json!(host));
        status.insert("hostIPs".into(), json!([{ "ip": host }]));
        if self.has_address() {
            status.insert("podIP".into(), json!(address));
            status.insert("podIPs".into(), json!([{ "ip": address }]));
        }
        status.insert("conditions".into(), self.conditions(pod, now));
        let init = pod.items("/spec/initContainers");
        if !init.is_empty() {
            let list = init.iter().map(|container| self.container(pod, container, "init", self.init_state()));
            status.insert("initContainerStatuses".into(), list.collect());
        }
        let list = pod.items("/spec/containers").iter();
        let list = list.map(|container| self.container(pod, container, "main", self.main_state(container)));
        status.insert("containerStatuses".into(), list.collect());
        let same = started && status.iter().all(|(key, value)| pod["status"].get(key) == Some(value));
        (!same).then_some(Value::Object(status))
    }

    fn phase_text(&self) -> &'static str {
        match self.phase {
            Phase::Initializing | Phase::Creating | Phase::ImageError | Phase::ConfigError(_) => "Pending",
            Phase::CrashLoop | Phase::Running { .. } => "Running",
            Phase::Succeeded => "Succeeded",
        }
    }

    /// The sandbox is up before the containers are.
    fn has_address(&self) -> bool {
        match self.phase {
            Phase::Initializing | Phase::Creating => false,
            Phase::ImageError | Phase::ConfigError(_) | Phase::CrashLoop | Phase::Running { .. } | Phase::Succeeded => {
                true
            }
        }
    }

    fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Running { ready: true })
    }

    /// All conditions, those of others kept as they are.
    fn conditions(&self, pod: &Value, now: Timestamp) -> Value {
        let initialized = !matches!(self.phase, Phase::Initializing);
        let gates = pod.items("/spec/readinessGates").iter().all(|gate| pod.holds(gate.text("/conditionType")));
        let wanted = [
            ("PodReadyToStartContainers", self.has_address()),
            ("Initialized", initialized),
            ("Ready", self.is_ready() && gates),
            ("ContainersReady", self.is_ready()),
            ("PodScheduled", true),
        ];
        let ours = |kind: &Value| wanted.iter().any(|(known, _)| kind == known);
        let kept = pod.items("/status/conditions").iter().filter(|held| !ours(&held["type"])).cloned();
        let made = wanted.iter().map(|(kind, holds)| self.condition(pod, kind, *holds, now));
        made.chain(kept).collect()
    }

    fn condition(&self, pod: &Value, kind: &str, holds: bool, now: Timestamp) -> Value {
        let status = if holds { "True" } else { "False" };
        let held = pod.condition(kind).filter(|held| held["status"] == status);
        let since = held.map_or_else(|| json!(stamp(now)), |held| held["lastTransitionTime"].clone());
        let mut condition = json!({
            "type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": since,
        });
        if !holds && matches!(kind, "Ready" | "ContainersReady") {
            let (reason, list) = match self.phase {
                Phase::Succeeded => ("PodCompleted", ""),
                Phase::Initializing
                | Phase::Creating
                | Phase::ImageError
                | Phase::ConfigError(_)
                | Phase::CrashLoop
                | Phase::Running { .. } => ("ContainersNotReady", "containers with unready status"),
            };
            condition["reason"] = json!(reason);
            if !list.is_empty() {
                let names = pod.items("/spec/containers").iter().map(|container| container.text("/name"));
                condition["message"] = json!(format!("{list}: [{}]", names.collect::<Vec<_>>().join(" ")));
            }
        }
        condition
    }

    fn init_state(&self) -> Value {
        match self.phase {
            Phase::Initializing => json!({ "running": { "startedAt": stamp(self.start) } }),
            Phase::ImageError | Phase::ConfigError(_) => waiting("PodInitializing", None),
            Phase::Creating | Phase::CrashLoop | Phase::Running { .. } | Phase::Succeeded => self.completed(),
        }
    }

    fn main_state(&self, container: &Value) -> Value {
        match &self.phase {
            Phase::Initializing => waiting("PodInitializing", None),
            Phase::Creating => waiting("ContainerCreating", None),
            Phase::ImageError => {
                let message = format!("Back-off pulling image {:?}", container.text("/image"));
                waiting("ImagePullBackOff", Some(message))
            }
            Phase::ConfigError(message) => waiting("CreateContainerConfigError", Some(message.clone())),
            Phase::CrashLoop => {
                let message = format!("back-off 5m0s restarting failed container={}", container.text("/name"));
                waiting("CrashLoopBackOff", Some(message))
            }
            Phase::Running { .. } => json!({ "running": { "startedAt": stamp(self.started) } }),
            Phase::Succeeded => self.completed(),
        }
    }

    fn completed(&self) -> Value {
        let at = stamp(self.start);
        json!({ "terminated": { "exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at } })
    }

    fn container(&self, pod: &Value, container: &Value, role: &str, state: Value) -> Value {
        let name = container.text("/name");
        let list = if role == "init" { "/status/initContainerStatuses" } else { "/status/containerStatuses" };
        let held = pod.items(list).iter().find(|held| held["name"] == name);
        let state = held.filter(|held| same_kind(&held["state"], &state)).map_or(state, |held| held["state"].clone());
        let running = state["running"].is_object();
        let done = state.text("/terminated/reason") == "Completed";
        let crashing = role == "main" && matches!(self.phase, Phase::CrashLoop);
        let up = state["waiting"].is_null();
        let mut status = json!({
            "name": name,
            "image": container["image"],
            "imageID": if up { format!("sandbox://{}", container.text("/image")) } else { String::new() },
            "ready": if role == "init" { done } else { running && self.is_ready() },
            "restartCount": if crashing { 5 } else { 0 },
            "started": role == "main" && running,
            "state": state,
            "lastState": {},
        });
        if up {
            status["containerID"] = json!(format!("sandbox://{}/{name}", pod.uid()));
        }
        if crashing {
            let at = stamp(self.started);
            status["lastState"] = json!({
                "terminated": { "exitCode": 1, "reason": "Error", "startedAt": at, "finishedAt": at },
            });
            if let Some(held) = held.filter(|held| held["lastState"]["terminated"].is_object()) {
                status["lastState"] = held["lastState"].clone();
            }
        }
        status
    }
}

fn waiting(reason: &str, message: Option<String>) -> Value {
    let mut state = json!({ "waiting": { "reason": reason } });
    if let Some(message) = message {
        state["waiting"]["message"] = json!(message);
    }
    state
}

/// Both running, or both ended the same way: then the times of the first stay.
fn same_kind(held: &Value, wanted: &Value) -> bool {
    (held["running"].is_object() && wanted["running"].is_object())
        || (held["terminated"].is_object() && held.text("/terminated/reason") == wanted.text("/terminated/reason"))
}

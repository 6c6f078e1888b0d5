//! The status of a pod, put together from its containers in the shape that a
//! real kubelet writes.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::container::{Container, Role, State};
use crate::simulator::clock::clock_text;
use crate::simulator::controllers::fields::Fields;

/// What a pod should look like.
pub(super) struct Picture<'a> {
    pub containers: Vec<Container<'a>>,
    pub phase: &'static str,
    pub start: Timestamp,
    /// Reason and message of a pod that failed as a whole.
    pub why: Option<(&'static str, &'static str)>,
}

impl Picture<'_> {
    /// The status to write; `None` if the pod looks like that already.
    pub(super) fn status(&self, pod: &Value, address: &str, host: &str, now: Timestamp) -> Option<Value> {
        let started = pod.instant("/status/startTime").is_some();
        let mut status = Map::new();
        status.insert("phase".into(), json!(self.phase));
        status.insert("startTime".into(), json!(clock_text(self.start)));
        status.insert("hostIP".into(), json!(host));
        status.insert("hostIPs".into(), json!([{ "ip": host }]));
        if self.has_sandbox() && !address.is_empty() {
            status.insert("podIP".into(), json!(address));
            status.insert("podIPs".into(), json!([{ "ip": address }]));
        }
        if let Some((reason, message)) = self.why {
            status.insert("reason".into(), json!(reason));
            status.insert("message".into(), json!(message));
        }
        status.insert("conditions".into(), self.conditions(pod, now));
        let (main, init): (Vec<_>, Vec<_>) = self.containers.iter().partition(|container| container.role == Role::Main);
        if !init.is_empty() {
            let list = init.iter().map(|container| container.status(pod));
            status.insert("initContainerStatuses".into(), list.collect());
        }
        status.insert("containerStatuses".into(), main.iter().map(|container| container.status(pod)).collect());
        let same = started && status.iter().all(|(key, value)| pod["status"].get(key) == Some(value));
        (!same).then_some(Value::Object(status))
    }

    /// The sandbox of a pod, which has its address, is up before its containers are.
    fn has_sandbox(&self) -> bool {
        self.containers.iter().any(|container| match &container.state {
            State::Waiting { reason, .. } => !matches!(reason.as_str(), "PodInitializing" | "ContainerCreating"),
            State::Running { .. } | State::Ended(_) => true,
        })
    }

    /// All conditions, those of others kept as they are.
    fn conditions(&self, pod: &Value, now: Timestamp) -> Value {
        let containers_ready = self.containers_ready();
        let ready = if containers_ready.holds { gates(pod) } else { containers_ready.clone() };
        let scheduled = Verdict { holds: true, ..Verdict::default() };
        let sandbox = Verdict { holds: self.has_sandbox() && !self.has_ended(), ..Verdict::default() };
        let wanted = [
            ("PodReadyToStartContainers", sandbox),
            ("Initialized", self.initialized()),
            ("Ready", ready),
            ("ContainersReady", containers_ready),
            ("PodScheduled", scheduled),
        ];
        let ours = |kind: &Value| wanted.iter().any(|(known, _)| kind == known);
        let kept = pod.items("/status/conditions").iter().filter(|held| !ours(&held["type"])).cloned();
        let made = wanted.iter().map(|(kind, verdict)| verdict.condition(pod, kind, now));
        made.chain(kept).collect()
    }

    fn has_ended(&self) -> bool {
        matches!(self.phase, "Succeeded" | "Failed")
    }

    fn containers_ready(&self) -> Verdict {
        let counts = self.containers.iter().filter(|container| container.role != Role::Init);
        let unready: Vec<&str> = counts.filter(|container| !container.ready).map(Container::name).collect();
        match self.phase {
            "Succeeded" => Verdict::no("PodCompleted", String::new()),
            "Failed" => Verdict::no("PodFailed", String::new()),
            _ if unready.is_empty() => Verdict { holds: true, ..Verdict::default() },
            _ => Verdict::no("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))),
        }
    }

    fn initialized(&self) -> Verdict {
        if self.phase == "Succeeded" {
            return Verdict { holds: true, reason: "PodCompleted", message: String::new() };
        }
        let begun = self.containers.iter().any(|container| container.role == Role::Main && container.has_begun());
        let missing: Vec<&str> = self
            .containers
            .iter()
            .filter(|container| match container.role {
                Role::Init => !container.ready,
                Role::Sidecar => !container.started,
                Role::Main => false,
            })
            .map(Container::name)
            .collect();
        if begun || missing.is_empty() {
            return Verdict { holds: true, ..Verdict::default() };
        }
        let message = format!("containers with incomplete status: [{}]", missing.join(" "));
        Verdict::no("ContainersNotInitialized", message)
    }
}

/// Whether a condition holds, and if not, why.
#[derive(Clone, Default)]
pub(super) struct Verdict {
    pub holds: bool,
    reason: &'static str,
    message: String,
}

impl Verdict {
    fn no(reason: &'static str, message: String) -> Self {
        Self { holds: false, reason, message }
    }

    fn condition(&self, pod: &Value, kind: &str, now: Timestamp) -> Value {
        let status = if self.holds { "True" } else { "False" };
        let held = pod.condition(kind).filter(|held| held["status"] == status);
        let since = held.map_or_else(|| json!(clock_text(now)), |held| held["lastTransitionTime"].clone());
        let mut condition = json!({
            "type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": since,
        });
        for (key, text) in [("reason", self.reason), ("message", &self.message)] {
            if !text.is_empty() {
                condition[key] = json!(text);
            }
        }
        condition
    }
}

/// What others have to say about the readiness of a pod.
pub(super) fn gates(pod: &Value) -> Verdict {
    let closed = pod.items("/spec/readinessGates").iter().filter_map(|gate| {
        let kind = gate.text("/conditionType");
        match pod.condition(kind) {
            None => Some(format!("corresponding condition of pod readiness gate {kind:?} does not exist.")),
            Some(held) if held["status"] != "True" => {
                let status = held.text("/status");
                Some(format!("the status of pod readiness gate {kind:?} is not \"True\", but {status}"))
            }
            Some(_) => None,
        }
    });
    let closed: Vec<String> = closed.collect();
    if closed.is_empty() {
        return Verdict { holds: true, ..Verdict::default() };
    }
    Verdict::no("ReadinessGatesNotReady", closed.join(", "))
}

/// How far the pod has come, in one word.
pub(super) fn phase(pod: &Value, containers: &[Container<'_>]) -> &'static str {
    let mut tally = Tally::default();
    for container in containers {
        match container.role {
            Role::Init => tally.init(pod, container),
            Role::Sidecar => tally.sidecar(container),
            Role::Main => tally.main(pod, container),
        }
    }
    let begun = containers.iter().any(|container| container.role == Role::Main && container.has_begun());
    if tally.failed_init {
        "Failed"
    } else if tally.pending_init || tally.pending_sidecar && !begun || tally.waiting > 0 {
        "Pending"
    } else if tally.running > 0 || tally.ended_for_good < tally.ended {
        "Running"
    } else if tally.ended == 0 {
        "Pending"
    } else if tally.succeeded == tally.ended {
        "Succeeded"
    } else {
        "Failed"
    }
}

/// What a pod's containers come to.
#[derive(Default)]
struct Tally {
    pending_init: bool,
    failed_init: bool,
    pending_sidecar: bool,
    waiting: usize,
    running: usize,
    ended: usize,
    ended_for_good: usize,
    succeeded: usize,
}

impl Tally {
    fn init(&mut self, pod: &Value, container: &Container<'_>) {
        let ended = match &container.state {
            State::Ended(ending) => Some(ending),
            State::Waiting { .. } => container.last.as_ref(),
            State::Running { .. } => None,
        };
        match ended {
            Some(ending) if ending.code != 0 => {
                self.failed_init |= !container.is_restarted(pod, ending.code);
                // It is tried again, and the others still wait.
                self.pending_init = true;
            }
            Some(_) => {}
            None => self.pending_init = true,
        }
    }

    fn sidecar(&mut self, container: &Container<'_>) {
        match &container.state {
            State::Running { .. } => {
                self.running += 1;
                self.pending_sidecar |= !container.started;
            }
            State::Waiting { .. } if container.last.is_none() => {
                self.pending_sidecar = true;
                self.waiting += 1;
            }
            State::Waiting { .. } | State::Ended(_) => {}
        }
    }

    fn main(&mut self, pod: &Value, container: &Container<'_>) {
        let code = match (&container.state, &container.last) {
            (State::Running { .. }, _) => {
                self.running += 1;
                return;
            }
            (State::Waiting { .. }, None) => {
                self.waiting += 1;
                return;
            }
            (State::Ended(ending), _) | (State::Waiting { .. }, Some(ending)) => ending.code,
        };
        self.ended += 1;
        self.ended_for_good += usize::from(!container.is_restarted(pod, code));
        let is_ended = matches!(container.state, State::Ended(_));
        self.succeeded += usize::from(is_ended && code == 0);
    }
}

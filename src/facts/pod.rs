//! A pod as it was read, and the one word that says how it is.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::meta::{Meta, condition, count, items, maybe_text, text, time};
use super::node::Toleration;
use super::pulls::Pulls;
use super::words::PodPhase;

/// The label that names a pod's ControllerRevision (SS-05).
const REVISION_LABEL: &str = "controller-revision-hash";

/// The view of one pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    pub meta: Meta,
    pub phase: PodPhase,
    /// Why the pod as a whole is in this phase, such as `Evicted`.
    pub reason: Option<String>,
    /// `None` until it is scheduled.
    pub node: Option<String>,
    /// The `Ready` condition holds.
    pub ready_condition: bool,
    /// Since when the `Ready` condition is what it is.
    pub ready_changed: Option<Timestamp>,
    /// What the kubelet says about it being not ready.
    pub ready_message: Option<String>,
    /// What the scheduler says while it finds no node.
    pub unschedulable: Option<String>,
    /// Init containers first, each in the order of the spec.
    pub containers: Vec<Container>,
    /// How its images are fetched; only of one with a container that waits.
    pub pulls: Option<Box<Pulls>>,
    /// Names of the claims that its volumes use, with the volume's name.
    pub claims: Vec<PodClaim>,
    /// Of a pod that has no node yet: they matter to nobody later.
    pub tolerations: Vec<Toleration>,
}

/// A volume of a pod that is a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodClaim {
    pub volume: String,
    pub claim: String,
}

/// One container, as the kubelet reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    pub name: String,
    pub init: bool,
    pub ready: bool,
    pub restarts: u64,
    pub state: ContainerState,
    /// How it ended the last time, if it ran before.
    pub last_exit: Option<Exit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    Waiting { reason: String, message: String },
    Running { since: Option<Timestamp> },
    Ended(Exit),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    pub code: i64,
    /// Such as `OOMKilled` or `Error`.
    pub reason: String,
    pub message: String,
    pub at: Option<Timestamp>,
}

/// How a pod is, in kubectl's words where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodState {
    Ready,
    /// Runs, but its probes or gates say no.
    NotReady,
    Terminating,
    Pending,
    /// So many init containers of all are done.
    Init {
        done: usize,
        of: usize,
    },
    /// The kubelet's reason, such as `CrashLoopBackOff`; raw.
    Because(String),
    Completed,
    Failed,
}

impl fmt::Display for PodState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => out.write_str("Ready"),
            Self::NotReady => out.write_str("NotReady"),
            Self::Terminating => out.write_str("Terminating"),
            Self::Pending => out.write_str("Pending"),
            Self::Init { done, of } => write!(out, "Init:{done}/{of}"),
            Self::Because(reason) => out.write_str(reason),
            Self::Completed => out.write_str("Completed"),
            Self::Failed => out.write_str("Failed"),
        }
    }
}

impl Pod {
    /// Reads a pod; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let (ready, scheduled) = (condition(object, "Ready"), condition(object, "PodScheduled"));
        let init = items(&status["initContainerStatuses"]).iter().map(|one| Container::read(one, true));
        let app = items(&status["containerStatuses"]).iter().map(|one| Container::read(one, false));
        let containers: Vec<Container> = init.chain(app).collect();
        let node = maybe_text(&spec["nodeName"]).filter(|node| !node.is_empty());
        let tolerations = if node.is_none() { items(&spec["tolerations"]) } else { &[] };
        Some(Self {
            meta: Meta::read(object)?,
            phase: PodPhase::read(status["phase"].as_str().unwrap_or("Pending")),
            reason: maybe_text(&status["reason"]).filter(|reason| !reason.is_empty()),
            node,
            tolerations: tolerations.iter().map(Toleration::read).collect(),
            ready_condition: ready["status"] == "True",
            ready_changed: time(&ready["lastTransitionTime"]),
            ready_message: maybe_text(&ready["message"]).filter(|message| !message.is_empty()),
            unschedulable: (scheduled["status"] == "False").then(|| text(&scheduled["message"])),
            pulls: containers.iter().any(Container::waits).then(|| Box::new(Pulls::of_pod(object))),
            containers,
            claims: items(&spec["volumes"]).iter().filter_map(PodClaim::read).collect(),
        })
    }

    /// Running with its Ready condition true, and not on its way out (SS-20).
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == PodPhase::Running && self.ready_condition && self.meta.deleting.is_none()
    }

    /// Ready for longer than the seconds that its set asks for (SS-20). Since when is
    /// not always known, and then it counts.
    #[must_use]
    pub fn is_available(&self, min_ready: u64, now: Timestamp) -> bool {
        let seconds = |since: Timestamp| u64::try_from(now.as_second().saturating_sub(since.as_second())).unwrap_or(0);
        let lasts = self.ready_changed.is_none_or(|since| seconds(since) > min_ready);
        self.is_ready() && (min_ready == 0 || lasts)
    }

    /// A volume of it is this claim.
    #[must_use]
    pub fn uses(&self, claim: &str) -> bool {
        self.claims.iter().any(|used| used.claim == claim)
    }

    /// The name of its ControllerRevision; empty if nobody labelled it.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.meta.labels.get(REVISION_LABEL).map_or("", String::as_str)
    }

    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.containers.iter().fold(0, |sum, container| sum.saturating_add(container.restarts))
    }

    /// How it is; the first thing that is in its way decides.
    #[must_use]
    pub fn state(&self) -> PodState {
        if self.meta.deleting.is_some() {
            return PodState::Terminating;
        }
        if self.is_ready() {
            return PodState::Ready;
        }
        let waiting = self.containers.iter().find_map(|container| match &container.state {
            // `PodInitializing` only says that the init containers come first.
            ContainerState::Waiting { reason, .. } if !reason.is_empty() && reason != "PodInitializing" => Some(reason),
            ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Ended(_) => None,
        });
        if let Some(reason) = waiting.or(self.reason.as_ref()) {
            return PodState::Because(reason.clone());
        }
        match &self.phase {
            PodPhase::Running => PodState::NotReady,
            PodPhase::Pending => self.initializing().unwrap_or(PodState::Pending),
            PodPhase::Succeeded => PodState::Completed,
            PodPhase::Failed => PodState::Failed,
            PodPhase::Unknown => PodState::Because("Unknown".to_owned()),
            PodPhase::Other(phase) => PodState::Because(phase.clone()),
        }
    }

    /// The init container that all others wait for while it runs: of several that
    /// run, those before the last are sidecars.
    #[must_use]
    pub fn running_init(&self) -> Option<&Container> {
        let begun = |container: &Container| match &container.state {
            ContainerState::Waiting { reason, .. } => !["", "PodInitializing"].contains(&reason.as_str()),
            ContainerState::Running { .. } | ContainerState::Ended(_) => true,
        };
        let last = self.containers.iter().rfind(|container| begun(container))?;
        let runs = matches!(last.state, ContainerState::Running { .. });
        // Only a sidecar is ready while it runs, and then nobody waits for it.
        let waited_for = runs && last.init && !last.ready;
        (waited_for && self.phase == PodPhase::Pending && self.meta.deleting.is_none()).then_some(last)
    }

    fn initializing(&self) -> Option<PodState> {
        let init: Vec<&Container> = self.containers.iter().filter(|container| container.init).collect();
        let done = init
            .iter()
            .filter(|container| matches!(&container.state, ContainerState::Ended(exit) if exit.code == 0))
            .count();
        (done < init.len()).then_some(PodState::Init { done, of: init.len() })
    }
}

impl PodClaim {
    fn read(volume: &Value) -> Option<Self> {
        let claim = maybe_text(&volume["persistentVolumeClaim"]["claimName"])?;
        Some(Self { volume: text(&volume["name"]), claim })
    }
}

impl Container {
    const fn waits(&self) -> bool {
        matches!(self.state, ContainerState::Waiting { .. })
    }

    fn read(container: &Value, init: bool) -> Self {
        let state = &container["state"];
        let state = if state["running"].is_object() {
            ContainerState::Running { since: time(&state["running"]["startedAt"]) }
        } else if let Some(exit) = Exit::read(&state["terminated"]) {
            ContainerState::Ended(exit)
        } else {
            let waiting = &state["waiting"];
            ContainerState::Waiting { reason: text(&waiting["reason"]), message: text(&waiting["message"]) }
        };
        Self {
            name: text(&container["name"]),
            init,
            ready: container["ready"] == true,
            restarts: count(&container["restartCount"]),
            state,
            last_exit: Exit::read(&container["lastState"]["terminated"]),
        }
    }
}

impl Exit {
    fn read(ended: &Value) -> Option<Self> {
        ended.is_object().then(|| Self {
            code: ended["exitCode"].as_i64().unwrap_or(0),
            reason: text(&ended["reason"]),
            message: text(&ended["message"]),
            at: time(&ended["finishedAt"]),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: &Value) -> Pod {
        Pod::read(&json!({"metadata": {"name": "web-0"}, "status": status})).unwrap()
    }

    #[test]
    fn a_pod_is_ready_only_while_it_runs_with_a_true_condition_and_is_not_being_deleted() {
        let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        assert_eq!(pod(&ready).state(), PodState::Ready);
        let mut leaving = json!({"metadata": {"name": "web-0", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        leaving["status"] = ready;
        assert_eq!(Pod::read(&leaving).unwrap().state(), PodState::Terminating);
        assert!(!Pod::read(&leaving).unwrap().is_ready());
        assert_eq!(pod(&json!({"phase": "Running"})).state(), PodState::NotReady);
        assert_eq!(pod(&json!({})).state(), PodState::Pending);
    }

    #[test]
    fn a_pod_is_available_when_it_was_ready_for_longer_than_its_set_asks_for() {
        let ready = |since: Value| {
            pod(
                &json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}]}),
            )
        };
        let now = "2026-03-13T12:00:00Z".parse().unwrap();
        let since = ready(json!("2026-03-13T11:59:00Z"));
        assert!(since.is_available(0, now) && since.is_available(59, now) && !since.is_available(60, now));
        assert!(ready(json!(null)).is_available(60, now), "nobody knows");
        assert!(!pod(&json!({"phase": "Running"})).is_available(0, now));
    }

    #[test]
    fn the_reason_of_a_waiting_container_is_the_state_of_the_pod() {
        let waiting = |reason: &str| json!({"name": "app", "state": {"waiting": {"reason": reason}}});
        let crashing = pod(&json!({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff")]}));
        assert_eq!(crashing.state().to_string(), "CrashLoopBackOff");
        assert_eq!(pod(&json!({"phase": "Failed", "reason": "Evicted"})).state().to_string(), "Evicted");
    }

    #[test]
    fn init_containers_are_counted_until_all_are_done() {
        let done = json!({"name": "a", "state": {"terminated": {"exitCode": 0}}});
        let running = json!({"name": "b", "state": {"running": {}}});
        let app = json!({"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}});
        let status = json!({"phase": "Pending", "initContainerStatuses": [done, running], "containerStatuses": [app]});
        assert_eq!(pod(&status).state().to_string(), "Init:1/2");
    }

    #[test]
    fn the_init_container_that_the_others_wait_for_is_the_last_that_runs() {
        let one = |name: &str, state: Value| json!({"name": name, "state": state});
        let running = json!({"running": {"startedAt": "2026-03-13T11:56:00Z"}});
        let waiting = json!({"waiting": {"reason": "PodInitializing"}});
        let status = |app: &Value, last: &Value| {
            json!({"phase": "Pending", "containerStatuses": [one("app", app.clone())],
                "initContainerStatuses": [one("sidecar", running.clone()), one("prepare", last.clone())]})
        };
        let found = |status: &Value| pod(status).running_init().map(|container| container.name.clone());
        assert_eq!(found(&status(&waiting, &running)).as_deref(), Some("prepare"));
        assert_eq!(found(&status(&waiting, &waiting)).as_deref(), Some("sidecar"));
        assert_eq!(found(&status(&waiting, &json!({"waiting": {"reason": "CrashLoopBackOff"}}))), None);
        assert_eq!(found(&status(&waiting, &json!({"terminated": {"exitCode": 0}}))), None);
        assert_eq!(found(&status(&json!({"waiting": {"reason": "ContainerCreating"}}), &running)), None);
    }

    #[test]
    fn claims_are_read_from_the_volumes_that_name_one() {
        let volumes = json!([
            {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}, {"name": "tmp", "emptyDir": {}},
        ]);
        let pod = Pod::read(&json!({"metadata": {"name": "web-0"}, "spec": {"volumes": volumes}})).unwrap();
        assert_eq!(pod.claims, [PodClaim { volume: "data".to_owned(), claim: "data-web-0".to_owned() }]);
    }
}

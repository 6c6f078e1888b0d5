//! One container of a pod: what its status says, and how that is written.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::simulator::clock::clock_text;
use crate::simulator::controllers::fields::Fields;

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Prepares the pod and ends.
    Init,
    /// Is started among the init containers and stays.
    Sidecar,
    Main,
}

/// How a run of a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub code: i64,
    pub reason: String,
    pub message: String,
    pub started: Timestamp,
    pub finished: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Without a reason it is about to be started, or waits for its turn.
    Waiting {
        reason: String,
        message: String,
    },
    Running {
        since: Timestamp,
    },
    Ended(Ending),
}

impl State {
    pub(super) fn waits(reason: &str, message: impl Into<String>) -> Self {
        Self::Waiting { reason: reason.to_owned(), message: message.into() }
    }
}

/// A container as its status tells of it.
pub(super) struct Container<'a> {
    pub spec: &'a Value,
    pub role: Role,
    pub state: State,
    /// How the run before ended.
    pub last: Option<Ending>,
    pub restarts: i64,
    /// Its startup probe, if it has one, has succeeded in this run.
    pub started: bool,
    pub ready: bool,
    /// It runs an image that its spec does not name any more.
    pub outdated: bool,
}

impl<'a> Container<'a> {
    /// All containers of a pod in the order in which they are started.
    pub(super) fn all(pod: &'a Value) -> Vec<Self> {
        let init = pod.items("/spec/initContainers").iter().map(|spec| {
            let role = if spec["restartPolicy"] == "Always" { Role::Sidecar } else { Role::Init };
            Self::of(pod, spec, role)
        });
        init.chain(pod.items("/spec/containers").iter().map(|spec| Self::of(pod, spec, Role::Main))).collect()
    }

    fn of(pod: &Value, spec: &'a Value, role: Role) -> Self {
        let list = if role == Role::Main { "/status/containerStatuses" } else { "/status/initContainerStatuses" };
        let held = pod.items(list).iter().find(|held| held["name"] == spec["name"]).unwrap_or(&Value::Null);
        let ended = ending(&held["state"]["terminated"]).map(State::Ended);
        let running = held.instant("/state/running/startedAt").map(|since| State::Running { since });
        let waiting = || State::waits(held.text("/state/waiting/reason"), held.text("/state/waiting/message"));
        // Whoever else wrote the status may have written the image in other words.
        let image = held.text("/imageID").strip_prefix(SCHEME);
        Self {
            spec,
            role,
            state: ended.or(running).unwrap_or_else(waiting),
            last: ending(&held["lastState"]["terminated"]),
            restarts: held.number("/restartCount").unwrap_or(0),
            started: held["started"] == true,
            ready: held["ready"] == true,
            outdated: image.is_some_and(|image| !image.is_empty() && image != spec.text("/image")),
        }
    }

    pub(super) fn name(&self) -> &'a str {
        self.spec.text("/name")
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// It has run, or runs.
    pub(super) fn has_begun(&self) -> bool {
        !matches!(self.state, State::Waiting { .. }) || self.last.is_some()
    }

    /// It has done its work.
    pub(super) fn is_done(&self) -> bool {
        matches!(&self.state, State::Ended(ending) if ending.code == 0)
    }

    /// Whether it is started again after it has ended with this code.
    pub(super) fn is_restarted(&self, pod: &Value, code: i64) -> bool {
        let own = self.spec.text("/restartPolicy");
        match (self.role, if own.is_empty() { pod.text("/spec/restartPolicy") } else { own }) {
            (Role::Sidecar, _) => true,
            (_, "Never") => false,
            (Role::Main, "OnFailure") | (Role::Init, _) => code != 0,
            (Role::Main, _) => true,
        }
    }

    /// The status to write.
    pub(super) fn status(&self, pod: &Value) -> Value {
        let id = self.id(pod, self.restarts);
        let mut status = json!({
            "name": self.name(),
            "image": self.spec["image"],
            "imageID": if self.has_begun() { format!("{SCHEME}{}", self.spec.text("/image")) } else { String::new() },
            "ready": self.ready,
            "restartCount": self.restarts,
            "started": self.started,
            "state": self.state_text(&id),
            "lastState": {},
        });
        if self.has_begun() {
            status["containerID"] = json!(id);
        }
        if let Some(last) = &self.last {
            // A container that waits is still the one that ended.
            let before = if matches!(self.state, State::Waiting { .. }) { self.restarts } else { self.restarts - 1 };
            status["lastState"] = json!({ "terminated": last.text(&self.id(pod, before)) });
        }
        status
    }

    fn id(&self, pod: &Value, restarts: i64) -> String {
        match restarts {
            ..=0 => format!("{SCHEME}{}/{}", pod.uid(), self.name()),
            count => format!("{SCHEME}{}/{}/{count}", pod.uid(), self.name()),
        }
    }

    fn state_text(&self, id: &str) -> Value {
        match &self.state {
            State::Waiting { reason, message } if message.is_empty() => json!({ "waiting": { "reason": reason } }),
            State::Waiting { reason, message } => json!({ "waiting": { "reason": reason, "message": message } }),
            State::Running { since } => json!({ "running": { "startedAt": clock_text(*since) } }),
            State::Ended(ending) => json!({ "terminated": ending.text(id) }),
        }
    }
}

/// Where images and containers of this actor come from.
const SCHEME: &str = "sandbox://";

impl Ending {
    fn text(&self, id: &str) -> Value {
        let mut text = json!({
            "exitCode": self.code, "reason": self.reason,
            "startedAt": clock_text(self.started), "finishedAt": clock_text(self.finished), "containerID": id,
        });
        if !self.message.is_empty() {
            text["message"] = json!(self.message);
        }
        text
    }
}

fn ending(held: &Value) -> Option<Ending> {
    let finished = held.instant("/finishedAt").unwrap_or_default();
    held.is_object().then(|| Ending {
        code: held.number("/exitCode").unwrap_or(0),
        reason: held.text("/reason").to_owned(),
        message: held.text("/message").to_owned(),
        started: held.instant("/startedAt").unwrap_or(finished),
        finished,
    })
}

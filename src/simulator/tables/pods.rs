//! Pods: the one word of their state is gathered from their containers, in the
//! real server's order of precedence.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use super::format::{NONE, items, name, or, text};

/// The marks of a row whose pod has ended.
#[must_use]
pub fn conditions(object: &Value) -> Option<Value> {
    let (reason, message) = match (text(&object["kind"]), text(&object["status"]["phase"])) {
        ("Pod", "Succeeded") => ("Succeeded", "The pod has completed successfully."),
        ("Pod", "Failed") => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}

pub fn pod(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let state = state(object);
    let mut restarts = state.restarts.count.to_string();
    if state.restarts.count != 0 && !state.restarts.last.is_empty() {
        let ago = age::since(&state.restarts.last.as_str().into(), now);
        restarts = format!("{restarts} ({ago} ago)");
    }
    let address = items(&status["podIPs"]).next().map_or("", |address| text(&address["ip"]));
    vec![
        name(object),
        format!("{}/{}", state.ready, state.containers).into(),
        state.word.into(),
        restarts.into(),
        age::cell(object, now),
        (if address.is_empty() { NONE } else { address }).into(),
        or(&spec["nodeName"], NONE).into(),
        or(&status["nominatedNodeName"], NONE).into(),
        gates(object).into(),
    ]
}

fn gates(pod: &Value) -> String {
    let all = items(&pod["spec"]["readinessGates"]).count();
    let holds = |gate: &&Value| has_condition(pod, text(&gate["conditionType"]));
    let open = items(&pod["spec"]["readinessGates"]).filter(holds).count();
    if all == 0 { NONE.to_owned() } else { format!("{open}/{all}") }
}

fn has_condition(pod: &Value, kind: &str) -> bool {
    items(&pod["status"]["conditions"]).any(|condition| condition["type"] == kind && condition["status"] == "True")
}

#[derive(Default)]
struct Restarts {
    count: i64,
    /// When the last one was, as RFC 3339: texts of equal form sort as times do.
    last: String,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += container["restartCount"].as_i64().unwrap_or(0);
        let ended = text(&container["lastState"]["terminated"]["finishedAt"]);
        if *ended > *self.last {
            ended.clone_into(&mut self.last);
        }
    }
}

struct State {
    word: String,
    ready: usize,
    containers: usize,
    restarts: Restarts,
}

fn state(pod: &Value) -> State {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let sidecars = items(&spec["initContainers"]).filter(|container| container["restartPolicy"] == "Always").count();
    let mut state = State {
        word: or(&status["reason"], text(&status["phase"])).to_owned(),
        ready: 0,
        containers: items(&spec["containers"]).count() + sidecars,
        restarts: Restarts::default(),
    };
    let gated = |condition: &Value| condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated";
    if items(&status["conditions"]).any(gated) {
        "SchedulingGated".clone_into(&mut state.word);
    }
    let (initializing, of_sidecars) = initialization(pod, &mut state);
    if !initializing || has_condition(pod, "Initialized") {
        state.restarts = of_sidecars;
        main_containers(pod, &mut state);
    }
    let ended = matches!(text(&status["phase"]), "Succeeded" | "Failed");
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        if status["reason"] == "NodeLost" {
            "Unknown".clone_into(&mut state.word);
        } else if !ended {
            "Terminating".clone_into(&mut state.word);
        }
    }
    state
}

/// Looks at init containers up to the first that is not done. Says whether
/// there is one, and the restarts of sidecars alone.
fn initialization(pod: &Value, state: &mut State) -> (bool, Restarts) {
    let all = items(&pod["spec"]["initContainers"]).count();
    let mut of_sidecars = Restarts::default();
    for (index, container) in items(&pod["status"]["initContainerStatuses"]).enumerate() {
        state.restarts.add(container);
        let is_sidecar = items(&pod["spec"]["initContainers"])
            .any(|declared| declared["name"] == container["name"] && declared["restartPolicy"] == "Always");
        if is_sidecar {
            of_sidecars.add(container);
        }
        let (ended, waits) = (&container["state"]["terminated"], text(&container["state"]["waiting"]["reason"]));
        if ended.is_object() && ended["exitCode"] == 0 {
            continue;
        }
        if is_sidecar && container["started"] == true {
            state.ready += usize::from(container["ready"] == true);
            continue;
        }
        state.word = if ended.is_object() {
            format!("Init:{}", ending(ended))
        } else if !matches!(waits, "" | "PodInitializing") {
            format!("Init:{waits}")
        } else {
            format!("Init:{index}/{all}")
        };
        return (true, of_sidecars);
    }
    (false, of_sidecars)
}

/// The first container that has something to say has the last word.
fn main_containers(pod: &Value, state: &mut State) {
    let mut runs = false;
    for container in items(&pod["status"]["containerStatuses"]).rev() {
        state.restarts.add(container);
        let (ended, waits) = (&container["state"]["terminated"], text(&container["state"]["waiting"]["reason"]));
        if !waits.is_empty() {
            waits.clone_into(&mut state.word);
        } else if ended.is_object() {
            state.word = ending(ended);
        } else if container["ready"] == true && container["state"]["running"].is_object() {
            runs = true;
            state.ready += 1;
        }
    }
    if state.word == "Completed" && runs {
        let word = if has_condition(pod, "Ready") { "Running" } else { "NotReady" };
        word.clone_into(&mut state.word);
    }
}

/// Why a container ended, in one word.
fn ending(terminated: &Value) -> String {
    let number = |field: &str| terminated[field].as_i64().unwrap_or(0);
    match (text(&terminated["reason"]), number("signal")) {
        ("", 0) => format!("ExitCode:{}", number("exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

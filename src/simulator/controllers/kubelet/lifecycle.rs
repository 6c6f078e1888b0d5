//! A pod's way on a node: its volumes, then its init containers one after the
//! other, then the others, until it stops or its time is over.

use jiff::Timestamp;
use serde_json::Value;

use super::Kubelet;
use super::address::address;
use super::container::{Container, Ending, Role, State};
use super::course::{Scene, killed};
use super::knobs::{AS_CAPTURED, Knobs, START_SECONDS};
use super::news::News;
use super::probes::Probes;
use super::sources::unmounted;
use super::status::{Picture, gates, phase};
use super::stop::stop;
use super::volumes::awaits;
use crate::objects::stuck::goes_by_knobs;
use crate::simulator::controllers::fields::{Fields, later};
use crate::simulator::controllers::{Step, View};

/// What a pod says whose `activeDeadlineSeconds` have passed.
const OVER: &str = "Pod was active on the node longer than the specified deadline";

impl Kubelet {
    pub(super) fn sync(&self, view: &dyn View, pod: &Value, node: &Value, now: Timestamp) -> Step {
        let mut step = Step::default();
        if pod.terminating() {
            stop(view, pod, &host_address(node), now, &mut step);
            return step;
        }
        let is_left = pod.annotation(AS_CAPTURED).is_some() || pod.has_ended();
        if is_left || is_settled(pod) {
            return step;
        }
        let knobs = Knobs(pod);
        let delay = knobs.seconds(START_SECONDS).unwrap_or(self.start_delay);
        let scene = Scene { view, pod, knobs, now, delay };
        let mut news = News::default();
        let picture = picture(&scene, &mut news);
        let address = match pod.text("/status/podIP") {
            "" => address(view, pod),
            held => held.to_owned(),
        };
        if let Some(status) = picture.status(pod, &address, &host_address(node), now) {
            step.patch_status(pod, status);
        }
        news.tell(view, pod, &mut step);
        step
    }
}

/// What the pod should look like now.
fn picture<'a>(scene: &'a Scene<'a>, news: &mut News) -> Picture<'a> {
    let (pod, now) = (scene.pod, scene.now);
    let start = pod.instant("/status/startTime").unwrap_or(now);
    let mut containers = Container::all(pod);
    let deadline = pod.number("/spec/activeDeadlineSeconds").map(|seconds| later(start, seconds));
    if deadline.is_some_and(|deadline| deadline <= now) {
        exceed(&mut containers, now, news);
        let why = Some(("DeadlineExceeded", OVER));
        return Picture { containers, phase: "Failed", start, why };
    }
    if let Some(deadline) = deadline {
        news.wake_at(deadline);
    }
    let begun = containers.iter().any(Container::has_begun);
    match unmounted(scene.view, pod).filter(|_| !begun) {
        Some(reason) => news.lasts("FailedMount", reason),
        None if !begun && awaits(scene.view, pod, start, now, news) => {}
        None => go_on(scene, &mut containers, start, news),
    }
    let waits = if containers.iter().any(|container| container.role != Role::Main) {
        "PodInitializing"
    } else {
        "ContainerCreating"
    };
    for container in &mut containers {
        if matches!(&container.state, State::Waiting { reason, .. } if reason.is_empty()) {
            container.state = State::waits(waits, "");
        }
    }
    let mut phase = phase(pod, &containers);
    if is_over(pod, &containers) {
        for container in containers.iter_mut().filter(|container| container.role == Role::Sidecar) {
            if let State::Running { since } = container.state {
                let ending = Ending { code: 0, reason: "Completed".to_owned(), ..killed(since, now) };
                container.end(ending);
            }
        }
        phase = self::phase(pod, &containers);
    }
    Picture { containers, phase, start, why: None }
}

/// Lets each container go on whose turn has come. Those that prepare the pod
/// come one after the other, unless it has been prepared already.
fn go_on<'a>(scene: &'a Scene<'a>, containers: &mut [Container<'a>], start: Timestamp, news: &mut News) {
    let prepared = containers.iter().any(|container| container.role == Role::Main && container.has_begun());
    let mut turn = Some(start);
    for container in containers {
        match container.role {
            Role::Init if prepared => {}
            Role::Init => {
                container.go_on(scene, turn, news);
                turn = match &container.state {
                    State::Ended(ending) if ending.code == 0 => turn.map(|turn| turn.max(ending.finished)),
                    State::Ended(_) | State::Waiting { .. } | State::Running { .. } => None,
                };
            }
            Role::Sidecar => {
                container.go_on(scene, turn.or(prepared.then_some(start)), news);
                turn = match container.state {
                    State::Running { since } if container.started => {
                        turn.map(|turn| turn.max(Probes::new(container, &scene.knobs, since).started_at()))
                    }
                    State::Running { .. } | State::Waiting { .. } | State::Ended(_) => None,
                };
            }
            Role::Main => container.go_on(scene, turn.or(prepared.then_some(start)), news),
        }
    }
}

/// All that the pod is for has ended for good.
fn is_over(pod: &Value, containers: &[Container<'_>]) -> bool {
    let has_ended = |container: &Container<'_>| match &container.state {
        State::Ended(ending) => !container.is_restarted(pod, ending.code),
        State::Waiting { .. } | State::Running { .. } => false,
    };
    let mut init = containers.iter().filter(|container| container.role == Role::Init);
    let mut main = containers.iter().filter(|container| container.role == Role::Main);
    main.all(has_ended) || init.any(|container| has_ended(container) && !container.is_done())
}

/// The pod's time is over: whatever runs is stopped, and what has not run yet
/// never will.
fn exceed(containers: &mut [Container<'_>], now: Timestamp, news: &mut News) {
    news.normal("DeadlineExceeded", OVER);
    for container in containers {
        match &container.state {
            State::Running { since } => {
                let since = *since;
                news.normal("Killing", format!("Stopping container {}", container.name()));
                container.end(killed(since, now));
            }
            State::Waiting { .. } if container.role == Role::Main => container.lose(now),
            State::Waiting { .. } | State::Ended(_) => {}
        }
    }
}

/// Up and ready, as its spec says, and nobody wants otherwise. (Containers
/// that run do not notice what becomes of their volumes' sources.)
pub fn is_settled(pod: &Value) -> bool {
    let statuses = pod.items("/status/containerStatuses");
    let containers = pod.items("/spec/containers");
    let prepared = pod.items("/status/initContainerStatuses");
    let mut sidecars = pod.items("/spec/initContainers").iter().filter(|init| init["restartPolicy"] == "Always");
    pod.phase() == "Running"
        && pod.holds("Ready")
        && !pod.text("/status/podIP").is_empty()
        && !goes_by_knobs(pod)
        && pod["spec"]["activeDeadlineSeconds"].is_null()
        && gates(pod).holds
        && containers.len() == statuses.len()
        && containers.iter().zip(statuses).all(|(wanted, held)| wanted["image"] == held["image"])
        && sidecars.all(|wanted| {
            prepared.iter().any(|held| held["name"] == wanted["name"] && held["image"] == wanted["image"])
        })
}

fn host_address(node: &Value) -> String {
    let addresses = node.items("/status/addresses");
    let internal = addresses.iter().find(|address| address["type"] == "InternalIP");
    internal.map_or("192.0.2.1", |address| address.text("/address")).to_owned()
}

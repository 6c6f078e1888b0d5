//! The first member that keeps a set from being ready, looked at closely: the
//! second form of `status`. Pure but for the logs, which are filled in later.

use super::overview::{ClaimOverview, NodeOverview, PodOverview, VolumeState};
use super::pod::{Container, ContainerState, Exit, Pod};
use super::surroundings::Surroundings;
use super::words::ClaimPhase;

/// What is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocking {
    pub pod: String,
    /// It is ready all the same: what is wrong shows when it is next replaced.
    pub ready: bool,
    /// The first thing that is wrong with it, as `diagnosis` says; raw.
    pub why: String,
    /// The code of that, for `explain`.
    pub code: &'static str,
    /// What to do, in words: a command may ask for more than it shows.
    pub remedy: String,
    /// What to type, as a whole line.
    pub command: Option<String>,
    /// Those that do not run as they should.
    pub containers: Vec<BlockedContainer>,
    /// `None` until it is scheduled.
    pub node: Option<NodeOverview>,
    /// `None`: claims could not be read.
    pub claims: Option<Vec<BlockedClaim>>,
}

/// A container that does not run, or runs and is not ready.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockedContainer {
    pub name: String,
    pub init: bool,
    /// Reason and message.
    pub waiting: Option<(String, String)>,
    pub last_exit: Option<Exit>,
    pub restarts: u64,
    pub log: Log,
}

/// The end of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// It never ran.
    None,
    /// To be read: of the run before this one, or of this one.
    Wanted {
        previous: bool,
    },
    Lines(Vec<String>),
    /// It could not be read; why.
    Unknown(String),
}

/// A claim of the member, with where its volume hangs.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockedClaim {
    pub name: String,
    /// `None`: it does not exist.
    pub phase: Option<ClaimPhase>,
    pub volume: Option<String>,
    /// Nodes that the volume is attached to; `None`: may not be read.
    pub attached_to: Option<Vec<String>>,
    /// As far as is known, it has to be attached before a pod can use it.
    pub attachable: bool,
}

impl Blocking {
    #[must_use]
    pub fn of(row: &PodOverview, pod: Option<&Pod>, why: String, around: &Surroundings) -> Self {
        let init = pod.and_then(Pod::running_init);
        let in_the_way = |container: &Container| container.init && init.is_some_and(|init| init.name == container.name);
        let containers = pod.iter().flat_map(|pod| &pod.containers);
        Self {
            pod: row.name.clone(),
            ready: pod.is_some_and(Pod::is_ready),
            why,
            code: "",
            remedy: String::new(),
            command: None,
            containers: containers
                .filter_map(|container| BlockedContainer::of(container, in_the_way(container)))
                .collect(),
            node: row.pod.as_ref().and_then(|pod| pod.node.clone()),
            claims: row
                .claims
                .as_ref()
                .map(|claims| claims.iter().map(|claim| BlockedClaim::of(claim, around)).collect()),
        }
    }
}

impl Blocking {
    /// The container that `why` is about: what it says stands below it as well.
    #[must_use]
    pub fn container_in_the_way(&self) -> Option<&BlockedContainer> {
        self.containers.iter().find(|container| self.why.starts_with(&container.title()))
    }
}

impl BlockedContainer {
    /// As findings name it.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} `{}`", if self.init { "init container" } else { "container" }, self.name)
    }

    /// `None` if it runs as it should; `others_wait`: for the end of an init container.
    fn of(container: &Container, others_wait: bool) -> Option<Self> {
        let (waiting, ended) = match &container.state {
            ContainerState::Running { .. } if !others_wait && (container.ready || container.init) => return None,
            ContainerState::Ended(exit) if container.init && exit.code == 0 => return None,
            ContainerState::Running { .. } => (None, None),
            ContainerState::Ended(exit) => (None, Some(exit)),
            ContainerState::Waiting { reason, message } => (Some((reason.clone(), message.clone())), None),
        };
        let log = match (&waiting, &container.last_exit) {
            (Some(_), None) => Log::None,
            (Some(_), Some(_)) => Log::Wanted { previous: true },
            (None, _) => Log::Wanted { previous: false },
        };
        Some(Self {
            name: container.name.clone(),
            init: container.init,
            waiting,
            last_exit: ended.or(container.last_exit.as_ref()).cloned(),
            restarts: container.restarts,
            log,
        })
    }
}

impl BlockedClaim {
    fn of(overview: &ClaimOverview, around: &Surroundings) -> Self {
        let volume = overview.claim.as_ref().and_then(|claim| claim.volume_name.clone());
        let nodes = |volume: &String| {
            around.attachments.as_ref()?;
            let attached = around.attachments_of(volume).filter(|attachment| attachment.attached);
            Some(attached.map(|attachment| attachment.node.clone()).collect())
        };
        let attachable = match &overview.volume {
            VolumeState::There(volume) => volume.is_attachable(),
            VolumeState::None | VolumeState::Unknown | VolumeState::Gone => true,
        };
        Self {
            name: overview.name.clone(),
            phase: overview.claim.as_ref().map(|claim| claim.phase.clone()),
            attached_to: volume.as_ref().map_or(Some(Vec::new()), nodes),
            volume,
            attachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn container(state: &Value, last: &Value) -> Option<BlockedContainer> {
        let status = json!({"name": "app", "restartCount": 2, "state": state, "lastState": last});
        let pod = json!({"metadata": {"name": "web-0"}, "status": {"containerStatuses": [status]}});
        BlockedContainer::of(&Pod::read(&pod).unwrap().containers[0], false)
    }

    #[test]
    fn the_log_that_tells_is_that_of_the_run_that_ended() {
        let ended = json!({"terminated": {"exitCode": 137}});
        let crashing = container(&json!({"waiting": {"reason": "CrashLoopBackOff"}}), &ended).unwrap();
        assert_eq!((crashing.log, crashing.last_exit.unwrap().code), (Log::Wanted { previous: true }, 137));
        let pulling = container(&json!({"waiting": {"reason": "ImagePullBackOff"}}), &json!({})).unwrap();
        assert_eq!(pulling.log, Log::None);
        let running = container(&json!({"running": {}}), &ended).unwrap();
        assert_eq!((running.log, running.waiting), (Log::Wanted { previous: false }, None));
        let done = container(&ended, &json!({})).unwrap();
        assert_eq!(done.last_exit.unwrap().code, 137);
    }
}

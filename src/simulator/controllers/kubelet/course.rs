//! What becomes of a container next: it is started when its turn has come and
//! nothing is in the way, runs until it exits or is killed, and is started
//! again after a while.

use jiff::Timestamp;
use serde_json::Value;

use super::back_off::{self, LONGEST, attempts};
use super::container::{Container, Ending, Role, State};
use super::knobs::{IMAGE_ERROR, Knobs, LIVENESS_SECONDS, RUN_SECONDS};
use super::news::News;
use super::probes::Probes;
use super::sources::missing_reference;
use crate::simulator::controllers::View;
use crate::simulator::controllers::fields::{Fields, later};

/// How long a kubelet takes to notice that something ended or failed, in seconds.
const NOTICE: i64 = 1;

/// The exit code of what was killed.
pub(super) const KILLED: i64 = 137;

/// What the containers of a pod go by.
pub(super) struct Scene<'a> {
    pub view: &'a dyn View,
    pub pod: &'a Value,
    pub knobs: Knobs<'a>,
    pub now: Timestamp,
    /// How many seconds containers need to start.
    pub delay: i64,
}

impl<'a> Container<'a> {
    /// Lets it go on until it has to wait for something. `turn` is since when
    /// it may be started, if it may.
    pub(super) fn go_on(&mut self, scene: &'a Scene<'a>, turn: Option<Timestamp>, news: &mut News) {
        loop {
            let moved = match self.state.clone() {
                State::Waiting { reason, message } => match turn {
                    Some(turn) => self.may_start(scene, turn, &reason, &message, news),
                    None => false,
                },
                State::Running { since } => self.run(scene, since, news),
                State::Ended(ending) => self.after_end(scene, ending, news),
            };
            if !moved {
                return;
            }
        }
    }

    fn may_start(&mut self, scene: &Scene<'_>, turn: Timestamp, reason: &str, message: &str, news: &mut News) -> bool {
        let due = match (&self.last, self.role) {
            (Some(last), _) => later(last.finished, back_off::told(message)),
            // Init containers do their work in the time that others take to start.
            (None, Role::Init) => turn,
            (None, Role::Sidecar | Role::Main) => later(turn, scene.delay),
        };
        let first = self.last.is_none();
        if !first && scene.now < due {
            // Whoever fails again and again rests in the longest wait.
            if back_off::told(message) < LONGEST || !self.will_fail(scene) {
                news.wake_at(due);
            }
            return false;
        }
        let asked = self.last.as_ref().map_or(turn, |last| last.finished);
        if !self.has_image(scene, asked, reason, news) {
            return false;
        }
        if let Some(missing) = missing_reference(scene.view, scene.pod, self.spec) {
            news.lasts("Failed", format!("Error: {missing}"));
            self.state = State::waits("CreateContainerConfigError", missing);
            return false;
        }
        if scene.now < due {
            news.wake_at(due);
            self.state = State::waits("", "");
            return false;
        }
        self.restarts = if first { 0 } else { self.restarts.saturating_add(1) };
        self.outdated = false;
        self.state = State::Running { since: scene.now };
        let image = self.spec.text("/image");
        news.normal(
            "Pulled",
            format!("Container image {image:?} already present on machine and can be accessed by the pod"),
        );
        news.normal("Created", "Container created");
        news.normal("Started", "Container started");
        true
    }

    /// Pulls the image, which was asked for first at `first`. A pull that failed
    /// is tried again later.
    fn has_image(&mut self, scene: &Scene<'_>, first: Timestamp, reason: &str, news: &mut News) -> bool {
        let image = self.spec.text("/image");
        let is_wrong = scene.knobs.concerns(IMAGE_ERROR, self.name());
        if is_wrong && self.spec["imagePullPolicy"] == "Never" {
            let message = format!("Container image {image:?} is not present with pull policy of Never");
            news.lasts("ErrImageNeverPull", message.clone());
            news.lasts("Failed", "Error: ErrImageNeverPull");
            self.state = State::waits("ErrImageNeverPull", message);
            return false;
        }
        let (last, next) = attempts(first, scene.now);
        let has_failed = matches!(reason, "ErrImagePull" | "ImagePullBackOff");
        let is_fresh = scene.now < later(last, NOTICE);
        if !is_wrong && (!has_failed || is_fresh && reason == "ImagePullBackOff") {
            return true;
        }
        let error = "not found";
        if is_fresh {
            if reason != "ErrImagePull" {
                news.normal("Pulling", format!("Pulling image {image:?}"));
                news.warning("Failed", format!("Failed to pull image {image:?}: {error}"));
                news.warning("Failed", "Error: ErrImagePull");
            }
            self.state = State::waits("ErrImagePull", error);
            news.wake_at(later(last, NOTICE));
            return false;
        }
        if reason != "ImagePullBackOff" {
            news.normal("BackOff", format!("Back-off pulling image {image:?}"));
            news.warning("Failed", "Error: ImagePullBackOff");
        }
        let message = format!("Back-off pulling image {image:?}: ErrImagePull: {error}");
        self.state = State::waits("ImagePullBackOff", message);
        if !is_wrong || last.duration_until(next).as_secs() < LONGEST {
            news.wake_at(next);
        }
        false
    }

    /// Runs until it exits, is killed by a probe, or has to be replaced.
    fn run(&mut self, scene: &'a Scene<'a>, since: Timestamp, news: &mut News) -> bool {
        let (now, name) = (scene.now, self.name());
        if self.outdated && self.role != Role::Init {
            let message = match self.role {
                Role::Main => format!("Container {name} definition changed, will be restarted"),
                Role::Init | Role::Sidecar => format!("Init container {name} definition changed"),
            };
            news.normal("Killing", message);
            self.last = Some(killed(since, now));
            self.state = State::waits("", "");
            return true;
        }
        let probes = Probes::new(self, &scene.knobs, since);
        let kill = probes.killed();
        let exit = self.exit_after(scene).map(|(seconds, ending)| (later(since, seconds), ending));
        let exits_first = exit.as_ref().is_some_and(|(at, _)| kill.as_ref().is_none_or(|kill| *at <= kill.at));
        if let Some((at, ending)) = exit.filter(|(at, _)| exits_first && *at <= now) {
            // One that was told so later ends when it is told.
            let was_told = self.role != Role::Init && later(at, 2 * NOTICE) < now;
            self.end(Ending { started: since, finished: if was_told { now } else { at }, ..ending });
            return true;
        }
        if let Some(kill) = kill.as_ref().filter(|kill| kill.at <= now && !exits_first) {
            news.warning("Unhealthy", kill.probe.clone());
            news.normal("Killing", kill.message.clone());
            self.end(killed(since, kill.at));
            return true;
        }
        let exit_at = self.exit_after(scene).map(|(seconds, _)| later(since, seconds));
        for time in exit_at.into_iter().chain(kill.map(|kill| kill.at)) {
            news.wake_at(time);
        }
        probes.ask(self, now, news);
        false
    }

    /// After how many seconds of its run it exits by itself, and how.
    fn exit_after(&self, scene: &Scene<'_>) -> Option<(i64, Ending)> {
        let told = scene.knobs.exit(self.name());
        let seconds = match self.role {
            Role::Init => scene.delay,
            Role::Sidecar | Role::Main => scene.knobs.seconds(RUN_SECONDS).unwrap_or(0),
        };
        let (code, reason) = match told {
            Some(exit) if exit.oom => (exit.code, "OOMKilled"),
            Some(exit) if exit.code != 0 => (exit.code, "Error"),
            Some(_) => (0, "Completed"),
            None if self.role == Role::Init => (0, "Completed"),
            None => return None,
        };
        let time = Timestamp::UNIX_EPOCH;
        let ending = Ending { code, reason: reason.to_owned(), message: String::new(), started: time, finished: time };
        Some((seconds, ending))
    }

    /// Its run is over.
    pub(super) fn end(&mut self, ending: Ending) {
        self.state = State::Ended(ending);
        self.started = false;
        self.ready = self.role == Role::Init && self.is_done();
    }

    /// It does not run, and nobody knows more when the pod is over.
    pub(super) fn lose(&mut self, now: Timestamp) {
        let message = "The container could not be located when the pod was terminated".to_owned();
        let reason = "ContainerStatusUnknown".to_owned();
        let never = self.last.take().unwrap_or_else(|| killed(now, now));
        self.end(Ending { code: KILLED, reason, message, ..never });
    }

    /// It is started again, unless that is not wanted.
    fn after_end(&mut self, scene: &Scene<'_>, ending: Ending, news: &mut News) -> bool {
        if !self.is_restarted(scene.pod, ending.code) {
            return false;
        }
        let noticed = later(ending.finished, NOTICE);
        if scene.now < noticed {
            news.wake_at(noticed);
            return false;
        }
        let wait = back_off::after(self.last.as_ref(), &ending);
        let (name, pod) = (self.name(), scene.pod);
        let pod = format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid());
        if scene.now < later(ending.finished, wait) {
            news.warning("BackOff", format!("Back-off restarting failed container {name} in pod {pod}"));
            self.state = State::waits("CrashLoopBackOff", back_off::message(wait, name, &pod));
        } else {
            self.state = State::waits("", "");
        }
        self.last = Some(ending);
        true
    }

    /// The next run would end like the one before.
    fn will_fail(&self, scene: &Scene<'_>) -> bool {
        scene.knobs.exit(self.name()).is_some()
            || scene.knobs.concerns(IMAGE_ERROR, self.name())
            || scene.knobs.seconds(LIVENESS_SECONDS).is_some()
            || Probes::new(self, &scene.knobs, scene.now).killed().is_some()
    }
}

/// The end of a run by force.
pub(super) fn killed(started: Timestamp, finished: Timestamp) -> Ending {
    Ending { code: KILLED, reason: "Error".to_owned(), message: String::new(), started, finished }
}

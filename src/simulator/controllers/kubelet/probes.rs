//! What the probes of a running container say at a time. There is nothing to
//! be asked: they succeed as soon as their numbers allow, and fail as the knobs
//! say.

use jiff::Timestamp;
use serde_json::Value;

use super::container::{Container, Role};
use super::knobs::{Knobs, LIVENESS_SECONDS, NEVER_READY, READY_SECONDS, STARTUP_SECONDS};
use super::news::News;
use crate::simulator::controllers::fields::{Fields, later};

/// A probe that failed too often ends the run of its container.
pub(super) struct Killed {
    pub at: Timestamp,
    /// What the probe said.
    pub probe: String,
    pub message: String,
}

/// What a container's probes come to in a run that began at `since`.
pub(super) struct Probes<'a> {
    container: &'a Value,
    role: Role,
    knobs: &'a Knobs<'a>,
    since: Timestamp,
}

impl<'a> Probes<'a> {
    pub(super) fn new(container: &Container<'a>, knobs: &'a Knobs<'a>, since: Timestamp) -> Self {
        Self { container: container.spec, role: container.role, knobs, since }
    }

    /// When a probe will have the container killed, if one will.
    pub(super) fn killed(&self) -> Option<Killed> {
        let started = self.started_at();
        if let Some(at) = self.given_up("startupProbe", self.since).filter(|at| *at < started) {
            return Some(self.kill(at, "startup", "Startup"));
        }
        let fails = later(self.since, self.knobs.seconds(LIVENESS_SECONDS)?);
        let at = self.given_up("livenessProbe", fails.max(started))?;
        Some(self.kill(at, "liveness", "Liveness"))
    }

    fn kill(&self, at: Timestamp, word: &str, title: &str) -> Killed {
        let name = self.container.text("/name");
        let message = match self.role {
            Role::Main => format!("Container {name} failed {word} probe, will be restarted"),
            Role::Init | Role::Sidecar => format!("Init container {name} failed {word} probe"),
        };
        let output = output(&self.container[format!("{word}Probe")]);
        Killed { at, probe: format!("{title} probe failed: {output}"), message }
    }

    /// When the probe has failed as often as it may, if it fails from `from` on.
    fn given_up(&self, probe: &str, from: Timestamp) -> Option<Timestamp> {
        let probe = self.container.get(probe)?;
        let number = |field: &str, usual: i64| probe[field].as_i64().unwrap_or(usual).max(0);
        let first = later(self.since, number("initialDelaySeconds", 0)).max(from);
        let more = number("failureThreshold", 3).saturating_sub(1).max(0);
        Some(later(first, more.saturating_mul(number("periodSeconds", 10))))
    }

    /// When the startup probe succeeds.
    pub(super) fn started_at(&self) -> Timestamp {
        let Some(probe) = self.container.get("startupProbe") else { return self.since };
        let delay = probe["initialDelaySeconds"].as_i64().unwrap_or(0);
        later(self.since, delay.max(self.knobs.seconds(STARTUP_SECONDS).unwrap_or(0)))
    }

    /// When the readiness probe succeeds first.
    fn ready_at(&self) -> Timestamp {
        let probe = &self.container["readinessProbe"];
        let number = |field: &str, usual: i64| probe[field].as_i64().unwrap_or(usual).max(0);
        let delay = later(self.since, number("initialDelaySeconds", 0)).max(self.started_at());
        let fails = later(self.since, self.knobs.seconds(READY_SECONDS).unwrap_or(0));
        let more = number("successThreshold", 1).saturating_sub(1).max(0);
        later(delay.max(fails), more.saturating_mul(number("periodSeconds", 10)))
    }

    /// Sets what the probes say now, and when they will say something else.
    pub(super) fn ask(&self, container: &mut Container<'_>, now: Timestamp, news: &mut News) {
        let (started, ready) = (self.started_at(), self.ready_at());
        container.started = now >= started;
        let gap = self.knobs.unready().map(|gap| later(self.since, gap.start)..later(self.since, gap.end));
        let in_gap = gap.as_ref().is_some_and(|gap| gap.contains(&now));
        let never = self.knobs.concerns(NEVER_READY, container.name());
        if self.role == Role::Init {
            // It is ready when it is done.
            container.ready = false;
            return;
        }
        container.ready = container.started && now >= ready && !in_gap && !never;
        let turns = [started, ready].into_iter().chain(gap.into_iter().flat_map(|gap| [gap.start, gap.end]));
        for turn in turns.filter(|turn| *turn > now) {
            news.wake_at(turn);
        }
        if !container.started {
            if self.knobs.seconds(STARTUP_SECONDS).is_some() {
                news.lasts("Unhealthy", format!("Startup probe failed: {}", output(&self.container["startupProbe"])));
            }
        } else if !container.ready && (never || in_gap || self.knobs.seconds(READY_SECONDS).is_some()) {
            news.lasts("Unhealthy", format!("Readiness probe failed: {}", output(&self.container["readinessProbe"])));
        }
    }
}

/// What a probe of this kind says when it fails.
fn output(probe: &Value) -> String {
    let port = |action: &str| probe[action]["port"].to_string().trim_matches('"').to_owned();
    if probe["httpGet"].is_object() {
        "HTTP probe failed with statuscode: 503".to_owned()
    } else if probe["tcpSocket"].is_object() {
        format!("dial tcp 127.0.0.1:{}: connect: connection refused", port("tcpSocket"))
    } else if probe["grpc"].is_object() {
        "service unhealthy (responded with \"NOT_SERVING\")".to_owned()
    } else {
        String::new()
    }
}

//! The annotations of a pod that this actor obeys. A container that is to
//! misbehave is named in the value (`crash-loop: copy,main`); any other value
//! means all containers but those that only prepare the pod.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

use crate::simulator::controllers::fields::Fields;

/// The readiness probe never succeeds. May be set and removed while the pod
/// runs.
pub const NEVER_READY: &str = "sandbox.kubectl-stateful/never-ready";
/// For how many seconds after its start the readiness probe of a container fails.
pub const READY_SECONDS: &str = "sandbox.kubectl-stateful/ready-seconds";
/// From which to which second after the start of a container its readiness
/// probe fails, as in `30-50`.
pub const UNREADY: &str = "sandbox.kubectl-stateful/unready";
/// For how many seconds after its start the startup probe of a container fails.
pub const STARTUP_SECONDS: &str = "sandbox.kubectl-stateful/startup-seconds";
/// After how many seconds the liveness probe of a container begins to fail.
pub const LIVENESS_SECONDS: &str = "sandbox.kubectl-stateful/liveness-seconds";
/// The image cannot be pulled.
pub const IMAGE_ERROR: &str = "sandbox.kubectl-stateful/image-error";
/// Containers fail each time they are started.
pub const CRASH_LOOP: &str = "sandbox.kubectl-stateful/crash-loop";
/// Containers end well each time they are started; a pod that may not be
/// restarted completes.
pub const COMPLETES: &str = "sandbox.kubectl-stateful/completes";
/// What containers exit with, a number or `oom`; by itself it makes them exit.
pub const EXIT_CODE: &str = "sandbox.kubectl-stateful/exit-code";
/// How many seconds containers run before they exit, in place of none.
pub const RUN_SECONDS: &str = "sandbox.kubectl-stateful/run-seconds";
/// How many seconds containers need to start, and init containers to do their
/// work, in place of two.
pub const START_SECONDS: &str = "sandbox.kubectl-stateful/start-seconds";
/// How many seconds containers, or the `preStop` commands of those that have
/// one, need to stop; `never` for one that hangs beyond its grace period.
pub const STOP_SECONDS: &str = "sandbox.kubectl-stateful/stop-seconds";
/// The lines that containers write in each run.
pub const LOGS: &str = "sandbox.kubectl-stateful/logs";
/// What a program exits with that is run in a container from outside.
pub const EXEC_EXIT: &str = "sandbox.kubectl-stateful/exec-exit";
/// What such a program prints.
pub const EXEC_PRINTS: &str = "sandbox.kubectl-stateful/exec-prints";
/// The pod stays as it is until it is deleted: what keeps it from being well
/// is outside of what a copy of its cluster holds. A claim with it gets nothing
/// from its provisioner or resizer.
pub const AS_CAPTURED: &str = "sandbox.kubectl-stateful/as-captured";

/// On a node: its kubelet is gone. Pods on it neither start nor stop.
pub const NODE_DOWN: &str = "sandbox.kubectl-stateful/node-down";
/// On a node that is down: since when. Its kubelet writes it as its last word.
pub const DOWN_SINCE: &str = "sandbox.kubectl-stateful/down-since";
/// On a node: volumes that containers hold which never stop, by the UIDs of
/// their pods, of which some are gone. Its kubelet writes it.
pub const HANGING: &str = "sandbox.kubectl-stateful/hanging";

/// An annotation that people may set.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    pub key: &'static str,
    pub value: Form,
    pub meaning: &'static str,
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Seconds,
    SecondsOrNever,
    /// Names, or anything else for all of them.
    Containers,
    /// What containers exit with.
    Code,
    /// What programs exit with.
    Number,
    /// From when to when.
    Range,
    Lines,
    Anything,
}

impl Form {
    /// Whether a value can be read.
    #[must_use]
    pub fn takes(self, value: &str) -> bool {
        let is_number = value.parse::<i64>().is_ok();
        match self {
            Self::Seconds => value.parse::<i64>().is_ok_and(|seconds| seconds >= 0),
            Self::SecondsOrNever => value == "never" || Self::Seconds.takes(value),
            Self::Code => value == "oom" || is_number,
            Self::Number => value.parse::<i32>().is_ok(),
            Self::Range => range(value).is_some(),
            Self::Containers | Self::Lines | Self::Anything => true,
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Seconds => "seconds",
            Self::SecondsOrNever => "seconds or `never`",
            Self::Containers => "containers",
            Self::Code => "number or `oom`",
            Self::Number => "number",
            Self::Range => "seconds, as `30-50`",
            Self::Lines => "lines",
            Self::Anything => "anything",
        })
    }
}

/// The seconds of `30-50`.
fn range(value: &str) -> Option<Range<i64>> {
    let (from, to) = value.split_once('-')?;
    let range = from.trim().parse().ok()?..to.trim().parse().ok()?;
    (!range.is_empty()).then_some(range)
}

const fn knob(key: &'static str, value: Form, meaning: &'static str) -> Knob {
    Knob { key, value, meaning }
}

/// All annotations that people may set, as the documentation has them.
pub const KNOBS: [Knob; 17] = [
    knob(
        START_SECONDS,
        Form::Seconds,
        "how long containers take to start, and init containers to do their work; else 2",
    ),
    knob(
        STOP_SECONDS,
        Form::SecondsOrNever,
        "how long containers, or the commands of their `preStop`, take to stop; else 1",
    ),
    knob(CRASH_LOOP, Form::Containers, "they exit with code 1 whenever they are started"),
    knob(COMPLETES, Form::Containers, "they exit with code 0 whenever they are started"),
    knob(EXIT_CODE, Form::Code, "what containers exit with; alone it makes them exit"),
    knob(RUN_SECONDS, Form::Seconds, "how long containers run before they exit; else 0"),
    knob(NEVER_READY, Form::Containers, "their readiness probes fail"),
    knob(READY_SECONDS, Form::Seconds, "for how long after the start readiness probes fail"),
    knob(UNREADY, Form::Range, "from when to when after the start readiness probes fail"),
    knob(STARTUP_SECONDS, Form::Seconds, "for how long after the start startup probes fail, where there are any"),
    knob(LIVENESS_SECONDS, Form::Seconds, "when after the start liveness probes begin to fail, where there are any"),
    knob(IMAGE_ERROR, Form::Containers, "their images cannot be pulled"),
    knob(LOGS, Form::Lines, "what `kubectl logs` shows of each run"),
    knob(EXEC_EXIT, Form::Number, "what `--before-remove` and other programs run in the pod exit with; else 0"),
    knob(EXEC_PRINTS, Form::Lines, "what they print"),
    knob(AS_CAPTURED, Form::Anything, "the pod stays as it is until it is deleted; `sandbox capture` sets it"),
    knob(NODE_DOWN, Form::Anything, "on a node: its kubelet is gone"),
];

/// The knobs of one pod.
pub(super) struct Knobs<'a>(pub &'a Value);

/// How a container ends that is told to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Exit {
    pub code: i64,
    /// The kernel ended it for want of memory.
    pub oom: bool,
}

impl Knobs<'_> {
    /// A number of seconds that is not negative.
    pub(super) fn seconds(&self, key: &str) -> Option<i64> {
        self.0.annotation(key)?.parse::<i64>().ok().map(|seconds| seconds.max(0))
    }

    /// Whether the knob is set for this container.
    pub(super) fn concerns(&self, key: &str, container: &str) -> bool {
        let Some(value) = self.0.annotation(key) else { return false };
        let has = |list: &str, name: &str| self.0.items(list).iter().any(|held| held["name"] == name);
        let names: Vec<&str> = value.split(',').map(str::trim).collect();
        let names_any = names.iter().any(|name| has("/spec/initContainers", name) || has("/spec/containers", name));
        if names_any { names.contains(&container) } else { has("/spec/containers", container) }
    }

    /// What the container exits with, if it is to exit by itself.
    pub(super) fn exit(&self, container: &str) -> Option<Exit> {
        let told = self.0.annotation(EXIT_CODE);
        let [crashes, completes] = [CRASH_LOOP, COMPLETES].map(|key| self.concerns(key, container));
        let alone = [CRASH_LOOP, COMPLETES].iter().all(|key| self.0.annotation(key).is_none());
        if !(crashes || completes || alone && self.concerns(EXIT_CODE, container)) {
            return None;
        }
        let usual = i64::from(crashes || !completes);
        let oom = told == Some("oom");
        let code = if oom { 137 } else { told.and_then(|text| text.parse().ok()).unwrap_or(usual) };
        Some(Exit { code, oom })
    }

    /// The seconds after the start in which the readiness probe fails.
    pub(super) fn unready(&self) -> Option<Range<i64>> {
        range(self.0.annotation(UNREADY)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::stuck::KNOB;

    #[test]
    fn the_table_has_every_annotation_but_those_that_a_kubelet_writes() {
        let written =
            include_str!("knobs.rs").lines().filter(|line| line.starts_with("pub const ") && line.contains(KNOB));
        assert_eq!(written.count(), KNOBS.len() + 2);
        for knob in KNOBS {
            assert!(knob.key.starts_with(KNOB) && ![DOWN_SINCE, HANGING].contains(&knob.key), "{}", knob.key);
        }
    }
}

//! What a journal says that a run has done: its finished calls in their order,
//! and what would take its effects back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::call::{Call, ClaimAnswer, MemberAnswer};
use super::journal::is_aside;
use super::undo::Of;
use crate::effects::exec::Exec;
use crate::effects::give_up::GiveUp;
use crate::effects::lock::Lock;
use crate::effects::{Effect, EffectError, Target};

/// One call that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub call: Call,
    pub answer: Value,
    /// Empty for calls that are no effect.
    pub fingerprint: String,
    /// What it changed, `Kind/name`.
    pub changed: Option<String>,
    /// When it was answered, as far as the journal says.
    pub at: Option<Timestamp>,
}

/// An effect that may have been written, with what takes it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub number: u64,
    pub effect: Effect,
    pub undo: Vec<Effect>,
    /// Whether an answer came.
    pub done: bool,
}

/// The finished calls of a run, up to the first that is not.
#[must_use]
pub fn finished(lines: &[Value]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut open: Option<(u64, Call, String)> = None;
    for line in lines.iter().filter(|line| !is_aside(line)) {
        let number = line["n"].as_u64().unwrap_or(0);
        match line["state"].as_str().unwrap_or_default() {
            "call" => {
                let Ok(call) = serde_json::from_value(line["call"].clone()) else { break };
                records.push(Record {
                    call,
                    answer: line["answer"].clone(),
                    fingerprint: String::new(),
                    changed: None,
                    at: line["t"].as_str().and_then(|time| time.parse().ok()),
                });
            }
            state @ ("intent" | "already") => {
                let Ok(call) = serde_json::from_value::<Call>(line["effect"]["call"].clone()) else { break };
                let fingerprint = line["effect"]["fingerprint"].as_str().unwrap_or_default().to_owned();
                if state == "intent" {
                    open = Some((number, call, fingerprint));
                } else {
                    records.push(effect_record(call, fingerprint, &Value::Null, false));
                }
            }
            "done" => match open.take().filter(|(opened, ..)| *opened == number) {
                Some((_, call, fingerprint)) => records.push(effect_record(call, fingerprint, &line["uid"], true)),
                None => break,
            },
            _ => {}
        }
    }
    records
}

fn effect_record(call: Call, fingerprint: String, uid: &Value, changed: bool) -> Record {
    let object = match &call {
        Call::Effect { effect } if changed && !matches!(effect, Effect::Lock(_)) => Some(effect.object().to_string()),
        _ => None,
    };
    Record { call, answer: serde_json::json!({ "uid": uid }), fingerprint, changed: object, at: None }
}

/// What a run wanted to do at its end whatever comes, and has not begun.
#[must_use]
pub fn never_ended(lines: &[Value]) -> Vec<String> {
    let calls = || lines.iter().filter_map(|line| serde_json::from_value::<Call>(line["call"].clone()).ok());
    let begun = |wanted: &str| calls().any(|call| matches!(call, Call::AtEnd { label, .. } if label == wanted));
    let wanted = calls().filter_map(|call| match call {
        Call::Always { label } => Some(label),
        _ => None,
    });
    wanted.filter(|label| !begun(label)).collect()
}

/// What a run began to do at its end and did not bring to an end, with the reason: the
/// last time that it tried.
#[must_use]
pub fn failed_at_end(lines: &[Value]) -> BTreeMap<String, String> {
    // What is done while nothing has stopped the run yet stops it where it fails.
    let (mut failed, mut begun) = (BTreeMap::new(), None);
    for line in lines {
        match serde_json::from_value(line["call"].clone()) {
            Ok(Call::AtEnd { label, stopped }) => {
                failed.remove(&label);
                begun = (!stopped).then_some(label);
            }
            Ok(Call::AtEndFailed { label, why }) => drop(failed.insert(label, why)),
            Ok(Call::Phase { .. }) => begun = None,
            _ => {}
        }
        if line["state"] == "ended" && line["how"] == "done" {
            (failed, begun) = (BTreeMap::new(), None);
        } else if line["state"] == "ended" {
            let why = line["why"].as_str().unwrap_or("the run was stopped in it");
            failed.extend(begun.take().map(|label| (label, why.to_owned())));
        }
    }
    failed.extend(begun.map(|label| (label, "the run was killed in it".to_owned())));
    failed
}

/// The locks that a run has taken.
#[must_use]
pub fn locks(lines: &[Value]) -> Vec<Lock> {
    let lock = |line: &Value| match serde_json::from_value(line["effect"]["call"].clone()) {
        Ok(Call::Effect { effect: Effect::Lock(lock) }) => Some(lock),
        _ => None,
    };
    lines.iter().filter_map(lock).collect()
}

/// The command that was started last, if nobody heard its end; one of the run itself before one
/// that was done aside when it had stopped.
#[must_use]
pub fn unanswered(lines: &[Value]) -> Option<Exec> {
    [false, true].into_iter().find_map(|aside| {
        let lines = || lines.iter().filter(move |line| is_aside(line) == aside);
        let (number, exec) = lines().rev().find_map(started)?;
        let is_known = |line: &Value| match line["state"].as_str() {
            Some("done") => true,
            // A refusal, or a code.
            Some("failed") => line["why"]["ran"].is_null() || line["why"]["ran"]["exitCode"].is_i64(),
            _ => false,
        };
        (!lines().any(|line| line["n"] == *number && is_known(line))).then_some(exec)
    })
}

/// The command that this line begins, with the number of its effect.
fn started(line: &Value) -> Option<(&Value, Exec)> {
    match serde_json::from_value(line["effect"]["call"].clone()) {
        Ok(Call::Effect { effect: Effect::Exec(exec) }) if line["state"] == "intent" => Some((&line["n"], exec)),
        _ => None,
    }
}

/// The claims of members that a run has read, each once.
#[must_use]
pub fn claims(lines: &[Value]) -> Vec<ClaimAnswer> {
    let members = |line: &Value| match serde_json::from_value(line["call"].clone()) {
        Ok(Call::Members { .. }) => serde_json::from_value::<Vec<MemberAnswer>>(line["answer"].clone()).ok(),
        _ => None,
    };
    let mut claims: Vec<ClaimAnswer> = Vec::new();
    for claim in lines.iter().filter_map(members).flatten().flat_map(|member| member.claims) {
        if claims.iter().all(|known| known.claim.uid != claim.claim.uid) {
            claims.push(claim);
        }
    }
    claims
}

/// A number of replicas that an undo has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lowered {
    /// What it takes back.
    pub of: Of,
    pub to: u64,
    /// Whether an answer came.
    pub done: bool,
}

/// What undos have asked for so far.
#[must_use]
pub(super) fn lowered(lines: &[Value]) -> Vec<Lowered> {
    let done: BTreeSet<u64> =
        lines.iter().filter(|line| line["state"] == "done").filter_map(|line| line["n"].as_u64()).collect();
    let undoing = lines.iter().filter(|line| line["state"] == "undoing");
    let asked = |line: &Value| match serde_json::from_value(line["effect"]["call"].clone()) {
        Ok(Call::Effect { effect: Effect::Scale(scale) }) => {
            let of = Of { number: line["effect"]["takesBack"].as_u64()?, part: line["effect"]["part"].as_u64() };
            Some(Lowered { of, to: scale.to, done: line["n"].as_u64().is_some_and(|number| done.contains(&number)) })
        }
        _ => None,
    };
    undoing.filter_map(asked).collect()
}

/// The volumes that were destroyed.
#[must_use]
pub fn purged(lines: &[Value]) -> Vec<Target> {
    done_or_held(lines).filter_map(|effect| effect.destroys().cloned()).collect()
}

/// The claims that were deleted without anything that keeps their volumes.
#[must_use]
pub fn given_up(lines: &[Value]) -> Vec<GiveUp> {
    let given_up = |effect| if let Effect::GiveUp(effect) = effect { Some(effect) } else { None };
    done_or_held(lines).filter_map(given_up).collect()
}

/// The effects that came about.
fn done_or_held(lines: &[Value]) -> impl Iterator<Item = Effect> {
    // One whose answer was lost is found done when it is asked for again.
    let held = lines.iter().filter(|line| line["state"] == "already");
    let held = held.filter_map(|line| match serde_json::from_value(line["effect"]["call"].clone()) {
        Ok(Call::Effect { effect }) => Some(effect),
        _ => None,
    });
    let done = written(lines).into_iter().filter(|step| step.done).map(|step| step.effect);
    done.chain(held)
}

/// Paths of the objects that a run has changed or may have changed, and of its
/// locks: they stand for the sets that it was about, whatever its script calls them.
#[must_use]
pub fn touched(lines: &[Value]) -> BTreeSet<String> {
    let locks = locks(lines).into_iter().map(|lock| lock.object.path());
    locks.chain(written(lines).iter().map(|step| step.effect.object().path())).collect()
}

/// The numbers of the effects that the server has refused: nothing was written.
#[must_use]
pub fn refused(lines: &[Value]) -> BTreeSet<u64> {
    let lost = EffectError::AnswerLost { detail: None }.for_journal();
    let failed = lines.iter().filter(|line| line["state"] == "failed" && line["why"] != lost);
    failed.filter_map(|line| line["n"].as_u64()).collect()
}

/// The effects that were or may have been written, in their order.
#[must_use]
pub fn written(lines: &[Value]) -> Vec<Written> {
    // A run of a thousand members has many thousand lines: they are gone through once.
    let done = lines.iter().filter(|line| line["state"] == "done");
    let done: BTreeMap<u64, &Value> = done.filter_map(|line| Some((line["n"].as_u64()?, line))).collect();
    let intents = lines.iter().filter(|line| line["state"] == "intent");
    let written = |line: &Value| {
        let number = line["n"].as_u64()?;
        let Ok(Call::Effect { effect }) = serde_json::from_value(line["effect"]["call"].clone()) else { return None };
        let mut undo: Vec<Effect> = serde_json::from_value(line["undo"].clone()).unwrap_or_default();
        let made = done.get(&number);
        if let Some(uid) = made.and_then(|line| line["uid"].as_str()) {
            for effect in &mut undo {
                effect.about(uid);
            }
        }
        Some(Written { number, effect, undo, done: made.is_some() })
    };
    intents.filter_map(written).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::effects::purge::Purge;

    fn exec() -> Value {
        json!({ "call": "effect", "effect": {
            "verb": "exec", "pod": { "kind": "Pod", "namespace": "default", "name": "web-2" },
            "set": "web", "ordinal": 2, "container": null, "command": { "shell": "ask" }, "at_most": 600,
        } })
    }

    fn after(last: &[Value]) -> bool {
        let intent = json!({ "n": 5, "state": "intent", "effect": { "call": exec() } });
        let begin = [json!({ "n": 4, "state": "call", "call": { "call": "phase", "phase": "run" } }), intent];
        unanswered(&[&begin, last].concat()).is_some()
    }

    #[test]
    fn a_command_that_nobody_heard_of_stays_one_whatever_was_done_aside() {
        let aside = |mut line: Value| {
            line["aside"] = json!(true);
            line
        };
        let protect = aside(json!({ "n": 7, "state": "intent", "effect": { "call": { "call": "effect" } } }));
        let done = aside(json!({ "n": 7, "state": "done" }));
        assert!(after(&[protect, done]));
        let other = aside(json!({ "n": 8, "state": "intent", "effect": { "call": exec() } }));
        let ended = json!({ "n": 5, "state": "done" });
        assert!(after(&[ended.clone(), other.clone()]));
        assert!(!after(&[ended, other, aside(json!({ "n": 8, "state": "done" }))]));
    }

    #[test]
    fn what_failed_at_the_end_has_failed_until_it_is_done() {
        let call = |call: Call| json!({ "state": "call", "call": call });
        let tidy = || "tidy up".to_owned();
        let begun = |stopped: bool| call(Call::AtEnd { label: tidy(), stopped });
        let stopped = json!({ "state": "ended", "how": "stopped", "code": "forbidden", "why": "forbidden" });
        let aside = [begun(true), call(Call::AtEndFailed { label: tidy(), why: "no".to_owned() }), stopped.clone()];
        assert_eq!(failed_at_end(&aside), [(tidy(), "no".to_owned())].into());
        let again = [&aside[..], &[begun(true), stopped.clone()]].concat();
        assert!(failed_at_end(&again).is_empty(), "done the second time");
        // The run itself stops in it, and is carried on.
        let first = [begun(false), stopped];
        assert_eq!(failed_at_end(&first), [(tidy(), "forbidden".to_owned())].into());
        let ended = [&first[..], &[json!({ "state": "ended", "how": "done" })]].concat();
        assert!(failed_at_end(&ended).is_empty());
        let whole = [first[0].clone(), json!({ "state": "ended", "how": "done" })];
        assert!(failed_at_end(&whole).is_empty(), "a run without `verify` ends in it");
        assert_eq!(failed_at_end(&first[..1]), [(tidy(), "the run was killed in it".to_owned())].into());
    }

    #[test]
    fn a_volume_whose_purge_was_found_done_is_purged_and_one_that_may_be_is_not_known_to_be() {
        let purge = |name: &str| {
            let object = super::super::reads::reference("PersistentVolume", "", name);
            let volume = Target { object, uid: format!("uid-{name}") };
            json!({ "call": Call::Effect { effect: Effect::Purge(Purge { volume, stays: None }) } })
        };
        let lines = [
            json!({ "n": 1, "state": "intent", "effect": purge("a") }),
            json!({ "n": 1, "state": "done" }),
            json!({ "n": 2, "state": "intent", "effect": purge("b") }),
            json!({ "n": 3, "state": "already", "effect": purge("b") }),
            json!({ "n": 4, "state": "intent", "effect": purge("c") }),
        ];
        let names: Vec<String> = purged(&lines).into_iter().map(|volume| volume.object.name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_command_is_unanswered_until_its_end_or_its_refusal_was_written() {
        let failed = |why: Value| json!({ "n": 5, "state": "failed", "why": why });
        let ended = json!({ "state": "ended", "how": "stopped" });
        assert!(after(&[]));
        assert!(after(std::slice::from_ref(&ended)));
        assert!(after(&[failed(json!({ "ran": { "exitCode": null, "printed": "" } })), ended.clone()]));
        assert!(!after(&[failed(json!({ "ran": { "exitCode": 1, "printed": "" } })), ended]));
        assert!(!after(&[failed(json!("refused with 403 Forbidden"))]));
        assert!(!after(&[json!({ "n": 5, "state": "done", "outcome": { "ran": { "exitCode": 0, "printed": "" } } })]));
    }
}

//! What a script says for an undo: `undo(label, || …)`. Its effects stand in the
//! journal as data, like inverses, and are carried out at their place among
//! these. They belong to the effects that were written after them: where nothing
//! was, nothing is done.
//!
//! A program in a pod has no state to look at: one that has ended is not run
//! again, and one whose end nobody heard only if somebody says so.

use jiff::Timestamp;
use serde_json::Value;

use super::asking::perhaps;
use super::begun::{Stand, Stands};
use super::call::{Call, Phase};
use super::conductor::Conductor;
use super::halt::Halt;
use super::journal::{Journal, is_aside};
use super::lost::unread;
use super::lower::{last_is_gone, lower};
use super::plan::held_to;
use super::reads::{reference, same_set};
use super::undo::{A_MOMENT, AT_MOST, Of, Undone, interrupted, one};
use super::undoing::Undoing;
use super::wait::{Goal, Look, until};
use super::waits::Waits;
use crate::effects::exec::Exec;
use crate::effects::scale::Scale;
use crate::effects::{Effect, EffectError, Guards, NoSecrets, Target};
use crate::facts::ordinals::Ordinal;
use crate::facts::reader::Reader;
use crate::facts::set::Set;

/// One `undo(…)` of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The number of its line.
    pub number: u64,
    pub label: String,
    /// In their order. The number of replicas from which a scale starts is known from the journal.
    pub effects: Vec<Effect>,
    /// Somebody wants it left out.
    pub left_out: bool,
}

/// What was said before an effect that was begun.
pub(super) fn said(lines: &[Value]) -> Vec<Said> {
    // What was always done after a stop is no work that was begun.
    let last = lines.iter().filter(|line| !is_aside(line) && begins(line)).filter_map(|line| line["n"].as_u64()).max();
    let said = |line: &Value| {
        let number = line["n"].as_u64().filter(|number| Some(*number) < last)?;
        let Ok(Call::Undo { label, effects }) = serde_json::from_value(line["call"].clone()) else { return None };
        Some(Said { number, label, effects: from_there(effects, number, lines), left_out: false })
    };
    lines.iter().filter_map(said).collect()
}

/// Whether an effect is about to be written here that changes anything for others.
fn begins(line: &Value) -> bool {
    let effect = &line["effect"]["call"]["effect"];
    line["state"] == "intent" && effect.is_object() && effect["verb"] != "lock"
}

/// The same effects, with the number of replicas that each scale finds: whoever takes members
/// away does it one at a time, and is asked before.
fn from_there(mut effects: Vec<Effect>, number: u64, lines: &[Value]) -> Vec<Effect> {
    let mut scaled: Vec<(Target, u64)> = Vec::new();
    for effect in &mut effects {
        let Effect::Scale(scale) = effect else { continue };
        let before = scaled.iter().rev().find(|(set, _)| *set == scale.set).map(|(_, to)| *to);
        scale.from = before.or_else(|| replicas(lines, number, &scale.set));
        scaled.push((scale.set.clone(), scale.to));
    }
    effects
}

/// How many members a set wanted when this line was written, as far as the run knew.
fn replicas(lines: &[Value], number: u64, set: &Target) -> Option<u64> {
    let before = lines.iter().filter(|line| line["n"].as_u64().is_some_and(|other| other < number));
    let told = |line: &Value| {
        if line["answer"]["target"]["uid"] == set.uid.as_str() {
            return line["answer"]["replicas"].as_u64();
        }
        match serde_json::from_value(line["effect"]["call"].clone()) {
            Ok(Call::Effect { effect: Effect::Scale(scale) }) if scale.set == *set => Some(scale.to),
            _ => None,
        }
    };
    before.filter_map(told).next_back()
}

impl Said {
    /// Its effects in their order, each with how far an earlier undo came with it.
    pub(super) fn parts<'a>(&'a self, stands: &'a Stands) -> impl Iterator<Item = (Of, &'a Effect, Option<Stand>)> {
        self.effects.iter().zip(0_u64..).map(|(effect, part)| {
            let of = Of { number: self.number, part: Some(part) };
            (of, effect, stands.get(&(self.number, part)).copied())
        })
    }

    /// Carries out what no earlier undo has brought to its end.
    pub(super) async fn carry_out(
        &self,
        undoing: &Undoing,
        journal: &mut Journal,
        waits: &Waits<'_>,
        undone: &mut Undone,
    ) -> Result<(), (String, EffectError)> {
        if self.left_out {
            let _ = journal.left_out(self.number, waits.connection.clock.now());
            return Ok(());
        }
        self.seen_gone(&undoing.stands, waits).await?;
        for (of, effect, _) in self.parts(&undoing.stands).filter(|(_, _, stand)| *stand != Some(Stand::Done)) {
            let object = effect.object().to_string();
            interrupted(waits).map_err(|why| (object.clone(), why))?;
            let did = match effect {
                Effect::Scale(scale) if scale.from.is_some_and(|from| from > scale.to) => {
                    lower(scale, of, undoing, journal, waits, undone).await
                }
                Effect::Exec(exec) => match up(exec, waits).await {
                    Ok(()) => one(effect, of, journal, waits).await,
                    Err(why) => Err(why),
                },
                Effect::Scale(scale) => match may_grow(scale, waits).await {
                    Ok(()) => one(effect, of, journal, waits).await,
                    Err(why) => Err(why),
                },
                _ => one(effect, of, journal, waits).await,
            };
            match did {
                Ok(true) => undone.changes(object),
                Ok(false) => {}
                Err(why) => {
                    undone.changed.extend(perhaps(&object, &why));
                    return Err((object, why));
                }
            }
        }
        let _ = journal.undone(self.number, waits.connection.clock.now());
        Ok(())
    }
}

impl Said {
    /// An earlier undo may have ended as soon as it had asked the last member to go: what comes
    /// next finds it gone.
    async fn seen_gone(&self, stands: &Stands, waits: &Waits<'_>) -> Result<(), (String, EffectError)> {
        let begun = self.parts(stands).take_while(|(_, _, stand)| stand.is_some()).last();
        match begun {
            Some((_, Effect::Scale(scale), Some(Stand::Done))) if scale.from.is_some_and(|from| from > scale.to) => {
                let stays = |why| (scale.set.object.to_string(), why);
                let reader = Reader::new(waits.connection.client.clone());
                let now = same_set(&reader, &scale.set).await.map_err(|why| stays(unread(why)))?;
                // Who has scaled it since wants those members.
                if now.range.replicas != scale.to {
                    return Ok(());
                }
                last_is_gone(&scale.set, scale.to, waits).await.map_err(stays)
            }
            _ => Ok(()),
        }
    }
}

/// What takes members back that went asks no guard of a scale-up. What a script says may be
/// any number, and is asked all of them.
async fn may_grow(scale: &Scale, waits: &Waits<'_>) -> Result<(), EffectError> {
    let anew = Effect::Scale(Scale { from: None, ..scale.clone() });
    anew.look(waits.connection, &NoSecrets, &Guards::default()).await.map(drop)
}

/// A member that has only just come back takes its time. One that never says that it is ready
/// may be waiting for this very command. What is wrong with it the effect itself finds.
async fn up(exec: &Exec, waits: &Waits<'_>) -> Result<(), EffectError> {
    let goal = Goal { what: format!("pod {}", exec.pod.name), at_most: std::time::Duration::from_secs(AT_MOST) };
    let waited = until(goal, waits.connection, waits.observer, || async move {
        // A lock that was lost stops the write itself.
        let _ = waits.keeper.keep(waits.connection).await;
        let reader = Reader::new(waits.connection.client.clone());
        let found = reader.get(&exec.pod).await?;
        Ok(match found {
            Some(pod) if is_up(&pod, waits.connection.clock.now()) => Look::Reached("runs".to_owned()),
            Some(_) => Look::NotYet("not ready yet".to_owned()),
            None if is_wanted(exec, &reader).await? => Look::NotYet("not there yet".to_owned()),
            None => Look::Given,
        })
    });
    let _ = waited.await;
    interrupted(waits)
}

/// Whether there is a set whose range the member is in: no other pod of that name comes.
async fn is_wanted(exec: &Exec, reader: &Reader) -> Result<bool, kube::Error> {
    let set = reader.get(&reference("StatefulSet", &exec.pod.namespace, &exec.set)).await?;
    let set = set.as_deref().and_then(Set::read);
    Ok(set.is_some_and(|set| set.range.contains(Ordinal(exec.ordinal))))
}

fn is_up(pod: &Value, now: Timestamp) -> bool {
    // One that is still going was asked to go before.
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return false;
    }
    let conditions = pod["status"]["conditions"].as_array();
    if conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True") {
        return true;
    }
    let statuses = pod["status"]["containerStatuses"].as_array();
    let has_run = |status: &Value| {
        let since = status["state"]["running"]["startedAt"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        since.is_some_and(|since| now.duration_since(since).unsigned_abs().as_secs() >= A_MOMENT)
    };
    statuses.is_some_and(|all| !all.is_empty() && all.iter().all(has_run))
}

impl Conductor<'_> {
    /// What is said for later is said in `run`, and for an undo only of kinds that are declared.
    pub(super) fn may_say(&self, call: &Call) -> Result<(), Halt> {
        let (verb, effects) = match call {
            Call::Always { .. } => ("always", [].as_slice()),
            Call::Undo { effects, .. } => ("undo", effects.as_slice()),
            _ => return Ok(()),
        };
        if self.phase != Phase::Run {
            return Err(Halt::EffectInPhase { verb, phase: self.phase });
        }
        match effects.iter().find(|effect| !self.declared.contains(effect.verb())) {
            Some(effect) => Err(Halt::Undeclared { verb: effect.verb() }),
            None => Ok(()),
        }
    }
}

impl Conductor<'_> {
    /// What is said for an undo is a line of the approved plan like any write.
    pub(super) fn as_said(&mut self, call: &Call) -> Result<(), Halt> {
        match call {
            Call::Undo { label, effects } => self.consume(&held_to(label, effects)).map(drop),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set() -> Target {
        Target { object: super::super::reads::reference("StatefulSet", "default", "web"), uid: "u".to_owned() }
    }

    fn scale(to: u64) -> Effect {
        Effect::Scale(Scale { set: set(), to, from: None })
    }

    fn line(n: u64, call: &Call) -> Value {
        json!({ "n": n, "state": "call", "call": call })
    }

    fn intent(n: u64, effect: Effect) -> Value {
        json!({ "n": n, "state": "intent", "effect": { "call": Call::Effect { effect } } })
    }

    fn undo(n: u64, to: &[u64]) -> Value {
        line(n, &Call::Undo { label: "back".to_owned(), effects: to.iter().copied().map(scale).collect() })
    }

    #[test]
    fn what_was_said_belongs_to_what_was_begun_after_it() {
        let lines = [undo(1, &[1]), intent(2, scale(4)), undo(3, &[2])];
        let numbers: Vec<u64> = said(&lines).iter().map(|said| said.number).collect();
        assert_eq!(numbers, [1]);
        assert!(said(&lines[..1]).is_empty());
        let mut aside = intent(2, scale(4));
        aside["aside"] = json!(true);
        assert!(said(&[undo(1, &[1]), aside]).is_empty(), "what is done after a stop is no work that was begun");
    }

    #[test]
    fn where_its_scales_start_is_known() {
        let read = json!({ "n": 1, "state": "call", "call": { "call": "set", "name": "web" },
                           "answer": { "target": set(), "replicas": 5 } });
        let from = |lines: &[Value]| {
            let said = said(lines).into_iter().flat_map(|said| said.effects);
            let from = said.map(|effect| if let Effect::Scale(scale) = effect { scale.from } else { None });
            from.collect::<Vec<_>>()
        };
        assert_eq!(from(&[read.clone(), undo(2, &[4, 3]), intent(3, scale(2))]), [Some(5), Some(4)]);
        assert_eq!(from(&[read, intent(2, scale(2)), undo(3, &[3]), intent(4, scale(1))]), [Some(2)]);
        assert_eq!(from(&[undo(1, &[3]), intent(2, scale(1))]), [None]);
    }

    #[test]
    fn a_member_is_up_when_it_says_so_or_has_run_for_a_while() {
        let now: Timestamp = "2026-03-13T12:01:00Z".parse().unwrap();
        let pod = |ready: &str, since: &str| {
            json!({ "status": {
                "conditions": [{ "type": "Ready", "status": ready }],
                "containerStatuses": [{ "state": { "running": { "startedAt": since } } }],
            } })
        };
        assert!(is_up(&pod("True", "2026-03-13T12:00:59Z"), now));
        assert!(is_up(&pod("False", "2026-03-13T12:00:00Z"), now));
        assert!(!is_up(&pod("False", "2026-03-13T12:00:01Z"), now));
        assert!(!is_up(&json!({ "status": {} }), now));
        let mut going = pod("True", "2026-03-13T12:00:00Z");
        going["metadata"]["deletionTimestamp"] = json!("2026-03-13T12:00:30Z");
        assert!(!is_up(&going, now));
    }
}

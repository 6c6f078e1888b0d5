//! Taking a run back. It needs no script: what takes each effect back stands in
//! the journal beside it, and is written like any other effect, the last first.
//! What stands in the way stops it, and what was taken back stays so. What the
//! run has destroyed is named, and the rest is taken back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::call::{Call, ClaimAnswer};
use super::event::Event;
use super::id::RunId;
use super::journal::Journal;
use super::loss::Loss;
pub use super::lost::not_theirs;
use super::lost::{bound, is_gone, lost_with_members, made_without_an_answer};
use super::lower::lower;
use super::record::{self, Written, written};
use super::unheard::unheard;
use super::waits::Waits;
use crate::effects::exec::Exec;
use crate::effects::give_up::GiveUp;
use crate::effects::scale::Scale;
use crate::effects::{Effect, EffectError, Guards, NoSecrets, Target};

/// How often an effect is tried whose object changes between look and write.
const TRIES: usize = 5;

/// Seconds that a claim has to find its volume again, and a member to go.
pub(super) const AT_MOST: u64 = 600;

/// What is to be taken back.
pub struct Undoing {
    /// Each effect with what takes it back, the last first.
    pub steps: Vec<Written>,
    /// The volumes that were destroyed, and the claims that were given up.
    pub lost: BTreeSet<Loss>,
    /// What was run in pods: nobody knows what would take it back.
    pub ran: Vec<Exec>,
    /// What it wanted to do at its end, and has not begun: an undo does not do it.
    pub never_ended: Vec<String>,
    /// What it did at its end and that failed, with the reason.
    pub failed_at_end: BTreeMap<String, String>,
    /// The claims that it may have given up: nobody heard. `unheard::find_out` looks.
    pub unheard: Vec<GiveUp>,
    /// The claims that its members had, as the run has read them.
    pub(super) claims: Vec<ClaimAnswer>,
    /// How far an earlier undo came that took members away: of which effect,
    /// and the number of replicas that it asked for.
    lowered: Vec<(u64, u64)>,
}

impl Undoing {
    /// What a journal says.
    #[must_use]
    pub fn of(lines: &[Value]) -> Self {
        let undone = |number: u64| lines.iter().any(|line| line["state"] == "undone" && line["of"] == number);
        let all: Vec<Written> = written(lines).into_iter().filter(|step| !undone(step.number)).collect();
        let ran = all.iter().filter_map(|step| match &step.effect {
            Effect::Exec(exec) => Some(exec.clone()),
            _ => None,
        });
        let mut undoing = Self {
            ran: ran.collect(),
            lost: BTreeSet::new(),
            steps: all.into_iter().rev().filter(|step| !step.undo.is_empty()).collect(),
            never_ended: record::never_ended(lines),
            failed_at_end: record::failed_at_end(lines),
            unheard: unheard(lines),
            claims: record::claims(lines),
            lowered: record::lowered(lines),
        };
        let (purged, given_up) = (record::purged(lines), record::given_up(lines));
        undoing.without(&purged);
        // Also what earlier runs had kept.
        undoing.lost.extend(purged.iter().map(Loss::of_volume));
        undoing.without_claims(&given_up);
        undoing
    }

    /// These claims were given up: nothing gives them back, nor waits for them.
    pub fn without_claims(&mut self, given_up: &[GiveUp]) {
        for gone in given_up {
            let known = self.claims.iter().find(|known| known.claim == gone.claim);
            self.lost.insert(Loss::of_claim(gone, known));
            self.claims.retain(|known| known.claim != gone.claim);
            self.unheard.retain(|other| other.claim != gone.claim);
        }
    }

    /// These volumes were destroyed: nothing gives them back.
    pub fn without(&mut self, purged: &[Target]) {
        let is_gone = |volume: &Target| purged.iter().any(|gone| gone.uid == volume.uid);
        let of_claims = self.claims.iter().filter_map(|claim| claim.volume.as_ref());
        let of_steps = self.steps.iter().filter_map(|step| step.effect.keeps());
        let lost: BTreeSet<Loss> =
            of_claims.chain(of_steps).filter(|volume| is_gone(volume)).map(Loss::of_volume).collect();
        self.lost.extend(lost);
        self.claims.retain(|claim| !claim.volume.as_ref().is_some_and(is_gone));
        self.steps.retain(|step| !step.effect.keeps().is_some_and(is_gone));
    }

    /// How it makes sets smaller: of each the last of its scales, and how many members go.
    #[must_use]
    pub fn lowers(&self) -> Vec<(&Scale, u64)> {
        let mut all: Vec<(&Scale, u64)> = Vec::new();
        for effect in self.steps.iter().flat_map(|step| &step.undo) {
            let Effect::Scale(scale) = effect else { continue };
            let going = scale.from.and_then(|from| from.checked_sub(scale.to)).unwrap_or(0);
            match all.iter_mut().find(|(known, _)| known.set == scale.set) {
                _ if going == 0 => {}
                Some(known) => *known = (scale, known.1.saturating_add(going)),
                None => all.push((scale, going)),
            }
        }
        all
    }

    /// Whether the deletion of this claim is one of its steps.
    pub(super) fn deletes(&self, claim: &Target) -> bool {
        let is_it = |step: &Written| matches!(&step.effect, Effect::DeleteClaim(gone) if gone.claim.uid == claim.uid);
        self.steps.iter().any(is_it)
    }
}

/// How far it came.
pub struct Undone {
    pub changed: Vec<String>,
    /// The steps that seemed to be taken back already. The journal does not say so
    /// yet: whoever comes back may be told otherwise.
    pub held: Vec<u64>,
    /// What stood in the way, and of what.
    pub stopped: Option<(String, EffectError)>,
}

/// Takes all steps back.
pub async fn undo_all(undoing: &Undoing, run: &RunId, journal: &mut Journal, waits: &Waits<'_>) -> Undone {
    let connection = waits.connection;
    let (mut changed, mut held) = (Vec::new(), Vec::new());
    for step in &undoing.steps {
        match came_about(step, waits).await {
            Ok(true) => {}
            Ok(false) => {
                let _ = journal.undone(step.number, connection.clock.now());
                continue;
            }
            Err(error) => return Undone { changed, held, stopped: Some((step.effect.object().to_string(), error)) },
        }
        let lost = match lost_with_members(step, undoing, waits).await {
            Ok(lost) => lost,
            Err(error) => return Undone { changed, held, stopped: Some((step.effect.object().to_string(), error)) },
        };
        let undo = match made_without_an_answer(&step.undo, waits).await {
            Ok(undo) => undo,
            Err(error) => return Undone { changed, held, stopped: Some((step.effect.object().to_string(), error)) },
        };
        let mut is_written = true;
        for effect in lost.iter().chain(&undo) {
            if connection.interrupt.is_raised() {
                let stopped = EffectError::Guarded {
                    code: "interrupted",
                    why: "interrupted".to_owned(),
                    hint: format!("`kubectl stateful undo {run}` goes on"),
                };
                return Undone { changed, held, stopped: Some((effect.object().to_string(), stopped)) };
            }
            let taken_back = match effect {
                Effect::Scale(scale) if scale.from.is_some_and(|from| from > scale.to) => {
                    lower(scale, step.number, &undoing.lowered, journal, waits).await
                }
                _ => one(effect, step.number, journal, waits).await,
            };
            match taken_back {
                Ok(true) => changed.push(effect.object().to_string()),
                // A mark that is there already is no sign that somebody was here before.
                Ok(false) if matches!(effect, Effect::Protect(_)) => {}
                Ok(false) => is_written = false,
                // An effect that never came about needs no way back.
                Err(EffectError::OtherReplicas { .. } | EffectError::NotItsVolume | EffectError::Vanished)
                    if !step.done => {}
                Err(error) => return Undone { changed, held, stopped: Some((effect.object().to_string(), error)) },
            }
        }
        if is_written {
            let _ = journal.undone(step.number, connection.clock.now());
        } else {
            held.push(step.number);
        }
    }
    Undone { changed, held, stopped: None }
}

/// Whether a deletion whose answer nobody saw was carried out. One that is
/// under way is waited for: what is going cannot be given back.
async fn came_about(step: &Written, waits: &Waits<'_>) -> Result<bool, EffectError> {
    let Effect::DeleteClaim(deletion) = &step.effect else { return Ok(true) };
    is_gone(&deletion.claim, &deletion.volume, waits).await
}

/// One effect; whether it changed anything.
pub(super) async fn one(
    effect: &Effect,
    of: u64,
    journal: &mut Journal,
    waits: &Waits<'_>,
) -> Result<bool, EffectError> {
    let (connection, observer) = (waits.connection, waits.observer);
    let mut tries = 1;
    loop {
        waits.keeper.keep(connection).await?;
        let ready = effect.look(connection, &NoSecrets, &Guards::default()).await?;
        let holds = ready.preview.holds();
        let number = journal.next_number();
        let call = json!(Call::Effect { effect: effect.clone() });
        if !holds {
            let what = json!({ "call": call, "takesBack": of });
            journal.intent_to_undo(number, connection.clock.now(), &what).map_err(|why| no_journal(&why))?;
        }
        match effect.perform(ready, connection, &NoSecrets).await {
            Err(EffectError::Overtaken) if tries < TRIES => tries += 1,
            Err(error) => {
                let _ = journal.failed(number, connection.clock.now(), &error.for_journal());
                return Err(error);
            }
            Ok(done) => {
                let outcome = json!(done.outcome);
                let created = done.created.as_deref();
                if !holds {
                    journal.done(number, connection.clock.now(), &outcome, created).map_err(|why| no_journal(&why))?;
                }
                observer.event(Event::Effect { object: effect.object().to_string(), outcome: done.outcome });
                wait_for(effect, waits).await?;
                return Ok(!holds);
            }
        }
    }
}

/// A claim must have its volume, or be gone, before the next step builds on it.
async fn wait_for(effect: &Effect, waits: &Waits<'_>) -> Result<(), EffectError> {
    if let Effect::DeleteClaim(gone) = effect {
        return is_gone(&gone.claim, &gone.volume, waits).await.map(drop);
    }
    let Effect::CreateClaim(claim) = effect else { return Ok(()) };
    let name = claim.manifest["spec"]["volumeName"].as_str().unwrap_or_default();
    let volume = Target { object: super::reads::reference("PersistentVolume", "", name), uid: String::new() };
    bound(&claim.object, &volume, waits).await
}

fn no_journal(why: &std::io::Error) -> EffectError {
    EffectError::Guarded {
        code: "no-journal",
        why: format!("the run's journal cannot be written: {why}"),
        hint: "make room there, and type the same command again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_that_gets_smaller_is_told_with_the_members_that_go() {
        let scale = |set: &str, from: u64, to: u64| {
            let object = super::super::reads::reference("StatefulSet", "default", set);
            let set = Target { object, uid: format!("uid-{set}") };
            json!(Effect::Scale(Scale { set, from: Some(from), to }))
        };
        let lines: Vec<Value> = [("web", 3, 4), ("web", 4, 5), ("db", 0, 3)]
            .into_iter()
            .zip(1_u64..)
            .flat_map(|((set, from, to), n)| {
                let call = json!({ "call": "effect", "effect": scale(set, from, to) });
                let back = [scale(set, to, from)];
                [
                    json!({ "n": n, "state": "intent", "effect": { "call": call }, "undo": back }),
                    json!({ "n": n, "state": "done" }),
                ]
            })
            .collect();
        let undoing = Undoing::of(&lines);
        let told: Vec<_> = undoing
            .lowers()
            .into_iter()
            .map(|(scale, going)| (scale.set.object.name.as_str(), scale.to, going))
            .collect();
        assert_eq!(told, [("db", 0, 3), ("web", 3, 2)]);
    }
}

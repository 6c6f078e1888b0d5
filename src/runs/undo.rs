//! Taking a run back. It needs no script: what takes each effect back stands in
//! the journal beside it, and is written like any other effect, the last first.
//! What stands in the way stops it, and what was taken back stays so. What the
//! run has destroyed is named, and the rest is taken back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::asking::perform;
use super::begun::{self, Stands};
use super::call::{Call, ClaimAnswer};
use super::detour::Detour;
use super::event::Event;
use super::journal::Journal;
use super::loss::Loss;
pub use super::lost::not_theirs;
use super::lost::{bound, is_gone, lost_with_members, made_without_an_answer};
use super::lower::lower;
use super::record::{self, Written, written};
use super::said::{self, Said};
use super::unheard::unheard;
use super::waits::Waits;
use crate::effects::exec::Exec;
use crate::effects::give_up::GiveUp;
use crate::effects::scale::Scale;
use crate::effects::{Effect, EffectError, Guards, NoSecrets, Target};

/// How often an effect is tried whose object changes between look and write.
const TRIES: usize = 5;

/// Seconds that a claim has to find its volume again, and a member to go.
pub const AT_MOST: u64 = 600;

/// What is to be taken back.
pub struct Undoing {
    /// The last first.
    pub steps: Vec<Step>,
    /// The volumes that were destroyed, and the claims that were given up.
    pub lost: BTreeSet<Loss>,
    /// What it has scaled back itself.
    pub put_back: Vec<Detour>,
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
    pub(super) lowered: Vec<(u64, u64)>,
    /// How far an earlier undo came with what the script has said for it.
    pub(super) stands: Stands,
}

/// One step of an undo.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// An effect with what takes it back.
    Written(Box<Written>),
    /// What the script has said for it.
    Said(Said),
}

impl Step {
    /// The number of its line in the journal.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::Written(written) => written.number,
            Self::Said(said) => said.number,
        }
    }

    /// The effects that it is made of, in their order.
    #[must_use]
    pub fn undo(&self) -> &[Effect] {
        match self {
            Self::Written(written) => &written.undo,
            Self::Said(said) => &said.effects,
        }
    }

    /// The effect of the run that it takes back, if it is about one.
    #[must_use]
    pub fn effect(&self) -> Option<&Effect> {
        match self {
            Self::Written(written) => Some(&written.effect),
            Self::Said(_) => None,
        }
    }
}

/// The steps of a journal, the last first.
fn steps(written: Vec<Written>, said: Vec<Said>) -> Vec<Step> {
    let written = written.into_iter().filter(|step| !step.undo.is_empty()).map(|step| Step::Written(Box::new(step)));
    let mut steps: Vec<Step> = written.chain(said.into_iter().map(Step::Said)).collect();
    steps.sort_by_key(|step| std::cmp::Reverse(step.number()));
    steps
}

impl Undoing {
    /// What a journal says.
    #[must_use]
    pub fn of(lines: &[Value]) -> Self {
        let undone = lines.iter().filter(|line| line["state"] == "undone");
        let undone: BTreeSet<u64> = undone.filter_map(|line| line["of"].as_u64()).collect();
        let all: Vec<Written> = written(lines).into_iter().filter(|step| !undone.contains(&step.number)).collect();
        let ran = all.iter().filter_map(|step| match &step.effect {
            Effect::Exec(exec) => Some(exec.clone()),
            _ => None,
        });
        let mut said = said::said(lines);
        said.retain(|said| !undone.contains(&said.number));
        let mut undoing = Self {
            ran: ran.collect(),
            lost: BTreeSet::new(),
            put_back: Vec::new(),
            steps: steps(all, said),
            stands: begun::stands(lines),
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
        let of_steps = self.steps.iter().filter_map(|step| step.effect()?.keeps());
        let lost: BTreeSet<Loss> =
            of_claims.chain(of_steps).filter(|volume| is_gone(volume)).map(Loss::of_volume).collect();
        self.lost.extend(lost);
        self.claims.retain(|claim| !claim.volume.as_ref().is_some_and(is_gone));
        self.steps.retain(|step| !step.effect().and_then(Effect::keeps).is_some_and(is_gone));
    }

    /// How it makes sets smaller: of each the scale to the fewest members, and how many go in all.
    #[must_use]
    pub fn lowers(&self) -> Vec<(&Scale, u64)> {
        let mut all: Vec<(&Scale, u64)> = Vec::new();
        for effect in self.steps.iter().flat_map(Step::undo) {
            let Effect::Scale(scale) = effect else { continue };
            let going = scale.from.and_then(|from| from.checked_sub(scale.to)).unwrap_or(0);
            match all.iter_mut().find(|(known, _)| known.set == scale.set) {
                _ if going == 0 => {}
                Some((fewest, all)) => {
                    *fewest = if scale.to < fewest.to { scale } else { *fewest };
                    *all = all.saturating_add(going);
                }
                None => all.push((scale, going)),
            }
        }
        all
    }

    /// What the script has said for it, the last first.
    pub fn said(&self) -> impl Iterator<Item = &Said> {
        self.steps.iter().filter_map(|step| match step {
            Step::Said(said) => Some(said),
            Step::Written(_) => None,
        })
    }

    /// The programs that an earlier undo has started without hearing their end.
    pub fn unanswered(&self) -> impl Iterator<Item = &Exec> {
        self.said().flat_map(|said| said.unheard(&self.stands))
    }

    /// Whether the deletion of this claim is one of its steps.
    pub(super) fn deletes(&self, claim: &Target) -> bool {
        let is_it =
            |step: &Step| matches!(step.effect(), Some(Effect::DeleteClaim(gone)) if gone.claim.uid == claim.uid);
        self.steps.iter().any(is_it)
    }
}

/// How far it came.
#[derive(Default)]
pub struct Undone {
    pub changed: Vec<String>,
    /// The steps that seemed to be taken back already. The journal does not say so
    /// yet: whoever comes back may be told otherwise.
    pub held: Vec<u64>,
    /// What stood in the way, and of what.
    pub stopped: Option<(String, EffectError)>,
}

impl Undone {
    /// Something was changed in this object, which members that go one at a time tell each.
    pub(super) fn changes(&mut self, object: String) {
        if self.changed.last() != Some(&object) {
            self.changed.push(object);
        }
    }
}

/// What an effect of an undo is written for.
#[derive(Clone, Copy)]
pub(super) struct Of {
    /// The line of the run's journal.
    pub number: u64,
    /// Which of the effects of that, if its script has said them.
    pub part: Option<u64>,
}

/// Takes all steps back.
pub async fn undo_all(undoing: &Undoing, journal: &mut Journal, waits: &Waits<'_>) -> Undone {
    let put_back = undoing.put_back.iter().flat_map(|detour| detour.numbers.iter().copied());
    let mut undone = Undone { held: put_back.collect(), ..Undone::default() };
    for step in &undoing.steps {
        let taken_back = match step {
            Step::Written(step) => take_back(step, undoing, journal, waits, &mut undone).await,
            Step::Said(said) => said.carry_out(undoing, journal, waits, &mut undone).await,
        };
        if let Err(stopped) = taken_back {
            undone.stopped = Some(stopped);
            break;
        }
    }
    undone
}

/// Takes one effect back.
async fn take_back(
    step: &Written,
    undoing: &Undoing,
    journal: &mut Journal,
    waits: &Waits<'_>,
    undone: &mut Undone,
) -> Result<(), (String, EffectError)> {
    let now = || waits.connection.clock.now();
    let stopped = |error: EffectError| (step.effect.object().to_string(), error);
    if !came_about(step, waits).await.map_err(stopped)? {
        let _ = journal.undone(step.number, now());
        return Ok(());
    }
    let lost = lost_with_members(step, undoing, waits).await.map_err(stopped)?;
    let undo = made_without_an_answer(&step.undo, waits).await.map_err(stopped)?;
    let mut is_written = true;
    for effect in lost.iter().chain(&undo) {
        let object = effect.object().to_string();
        interrupted(waits).map_err(|why| (object.clone(), why))?;
        let of = Of { number: step.number, part: None };
        let taken_back = match effect {
            Effect::Scale(scale) if scale.from.is_some_and(|from| from > scale.to) => {
                lower(scale, of, undoing, journal, waits, undone).await
            }
            _ => one(effect, of, journal, waits).await,
        };
        match taken_back {
            Ok(true) => undone.changes(object),
            // A mark that is there already is no sign that somebody was here before.
            Ok(false) if matches!(effect, Effect::Protect(_)) => {}
            Ok(false) => is_written = false,
            // An effect that never came about needs no way back.
            Err(EffectError::OtherReplicas { .. } | EffectError::NotItsVolume | EffectError::Vanished)
                if !step.done => {}
            Err(error) => return Err((object, error)),
        }
    }
    if is_written {
        let _ = journal.undone(step.number, now());
    } else {
        undone.held.push(step.number);
    }
    Ok(())
}

/// Nothing more is begun after Ctrl-C.
pub(super) fn interrupted(waits: &Waits<'_>) -> Result<(), EffectError> {
    if !waits.connection.interrupt.is_raised() {
        return Ok(());
    }
    Err(EffectError::Guarded {
        code: "interrupted",
        why: "interrupted".to_owned(),
        hint: "`kubectl stateful undo` goes on".to_owned(),
    })
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
    of: Of,
    journal: &mut Journal,
    waits: &Waits<'_>,
) -> Result<bool, EffectError> {
    let (connection, observer) = (waits.connection, waits.observer);
    let is_program = matches!(effect, Effect::Exec(_));
    let mut tries = 1;
    loop {
        waits.keeper.keep(connection).await?;
        let ready = effect.look(connection, &NoSecrets, &Guards::default()).await?;
        let holds = ready.preview.holds();
        let number = journal.next_number();
        let call = json!(Call::Effect { effect: effect.clone() });
        if !holds {
            let mut what = json!({ "call": call, "takesBack": of.number });
            if let Some(part) = of.part {
                what["part"] = json!(part);
            }
            journal.intent_to_undo(number, connection.clock.now(), &what).map_err(|why| no_journal(&why))?;
        }
        match perform(effect, ready, waits).await {
            Err(EffectError::Overtaken) if tries < TRIES => tries += 1,
            Err(error) => {
                let _ = journal.failed(number, connection.clock.now(), &error.for_journal());
                return Err(error);
            }
            Ok(done) => {
                let outcome = if is_program { json!({ "ran": *done.after }) } else { json!(done.outcome) };
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
        // Before it went to none, `all` had got one more: what takes that back comes last.
        let scales = [("web", 3, 4), ("web", 4, 5), ("db", 0, 3), ("all", 5, 6), ("all", 6, 0), ("all", 0, 3)];
        let lines: Vec<Value> = scales
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
        assert_eq!(told, [("all", 0, 4), ("db", 0, 3), ("web", 3, 2)]);
    }
}

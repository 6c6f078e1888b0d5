//! Taking a run back. It needs no script: what takes each effect back stands in
//! the journal beside it, and is written like any other effect, the last first.
//! What stands in the way stops it, and what was taken back stays so. What the
//! run has destroyed is named, and the rest is taken back.

use serde_json::json;

use super::again::{MadeAgain, instead_of};
use super::asking::perform;
use super::call::Call;
use super::event::Event;
use super::journal::Journal;
pub use super::lost::not_theirs;
use super::lost::{bound, is_gone, lost_with_members, made_without_an_answer, object_gone};
use super::lower::lower;
use super::record::Written;
use super::undoing::{Step, Undoing};
use super::waits::Waits;
use crate::effects::{Effect, EffectError, Guards, NoSecrets, Target};
use crate::facts::reader::Reader;

/// How often an effect is tried whose object changes between look and write.
const TRIES: usize = 5;

/// Seconds that a claim has to find its volume again, and a member to go.
pub const AT_MOST: u64 = 600;

/// Seconds in which new members may get ready. One that has run for so long and does not
/// say so counts as started.
pub(super) const A_MOMENT: u64 = 60;

/// How far it came.
#[derive(Default)]
pub struct Undone {
    pub changed: Vec<String>,
    /// The steps that seemed to be taken back already. The journal does not say so
    /// yet: whoever comes back may be told otherwise.
    pub held: Vec<u64>,
    /// What stood in the way, and of what.
    pub stopped: Option<(String, EffectError)>,
    /// The title of what the script has said, if it stopped there.
    pub stopped_in: Option<String>,
    /// What it and earlier undos have made again.
    again: MadeAgain,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Of {
    /// The line of the run's journal.
    pub number: u64,
    /// Which of the effects of that, if its script has said them.
    pub part: Option<u64>,
}

/// Takes all steps back.
pub async fn undo_all(undoing: &Undoing, journal: &mut Journal, waits: &Waits<'_>) -> Undone {
    let put_back = undoing.put_back.iter().flat_map(|detour| detour.numbers.iter().copied());
    let mut undone = Undone { held: put_back.collect(), again: undoing.again.clone(), ..Undone::default() };
    for step in &undoing.steps {
        let taken_back = match step {
            Step::Written(step) => take_back(step, undoing, journal, waits, &mut undone).await,
            Step::Said(said) => said.carry_out(undoing, journal, waits, &mut undone).await,
        };
        if let Err(stopped) = taken_back {
            undone.stopped = Some(stopped);
            undone.stopped_in = step.title().map(str::to_owned);
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
    let mut undo = made_without_an_answer(&step.undo, waits).await.map_err(stopped)?;
    for effect in &mut undo {
        undone.again.follow(effect);
    }
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
        if taken_back.is_ok() {
            note_again(effect, waits, undone).await.map_err(|why| (object.clone(), why))?;
        }
        match taken_back {
            Ok(true) => undone.changes(object),
            // A mark that is there already is no sign that somebody was here before.
            Ok(false) if matches!(effect, Effect::Protect(_)) => {}
            Ok(false) => is_written = false,
            // An effect that never came about needs no way back.
            Err(EffectError::OtherReplicas { .. } | EffectError::NotItsVolume | EffectError::Vanished)
                if !step.done => {}
            Err(error) if is_somebody_elses(effect, &error, step.done) => {
                let text = format!("{object} is left as it is: {error}");
                waits.observer.event(Event::Caution { text });
            }
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

/// Whether an object of no data of a set stays as somebody else has left it: it went with
/// what the run had changed in it, or nobody knows whether the run has changed it at all.
fn is_somebody_elses(effect: &Effect, error: &EffectError, is_done: bool) -> bool {
    let is_plain = matches!(effect, Effect::CreateObject(_) | Effect::PatchObject(_) | Effect::DeleteObject(_));
    let is_other = match error {
        // Somebody has taken it away, or made another one in its place.
        EffectError::Vanished | EffectError::Replaced | EffectError::Guarded { code: "exists-already", .. } => true,
        EffectError::Guarded { code, .. } => !is_done && *code == "changed-since",
        _ => false,
    };
    is_plain && is_other
}

/// What is there again has another UID.
async fn note_again(effect: &Effect, waits: &Waits<'_>, undone: &mut Undone) -> Result<(), EffectError> {
    if instead_of(effect).is_none() {
        return Ok(());
    }
    let found = Reader::new(waits.connection.client.clone()).get(effect.object()).await?;
    if let Some(uid) = found.as_ref().and_then(|found| found["metadata"]["uid"].as_str()) {
        undone.again.note(effect, uid);
    }
    Ok(())
}

/// Nothing more is begun after Ctrl-C.
pub(super) fn interrupted(waits: &Waits<'_>) -> Result<(), EffectError> {
    if !waits.connection.interrupt.is_raised() {
        return Ok(());
    }
    Err(EffectError::Interrupted { why: "interrupted".to_owned() })
}

/// Whether a deletion whose answer nobody saw was carried out. One that is
/// under way is waited for: what is going cannot be given back.
async fn came_about(step: &Written, waits: &Waits<'_>) -> Result<bool, EffectError> {
    if let Effect::DeleteObject(deletion) = &step.effect {
        return object_gone(&deletion.object, waits).await.map(|()| true);
    }
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

/// A claim must have its volume, and what was deleted be gone, before the next step builds on it.
async fn wait_for(effect: &Effect, waits: &Waits<'_>) -> Result<(), EffectError> {
    if let Effect::DeleteClaim(gone) = effect {
        return is_gone(&gone.claim, &gone.volume, waits).await.map(drop);
    }
    if let Effect::DeleteObject(gone) = effect {
        return object_gone(&gone.object, waits).await;
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

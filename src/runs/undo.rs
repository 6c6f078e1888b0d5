//! Taking a run back. It needs no script: what takes each effect back stands in
//! the journal beside it, and is written like any other effect, the last first.
//! What stands in the way stops it, and what was taken back stays so.

use serde_json::{Value, json};

use super::call::Call;
use super::event::Event;
use super::id::RunId;
use super::journal::Journal;
use super::reads::{ReadError, retired};
use super::record::{Written, written};
use super::waits::Waits;
use crate::effects::create_claim::CreateClaim;
use crate::effects::reserve::Reserve;
use crate::effects::{Effect, EffectError, Guards, NoSecrets, Target};
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// How often an effect is tried whose object changes between look and write.
const TRIES: usize = 5;

/// Seconds that a claim has to find its volume again.
const AT_MOST: u64 = 600;

/// What is to be taken back.
pub struct Undoing {
    /// Each effect with what takes it back, the last first.
    pub steps: Vec<Written>,
    /// The effects that have no way back.
    pub lost: Vec<String>,
}

impl Undoing {
    /// What a journal says.
    #[must_use]
    pub fn of(lines: &[Value]) -> Self {
        let undone = |number: u64| lines.iter().any(|line| line["state"] == "undone" && line["of"] == number);
        let all: Vec<Written> = written(lines).into_iter().filter(|step| !undone(step.number)).collect();
        let lost = all.iter().filter(|step| step.undo.is_empty() && step.done);
        let lost = lost.filter(|step| matches!(step.effect, Effect::Purge(_)));
        Self {
            lost: lost.map(|step| step.effect.object().to_string()).collect(),
            steps: all.into_iter().rev().filter(|step| !step.undo.is_empty()).collect(),
        }
    }
}

/// How far it came.
pub struct Undone {
    pub changed: Vec<String>,
    /// What stood in the way, and of what.
    pub stopped: Option<(String, EffectError)>,
}

/// Takes all steps back.
pub async fn undo_all(undoing: &Undoing, run: &RunId, journal: &mut Journal, waits: &Waits<'_>) -> Undone {
    let connection = waits.connection;
    let mut changed = Vec::new();
    for step in &undoing.steps {
        match came_about(step, waits).await {
            Ok(true) => {}
            Ok(false) => {
                let _ = journal.undone(step.number, connection.clock.now());
                continue;
            }
            Err(error) => return Undone { changed, stopped: Some((step.effect.object().to_string(), error)) },
        }
        let lost = match lost_with_members(&step.effect, &undoing.steps, waits).await {
            Ok(lost) => lost,
            Err(error) => return Undone { changed, stopped: Some((step.effect.object().to_string(), error)) },
        };
        for effect in lost.iter().chain(&step.undo) {
            if connection.interrupt.is_raised() {
                let stopped = EffectError::Guarded {
                    code: "interrupted",
                    why: "interrupted".to_owned(),
                    hint: format!("`kubectl stateful undo {run}` goes on"),
                };
                return Undone { changed, stopped: Some((effect.object().to_string(), stopped)) };
            }
            match one(effect, step.number, journal, waits).await {
                Ok(true) => changed.push(effect.object().to_string()),
                Ok(false) => {}
                // An effect that never came about needs no way back.
                Err(EffectError::OtherReplicas { .. } | EffectError::NotItsVolume | EffectError::Vanished)
                    if !step.done => {}
                Err(error) => return Undone { changed, stopped: Some((effect.object().to_string(), error)) },
            }
        }
        let _ = journal.undone(step.number, connection.clock.now());
    }
    Undone { changed, stopped: None }
}

/// Whether a deletion whose answer nobody saw was carried out. One that is
/// under way is waited for: what is going cannot be given back.
async fn came_about(step: &Written, waits: &Waits<'_>) -> Result<bool, EffectError> {
    let Effect::DeleteClaim(deletion) = &step.effect else { return Ok(true) };
    is_gone(&deletion.claim, &deletion.volume, waits).await
}

/// Claims that nobody of us deleted when their members went: the set's policy
/// `whenScaled: Delete` did. They come back before the members do, or these
/// would start with empty volumes.
async fn lost_with_members(effect: &Effect, steps: &[Written], waits: &Waits<'_>) -> Result<Vec<Effect>, EffectError> {
    let Effect::Scale(scale) = effect else { return Ok(Vec::new()) };
    let set = scale.set.object.name.as_str();
    let mut lost = Vec::new();
    for step in steps {
        let Effect::Protect(protect) = &step.effect else { continue };
        let has_its_own =
            |other: &Written| matches!(&other.effect, Effect::DeleteClaim(gone) if gone.claim.uid == protect.claim.uid);
        if steps.iter().any(has_its_own) {
            continue;
        }
        if protect.set == set && is_gone(&protect.claim, &protect.volume, waits).await? {
            lost.push(&protect.volume.uid);
        }
    }
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let reader = Reader::new(waits.connection.client.clone());
    let retired = retired(&reader, &scale.set.object.namespace, Some(set), None).await.map_err(unread)?;
    let back = retired.into_iter().filter(|found| lost.contains(&&found.volume.uid)).filter_map(|found| {
        let object = ObjectRef::of(&found.claim)?;
        let reserve = Reserve { volume: found.volume, claim: object.clone() };
        Some([Effect::Reserve(reserve), Effect::CreateClaim(CreateClaim { object, manifest: found.claim })])
    });
    Ok(back.flatten().collect())
}

fn unread(error: ReadError) -> EffectError {
    match error {
        ReadError::Api(error) => (*error).into(),
        ReadError::NoSet(_) | ReadError::SetReplaced(_) | ReadError::SetDeleting(_) => EffectError::Vanished,
    }
}

/// It goes with its pod, though nobody has asked for that yet (SS-84).
fn has_pod_owner(claim: &Value) -> bool {
    claim["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(|owner| owner["kind"] == "Pod")
}

/// Whether a claim is gone; one that is going is waited for.
async fn is_gone(claim: &Target, volume: &Target, waits: &Waits<'_>) -> Result<bool, EffectError> {
    let found = Reader::new(waits.connection.client.clone()).get(&claim.object).await?;
    match found.filter(|found| found["metadata"]["uid"] == claim.uid.as_str()) {
        None => Ok(true),
        Some(found) if found["metadata"]["deletionTimestamp"].is_null() && !has_pod_owner(&found) => Ok(false),
        Some(_) => {
            let gone = waits.released(claim, volume, AT_MOST).await;
            gone.map(|_| true).map_err(|why| EffectError::Guarded {
                code: "claim-terminating",
                why: why.to_string(),
                hint: "`kubectl stateful status` says who holds it; type the same command again once it is gone"
                    .to_owned(),
            })
        }
    }
}

/// One effect; whether it changed anything.
async fn one(effect: &Effect, of: u64, journal: &mut Journal, waits: &Waits<'_>) -> Result<bool, EffectError> {
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

/// A claim must have its volume before the next step builds on it.
async fn wait_for(effect: &Effect, waits: &Waits<'_>) -> Result<(), EffectError> {
    let Effect::CreateClaim(claim) = effect else { return Ok(()) };
    let name = claim.manifest["spec"]["volumeName"].as_str().unwrap_or_default();
    let volume = Target { object: super::reads::reference("PersistentVolume", "", name), uid: String::new() };
    waits.bound(&claim.object, &volume, AT_MOST).await.map(drop).map_err(|why| EffectError::Guarded {
        code: "not-bound",
        why: why.to_string(),
        hint: "`kubectl stateful status` says why it is not bound".to_owned(),
    })
}

fn no_journal(why: &std::io::Error) -> EffectError {
    EffectError::Guarded {
        code: "no-journal",
        why: format!("the run's journal cannot be written: {why}"),
        hint: "make room there, and type the same command again".to_owned(),
    }
}

//! Ways there and back. What is always done at the end of a run may scale a set
//! back to where it was: an undo then has nothing to do there, and a run that
//! goes on after a stop has to go there again first.

use std::collections::BTreeSet;

use serde_json::Value;

use super::journal::is_aside;
use super::lost::{not_theirs, unread};
use super::reads::same_set;
use super::undoing::{Step, Undoing};
use super::waits::Waits;
use crate::effects::scale::Scale;
use crate::effects::{Effect, EffectError};
use crate::facts::reader::Reader;

/// Scales of one set that follow one another and come back to where they began.
#[derive(Clone, Debug, PartialEq)]
pub struct Detour {
    /// The last of them: to the number of replicas that was there before.
    pub back: Scale,
    /// The numbers of their lines.
    pub(super) numbers: BTreeSet<u64>,
}

/// Leaves out of an undo the scales that the run has taken back itself, as long as
/// the set stands as it left it and each member has the claims that it had.
///
/// # Errors
/// A set or its claims cannot be read.
pub async fn without_detours(undoing: &mut Undoing, waits: &Waits<'_>) -> Result<(), EffectError> {
    let detours: Vec<Detour> = (0..undoing.steps.len()).filter_map(|at| detour(&undoing.steps[at..])).collect();
    if detours.is_empty() || !has_theirs(undoing, waits).await? {
        return Ok(());
    }
    let reader = Reader::new(waits.connection.client.clone());
    for detour in detours {
        let now = same_set(&reader, &detour.back.set).await.map_err(unread)?;
        // A longer one may hold a shorter one.
        let is_left = |number: &u64| undoing.steps.iter().any(|step| step.number() == *number);
        if detour.numbers.iter().all(is_left) && now.range.replicas == detour.back.to {
            undoing.steps.retain(|step| !detour.numbers.contains(&step.number()));
            undoing.put_back.push(detour);
        }
    }
    Ok(())
}

/// Whether each member has its claims. Those that may have been given up are found out
/// about under the lock, and lost or still there: both come to the same here.
async fn has_theirs(undoing: &Undoing, waits: &Waits<'_>) -> Result<bool, EffectError> {
    let is_unheard = |name: &String| undoing.unheard.iter().any(|open| open.claim.object.name == *name);
    Ok(not_theirs(undoing, waits).await?.iter().all(is_unheard))
}

/// The one that the first of these steps ends.
fn detour(steps: &[Step]) -> Option<Detour> {
    let (last, _) = scale(steps.first()?)?;
    let mut numbers = BTreeSet::new();
    for step in steps {
        if is_indifferent(step) {
            continue;
        }
        let (_, from) = scale(step).filter(|(effect, _)| effect.set == last.set)?;
        numbers.insert(step.number());
        if numbers.len() > 1 && from == last.to {
            return Some(Detour { back: last.clone(), numbers });
        }
    }
    None
}

/// A scale that surely came about, and the number of replicas before it.
fn scale(step: &Step) -> Option<(&Scale, u64)> {
    let Step::Written(written) = step else { return None };
    match (&written.effect, written.undo.as_slice()) {
        (Effect::Scale(scale), [Effect::Scale(back)]) if written.done => Some((scale, back.to)),
        _ => None,
    }
}

/// Whether it comes to the same with one member more or less.
fn is_indifferent(step: &Step) -> bool {
    matches!(step.effect(), Some(Effect::Protect(_) | Effect::Unprotect(_)))
}

/// What a run has scaled at its end after a stop, and has to take back before it goes on.
/// Where it went on since, that was taken back before.
#[must_use]
pub fn after_the_stop(lines: &[Value]) -> Undoing {
    let is_intent = |line: &&Value| line["state"] == "intent";
    let since = lines.iter().rev().filter(is_intent).take_while(|line| is_aside(line));
    let aside: BTreeSet<u64> = since.filter_map(|line| line["n"].as_u64()).collect();
    let mut undoing = Undoing::of(lines);
    let is_it = |step: &Step| matches!(step.effect(), Some(Effect::Scale(_))) && aside.contains(&step.number());
    undoing.steps.retain(is_it);
    undoing
}

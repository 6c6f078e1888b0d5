//! Members that a run has added go again: one at a time, each waited for, with
//! the guards of every scale-down asked before it.

use super::journal::Journal;
use super::lost::unread;
use super::reads::{members, same_set};
use super::undo::{A_MOMENT, AT_MOST, Of, Undone, one};
use super::undoing::Undoing;
use super::waits::{WaitFailed, Waits};
use crate::effects::scale::Scale;
use crate::effects::{Effect, EffectError, Target};
use crate::facts::reader::Reader;

/// Lowers a set as `scale` says, which takes back what `of` says; `undoing` knows how
/// far that came before. Whether anything was changed: `undone` is told with each member,
/// since the next one may stay.
pub(super) async fn lower(
    scale: &Scale,
    of: Of,
    undoing: &Undoing,
    journal: &mut Journal,
    waits: &Waits<'_>,
    undone: &mut Undone,
) -> Result<bool, EffectError> {
    let reader = Reader::new(waits.connection.client.clone());
    let now = same_set(&reader, &scale.set).await.map_err(unread)?.range.replicas;
    let expected = scale.from.unwrap_or(now);
    let is_on_its_way = undoing.lowered.iter().any(|lowered| lowered.of == of && lowered.to == now);
    if ![expected, scale.to].contains(&now) && !is_on_its_way {
        return Err(EffectError::OtherReplicas { found: now, expected });
    }
    if now < expected {
        last_is_gone(&scale.set, now, waits).await?;
    }
    // Members that have only just come are not ready yet. Whether those that do not
    // get ready stand in the way is for the guards to say.
    let _ = waits.ready(&scale.set, now, A_MOMENT).await;
    for to in (scale.to..now).rev() {
        if waits.connection.interrupt.is_raised() {
            return Err(EffectError::Interrupted { why: format!("interrupted at {} replicas", to.saturating_add(1)) });
        }
        let start = same_set(&reader, &scale.set).await.map_err(unread)?.range.start;
        let going = members(&reader, &scale.set, start.saturating_add(to)).await.map_err(unread)?;
        let step = Scale { set: scale.set.clone(), to, from: Some(to.saturating_add(1)) };
        if one(&Effect::Scale(step), of, journal, waits).await? {
            undone.changes(scale.set.object.to_string());
        }
        for member in going {
            let claims: Vec<_> = member.claims.iter().map(|claim| claim.claim.clone()).collect();
            let volumes: Vec<_> = member.claims.iter().filter_map(|claim| claim.volume.clone()).collect();
            waits.gone(&scale.set, member.ordinal, &claims, &volumes, AT_MOST).await.map_err(held)?;
        }
        waits.ready(&scale.set, to, AT_MOST).await.map_err(held)?;
    }
    Ok(now != scale.to)
}

/// The last member that an earlier undo has asked to go may still be on its way, where the
/// set wants no more than `replicas` by now.
pub(super) async fn last_is_gone(set: &Target, replicas: u64, waits: &Waits<'_>) -> Result<(), EffectError> {
    let reader = Reader::new(waits.connection.client.clone());
    let start = same_set(&reader, set).await.map_err(unread)?.range.start;
    waits.gone(set, start.saturating_add(replicas), &[], &[], AT_MOST).await.map_err(held)?;
    waits.ready(set, replicas, AT_MOST).await.map(drop).map_err(held)
}

fn held(why: WaitFailed) -> EffectError {
    let hint = "`kubectl stateful status` says what holds it; type the same command again once it is gone";
    why.for_undo("member-stays", hint)
}

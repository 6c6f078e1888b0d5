//! Claims that an undo finds gone, or made without anybody having heard of it.

use serde_json::Value;

use super::call::ClaimAnswer;
use super::reads::{ReadError, retired};
use super::record::Written;
use super::undo::AT_MOST;
use super::undoing::Undoing;
use super::waits::Waits;
use crate::effects::create_claim::CreateClaim;
use crate::effects::reserve::Reserve;
use crate::effects::{Effect, EffectError, Target};
use crate::facts::ordinals::{Ordinal, OrdinalRange};
use crate::facts::reader::Reader;
use crate::facts::set::Set;
use crate::objects::kinds::ObjectRef;

/// A claim whose creation nobody saw the answer of is known by its volume; if
/// there is none of that volume, nothing was made.
pub(super) async fn made_without_an_answer(undo: &[Effect], waits: &Waits<'_>) -> Result<Vec<Effect>, EffectError> {
    let unheard = undo.iter().find_map(|effect| match effect {
        Effect::DeleteClaim(deletion) if deletion.claim.uid.is_empty() => Some(deletion),
        _ => None,
    });
    let Some(deletion) = unheard else { return Ok(undo.to_vec()) };
    let found = Reader::new(waits.connection.client.clone()).get(&deletion.claim.object).await?;
    let ours = found.filter(|found| found["spec"]["volumeName"] == deletion.volume.object.name.as_str());
    let Some(uid) = ours.as_ref().and_then(|found| found["metadata"]["uid"].as_str()) else { return Ok(Vec::new()) };
    let mut known = undo.to_vec();
    for effect in &mut known {
        effect.about(uid);
    }
    Ok(known)
}

/// Claims that nobody of us deleted when their members went: the set's policy
/// `whenScaled: Delete` did. They come back before the members do, or these
/// would start with empty volumes.
pub(super) async fn lost_with_members(
    step: &Written,
    undoing: &Undoing,
    waits: &Waits<'_>,
) -> Result<Vec<Effect>, EffectError> {
    let Effect::Scale(scale) = &step.effect else { return Ok(Vec::new()) };
    let set = scale.set.object.name.as_str();
    let reader = Reader::new(waits.connection.client.clone());
    let start = reader.get(&scale.set.object).await?.as_deref().and_then(Set::read).map_or(0, |set| set.range.start);
    let more = step.undo.iter().find_map(|effect| match effect {
        Effect::Scale(back) => Some(back.to.saturating_sub(scale.to)),
        _ => None,
    });
    let went = OrdinalRange::new(start.saturating_add(scale.to), more.unwrap_or(0));
    let mut lost = Vec::new();
    for known in undoing.claims.iter().filter(|claim| went.contains(Ordinal(claim.ordinal))) {
        let Some(volume) = &known.volume else { continue };
        if undoing.deletes(&known.claim) || !is_gone(&known.claim, volume, waits).await? {
            continue;
        }
        if is_back(&known.claim, volume, waits).await? {
            bound(&known.claim.object, volume, waits).await?;
        } else {
            lost.push((known, volume));
        }
    }
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let retired = retired(&reader, &scale.set.object.namespace, Some(set), None).await.map_err(unread)?;
    let mut back = Vec::new();
    for (known, volume) in lost {
        let kept = retired.iter().find(|kept| kept.volume.uid == volume.uid && kept.ordinal == known.ordinal);
        let Some((kept, object)) = kept.and_then(|kept| Some((kept, ObjectRef::of(&kept.claim)?))) else {
            return Err(not_kept(known, volume));
        };
        let reserve = Reserve { volume: kept.volume.clone(), claim: object.clone() };
        back.push(Effect::Reserve(reserve));
        back.push(Effect::CreateClaim(CreateClaim { object, manifest: kept.claim.clone(), of: None }));
    }
    Ok(back)
}

/// The claims that members had and have not any more, although all is taken back:
/// somebody has deleted them meanwhile.
pub async fn not_theirs(undoing: &Undoing, waits: &Waits<'_>) -> Result<Vec<String>, kube::Error> {
    let reader = Reader::new(waits.connection.client.clone());
    let mut found = Vec::new();
    for known in &undoing.claims {
        let Some(volume) = &known.volume else { continue };
        let now = reader.get(&known.claim.object).await?;
        let held = now.as_ref().and_then(|claim| claim["spec"]["volumeName"].as_str());
        if held != Some(volume.object.name.as_str()) {
            found.push(known.claim.object.name.clone());
        }
    }
    Ok(found)
}

/// Its member would start with nothing, and nobody would have said so.
fn not_kept(claim: &ClaimAnswer, volume: &Target) -> EffectError {
    let (name, volume) = (&claim.claim.object.name, &volume.object.name);
    EffectError::Guarded {
        code: "claim-lost",
        why: format!("claim `{name}` is gone and volume `{volume}` is not kept for it: its member would start empty"),
        hint: "`kubectl stateful scale` adds empty members, if that is meant".to_owned(),
    }
}

pub(super) fn unread(error: ReadError) -> EffectError {
    match error {
        ReadError::Api(error) => (*error).into(),
        ReadError::NoSet(_) | ReadError::SetReplaced(_) | ReadError::SetDeleting(_) => EffectError::Vanished,
        // Only scripts ask for lists.
        ReadError::TooMuch { .. } => {
            EffectError::Guarded { code: "too-much", why: error.to_string(), hint: "report this as a bug".to_owned() }
        }
    }
}

/// A claim of its name has its volume: an undo has made it anew, of a later run or
/// this one before its answer was lost.
pub(super) async fn is_back(claim: &Target, volume: &Target, waits: &Waits<'_>) -> Result<bool, EffectError> {
    let found = Reader::new(waits.connection.client.clone()).get(&claim.object).await?;
    Ok(found.is_some_and(|found| {
        found["spec"]["volumeName"] == volume.object.name.as_str() && found["metadata"]["deletionTimestamp"].is_null()
    }))
}

/// A claim has its volume before anything builds on it.
pub(super) async fn bound(claim: &ObjectRef, volume: &Target, waits: &Waits<'_>) -> Result<(), EffectError> {
    let bound = waits.bound(claim, volume, AT_MOST).await;
    bound.map(drop).map_err(|why| why.for_undo("not-bound", "`kubectl stateful status` says why it is not bound"))
}

/// What to do about a claim that is being deleted, and does not go.
pub(super) const STILL_GOING: &str =
    "`kubectl stateful status` says who holds it; type the same command again once it is gone";

/// It goes with its pod, though nobody has asked for that yet (SS-84).
fn has_pod_owner(claim: &Value) -> bool {
    claim["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(|owner| owner["kind"] == "Pod")
}

/// An object of another kind that is going is waited for.
pub(super) async fn object_gone(object: &ObjectRef, waits: &Waits<'_>) -> Result<(), EffectError> {
    let found = Reader::new(waits.connection.client.clone()).get(object).await?;
    if found.is_none_or(|found| found["metadata"]["deletionTimestamp"].is_null()) {
        return Ok(());
    }
    waits.object_gone(object, AT_MOST).await.map(drop).map_err(|why| EffectError::Guarded {
        code: "still-there",
        why: why.to_string(),
        hint: "type the same command again once it is gone".to_owned(),
    })
}

/// Whether a claim is gone; one that is going is waited for.
pub(super) async fn is_gone(claim: &Target, volume: &Target, waits: &Waits<'_>) -> Result<bool, EffectError> {
    let found = Reader::new(waits.connection.client.clone()).get(&claim.object).await?;
    match found.filter(|found| found["metadata"]["uid"] == claim.uid.as_str()) {
        None => Ok(true),
        Some(found) if found["metadata"]["deletionTimestamp"].is_null() && !has_pod_owner(&found) => Ok(false),
        Some(_) => {
            let gone = waits.released(claim, volume, AT_MOST).await;
            gone.map(|_| true).map_err(|why| why.for_undo("claim-terminating", STILL_GOING))
        }
    }
}

//! Claims whose giving up was begun, and nobody heard how it ended: the process
//! was killed, or the answer was lost. Nothing brings such a claim back, so that
//! an undo has to know before its first step, and say so in its end.

use serde_json::Value;

use super::lost::{STILL_GOING, is_back};
use super::record::{refused, written};
use super::undo::AT_MOST;
use super::undoing::Undoing;
use super::waits::{WaitFailed, Waits};
use crate::effects::give_up::GiveUp;
use crate::effects::{Effect, EffectError, Target};
use crate::facts::reader::Reader;

/// The claims that a journal leaves open. A refusal is an answer.
pub(super) fn unheard(lines: &[Value]) -> Vec<GiveUp> {
    let refused = refused(lines);
    let open = written(lines).into_iter().filter(|step| !step.done && !refused.contains(&step.number));
    let given_up = |effect| if let Effect::GiveUp(effect) = effect { Some(effect) } else { None };
    open.filter_map(|step| given_up(step.effect)).collect()
}

/// Finds out what became of them: those that are gone are lost, the others never
/// came about. One that is going is waited for.
///
/// # Errors
/// A claim cannot be read, or does not go: nothing was changed.
pub async fn find_out(undoing: &mut Undoing, waits: &Waits<'_>) -> Result<(), (String, EffectError)> {
    let mut gone = Vec::new();
    for effect in std::mem::take(&mut undoing.unheard) {
        match is_given_up(&effect.claim, undoing, waits).await {
            Ok(true) => gone.push(effect),
            Ok(false) => {}
            Err(error) => return Err((effect.claim.object.to_string(), error)),
        }
    }
    undoing.without_claims(&gone);
    Ok(())
}

/// Whether this very claim is gone. One of its name on the same volume was put
/// there by somebody who has the data.
async fn is_given_up(claim: &Target, undoing: &Undoing, waits: &Waits<'_>) -> Result<bool, EffectError> {
    let found = Reader::new(waits.connection.client.clone()).get(&claim.object).await?;
    let Some(found) = found else { return Ok(true) };
    if found["metadata"]["uid"] != claim.uid.as_str() {
        let known = undoing.claims.iter().find(|known| known.claim.uid == claim.uid);
        return match known.and_then(|known| known.volume.as_ref()) {
            Some(volume) => Ok(!is_back(claim, volume, waits).await?),
            None => Ok(true),
        };
    }
    if found["metadata"]["deletionTimestamp"].is_null() {
        return Ok(false);
    }
    match waits.claim_gone(claim, AT_MOST).await {
        // A new one of its name is there by now.
        Ok(_) | Err(WaitFailed::Changed(_)) => Ok(true),
        Err(why) => Err(why.for_undo("claim-terminating", STILL_GOING)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_unheard_of_until_its_end_or_a_refusal_is_written() {
        let give_up = |name: &str| {
            let claim = json!({ "kind": "PersistentVolumeClaim", "namespace": "default", "name": name, "uid": name });
            json!({ "call": { "call": "effect", "effect": {
                "verb": "give-up", "claim": claim, "fate": "goes", "set": "web", "ordinal": 2,
            } } })
        };
        let ends = [
            json!({ "n": 1, "state": "done" }),
            json!({ "n": 2, "state": "failed", "why": EffectError::AnswerLost { detail: None }.for_journal() }),
            json!({ "n": 3, "state": "failed", "why": "refused with 403 Forbidden" }),
        ];
        let names = ["done", "lost", "refused", "killed"];
        let begun = names
            .iter()
            .zip(1_u64..)
            .map(|(name, n)| json!({ "n": n, "state": "intent", "effect": give_up(name), "undo": [] }));
        let lines: Vec<Value> = begun.chain(ends).collect();
        let open: Vec<String> = unheard(&lines).into_iter().map(|effect| effect.claim.object.name).collect();
        assert_eq!(open, ["lost", "killed"]);
    }
}

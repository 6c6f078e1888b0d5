//! What there is to take back, as a journal says it: the steps of an undo, and what
//! nothing brings back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::again::MadeAgain;
use super::begun::{self, Stands};
use super::call::ClaimAnswer;
use super::detour::Detour;
use super::loss::Loss;
use super::record::{self, Written, written};
use super::said::{self, Said};
use super::unheard::unheard;
use crate::effects::exec::Exec;
use crate::effects::give_up::GiveUp;
use crate::effects::scale::Scale;
use crate::effects::{Effect, Target};

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
    /// What earlier undos have made again.
    pub(super) again: MadeAgain,
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
        let refused = record::refused(lines);
        // A command that ended badly was run all the same.
        let is_there = |step: &Written| matches!(step.effect, Effect::Exec(_)) || !refused.contains(&step.number);
        let all = written(lines).into_iter().filter(|step| !undone.contains(&step.number) && is_there(step));
        let all: Vec<Written> = all.collect();
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
            again: MadeAgain::of(lines),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::effects::EffectError;
    use crate::effects::object::create::CreateObject;

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

    #[test]
    fn what_the_server_has_refused_is_not_taken_back() {
        let create = json!(Effect::CreateObject(CreateObject {
            object: super::super::reads::reference("ConfigMap", "default", "made"),
            manifest: json!({ "data": {} }),
            instead_of: None,
        }));
        let call = json!({ "call": "effect", "effect": create });
        let intent = json!({ "n": 1, "state": "intent", "effect": { "call": call }, "undo": [create] });
        let steps = |last: Value| Undoing::of(&[intent.clone(), last]).steps.len();
        let failed = |error: EffectError| json!({ "n": 1, "state": "failed", "why": error.for_journal() });
        assert_eq!(steps(failed(EffectError::Overtaken)), 0);
        assert_eq!(steps(failed(EffectError::AnswerLost { detail: None })), 1);
        assert_eq!(steps(json!({ "n": 1, "state": "done" })), 1);
    }
}

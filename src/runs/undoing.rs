//! What there is to take back, as a journal says it: the steps of an undo, and what
//! nothing brings back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::again::MadeAgain;
use super::begun::{self, Stand, Stands};
use super::call::ClaimAnswer;
use super::detour::Detour;
use super::loss::Loss;
use super::record::{self, Lowered, Written, written};
use super::said::{self, Said};
use super::undo::Of;
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
    /// How far an earlier undo came that took members away.
    pub(super) lowered: Vec<Lowered>,
    /// How far an earlier undo came with what the script has said for it.
    pub(super) stands: Stands,
    /// What earlier undos have made again.
    pub(super) again: MadeAgain,
    /// The titles of what earlier undos have left out, as somebody wanted it.
    left_out: Vec<String>,
}

/// One effect of what the script has said.
pub struct Part<'a> {
    pub effect: &'a Effect,
    /// An earlier undo has done it.
    pub is_done: bool,
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

    /// The effects that it is made of, in their order: none of what is left out.
    #[must_use]
    pub fn undo(&self) -> &[Effect] {
        match self {
            Self::Written(written) => &written.undo,
            Self::Said(said) if said.left_out => &[],
            Self::Said(said) => &said.effects,
        }
    }

    /// How it is called, if the script has said it.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        match self {
            Self::Written(_) => None,
            Self::Said(said) => Some(&said.label),
        }
    }

    /// The same without what an earlier undo has brought to its end.
    fn to_come<'a>(&'a self, stands: &'a Stands) -> impl Iterator<Item = (Of, &'a Effect)> {
        let number = self.number();
        let of = move |part| match self {
            Self::Written(_) => Of { number, part: None },
            Self::Said(_) => Of { number, part: Some(part) },
        };
        let parts = self.undo().iter().zip(0_u64..).map(move |(effect, part)| (of(part), effect));
        parts.filter(|(of, _)| of.part.is_none_or(|part| stands.get(&(of.number, part)) != Some(&Stand::Done)))
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
        let left_out = lines.iter().filter(|line| line["state"] == "left-out");
        let left_out: BTreeSet<u64> = left_out.filter_map(|line| line["of"].as_u64()).collect();
        let (gone, mut said): (Vec<Said>, Vec<Said>) =
            said::said(lines).into_iter().partition(|said| left_out.contains(&said.number));
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
            left_out: gone.into_iter().map(|said| said.label).collect(),
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
        for (of, effect) in self.to_come() {
            let Effect::Scale(scale) = effect else { continue };
            // Those that went in an earlier undo are not asked for again.
            let so_far = self.lowered.iter().filter(|lowered| lowered.of == of && lowered.done);
            let so_far = so_far.map(|lowered| lowered.to).min();
            let from = scale.from.map(|from| so_far.map_or(from, |to| from.min(to)));
            let going = from.and_then(|from| from.checked_sub(scale.to)).unwrap_or(0);
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

    /// Leaves out what the script has said under these titles.
    ///
    /// # Errors
    /// The first title under which nothing is left to do.
    pub fn leave_out<'a>(&mut self, titles: &'a [String]) -> Result<(), &'a str> {
        for title in titles {
            let mut found = self.left_out.contains(title);
            for step in &mut self.steps {
                if let Step::Said(said) = step
                    && said.label == *title
                {
                    (said.left_out, found) = (true, true);
                }
            }
            if !found {
                return Err(title);
            }
        }
        Ok(())
    }

    /// The titles of what is left out, by this undo or an earlier one.
    #[must_use]
    pub fn left_out(&self) -> Vec<&str> {
        let now = self.said().filter(|said| said.left_out).map(|said| said.label.as_str());
        self.left_out.iter().map(String::as_str).chain(now).collect()
    }

    /// What no earlier undo has brought to its end, with what it is for.
    pub(super) fn to_come(&self) -> impl Iterator<Item = (Of, &Effect)> {
        self.steps.iter().flat_map(|step| step.to_come(&self.stands))
    }

    /// The effects that are left to be written.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.to_come().map(|(_, effect)| effect)
    }

    /// The effects of one that the script has said, in their order.
    pub fn parts<'a>(&'a self, said: &'a Said) -> impl Iterator<Item = Part<'a>> {
        said.parts(&self.stands).map(|(_, effect, stand)| Part { effect, is_done: stand == Some(Stand::Done) })
    }

    /// The programs that an earlier undo has started without hearing their end, each with what
    /// the script has said it for.
    pub fn unanswered(&self) -> impl Iterator<Item = (&Said, &Exec)> {
        let parts = self
            .said()
            .filter(|said| !said.left_out)
            .flat_map(|said| said.parts(&self.stands).map(move |(_, effect, stand)| (said, effect, stand)));
        parts.filter_map(|(said, effect, stand)| match (effect, stand) {
            (Effect::Exec(exec), Some(Stand::Unheard)) => Some((said, exec)),
            _ => None,
        })
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
    fn members_that_went_in_an_earlier_undo_are_not_counted_again_and_those_that_may_have_gone_are() {
        let set = Target { object: super::super::reads::reference("StatefulSet", "default", "web"), uid: "u".into() };
        let scale = |from: u64, to: u64| json!(Effect::Scale(Scale { set: set.clone(), to, from: Some(from) }));
        let call = |from: u64, to: u64| json!({ "call": { "call": "effect", "effect": scale(from, to) } });
        let run = json!({ "n": 1, "state": "intent", "effect": call(1, 4), "undo": [scale(4, 1)] });
        let asked = |n: u64, of: u64, to: u64| {
            let mut what = call(to + 1, to);
            what["takesBack"] = json!(of);
            json!({ "n": n, "state": "undoing", "effect": what })
        };
        let done = |n: u64| json!({ "n": n, "state": "done" });
        let going = |more: &[Value]| {
            let lines = [&[run.clone(), done(1)], more].concat();
            Undoing::of(&lines).lowers().iter().map(|(_, going)| *going).collect::<Vec<_>>()
        };
        assert_eq!(going(&[]), [3]);
        assert_eq!(going(&[asked(2, 1, 3)]), [3]);
        assert_eq!(going(&[asked(2, 1, 3), done(2)]), [2]);
        assert_eq!(going(&[asked(2, 9, 3), done(2)]), [3], "it was about something else");
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

//! What became of a run, object by object: what was planned, what was done and
//! when, what is kept and can be taken back. Made from its folder alone, so that
//! a run that was killed has a report too.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::entries::entries;
use super::folder::{About, RunFolder, State};
use super::undoing::{Step, Undoing};
use crate::effects::Effect;

pub use super::entries::{Entry, Outcome, time};

/// The whole report.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub api_version: String,
    pub kind: String,
    pub run: String,
    pub command: String,
    pub parameters: Map<String, Value>,
    pub cluster: String,
    pub namespace: String,
    /// Who ran it, as the cluster knows them; null where it does not say.
    pub by: Option<String>,
    /// `done`, `stopped`, `undone`, …; `open` of one that is going on or was killed.
    pub state: String,
    /// Why it stopped: code and words.
    pub stopped: Option<Why>,
    /// RFC 3339; null before the first line of its journal.
    pub began: Option<String>,
    pub ended: Option<String>,
    /// How often what was left was planned anew.
    pub replanned: usize,
    pub effects: Vec<Entry>,
    /// Volumes with data of members that are gone.
    pub kept: Vec<Kept>,
    /// What the script says for an undo, and one has left out: the titles.
    pub left_out: Vec<String>,
    pub outputs: Map<String, Value>,
    /// How many effects an undo would take back.
    #[serde(skip)]
    undoable: usize,
    /// The command that does.
    #[serde(skip)]
    pub undo: String,
}

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    pub code: String,
    pub message: String,
}

/// A volume that was protected and whose claim is gone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    pub volume: String,
    pub uid: String,
    pub claim: String,
    pub set: String,
    pub template: String,
    pub ordinal: u64,
    /// Whether an answer says that the claim is gone.
    pub certain: bool,
}

impl Report {
    /// The report of what stands in a run's folder.
    #[must_use]
    pub fn of(folder: &RunFolder, about: &About, lines: &[Value]) -> Self {
        let plan = folder.plan().ok();
        let ended = lines.last().filter(|line| line["state"] == "ended");
        let text = |line: &Value, field: &str| line[field].as_str().map(str::to_owned);
        let stopped = ended.and_then(|line| Some(Why { code: text(line, "code")?, message: text(line, "why")? }));
        let entries = entries(plan.as_ref(), lines);
        Self {
            api_version: "kubectl-stateful/v1".to_owned(),
            kind: "Report".to_owned(),
            run: folder.id.to_string(),
            command: about.command.clone(),
            parameters: about.parameters.clone(),
            cluster: about.cluster.clone(),
            namespace: about.namespace.clone(),
            by: about.by.clone(),
            state: match RunFolder::state(lines) {
                State::Ended(how) => how,
                State::Open => "open".to_owned(),
            },
            stopped,
            began: lines.first().and_then(time),
            ended: ended.and_then(time),
            replanned: lines.iter().filter(|line| line["state"] == "replanned").count(),
            kept: kept(lines, &entries),
            left_out: Undoing::of(lines).left_out().into_iter().map(str::to_owned).collect(),
            undoable: undoable(lines, &entries),
            undo: format!("undo {}", folder.id),
            effects: entries,
            outputs: outputs(lines),
        }
    }

    /// How many effects can still be taken back.
    #[must_use]
    pub const fn undoable(&self) -> usize {
        self.undoable
    }
}

/// Those that an undo would take back, and that came about as far as is known.
fn undoable(lines: &[Value], entries: &[Entry]) -> usize {
    let undoing = Undoing::of(lines);
    let left: BTreeSet<u64> = undoing.steps.iter().map(Step::number).collect();
    let came_about = |entry: &&Entry| matches!(entry.state, Outcome::Done | Outcome::Unknown);
    let written = entries.iter().filter(came_about).filter(|entry| left.contains(&entry.number)).count();
    written.saturating_add(undoing.said().count())
}

/// The volumes whose claims this run has deleted and not given back.
fn kept(lines: &[Value], entries: &[Entry]) -> Vec<Kept> {
    let mut kept = Vec::new();
    let is = |effect: &Effect, states: &[Outcome]| {
        let same = |entry: &&Entry| entry.verb == effect.verb() && entry.object == effect.object().to_string();
        entries.iter().filter(same).any(|entry| states.contains(&entry.state))
    };
    let gone = |effect: &Effect| is(effect, &[Outcome::Done, Outcome::Already, Outcome::Unknown]);
    let effect = |line: &Value| match serde_json::from_value(line["effect"]["call"].clone()) {
        Ok(Call::Effect { effect }) if line["state"] != "undoing" => Some(effect),
        _ => None,
    };
    let effects: Vec<Effect> = lines.iter().filter_map(effect).collect();
    for effect in effects.iter().filter(|effect| gone(effect)) {
        if let Effect::DeleteClaim(deleted) = effect {
            let protected = effects.iter().find_map(|effect| match effect {
                Effect::Protect(protect) if protect.volume == deleted.volume => Some(protect.template.clone()),
                _ => None,
            });
            kept.retain(|known: &Kept| known.uid != deleted.volume.uid);
            kept.push(Kept {
                volume: deleted.volume.object.name.clone(),
                uid: deleted.volume.uid.clone(),
                claim: deleted.claim.object.name.clone(),
                set: deleted.set.clone(),
                template: protected.unwrap_or_default(),
                ordinal: deleted.ordinal,
                certain: is(effect, &[Outcome::Done, Outcome::Already]),
            });
        } else if let Some(volume) = effect.destroys() {
            kept.retain(|known| known.uid != volume.uid);
        }
    }
    kept
}

/// What the script gave out.
fn outputs(lines: &[Value]) -> Map<String, Value> {
    let output = |line: &Value| match serde_json::from_value(line["call"].clone()) {
        Ok(Call::Output { key, value }) => Some((key, json!(value))),
        _ => None,
    };
    lines.iter().filter_map(output).collect()
}

#[cfg(test)]
mod tests {
    use super::super::reads::reference;
    use super::*;
    use crate::effects::Target;
    use crate::effects::delete_claim::DeleteClaim;

    fn target(kind: &str, name: &str) -> Target {
        Target { object: reference(kind, "default", name), uid: format!("uid-{name}") }
    }

    #[test]
    fn a_claim_whose_end_nobody_heard_of_is_not_called_gone() {
        let (claim, volume) = (target("PersistentVolumeClaim", "data-web-2"), target("PersistentVolume", "disk"));
        let effect = Effect::DeleteClaim(DeleteClaim { claim, volume, set: "web".to_owned(), ordinal: 2 });
        let intent = json!({ "n": 1, "state": "intent", "effect": { "call": Call::Effect { effect } } });
        let certain = |lines: &[Value]| {
            let kept = kept(lines, &entries(None, lines));
            kept.iter().map(|kept| kept.certain).collect::<Vec<_>>()
        };
        assert_eq!(certain(std::slice::from_ref(&intent)), [false]);
        assert_eq!(certain(&[intent.clone(), json!({ "n": 1, "state": "done" })]), [true]);
        assert!(certain(&[intent, json!({ "n": 1, "state": "failed", "why": "no" })]).is_empty());
    }
}

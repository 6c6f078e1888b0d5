//! D1, D2 and D4, each for one commit. `there` is what was there before it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::there::{There, is_terminating, text, title, uid};
use super::watcher::Confirmed;
use super::{Rule, Violation};
use crate::simulator::faults::Seen;
use crate::simulator::store::Commit;

/// Who asked for the end of an object, by its UID; and of a set, who last
/// changed how many replicas it has or what becomes of their claims.
#[derive(Debug, Default)]
pub(super) struct Blame {
    asked: BTreeMap<String, String>,
    scaled: BTreeMap<String, Scaled>,
    /// The sets of pods that have changed: a claim's owner may be its pod.
    set_of: BTreeMap<String, String>,
    revision: u64,
    /// The revision that the run has last seen sets at, if it looked at all.
    looked: Option<u64>,
}

#[derive(Debug)]
struct Scaled {
    by: String,
    revision: u64,
}

impl Blame {
    pub fn take(&mut self, commit: &Commit) {
        self.revision = commit.revision;
        let Some(object) = commit.after.as_deref().or(commit.before.as_deref()) else { return };
        let was_asked = commit.before.as_deref().is_some_and(is_terminating);
        if !was_asked && commit.after.as_deref().is_none_or(is_terminating) {
            self.asked.entry(uid(object).to_owned()).or_insert_with(|| commit.by.clone());
        }
        if commit.kind.kind == "Pod"
            && let Some(set) = owners(object).find(|owner| owner["kind"] == "StatefulSet")
        {
            self.set_of.insert(uid(object).to_owned(), text(set, "/uid").to_owned());
        }
        if commit.kind.kind == "StatefulSet" {
            let wish = |object: Option<&Value>| {
                object.map(|set| {
                    let spec = &set["spec"];
                    (
                        spec["replicas"].clone(),
                        spec["persistentVolumeClaimRetentionPolicy"].clone(),
                        is_terminating(set),
                    )
                })
            };
            if wish(commit.before.as_deref()) != wish(commit.after.as_deref()) {
                let scaled = Scaled { by: commit.by.clone(), revision: commit.revision };
                self.scaled.insert(uid(object).to_owned(), scaled);
            }
        }
    }

    /// Takes in a request of the run, before it arrives.
    pub fn looks(&mut self, request: &Seen) {
        if request.method == "GET" && request.path.contains("/statefulsets") {
            self.looked = self.looked.max(Some(self.revision.saturating_sub(request.stale)));
        }
    }

    /// Whether others have scaled this set since the run looked. Who never looks
    /// loses no race.
    pub fn is_race(&self, set: &str, confirmed: &Confirmed) -> bool {
        let (Some(scaled), Some(looked)) = (self.scaled.get(set), self.looked) else { return false };
        scaled.revision > looked && confirmed.others.contains(&scaled.by)
    }

    /// Whether somebody else than the run caused the end of a claim: by asking
    /// for it, or by scaling the set that deletes it.
    fn is_others(&self, claim: &Value, confirmed: &Confirmed) -> bool {
        let is_other = |by: Option<&String>| by.is_some_and(|by| confirmed.others.contains(by));
        if is_other(self.asked.get(uid(claim))) {
            return true;
        }
        owners(claim).any(|owner| {
            let owner = text(owner, "/uid");
            let owner = self.set_of.get(owner).map_or(owner, String::as_str);
            is_other(self.asked.get(owner)) || is_other(self.scaled.get(owner).map(|scaled| &scaled.by))
        })
    }

    fn is_asked_by_others(&self, object: &Value, confirmed: &Confirmed) -> bool {
        self.asked.get(uid(object)).is_some_and(|by| confirmed.others.contains(by))
    }
}

/// D1: a volume that held data for a claim is gone, or is left to be deleted.
pub(super) fn data_loss(there: &There, blame: &Blame, commit: &Commit, confirmed: &Confirmed) -> Option<Violation> {
    let lost = |volume: &Value, how: &str| {
        let is_given_up = confirmed.volumes.contains(uid(volume)) || blame.is_asked_by_others(volume, confirmed);
        let claim = text(volume, "/spec/claimRef/name");
        let what = format!("{} of claim {claim} {how}", title(volume));
        (!is_given_up).then(|| Violation::new(Rule::DataLoss, what))
    };
    match (commit.kind.kind, commit.before.as_deref(), commit.after.as_deref()) {
        ("PersistentVolumeClaim", Some(claim), None) => {
            let volume = there.get("PersistentVolume", "", text(claim, "/spec/volumeName"))?;
            let is_its = text(volume, "/spec/claimRef/uid") == uid(claim);
            if !is_its || !is_to_be_deleted(volume) || blame.is_others(claim, confirmed) {
                return None;
            }
            lost(volume, "is left to be deleted")
        }
        ("PersistentVolume", Some(volume), None) if has_held(volume) => {
            // What its policy did was told when its claim went.
            let is_told = is_to_be_deleted(volume) && claim_of(there, volume).is_none();
            if is_told { None } else { lost(volume, "is deleted") }
        }
        ("PersistentVolume", Some(before), Some(after)) => {
            let turned = !is_to_be_deleted(before) && is_to_be_deleted(after);
            let is_others = confirmed.others.contains(&commit.by);
            if turned && !is_others && has_held(after) && claim_of(there, after).is_none() {
                return lost(after, "is left to be deleted by its new policy");
            }
            None
        }
        _ => None,
    }
}

fn is_to_be_deleted(volume: &Value) -> bool {
    text(volume, "/spec/persistentVolumeReclaimPolicy") == "Delete"
}

fn has_held(volume: &Value) -> bool {
    !text(volume, "/spec/claimRef/uid").is_empty()
}

fn claim_of<'a>(there: &'a There, volume: &Value) -> Option<&'a Value> {
    let [namespace, name, wanted] =
        ["namespace", "name", "uid"].map(|field| text(&volume["spec"]["claimRef"], &format!("/{field}")));
    there.get("PersistentVolumeClaim", namespace, name).filter(|claim| uid(claim) == wanted)
}

/// D2: the run has a claim deleted that a pod of a set uses, or that a set will
/// want again. Tells the UID of that set, too.
pub(super) fn doomed_claim(there: &There, commit: &Commit, confirmed: &Confirmed) -> Option<(Violation, String)> {
    let claim = commit.before.as_deref().filter(|_| commit.kind.kind == "PersistentVolumeClaim")?;
    let ends = !is_terminating(claim) && commit.after.as_deref().is_none_or(is_terminating);
    if !ends || !confirmed.ours.contains(&commit.by) {
        return None;
    }
    let name = text(claim, "/metadata/name");
    if let Some(pod) = there.of("Pod", &commit.namespace).find(|pod| is_member_with(pod, name)) {
        let what = format!("{} is deleted while {} uses it", title(claim), title(pod));
        let set = owners(pod).find(|owner| owner["kind"] == "StatefulSet").map_or("", |set| text(set, "/uid"));
        return Some((Violation::new(Rule::DoomedClaim, what), set.to_owned()));
    }
    let set = there.of("StatefulSet", &commit.namespace).find(|set| wants(set, name))?;
    let what = format!("{} is deleted while {} wants it", title(claim), title(set));
    Some((Violation::new(Rule::DoomedClaim, what), uid(set).to_owned()))
}

fn is_member_with(pod: &Value, claim: &str) -> bool {
    let is_over = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    let mut volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    !is_over
        && owners(pod).any(|owner| owner["kind"] == "StatefulSet")
        && volumes.any(|volume| text(volume, "/persistentVolumeClaim/claimName") == claim)
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}

/// Whether the claim belongs to an ordinal in the set's range.
fn wants(set: &Value, claim: &str) -> bool {
    let spec = &set["spec"];
    let start = spec["ordinals"]["start"].as_i64().unwrap_or(0);
    let end = start.saturating_add(spec["replicas"].as_i64().unwrap_or(1));
    let templates = spec["volumeClaimTemplates"].as_array().into_iter().flatten();
    let ordinal = templates.into_iter().find_map(|template| {
        let prefix = format!("{}-{}-", text(template, "/metadata/name"), text(set, "/metadata/name"));
        claim.strip_prefix(&prefix)?.parse::<i64>().ok()
    });
    !is_terminating(set) && ordinal.is_some_and(|ordinal| (start..end).contains(&ordinal))
}

/// D4: the run touches what was not shown.
pub(super) fn surprise(commit: &Commit, confirmed: &Confirmed) -> Option<Violation> {
    if !confirmed.ours.contains(&commit.by) || commit.kind.kind == "Event" {
        return None;
    }
    let object = commit.before.as_deref().or(commit.after.as_deref())?;
    let is_shown = confirmed.shown.contains(uid(object)) || is_made(commit, confirmed);
    let what = format!("{} ({}) was not shown", title(object), uid(object));
    (!is_shown).then(|| Violation::new(Rule::Surprise, what))
}

/// Whether the run makes what was shown as made. What stood at its place before
/// is a stranger's.
pub(super) fn is_made(commit: &Commit, confirmed: &Confirmed) -> bool {
    let place = (commit.kind.kind.to_owned(), commit.namespace.clone(), commit.name.clone());
    commit.before.is_none() && confirmed.ours.contains(&commit.by) && confirmed.made.contains(&place)
}

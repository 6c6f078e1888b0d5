//! Volumes that a run of ours has marked as retired, and that claims still have:
//! what a run leaves that was stopped half-way, there or on the way back.

use std::collections::BTreeMap;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::claim::Claim;
use crate::facts::mark::Mark;
use crate::facts::volume::Volume;
use crate::facts::words::VolumePhase;

pub static RULE: Rule = Rule {
    code: "run-stopped",
    severity: Severity::Warning,
    sources: &["H-48"],
    summary: "volumes are marked as retired, and claims still have them",
    page: include_str!("../../../docs/explain/run-stopped.md"),
    checks: &[Check::Live(check)],
};

/// A volume with its mark and the claim that has it.
struct Half<'a> {
    volume: &'a Volume,
    mark: &'a Mark,
    claim: &'a Claim,
}

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    if sight.is_worked_on() {
        return Vec::new();
    }
    let mut runs: BTreeMap<&str, Vec<Half<'_>>> = BTreeMap::new();
    for half in sight.scene.volumes.iter().flat_map(|all| all.values()).filter_map(|volume| half(volume, sight)) {
        runs.entry(&half.mark.run).or_default().push(half);
    }
    let mut found = Vec::new();
    for (run, halves) in runs {
        let (before, back): (Vec<Half<'_>>, Vec<Half<'_>>) =
            halves.into_iter().partition(|half| half.claim.meta.uid == half.mark.claim_uid);
        found.extend((!before.is_empty()).then(|| on_the_way(sight, run, &before)));
        found.extend(back.first().map(|first| on_the_way_back(sight, run, &first.volume.meta.name, &back)));
    }
    found
}

fn half<'a>(volume: &'a Volume, sight: &Sight<'a>) -> Option<Half<'a>> {
    let mark = volume.mark.as_ref().filter(|mark| mark.set == sight.set().meta.name)?;
    let held = volume.claim.as_ref().filter(|held| held.namespace == sight.namespace())?;
    let claim = sight.scene.claims.as_ref()?.get(held.name.as_str()).copied()?;
    let is_bound = volume.phase == VolumePhase::Bound && volume.belongs_to(claim);
    is_bound.then_some(Half { volume, mark, claim })
}

/// Protected, and its claim was not deleted.
fn on_the_way(sight: &Sight<'_>, run: &str, halves: &[Half<'_>]) -> Finding {
    let volumes = if halves.len() == 1 { "1 volume".to_owned() } else { format!("{} volumes", halves.len()) };
    let message = format!("run `{run}` has begun to retire {volumes} and stopped half-way");
    with_evidence(RULE.of_set(sight, message), halves)
        .because(
            "what is marked as retired still has its claim: the run was killed in between, or was only meant to \
             protect it; nothing is lost, but the reclaim policy is not what it was",
        )
        .remedy("on the machine where it was started carry it on; `undo` with its id takes it back instead")
        .command(Command::resume(sight.namespace(), run))
}

/// Claims have them again, and the mark was not taken off.
fn on_the_way_back(sight: &Sight<'_>, run: &str, first: &str, halves: &[Half<'_>]) -> Finding {
    let message = match halves.len() {
        1 => format!("run `{run}` has retired 1 volume, and a new claim has it again"),
        several => format!("run `{run}` has retired {several} volumes, and new claims have them again"),
    };
    with_evidence(RULE.of_set(sight, message), halves)
        .because(
            "it was bound again by hand, or by a run that stopped half-way: it is still marked as retired, and keeps \
             the reclaim policy `Retain`",
        )
        .remedy(
            "look at `runs` for one to carry on; if there is none, take the mark off each; the \
             volume stays `Retain`",
        )
        .command(Command::take_mark_off(first))
}

fn with_evidence(finding: Finding, halves: &[Half<'_>]) -> Finding {
    let line = |half: &Half<'_>| {
        let (volume, mark) = (half.volume, half.mark);
        format!(
            "volume `{}` of claim `{}`: marked at {}, reclaim policy {}, {} before",
            volume.meta.name,
            half.claim.meta.name,
            mark.at,
            volume.reclaim_policy.as_str(),
            mark.former_policy
        )
    };
    halves.iter().take(10).map(line).fold(finding, Finding::evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    fn marked(claim_uid: &str) -> Broken {
        let mut broken = Broken::new();
        let mark = Mark {
            set: "web".to_owned(),
            template: "data".to_owned(),
            ordinal: 0,
            claim_uid: claim_uid.to_owned(),
            claim_labels: BTreeMap::new(),
            former_policy: "Delete".to_owned(),
            run: "0mfc2k5qabcd".to_owned(),
            at: "2026-03-13T11:50:00Z".to_owned(),
        };
        json_patch::merge(&mut broken.volume, &json!({ "metadata": mark.metadata() }));
        broken.volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        broken
    }

    fn own_claim() -> String {
        Broken::new().claim["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_protected_volume_whose_claim_is_still_there_is_that_of_a_stopped_run() {
        let broken = marked(&own_claim());
        assert_eq!(tells(&RULE, &broken), ["run `0mfc2k5qabcd` has begun to retire 1 volume and stopped half-way"]);
        let found = broken.findings(&RULE).remove(0);
        assert!(found.evidence[0].ends_with("marked at 2026-03-13T11:50:00Z, reclaim policy Retain, Delete before"));
        assert_eq!(found.command, Some(Command::resume("default", "0mfc2k5qabcd")));
    }

    #[test]
    fn a_mark_that_is_left_on_a_volume_with_a_new_claim_is_told_with_what_takes_it_off() {
        let broken = marked("an-older-claim");
        assert_eq!(tells(&RULE, &broken), ["run `0mfc2k5qabcd` has retired 1 volume, and a new claim has it again"]);
        let volume = broken.volume["metadata"]["name"].as_str().unwrap();
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::take_mark_off(volume)));
    }

    #[test]
    fn a_run_at_work_a_retired_volume_and_the_marks_of_others_are_not() {
        calm(&RULE, &Broken::new());
        let mut at_work = marked(&own_claim());
        at_work.more.push(json!({"kind": "Lease", "metadata": {"namespace": "default", "name": "stateful-web"},
            "spec": {"holderIdentity": "0mfc2k5qabcd", "renewTime": "2026-03-13T11:59:50.000000Z"}}));
        calm(&RULE, &at_work);
        let mut retired = marked(&own_claim());
        retired.claim = json!({});
        retired.volume["status"]["phase"] = json!("Released");
        calm(&RULE, &retired);
        let mut other = marked(&own_claim());
        other.volume["metadata"]["annotations"]["kubectl-stateful/set"] = json!("db");
        calm(&RULE, &other);
    }
}

//! Claims of ordinals that the set does not want: they cost, and come back with old data.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::leftovers::EarlierClaim;
use crate::facts::words::ReclaimPolicy;

pub static RULE: Rule = Rule {
    code: "leftover-claims",
    severity: Severity::Warning,
    sources: &["S5-e4", "S4-e7", "SS-71", "H-45"],
    summary: "claims of earlier members are left",
    page: include_str!("../../../docs/explain/leftover-claims.md"),
    checks: &[Check::Deep(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let left = sight.overview.leftovers.as_deref().unwrap_or_default();
    let staying: Vec<_> = left.iter().filter(|claim| !claim.deleting).collect();
    if staying.is_empty() || sight.is_worked_on() {
        return Vec::new();
    }
    let number = if staying.len() == 1 { "1 claim is".to_owned() } else { format!("{} claims are", staying.len()) };
    let finding = RULE.of_set(sight, format!("{number} left from members that the set no longer has"));
    let line = |claim: &&EarlierClaim| {
        let policy = claim.reclaim_policy.as_ref().map_or("unknown", ReclaimPolicy::as_str);
        format!(
            "claim `{}`, {}, {} old, reclaim policy of its volume: {policy}",
            claim.name,
            claim.size,
            claim.age(sight.scene.now)
        )
    };
    let finding = staying.iter().take(10).map(line).fold(finding, Finding::evidence).because(
        "they cost what their volumes cost; when the set grows again its new members start with the old data in them",
    );
    vec![if are_whole(sight, &staying) {
        finding
            .remedy("keep them if the members are to come back with their data; else retire them: the claims go, and their volumes stay until they are purged")
            .command(Command::retire_leftovers(sight.namespace(), &sight.set().meta.name))
    } else {
        finding
            .remedy("keep them if the members are to come back; else look at the reclaim policy of each volume, and delete the claims by name: one without a volume holds nothing")
            .command(Command::get(Some(sight.namespace()), "persistentvolumeclaim"))
    }]
}

/// Members are retired with all their claims or not at all, and only what has a volume can be kept.
fn are_whole(sight: &Sight<'_>, claims: &[&EarlierClaim]) -> bool {
    let templates = sight.set().templates.len();
    let of_its_member = |claim: &EarlierClaim| claims.iter().filter(|other| other.ordinal == claim.ordinal).count();
    claims.iter().all(|claim| claim.reclaim_policy.is_some() && of_its_member(claim) == templates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::claim;

    #[test]
    fn claims_that_nobody_wants_any_more_are_told() {
        let mut broken = Broken::new();
        broken.more.extend(claim("data", "web", 1, "eu-1a"));
        assert_eq!(tells(&RULE, &broken), ["1 claim is left from members that the set no longer has"]);
        assert_eq!(
            broken.findings(&RULE)[0].evidence,
            ["claim `data-web-1`, 10Gi, 12d old, reclaim policy of its volume: Delete"]
        );
        let typed = |broken: &Broken| broken.findings(&RULE).remove(0).command.unwrap().words.join(" ");
        assert_eq!(typed(&broken), "volumes retire web");
        broken.more[0]["spec"]["volumeName"] = json!(null);
        broken.more[0]["status"]["phase"] = json!("Pending");
        assert_eq!(typed(&broken), "get persistentvolumeclaim");
    }

    #[test]
    fn claims_of_members_and_those_that_a_run_is_about_to_retire_are_not() {
        calm(&RULE, &Broken::new());
        let mut at_work = Broken::new();
        at_work.more.extend(claim("data", "web", 1, "eu-1a"));
        at_work.more.push(json!({"kind": "Lease", "metadata": {"namespace": "default", "name": "stateful-web"},
            "spec": {"holderIdentity": "0mfc2k5qabcd", "renewTime": "2026-03-13T11:59:50.000000Z"}}));
        calm(&RULE, &at_work);
    }
}

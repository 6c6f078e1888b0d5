//! A claim that gets no volume, with each volume that was considered and why not.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;
use crate::diagnosis::words::quoted;
use crate::facts::binding::{Prospect, prospect};
use crate::facts::overview::ClaimOverview;
use crate::facts::volume::Volume;
use crate::facts::wish::Wish;
use crate::facts::words::ClaimPhase;

pub static RULE: Rule = Rule {
    code: "claim-pending",
    severity: Severity::Error,
    sources: &["PV-14", "PV-02", "PV-04", "S1-e14", "S3-e8", "S5-e2"],
    summary: "a claim gets no volume",
    page: include_str!("../../../docs/explain/claim-pending.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.claims().filter_map(|(member, claim)| of_claim(sight, member, claim)).collect()
}

fn of_claim(sight: &Sight<'_>, member: &Member<'_>, overview: &ClaimOverview) -> Option<Finding> {
    let claim = overview.claim.as_ref().filter(|claim| claim.phase == ClaimPhase::Pending)?;
    if words::waits_for_pod(claim, sight.scene) {
        return None;
    }
    let finding = RULE
        .of_member(
            member,
            format!("claim `{}` has no volume yet{}", overview.name, words::why_pending(claim, sight.scene)),
        )
        .about(format!("PersistentVolumeClaim/{}", overview.name))
        .because("the pod is put on no node before its claims have volumes")
        .command(Command::describe(Some(sight.namespace()), "persistentvolumeclaim", &overview.name));
    let (Some(volumes), Some(classes)) = (&sight.scene.volumes, &sight.around.classes) else {
        return Some(
            finding
                .evidence("volumes or classes could not be read")
                .remedy("let somebody look who may read volumes and classes"),
        );
    };
    let volumes: Vec<Volume> = volumes.values().map(|volume| (*volume).clone()).collect();
    let wish = Wish::of(claim);
    Some(match prospect(&wish, &volumes, classes) {
        Prospect::NoClass { class } => {
            let there: Vec<&String> = classes.iter().map(|class| &class.meta.name).collect();
            finding
                .evidence(format!("class `{class}` does not exist, nor does a volume of it"))
                .evidence(if there.is_empty() {
                    "there are no classes".to_owned()
                } else {
                    format!("there are {}", quoted(there))
                })
                .remedy("make the class, or a volume of this class; the class of a claim cannot be changed")
                .command(Command::get(None, "storageclass"))
        }
        Prospect::Nothing { obstacles, .. } => {
            let none = obstacles.is_empty();
            let others = volumes.len() - obstacles.len();
            let said = obstacles
                .iter()
                .take(10)
                .map(|(name, obstacle)| format!("volume `{name}` {}", obstacle.in_words(&wish)));
            let finding = said.fold(finding, Finding::evidence);
            let finding = match (none, others) {
                (true, 0) => finding.evidence("there are no volumes"),
                (false, 0) => finding,
                (_, 1) => finding.evidence("1 further volume belongs to another claim or is of another class"),
                (_, others) => {
                    finding.evidence(format!("{others} further volumes belong to other claims or are of other classes"))
                }
            };
            finding.remedy("make a volume that fits: at least as large, of the same class, with the same access modes")
        }
        Prospect::Made | Prospect::FirstUse { .. } | Prospect::Volume(_) => {
            finding.remedy("a volume should be on its way; if none comes, look at the driver of the class")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{claim, event, volume_name};

    fn broken() -> Broken {
        let mut broken = Broken::new();
        broken.claim["status"] = json!({"phase": "Pending"});
        broken.claim["spec"]["volumeName"] = json!(null);
        broken.volume["spec"]["claimRef"] = json!(null);
        broken.volume["status"]["phase"] = json!("Available");
        broken.volume["spec"]["capacity"]["storage"] = json!("1Gi");
        broken.volume["spec"]["accessModes"] = json!(["ReadWriteOnce"]);
        broken
    }

    #[test]
    fn each_volume_is_told_with_why_it_does_not_do() {
        assert_eq!(tells(&RULE, &broken()), ["claim `data-web-0` has no volume yet"]);
        let found = broken().findings(&RULE).remove(0);
        assert_eq!(found.evidence, [format!("volume `{}` holds 1Gi, and 10Gi are asked for", volume_name(0))]);
        let mut more = broken();
        let [_, mut others] = claim("data", "db", 7, "eu-1a");
        others["spec"]["storageClassName"] = json!("slow");
        more.more.push(others);
        let others = "1 further volume belongs to another claim or is of another class";
        assert_eq!(more.findings(&RULE)[0].evidence[1..], [others]);
        let mut other = broken();
        other.volume["spec"]["storageClassName"] = json!("slow");
        assert_eq!(
            other.findings(&RULE)[0].evidence,
            ["class `standard` does not exist, nor does a volume of it", "there are no classes"]
        );
    }

    #[test]
    fn the_last_event_says_why_and_without_rights_that_is_unknown() {
        let mut broken = broken();
        let class = "storageclass.storage.k8s.io \"x\" not found";
        broken.more.push(event("claim-data-web-0", "Warning", "ProvisioningFailed", class));
        assert_eq!(
            tells(&RULE, &broken),
            [format!("claim `data-web-0` has no volume yet: ProvisioningFailed: {class}")]
        );
        broken.hidden = vec!["Event", "PersistentVolume"];
        assert_eq!(tells(&RULE, &broken), ["claim `data-web-0` has no volume yet; why could not be read"]);
        assert_eq!(broken.findings(&RULE)[0].evidence, ["volumes or classes could not be read"]);
    }

    #[test]
    fn a_bound_claim_and_one_that_waits_for_its_pod_are_not() {
        calm(&RULE, &Broken::new());
        let mut waiting = broken();
        waiting.more.push(event("claim-data-web-0", "Normal", "WaitForFirstConsumer", "waiting"));
        calm(&RULE, &waiting);
    }
}

//! A claim that gets no volume, with each volume that was considered and why not.

use std::collections::BTreeSet;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::offers::Offers;
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;
use crate::facts::claim::Claim;
use crate::facts::inventory::Scene;
use crate::facts::ordinals::sets_of_claim;
use crate::facts::overview::ClaimOverview;
use crate::facts::pod::Pod;
use crate::facts::surroundings::Surroundings;
use crate::facts::words::ClaimPhase;

pub static RULE: Rule = Rule {
    code: "claim-pending",
    severity: Severity::Error,
    sources: &["PV-14", "PV-02", "PV-04", "S1-e14", "S3-e8", "S5-e2"],
    summary: "a claim gets no volume",
    page: include_str!("../../../docs/explain/claim-pending.md"),
    checks: &[Check::Live(check), Check::Namespace(unused)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.claims().filter_map(|(member, claim)| of_claim(sight, member, claim)).collect()
}

fn of_claim(sight: &Sight<'_>, member: &Member<'_>, overview: &ClaimOverview) -> Option<Finding> {
    let claim = overview.claim.as_ref().filter(|claim| claim.phase == ClaimPhase::Pending)?;
    if words::waits_for_pod(claim, sight.scene) && !gets_nothing(claim, sight.scene, sight.around) {
        return None;
    }
    let finding = RULE
        .of_member(
            member,
            format!("claim `{}` has no volume yet{}", overview.name, words::why_pending(claim, sight.scene)),
        )
        .because("the pod is put on no node before its claims have volumes");
    let Some(offers) = Offers::of(claim, sight.scene, sight.around) else {
        return Some(
            about(claim, finding)
                .evidence("volumes or classes could not be read")
                .remedy("let somebody look who may read volumes and classes"),
        );
    };
    let Some(found) = offers.why_none(about(claim, finding.clone())) else {
        let comes = "a volume should be on its way; if none comes, look at the driver of the class";
        return Some(about(claim, finding).remedy(comes));
    };
    Some(if offers.have_no_class() { found.remedy(MISSPELT) } else { found })
}

/// Neither the claim nor the template can be changed; what the set makes anew is as a new one says (SS-13).
const MISSPELT: &str = "make the class, or a volume of it; if another class is meant, the set is deleted without its pods and \
                        made again, and then the claim, which holds nothing: `explain claim-pending` says how";

/// Claims that no member of a set uses, and that nothing can be bound to.
fn unused(scene: &Scene<'_>, around: &Surroundings) -> Vec<Finding> {
    let (Some(claims), Some(pods)) = (&scene.claims, &scene.pods) else { return Vec::new() };
    let of_a_set = |pod: &&&Pod| pod.meta.controller().is_some_and(|owner| owner.kind == "StatefulSet");
    let members = pods.iter().filter(of_a_set).flat_map(|pod| &pod.claims);
    let used: BTreeSet<&str> = members.map(|used| used.claim.as_str()).collect();
    let is_unused = |claim: &&Claim| {
        claim.phase == ClaimPhase::Pending
            && claim.meta.deleting.is_none()
            && !used.contains(claim.meta.name.as_str())
            && sets_of_claim(&claim.meta.name, scene.sets.iter().copied()).is_empty()
    };
    let told = |claim: &Claim| {
        let finding = RULE
            .finding(format!("claim `{}`, which no set uses, has no volume", claim.meta.name))
            .because("a pod that uses it is put on no node before it has a volume");
        Offers::of(claim, scene, around)?.why_none(about(claim, finding))
    };
    claims.values().copied().filter(is_unused).filter_map(told).collect()
}

/// As far as can be seen there is nothing that it could be bound to, wherever its pod goes.
pub(super) fn gets_nothing(claim: &Claim, scene: &Scene<'_>, around: &Surroundings) -> bool {
    Offers::of(claim, scene, around).is_some_and(|offers| offers.are_none())
}

fn about(claim: &Claim, finding: Finding) -> Finding {
    let name = &claim.meta.name;
    finding.about(format!("PersistentVolumeClaim/{name}")).command(Command::describe(
        Some(&claim.meta.namespace),
        "persistentvolumeclaim",
        name,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{claim, class, event, pending_pod, volume_name};

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
        let small = format!("volume `{}` holds 1Gi, and 10Gi are asked for", volume_name(0));
        let word = "class `standard` is a word on volumes alone: no StorageClass of this name makes more of them";
        assert_eq!(found.evidence, [small.as_str(), word]);
        assert!(found.remedy.starts_with("make a volume that fits"), "{}", found.remedy);
        let mut classy = broken();
        classy.more.push(class("standard", "kubernetes.io/no-provisioner"));
        assert_eq!(classy.findings(&RULE)[0].evidence, [small.as_str()]);
        let typed = |broken: &Broken| broken.findings(&RULE).remove(0).command.unwrap().words.join(" ");
        let command = "create pv data-web-0 --size 10Gi --source local --storage-class standard --access-mode ReadWriteOnce \
                       --for-claim default/data-web-0";
        assert_eq!(typed(&broken()), command);
        let mut taken = broken();
        let mut namesake = taken.volume.clone();
        namesake["metadata"] = json!({"name": "data-web-0", "uid": "other"});
        taken.more.push(namesake);
        assert!(typed(&taken).starts_with("create pv default-data-web-0 "), "{}", typed(&taken));
        let mut named = broken();
        named.claim["spec"]["volumeName"] = json!("disk");
        assert!(typed(&named).starts_with("create pv disk "), "{}", typed(&named));
        named.claim["spec"]["volumeName"] = json!(volume_name(0));
        assert!(typed(&named).starts_with("describe persistentvolumeclaim "), "{}", typed(&named));
        let mut more = broken();
        let [_, mut others] = claim("data", "db", 7, "eu-1a");
        others["spec"]["storageClassName"] = json!("slow");
        more.more.push(others);
        let others = "1 further volume belongs to another claim or is of another class";
        assert_eq!(more.findings(&RULE)[0].evidence[1..], [others, word]);
        let mut other = broken();
        other.volume["spec"]["storageClassName"] = json!("slow");
        assert_eq!(
            other.findings(&RULE)[0].evidence,
            ["class `standard` does not exist, nor does a volume of it", "there are no classes"]
        );
        assert_eq!(other.findings(&RULE)[0].remedy, MISSPELT);
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
    fn a_claim_that_no_set_uses_is_told_if_nothing_can_be_bound_to_it() {
        let [mut alone, _] = claim("a", "b", 0, "eu-1a");
        alone["metadata"]["name"] = json!("backup");
        alone["status"] = json!({"phase": "Pending"});
        alone["spec"]["volumeName"] = json!(null);
        let mut broken = Broken::new();
        broken.more.push(alone);
        assert_eq!(tells(&RULE, &broken), ["claim `backup`, which no set uses, has no volume"]);
        assert_eq!(broken.findings(&RULE)[0].object.as_deref(), Some("PersistentVolumeClaim/backup"));
        broken.more.push(class("standard", "csi.example.org"));
        calm(&RULE, &broken);
    }

    #[test]
    fn a_bound_claim_and_one_that_waits_for_its_pod_are_not() {
        calm(&RULE, &Broken::new());
        let mut waiting = delayed("csi.example.org");
        calm(&RULE, &waiting);
        waiting.hidden = vec!["PersistentVolume"];
        calm(&RULE, &waiting);
    }

    /// The claim waits for its pod, and its class binds no earlier.
    fn delayed(provisioner: &str) -> Broken {
        let mut waiting = broken();
        waiting.more.push(event("claim-data-web-0", "Normal", "WaitForFirstConsumer", "waiting"));
        let mut class = class("standard", provisioner);
        class["volumeBindingMode"] = json!("WaitForFirstConsumer");
        waiting.more.push(class);
        waiting
    }

    #[test]
    fn one_that_waits_for_its_pod_in_vain_is_told_with_each_volume_and_how_many_more() {
        let mut waiting = delayed("kubernetes.io/no-provisioner");
        waiting.pod = pending_pod(
            "web",
            0,
            "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.",
        );
        let codes: Vec<_> = waiting.all().iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["claim-pending", "no-node"]);
        for number in 1..=11 {
            let [_, mut small] = claim("data", "db", number, "eu-1a");
            small["spec"] = waiting.volume["spec"].clone();
            small["status"] = json!({"phase": "Available"});
            waiting.more.push(small);
        }
        let evidence = waiting.findings(&RULE).remove(0).evidence;
        assert_eq!((evidence.len(), evidence[10].as_str()), (11, "2 more volumes do not fit either"));
        waiting.volume["spec"]["capacity"]["storage"] = json!("10Gi");
        calm(&RULE, &waiting);
    }
}

//! A set that exists, and a manifest that takes members off it.

use crate::diagnosis::beyond::Seen;
use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::facts::set::{Set, last_applied};
use crate::facts::words::RetentionPolicy;

pub static RULE: Rule = Rule {
    code: "shrinks-set",
    severity: Severity::Warning,
    sources: &["H-01", "H-03"],
    summary: "the manifest has fewer members than the set that exists",
    page: include_str!("../../../docs/explain/shrinks-set.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    all.of_kind(Kind::StatefulSet).filter_map(|document| shrinks(all, document)).collect()
}

fn shrinks(all: &Manifests, document: &Document) -> Option<Finding> {
    let Seen::There(live) = all.seen("StatefulSet", document.namespace(), document.name()) else { return None };
    let set = Set::read(live)?;
    let there = set.range.replicas;
    let written = document.at("spec.replicas").filter(|replicas| !replicas.is_null());
    let here = match written {
        Some(replicas) => u64::try_from(replicas.number()?).ok()?,
        // A number that `kubectl apply` did not write is not taken away by one that has none.
        None => last_applied(live)?["spec"]["replicas"].as_u64().map(|_| 1)?,
    };
    if here >= there {
        return None;
    }
    let members = if there == 1 { "member" } else { "members" };
    let message = format!("the set has {there} {members}, and applying this leaves {here}");
    let finding = match written {
        Some(replicas) => RULE.at(document, replicas, message),
        None => RULE.on(document, message).evidence(
            "`replicas` was in what was applied last and is not in the manifest: an apply takes it away, and without it a set has 1",
        ),
    };
    let claims_go = "`whenScaled: Delete`: the claims of these members go too, and their data";
    let finding = if takes_claims(document, &set) { finding.evidence(claims_go) } else { finding };
    let finding = finding.because("members go at once, and nobody asks the application whether it can lose them");
    Some(match written {
        Some(_) => finding
            .remedy(format!("write `replicas: {there}`; if fewer are meant, scale first with a plan, and apply then"))
            .command(Command::safe_scale(&set, here)),
        None => finding.remedy(format!(
            "write `replicas: {there}`; who leaves the number to an autoscaler takes it out of what was applied last first: \
             `explain shrinks-set` says how"
        )),
    })
}

/// As it will be: the manifest changes the policy with the number.
fn takes_claims(document: &Document, set: &Set) -> bool {
    match document.text("spec.persistentVolumeClaimRetentionPolicy.whenScaled") {
        "" => set.when_scaled == RetentionPolicy::Delete,
        written => written == RetentionPolicy::Delete.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::beyond::Beyond;
    use crate::diagnosis::samples::{SOUND, beyond, fires_beyond, silent, silent_beyond};

    fn live(replicas: u64) -> Value {
        crate::facts::samples::set("web", replicas)
    }

    fn applied(replicas: u64) -> Beyond {
        let mut set = live(replicas);
        let last = json!({"spec": {"replicas": replicas}}).to_string();
        set["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": last});
        beyond(&[set])
    }

    #[test]
    fn fewer_members_than_there_are_are_told_at_the_number() {
        let found = fires_beyond(&RULE, SOUND, beyond(&[live(5)]));
        assert_eq!(found[0].message, "the set has 5 members, and applying this leaves 3");
        assert_eq!(found[0].spot.as_ref().unwrap().line, 17);
        assert_eq!(found[0].command.as_ref().unwrap().words.join(" "), "scale web --replicas 3");
        let mut deleting = live(5);
        deleting["spec"]["persistentVolumeClaimRetentionPolicy"] = json!({"whenScaled": "Delete"});
        let found = fires_beyond(&RULE, SOUND, beyond(&[deleting]));
        assert_eq!(found[0].command.as_ref().unwrap().words.join(" "), "scale web --replicas 3 --claims retire");
    }

    #[test]
    fn a_number_that_is_gone_from_the_manifest_is_told_where_it_was_applied_before() {
        let without = SOUND.replace("  replicas: 3\n", "");
        let found = fires_beyond(&RULE, &without, applied(3));
        assert_eq!(found[0].message, "the set has 3 members, and applying this leaves 1");
        assert_eq!(found[0].command, None);
        assert!(found[0].evidence[0].starts_with("`replicas` was in what was applied last"), "{found:?}");
        assert_eq!(fires_beyond(&RULE, &SOUND.replace("replicas: 3", "replicas:"), applied(3)).len(), 1);
        silent_beyond(&RULE, &without, beyond(&[live(3)]));
        silent_beyond(&RULE, &without, applied(1));
        let mut by_server = live(3);
        by_server["metadata"]["managedFields"] =
            json!([{"operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
        silent_beyond(&RULE, &without, beyond(&[by_server]));
    }

    #[test]
    fn data_that_goes_with_the_members_is_told() {
        let policy = "persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n  replicas: 3";
        let deletes = fires_beyond(&RULE, &SOUND.replace("replicas: 3", policy), beyond(&[live(5)]));
        assert_eq!(deletes[0].evidence, ["`whenScaled: Delete`: the claims of these members go too, and their data"]);
    }

    #[test]
    fn as_many_more_or_a_new_set_are_left_alone() {
        silent_beyond(&RULE, SOUND, beyond(&[live(3)]));
        silent_beyond(&RULE, SOUND, beyond(&[live(1)]));
        silent_beyond(&RULE, SOUND, beyond(&[]));
        silent(&RULE, SOUND);
    }
}

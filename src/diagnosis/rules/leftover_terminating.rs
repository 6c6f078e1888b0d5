//! A claim left over from a larger set that is on its way out and held.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words;
use crate::facts::claim::Claim;

pub static RULE: Rule = Rule {
    code: "leftover-terminating",
    severity: Severity::Warning,
    sources: &["PV-50", "PV-56", "SS-72"],
    summary: "a leftover claim is being deleted",
    page: include_str!("../../../docs/explain/leftover-terminating.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let Some(claims) = &sight.scene.claims else { return Vec::new() };
    let going = sight.overview.leftovers.iter().flatten().filter(|leftover| leftover.deleting);
    let told = |claim: &Claim| {
        RULE.of_set(sight, format!("leftover claim `{}` {}", claim.meta.name, words::leaving(claim, sight.scene)))
            .about(format!("PersistentVolumeClaim/{}", claim.meta.name))
            .because("if the set grows over it before it is gone, the new member waits, and then starts empty")
            .remedy("see to whoever holds it; do not scale up before it is gone")
            .command(Command::describe(Some(sight.namespace()), "persistentvolumeclaim", &claim.meta.name))
    };
    going.filter_map(|leftover| claims.get(leftover.name.as_str())).map(|claim| told(claim)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    fn broken(deleting: bool) -> Broken {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(0);
        broken.pod = json!({});
        if deleting {
            broken.claim["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
            broken.claim["metadata"]["finalizers"] = json!(["kubernetes.io/pvc-protection", "snapshot/x"]);
        }
        broken
    }

    #[test]
    fn a_leftover_claim_on_its_way_out_is_told_with_who_holds_it() {
        assert_eq!(
            tells(&RULE, &broken(true)),
            ["leftover claim `data-web-0` is being deleted since 5m, held by finalizer `snapshot/x`"]
        );
    }

    #[test]
    fn one_that_stays_is_not() {
        calm(&RULE, &broken(false));
    }
}

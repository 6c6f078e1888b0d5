//! A run of ours that works on the set, or that was killed and left its lock.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::age::age_of;
use crate::facts::inventory::Scene;
use crate::facts::lock::{Held, lease_name};
use crate::facts::surroundings::Surroundings;

pub static RULE: Rule = Rule {
    code: "run-lock",
    severity: Severity::Warning,
    sources: &["H-47", "H-48"],
    summary: "a run works on the set, or has left its lock",
    page: include_str!("../../../docs/explain/run-lock.md"),
    checks: &[Check::Live(left), Check::Deep(at_work), Check::Namespace(of_no_set)],
};

fn left(sight: &Sight<'_>) -> Vec<Finding> {
    let over = sight.overview.lock.as_ref().filter(|held| held.is_over(sight.scene.now));
    over.map(|held| stopped(about(sight, died(held, sight.scene)), held)).into_iter().collect()
}

/// Locks on sets that are gone: nobody else looks at these.
fn of_no_set(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    let is_left = |held: &&Held| held.is_over(scene.now) && !scene.sets.iter().any(|set| set.meta.name == held.set);
    let told = |held: &Held| {
        let lease = lease_name(&held.set);
        let finding = RULE
            .finding(died(held, scene))
            .about(format!("Lease/{lease}"))
            .evidence(format!("it worked on StatefulSet `{}`, which does not exist", held.set));
        let finding = stopped(finding, held);
        let remedy = format!("{}; where nobody has its folder any more, delete the Lease", finding.remedy);
        finding.remedy(remedy)
    };
    scene.locks.iter().flatten().copied().filter(is_left).map(told).collect()
}

fn died(held: &Held, scene: &Scene<'_>) -> String {
    let [taken, renewed] = ages(held, scene);
    format!("run `{}` has stopped without an end: it began {taken} ago and was last alive {renewed} ago", held.run)
}

fn stopped(finding: Finding, held: &Held) -> Finding {
    finding
        .because(
            "it was killed, or cut off from the cluster: what it did stands, and the rest is not done; its lock \
             keeps nobody out any more",
        )
        .remedy(
            "on the machine where it was started carry it on; `undo` with its id takes it back instead, and `runs \
             unlock` removes the lock alone",
        )
        .command(Command::resume(&held.namespace, &held.run))
}

fn at_work(sight: &Sight<'_>) -> Vec<Finding> {
    let held = sight.overview.lock.as_ref().filter(|_| sight.is_worked_on());
    let told = |held: &Held| {
        let [taken, renewed] = ages(held, sight.scene);
        about(sight, format!("run `{}` works on it since {taken}, and was last alive {renewed} ago", held.run))
            .because(
                "it changes one thing after the other: what stands in between is not wrong, and a second run is refused",
            )
            .remedy("wait until it has ended; the machine where it was started lists it")
            .command(Command::runs(sight.namespace()))
    };
    held.map(told).into_iter().collect()
}

/// Since when it is held, and since when it was not kept alive.
fn ages(held: &Held, scene: &Scene<'_>) -> [String; 2] {
    [held.taken, held.renewed].map(|at| age_of(at, scene.now))
}

fn about(sight: &Sight<'_>, message: String) -> Finding {
    RULE.of_set(sight, message).evidence(format!("the lock is Lease/{}", lease_name(&sight.set().meta.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    fn locked(renewed: &str) -> Broken {
        let mut broken = Broken::new();
        broken.more.push(json!({"kind": "Lease", "metadata": {"namespace": "default", "name": "stateful-web"},
            "spec": {"holderIdentity": "0mfc2k5qabcd", "acquireTime": "2026-03-13T11:50:00.000000Z",
                "renewTime": renewed}}));
        broken
    }

    #[test]
    fn a_lock_that_nobody_keeps_alive_is_that_of_a_run_that_was_killed() {
        let broken = locked("2026-03-13T11:55:00.000000Z");
        assert_eq!(
            tells(&RULE, &broken),
            ["run `0mfc2k5qabcd` has stopped without an end: it began 10m ago and was last alive 5m ago"]
        );
        let found = broken.all();
        assert_eq!(found[0].code, "run-lock");
        assert_eq!(found[0].command, Some(Command::resume("default", "0mfc2k5qabcd")));
    }

    #[test]
    fn a_run_at_work_is_told_as_one() {
        let told = tells(&RULE, &locked("2026-03-13T11:59:50.000000Z"));
        assert_eq!(told, ["run `0mfc2k5qabcd` works on it since 10m, and was last alive 10s ago"]);
    }

    #[test]
    fn a_lock_on_a_set_that_is_gone_is_told_when_its_run_is() {
        let mut broken = locked("2026-03-13T11:55:00.000000Z");
        broken.more[0]["metadata"]["name"] = json!("stateful-db");
        let found = broken.findings(&RULE);
        assert_eq!(found[0].object.as_deref(), Some("Lease/stateful-db"));
        assert_eq!(found[0].evidence, ["it worked on StatefulSet `db`, which does not exist"]);
        assert_eq!(found[0].command, Some(Command::resume("default", "0mfc2k5qabcd")));
        broken.more[0]["spec"]["renewTime"] = json!("2026-03-13T11:59:50.000000Z");
        calm(&RULE, &broken);
    }

    #[test]
    fn locks_of_other_namespaces_and_other_leases_are_not() {
        calm(&RULE, &Broken::new());
        for (namespace, name) in [("other", "stateful-web"), ("default", "web")] {
            let mut broken = locked("2026-03-13T11:55:00.000000Z");
            broken.more[0]["metadata"] = json!({"namespace": namespace, "name": name});
            calm(&RULE, &broken);
        }
        let mut free = locked("2026-03-13T11:55:00.000000Z");
        free.more[0]["spec"]["holderIdentity"] = json!("");
        calm(&RULE, &free);
    }
}

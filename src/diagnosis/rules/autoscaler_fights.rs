//! An autoscaler and somebody else both decide how many members a set has.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words::quoted;
use crate::facts::autoscaler::Autoscaler;

pub static RULE: Rule = Rule {
    code: "autoscaler-fights",
    severity: Severity::Warning,
    sources: &["H-01", "H-02", "H-46"],
    summary: "an autoscaler and somebody else decide the number of members",
    page: include_str!("../../../docs/explain/autoscaler-fights.md"),
    checks: &[Check::Deep(check)],
};

const BECAUSE: &str = "members go and come with each change of mind; their claims stay, and come back with old data";

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let all = sight.around.autoscalers.iter().flatten();
    let ours: Vec<&Autoscaler> = all.filter(|scaler| scaler.scales(sight.set())).collect();
    let mut found = Vec::new();
    if let [_, .., last] = ours.as_slice() {
        let names = quoted(ours.iter().map(|scaler| &scaler.meta.name));
        found.push(
            RULE.of_set(sight, format!("{} autoscalers decide the number of members: {names}", ours.len()))
                .because(BECAUSE)
                .remedy("leave it to one of them, and delete the others")
                .command(Command::delete_autoscaler(sight.namespace(), &last.meta.name)),
        );
    }
    // At 0 an autoscaler rests (H-50).
    let replicas = sight.set().range.replicas;
    for scaler in ours.iter().filter(|_| replicas > 0) {
        found.extend(outside(sight, scaler, replicas));
        found.extend(applied(sight, scaler));
    }
    found
}

fn outside(sight: &Sight<'_>, scaler: &Autoscaler, replicas: u64) -> Option<Finding> {
    let (name, least, most) = (&scaler.meta.name, scaler.least, scaler.most);
    if (least..=most).contains(&replicas) {
        return None;
    }
    let (field, bound) = if replicas < least { ("minReplicas", "smaller") } else { ("maxReplicas", "larger") };
    Some(
        RULE.of_set(sight, format!("autoscaler `{name}` allows {least} to {most} members, and {replicas} are wanted"))
            .because(format!("the autoscaler brings the number back by itself, however often it is set; {BECAUSE}"))
            .remedy(format!("if the number is meant, make the autoscaler's `{field}` {bound} first"))
            .command(Command::bound_autoscaler(sight.namespace(), name, field, replicas)),
    )
}

fn applied(sight: &Sight<'_>, scaler: &Autoscaler) -> Option<Finding> {
    let applied = sight.set().applied_replicas?;
    Some(
        RULE.of_set(
            sight,
            format!(
                "the manifest that was applied says `replicas: {applied}`, and autoscaler `{}` decides the number, too",
                scaler.meta.name
            ),
        )
        .because(format!("each time the manifest is applied it brings its number back; {BECAUSE}"))
        .remedy(
            "take `replicas` out of what was applied last, and then out of the manifest: an apply that finds the field gone \
             from the manifest alone sets it to 1",
        )
        .command(Command::edit_applied(sight.namespace(), &sight.set().meta.name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::samples::{Broken, calm, tells};

    fn scaler(name: &str, least: u64, most: u64) -> Value {
        let target = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"});
        json!({"kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "default", "name": name},
            "spec": {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most}})
    }

    fn with(scalers: &[Value]) -> Broken {
        let mut broken = Broken::new();
        broken.more.extend_from_slice(scalers);
        broken
    }

    #[test]
    fn two_autoscalers_are_told_and_a_number_that_one_does_not_allow() {
        let two = with(&[scaler("a", 1, 3), scaler("b", 1, 3)]);
        assert_eq!(tells(&RULE, &two), ["2 autoscalers decide the number of members: `a`, `b`"]);
        assert_eq!(two.findings(&RULE)[0].command, Some(Command::delete_autoscaler("default", "b")));
        let few = with(&[scaler("a", 2, 3)]);
        assert_eq!(tells(&RULE, &few), ["autoscaler `a` allows 2 to 3 members, and 1 are wanted"]);
        let command = few.findings(&RULE)[0].command.clone().unwrap();
        assert_eq!(command.words.last().unwrap(), r#"{"spec":{"minReplicas":1}}"#);
    }

    #[test]
    fn a_manifest_that_brings_its_own_number_back_is_told() {
        let mut broken = with(&[scaler("a", 1, 3)]);
        broken.set["metadata"]["managedFields"] =
            json!([{"operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
        let told = "the manifest that was applied says `replicas: 1`, and autoscaler `a` decides the number, too";
        assert_eq!(tells(&RULE, &broken), [told]);
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::edit_applied("default", "web")));
    }

    #[test]
    fn one_autoscaler_alone_one_that_rests_and_one_of_something_else_are_not() {
        calm(&RULE, &with(&[scaler("a", 1, 3)]));
        let mut resting = with(&[scaler("a", 1, 3)]);
        resting.set["spec"]["replicas"] = json!(0);
        calm(&RULE, &resting);
        let mut other = scaler("a", 2, 3);
        other["spec"]["scaleTargetRef"]["kind"] = json!("Deployment");
        calm(&RULE, &with(&[other]));
    }
}

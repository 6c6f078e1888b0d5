//! The controller cannot make a pod or claim, in its own words.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::facts::event::newest;

pub static RULE: Rule = Rule {
    code: "failed-create",
    severity: Severity::Error,
    sources: &["SS-105", "SS-07", "SS-72"],
    summary: "the controller cannot make a pod or claim",
    page: include_str!("../../../docs/explain/failed-create.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let Some(events) = sight.scene.events.filter(|_| sight.lacks_pods()) else { return Vec::new() };
    let Some(event) = newest(events, &sight.set().meta.uid, |event| event.reason == "FailedCreate") else {
        return Vec::new();
    };
    let said = &event.message;
    let names = |member: &&Member<'_>| said.split(is_between_names).any(|word| word == member.row.name);
    let member = sight.members().iter().find(names).map(|member| member.row.name.clone());
    let finding = Finding { member, ..RULE.of_set(sight, event.said()) };
    vec![if said.contains("exceeded quota") {
        finding
            .because("a quota of the namespace is used up; in a set of ordered pods nothing goes on meanwhile")
            .remedy("raise the quota, or make room in the namespace")
            .command(Command::get(Some(sight.namespace()), "resourcequota"))
    } else if said.contains("must be no more than 63") {
        finding
            .because("the name of the set is too long for a label of its pods")
            .remedy("make the set anew under a name of 52 characters at most")
    } else if said.contains("is being deleted") {
        finding
            .because("the claim of the member is on its way out, and the set waits until it is gone")
            .remedy("see who holds the claim; when it is gone the set makes an empty one")
            .command(Command::get(Some(sight.namespace()), "persistentvolumeclaim"))
    } else {
        finding
            .because("the server refused what the controller tried to make; it tries again by itself")
            .remedy("mend what the message names")
            .command(Command::describe(Some(sight.namespace()), "statefulset", &sight.set().meta.name))
    }]
}

const fn is_between_names(letter: char) -> bool {
    !(letter.is_ascii_alphanumeric() || letter == '-' || letter == '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::command::Command;
    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::event;

    #[test]
    fn the_complaint_of_the_controller_is_told() {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(2);
        broken.more.push(event("set-web", "Warning", "FailedCreate", "create Pod web-1 failed: exceeded quota"));
        assert_eq!(tells(&RULE, &broken), ["FailedCreate: create Pod web-1 failed: exceeded quota"]);
        let finding = broken.findings(&RULE).remove(0);
        assert_eq!(finding.command, Some(Command::get(Some("default"), "resourcequota")));
        assert_eq!((finding.member.as_deref(), finding.object.as_deref()), (Some("web-1"), Some("StatefulSet/web")));
    }

    #[test]
    fn an_old_complaint_about_a_set_that_is_complete_is_not() {
        let mut broken = Broken::new();
        broken.more.push(event("set-web", "Warning", "FailedCreate", "create Pod web-0 failed: exceeded quota"));
        calm(&RULE, &broken);
    }
}

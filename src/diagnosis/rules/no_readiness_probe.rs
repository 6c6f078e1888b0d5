//! A set whose pods are ready as soon as they have started.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "no-readiness-probe",
    severity: Severity::Warning,
    sources: &["S1-e11"],
    summary: "pods of a set count as ready as soon as they start",
    page: include_str!("../../../docs/explain/no-readiness-probe.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let blind = |set: &Document| {
        let containers = set.at("spec.template.spec.containers")?;
        let has = |key: &str| containers.items().iter().any(|container| container.get(key).is_some());
        // Without a port there is often nothing to ask.
        if has("readinessProbe") || !has("ports") {
            return None;
        }
        Some(
            RULE.at_key(set, set.at("spec.template.spec")?.entry("containers")?, "no container has a readiness probe")
                .because(
                    "each pod counts as ready as soon as its process runs, so the next one is made, or replaced, \
                     before this one can serve",
                )
                .remedy("add a `readinessProbe` that asks what clients will ask, such as its port or its health page"),
        )
    };
    all.of_kind(Kind::StatefulSet).filter_map(blind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_set_whose_members_are_never_asked_is_found() {
        let text =
            SOUND.replace("readinessProbe:\n          tcpSocket: {port: 80}", "ports:\n        - containerPort: 80");
        assert_eq!(fires(&RULE, &text), ["24:7 no container has a readiness probe"]);
    }

    #[test]
    fn one_probe_suffices_and_without_a_port_there_is_nothing_to_ask() {
        silent(&RULE, SOUND);
        silent(&RULE, &SOUND.replace("readinessProbe:\n          tcpSocket: {port: 80}", "tty: true"));
    }
}

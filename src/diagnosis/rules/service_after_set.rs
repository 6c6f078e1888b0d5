//! The governing Service is made after its set.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "service-after-set",
    severity: Severity::Warning,
    sources: &["S1-e8"],
    summary: "the Service of a set is made after the set",
    page: include_str!("../../../docs/explain/service-after-set.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let late = |set: &Document| {
        let service = all.find(Kind::Service, set.namespace(), set.text("spec.serviceName"))?;
        // What was exported is made already.
        let is_made = set.at("metadata.uid").is_some();
        (service.position > set.position && !is_made).then(|| {
            RULE.on(service, format!("it governs {}, which is made before it", set.title()))
                .because("the first pods start without a DNS name, and may not find each other")
                .remedy("move the Service before the set")
        })
    };
    all.of_kind(Kind::StatefulSet).filter_map(late).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_service_behind_its_set_is_found() {
        let (service, set) = SOUND.split_once("---\n").unwrap();
        let text = format!("{set}---\n{service}");
        assert_eq!(fires(&RULE, &text), ["31:1 it governs StatefulSet/web, which is made before it"]);
    }

    #[test]
    fn one_before_it_is_left_alone() {
        silent(&RULE, SOUND);
        let (service, set) = SOUND.split_once("---\n").unwrap();
        let exported = set.replacen("  name: web\n", "  name: web\n  uid: x\n", 1);
        silent(&RULE, &format!("{exported}---\n{service}"));
    }
}

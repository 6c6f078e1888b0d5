//! No Service of the input has the name that the set wants.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "governing-service-missing",
    severity: Severity::Warning,
    sources: &["S1-e8", "SS-08"],
    summary: "none of the Services is the one that a set names",
    page: include_str!("../../../docs/explain/governing-service-missing.md"),
    check: Check::Files(check),
};

fn check(all: &Manifests) -> Vec<Finding> {
    let lost = |set: &Document| {
        let name = set.at("spec.serviceName")?;
        let here: Vec<&str> = all
            .of_kind(Kind::Service)
            .filter(|service| service.namespace() == set.namespace())
            .map(Document::name)
            .collect();
        // Without any Service here it may well be on the cluster.
        if here.is_empty() || name.text().is_none_or(|name| name.is_empty() || here.contains(&name)) {
            return None;
        }
        Some(
            RULE.at(set, name, format!("there is no Service `{}` among these", name.text()?))
                .evidence(format!(
                    "there are {}",
                    here.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                ))
                .because("without it the pods have no DNS names; the server does not check that it exists")
                .remedy("give the set the name of its headless Service, or add one of this name"),
        )
    };
    all.of_kind(Kind::StatefulSet).filter_map(lost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_set_that_names_another_service_is_found() {
        assert_eq!(
            fires(&RULE, &SOUND.replace("serviceName: web", "serviceName: wbe")),
            ["16:16 there is no Service `wbe` among these"]
        );
    }

    #[test]
    fn a_set_alone_may_have_its_service_elsewhere() {
        silent(&RULE, SOUND);
        silent(&RULE, SOUND.split_once("---\n").unwrap().1);
    }
}

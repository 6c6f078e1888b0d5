//! A container that asks for more than it may have.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::quantity;
use crate::objects::placed::{Entry, Placed};

pub static RULE: Rule = Rule {
    code: "request-above-limit",
    severity: Severity::Error,
    sources: &["SS-12"],
    summary: "a container requests more than its limit",
    page: include_str!("../../../docs/explain/request-above-limit.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    all.workloads().flat_map(in_document).collect()
}

fn in_document(document: &Document) -> Vec<Finding> {
    document.containers().flat_map(|container| above(document, container)).collect()
}

fn above(document: &Document, container: &Placed) -> Vec<Finding> {
    let requests = container.at("resources.requests").map(Placed::entries).unwrap_or_default();
    let told = |request: &Entry| {
        let limit = container.at("resources.limits")?.get(&request.key)?;
        if quantity(&request.value)? <= quantity(limit)? {
            return None;
        }
        let (asked, most) = (written(&request.value), written(limit));
        Some(
            RULE.at(
                document,
                &request.value,
                format!("`{}`: {asked} are requested, and the limit is {most}", request.key),
            )
            .evidence(format!("the limit stands on line {}", limit.place.line))
            .because("the server refuses the object: what is set aside for a container is part of what it may use")
            .remedy("lower the request, or raise the limit"),
        )
    };
    requests.iter().filter_map(told).collect()
}

fn written(value: &Placed) -> String {
    value.text().map_or_else(|| value.to_value().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    fn with(requests: &str, limits: &str) -> String {
        let resources = format!("resources: {{requests: {requests}, limits: {limits}}}\n        readinessProbe:");
        SOUND.replace("readinessProbe:", &resources)
    }

    #[test]
    fn more_than_the_limit_is_found_however_it_is_written() {
        let told = fires(&RULE, &with("{memory: 1Gi}", "{memory: 512Mi}"));
        assert_eq!(told, ["27:40 `memory`: 1Gi are requested, and the limit is 512Mi"]);
        assert_eq!(fires(&RULE, &with("{cpu: 2}", "{cpu: 1500m}")).len(), 1);
    }

    #[test]
    fn as_much_as_the_limit_and_what_has_no_limit_are_fine() {
        silent(&RULE, &with("{memory: 1024Mi, cpu: 0.5}", "{memory: 1Gi, cpu: 500m}"));
        silent(&RULE, &with("{memory: 1Gi}", "{cpu: 1}"));
        silent(&RULE, &with("{memory: '${MEMORY}'}", "{memory: 1}"));
    }
}

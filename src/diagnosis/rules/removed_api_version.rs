//! A version of the API that servers of today do not have: `no matches for kind`.
//! The remedy says what must change besides, since the new version asks for more.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "removed-api-version",
    severity: Severity::Error,
    sources: &["S1-e2", "S5-e1"],
    summary: "the version of the API is gone",
    page: include_str!("../../../docs/explain/removed-api-version.md"),
    checks: &[Check::Files(check)],
};

/// Version, kind (empty: all of it), what replaces it, the release that dropped
/// it, and what else must change.
const GONE: &[(&str, &str, &str, &str, &str)] = &[
    ("apps/v1beta1", "", "apps/v1", "1.16", WORKLOAD),
    ("apps/v1beta2", "", "apps/v1", "1.16", WORKLOAD),
    ("extensions/v1beta1", "Deployment", "apps/v1", "1.16", WORKLOAD),
    ("extensions/v1beta1", "DaemonSet", "apps/v1", "1.16", WORKLOAD),
    ("extensions/v1beta1", "ReplicaSet", "apps/v1", "1.16", WORKLOAD),
    ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1", "1.22", INGRESS),
    ("networking.k8s.io/v1beta1", "Ingress", "networking.k8s.io/v1", "1.22", INGRESS),
    ("extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1", "1.16", ""),
    ("extensions/v1beta1", "PodSecurityPolicy", "", "1.16", POLICY),
    ("policy/v1beta1", "PodSecurityPolicy", "", "1.25", POLICY),
    ("policy/v1beta1", "PodDisruptionBudget", "policy/v1", "1.25", BUDGET),
    ("batch/v1beta1", "CronJob", "batch/v1", "1.25", ""),
    ("batch/v2alpha1", "CronJob", "batch/v1", "1.21", ""),
    ("autoscaling/v2beta1", "", "autoscaling/v2", "1.25", "the target of a metric stands under `target` now"),
    ("autoscaling/v2beta2", "", "autoscaling/v2", "1.26", ""),
    ("storage.k8s.io/v1beta1", "", "storage.k8s.io/v1", "1.22", ""),
    ("rbac.authorization.k8s.io/v1beta1", "", "rbac.authorization.k8s.io/v1", "1.22", ""),
    (
        "discovery.k8s.io/v1beta1",
        "",
        "discovery.k8s.io/v1",
        "1.25",
        "`topology` of an endpoint is `nodeName` and `zone` now",
    ),
];
const WORKLOAD: &str = "`spec.selector` is required, and must match the labels of the template";
const INGRESS: &str = "each path needs a `pathType`, and a backend is written `service: {name: NAME, port: {number: PORT}}` \
                       instead of `serviceName` and `servicePort`";
const BUDGET: &str = "an empty selector means all pods of the namespace now, and not none";
const POLICY: &str = "label the namespace with `pod-security.kubernetes.io/enforce` instead";

fn check(all: &Manifests) -> Vec<Finding> {
    all.documents.iter().filter_map(gone).collect()
}

fn gone(document: &Document) -> Option<Finding> {
    let version = document.at("apiVersion")?;
    let (written, kind) = (version.text()?, document.text("kind"));
    let (_, _, new, since, more) =
        GONE.iter().find(|(old, of, ..)| *old == written && (of.is_empty() || *of == kind))?;
    let remedy = match (*new, *more) {
        ("", more) => more.to_owned(),
        (new, "") => format!("write `apiVersion: {new}`"),
        (new, more) => format!("write `apiVersion: {new}`; {more}"),
    };
    let finding = RULE.at(document, version, format!("`{written}` of {kind} is gone since Kubernetes {since}"));
    let missing = *more == WORKLOAD && document.at("spec.selector").is_none();
    let finding = if missing { finding.evidence("there is no `spec.selector`") } else { finding };
    Some(finding.because("the server answers `no matches for kind`, and nothing is created").remedy(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn an_old_set_is_told_with_what_else_must_change() {
        let old = SOUND.replace("apps/v1", "apps/v1beta1");
        assert_eq!(fires(&RULE, &old), ["11:13 `apps/v1beta1` of StatefulSet is gone since Kubernetes 1.16"]);
        let finding = found(&RULE, "apiVersion: apps/v1beta2\nkind: StatefulSet\nspec: {}\n").remove(0);
        assert_eq!(finding.evidence, ["there is no `spec.selector`"]);
        assert!(finding.remedy.contains("`apiVersion: apps/v1`; `spec.selector` is required"), "{}", finding.remedy);
        let finding = found(&RULE, "apiVersion: extensions/v1beta1\nkind: Ingress\n").remove(0);
        assert!(finding.remedy.contains("pathType"), "{}", finding.remedy);
    }

    #[test]
    fn versions_of_today_and_of_custom_resources_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, "apiVersion: example.org/v1beta1\nkind: StatefulSet\n");
        silent(&RULE, "apiVersion: extensions/v1beta1\nkind: Unheard\n");
    }
}

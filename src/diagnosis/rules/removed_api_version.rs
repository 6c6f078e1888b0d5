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

type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Version, kind (empty: all of it), what replaces it, the release that dropped
/// it, and what else must change.
#[rustfmt::skip]
const GONE: &[Row] = &[
    ("apps/v1beta1", "", "apps/v1", "1.16", WORKLOAD),
    ("apps/v1beta2", "", "apps/v1", "1.16", WORKLOAD),
    ("extensions/v1beta1", "Deployment", "apps/v1", "1.16", WORKLOAD),
    ("extensions/v1beta1", "DaemonSet", "apps/v1", "1.16", WORKLOAD),
    ("extensions/v1beta1", "ReplicaSet", "apps/v1", "1.16", WORKLOAD),
    ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1", "1.22", INGRESS),
    ("networking.k8s.io/v1beta1", "Ingress", "networking.k8s.io/v1", "1.22", INGRESS),
    ("networking.k8s.io/v1beta1", "IngressClass", "networking.k8s.io/v1", "1.22", ""),
    ("extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1", "1.16", ""),
    ("extensions/v1beta1", "PodSecurityPolicy", "", "1.16", POLICY),
    ("policy/v1beta1", "PodSecurityPolicy", "", "1.25", POLICY),
    ("policy/v1beta1", "PodDisruptionBudget", "policy/v1", "1.25", BUDGET),
    ("batch/v1beta1", "CronJob", "batch/v1", "1.25", ""),
    ("batch/v2alpha1", "CronJob", "batch/v1", "1.21", ""),
    ("autoscaling/v2beta1", "", "autoscaling/v2", "1.25", METRIC),
    ("autoscaling/v2beta2", "", "autoscaling/v2", "1.26", ""),
    ("storage.k8s.io/v1beta1", "CSIDriver", "storage.k8s.io/v1", "1.22", ""),
    ("storage.k8s.io/v1beta1", "CSINode", "storage.k8s.io/v1", "1.22", ""),
    ("storage.k8s.io/v1beta1", "StorageClass", "storage.k8s.io/v1", "1.22", ""),
    ("storage.k8s.io/v1beta1", "VolumeAttachment", "storage.k8s.io/v1", "1.22", ""),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "storage.k8s.io/v1", "1.27", ""),
    ("rbac.authorization.k8s.io/v1beta1", "", "rbac.authorization.k8s.io/v1", "1.22", ""),
    ("apiextensions.k8s.io/v1beta1", "", "apiextensions.k8s.io/v1", "1.22", RESOURCE),
    ("apiregistration.k8s.io/v1beta1", "", "apiregistration.k8s.io/v1", "1.22", ""),
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1", "1.22", WEBHOOK),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1", "1.22", WEBHOOK),
    ("authentication.k8s.io/v1beta1", "TokenReview", "authentication.k8s.io/v1", "1.22", ""),
    ("authorization.k8s.io/v1beta1", "", "authorization.k8s.io/v1", "1.22", ""),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", "certificates.k8s.io/v1", "1.22", REQUEST),
    ("coordination.k8s.io/v1beta1", "Lease", "coordination.k8s.io/v1", "1.22", ""),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", "scheduling.k8s.io/v1", "1.22", ""),
    ("discovery.k8s.io/v1beta1", "", "discovery.k8s.io/v1", "1.25", SLICE),
    ("events.k8s.io/v1beta1", "", "events.k8s.io/v1", "1.25", ""),
    ("node.k8s.io/v1beta1", "RuntimeClass", "node.k8s.io/v1", "1.25", ""),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "", "flowcontrol.apiserver.k8s.io/v1", "1.26", ""),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "", "flowcontrol.apiserver.k8s.io/v1", "1.29", ""),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "", "flowcontrol.apiserver.k8s.io/v1", "1.32", ""),
];
const WORKLOAD: &str = "`spec.selector` is required, and must match the labels of the template";
const INGRESS: &str = "each path needs a `pathType`, and a backend is written `service: {name: NAME, port: {number: PORT}}` \
                       instead of `serviceName` and `servicePort`";
const BUDGET: &str = "an empty selector means all pods of the namespace now, and not none";
const METRIC: &str = "the target of a metric stands under `target` now";
const SLICE: &str = "`topology` of an endpoint is `nodeName` and `zone` now";
const RESOURCE: &str = "each of `spec.versions` needs a `schema.openAPIV3Schema` of its own";
const WEBHOOK: &str = "each webhook needs `sideEffects` and `admissionReviewVersions`";
const REQUEST: &str = "`spec.signerName` is required";
const POLICY: &str = "label the namespace with `pod-security.kubernetes.io/enforce` instead";

fn check(all: &Manifests) -> Vec<Finding> {
    all.documents.iter().filter_map(gone).collect()
}

/// Whether this is what the rule tells.
pub(in crate::diagnosis) fn is_gone(version: &str, kind: &str) -> bool {
    row(version, kind).is_some()
}

fn row(version: &str, kind: &str) -> Option<&'static Row> {
    GONE.iter().find(|(old, of, ..)| *old == version && (of.is_empty() || *of == kind))
}

fn gone(document: &Document) -> Option<Finding> {
    let version = document.at("apiVersion")?;
    let (written, kind) = (version.text()?, document.text("kind"));
    let (_, _, new, since, more) = row(written, kind)?;
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
    fn every_version_that_the_deprecation_guide_names_is_told() {
        for (version, kind) in [
            ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"),
            ("scheduling.k8s.io/v1beta1", "PriorityClass"),
            ("coordination.k8s.io/v1beta1", "Lease"),
            ("networking.k8s.io/v1beta1", "IngressClass"),
            ("storage.k8s.io/v1beta1", "CSIStorageCapacity"),
            ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"),
            ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"),
            ("node.k8s.io/v1beta1", "RuntimeClass"),
        ] {
            assert_eq!(fires(&RULE, &format!("apiVersion: {version}\nkind: {kind}\n")).len(), 1, "{version} {kind}");
        }
    }

    #[test]
    fn versions_of_today_and_of_custom_resources_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, "apiVersion: example.org/v1beta1\nkind: StatefulSet\n");
        silent(&RULE, "apiVersion: extensions/v1beta1\nkind: Unheard\n");
        // Servers can be told to serve these.
        silent(&RULE, "apiVersion: storage.k8s.io/v1beta1\nkind: VolumeAttributesClass\n");
        silent(&RULE, "apiVersion: networking.k8s.io/v1beta1\nkind: ServiceCIDR\n");
    }
}

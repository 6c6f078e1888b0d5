//! A kind that Kubernetes does not have in this version of the API.

use std::collections::BTreeSet;

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::rules::is_gone;
use crate::objects::nearest::{nearest, shortened, within};
use crate::schema::table;

pub static RULE: Rule = Rule {
    code: "unknown-kind",
    severity: Severity::Error,
    sources: &["S1-e2"],
    summary: "Kubernetes has no such kind in this version of the API",
    page: include_str!("../../../docs/explain/unknown-kind.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    all.documents.iter().filter_map(|document| unknown(document).or_else(|| unheard_of(document))).collect()
}

fn unknown(document: &Document) -> Option<Finding> {
    let (version, kind) = (document.text("apiVersion"), document.text("kind"));
    let known = table().versions.get(version)?;
    // A kubeconfig is no object, and may well lie beside some.
    if ["", "List", "Config"].contains(&kind) || known.contains(kind) {
        return None;
    }
    let remedy = match (versions_of(kind).next(), nearest(kind, known.iter().map(String::as_str))) {
        (Some(version), _) => format!("write `apiVersion: {version}`"),
        (None, Some(meant)) => format!("did you mean `{meant}`?"),
        (None, None) => "write the kind that is meant".to_owned(),
    };
    Some(
        RULE.at(document, document.at("kind")?, format!("there is no kind `{}` in `{version}`", shortened(kind)))
            .because(BECAUSE)
            .remedy(remedy),
    )
}

const BECAUSE: &str = "the server answers `no matches for kind`, and nothing is created";

/// Told here, and so no custom resource.
pub(in crate::diagnosis) fn is_misspelt(document: &Document) -> bool {
    unheard_of(document).is_some()
}

/// A version that no group of Kubernetes has, or a group that is like one of them.
fn unheard_of(document: &Document) -> Option<Finding> {
    let (version, kind) = (document.text("apiVersion"), document.text("kind"));
    if kind.is_empty() || table().versions.contains_key(version) || is_gone(version, kind) {
        return None;
    }
    let group = group_of(version);
    let of_kubernetes = group == "extensions" || table().versions.keys().any(|known| group_of(known) == group);
    let own = versions_of(kind).find(|known| group_of(known) == group);
    // What is no beta any more can still be asked for; others come with newer servers.
    let early = version.contains("alpha") || version.contains("beta");
    let meant = if of_kubernetes {
        if early && (own.is_none() && group != "extensions" || SERVED_AS_BETA.contains(&kind)) {
            return None;
        }
        own.or_else(|| versions_of(kind).next())
    } else {
        // The groups of custom resources have dots in them.
        Some(
            versions_of(kind)
                .find(|known| !group.contains('.') || within(2, group, std::iter::once(group_of(known))).is_some())?,
        )
    };
    let remedy = match meant {
        Some(meant) => format!("write `apiVersion: {meant}`, which has `{kind}`"),
        None => "write the version that is meant".to_owned(),
    };
    let message = format!("there is no `{}` of Kubernetes", shortened(version));
    Some(RULE.at(document, document.at("apiVersion")?, message).because(BECAUSE).remedy(remedy))
}

/// Kinds whose earlier versions a server can be told to serve.
const SERVED_AS_BETA: [&str; 4] = ["VolumeAttributesClass", "ServiceCIDR", "IPAddress", "SelfSubjectReview"];

/// The newest first, where a group has several.
fn versions_of(kind: &str) -> impl Iterator<Item = &'static str> {
    let has = move |(_, kinds): &(&String, &BTreeSet<String>)| kinds.contains(kind);
    table().versions.iter().rev().filter(has).map(|(version, _)| version.as_str())
}

fn group_of(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn a_misspelt_kind_and_one_of_another_version_are_told() {
        let text = SOUND.replace("kind: StatefulSet", "kind: Statefulset");
        assert_eq!(fires(&RULE, &text), ["12:7 there is no kind `Statefulset` in `apps/v1`"]);
        assert_eq!(found(&RULE, &text)[0].remedy, "did you mean `StatefulSet`?");
        let text = SOUND.replace("apiVersion: apps/v1", "apiVersion: v1");
        assert_eq!(found(&RULE, &text)[0].remedy, "write `apiVersion: apps/v1`");
    }

    #[test]
    fn kinds_that_are_there_and_groups_of_others_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: a}\n");
        silent(&RULE, "apiVersion: example.org/v1\nkind: Statefulset\n");
        silent(&RULE, "apiVersion: v1\nkind: Config\nclusters: []\n");
        silent(&RULE, "apiVersion: apps/v1beta1\nkind: Statefulset\n");
    }

    #[test]
    fn versions_and_groups_that_were_never_there_are_told_with_the_one_that_has_the_kind() {
        for (written, kind, meant) in [
            ("apps/v2", "StatefulSet", "apps/v1"),
            ("apps/v1beta3", "StatefulSet", "apps/v1"),
            ("app/v1", "StatefulSet", "apps/v1"),
            ("Apps/v1", "StatefulSet", "apps/v1"),
            ("extensions/v1beta1", "StatefulSet", "apps/v1"),
            ("core/v1", "Service", "v1"),
            ("v2", "Pod", "v1"),
            ("v1beta1", "Pod", "v1"),
            ("autoscaling/v3", "HorizontalPodAutoscaler", "autoscaling/v2"),
            ("networking.k8.io/v1", "Ingress", "networking.k8s.io/v1"),
            ("storage.k8s.io/v2", "StorageClass", "storage.k8s.io/v1"),
            ("scheduling.k8s.io/v2alpha1", "PriorityClass", "scheduling.k8s.io/v1"),
        ] {
            let found = found(&RULE, &format!("apiVersion: {written}\nkind: {kind}\n"));
            let told: Vec<_> = found.iter().map(|one| (one.message.as_str(), one.remedy.as_str())).collect();
            let message = format!("there is no `{written}` of Kubernetes");
            let remedy = format!("write `apiVersion: {meant}`, which has `{kind}`");
            assert_eq!(told, [(message.as_str(), remedy.as_str())]);
        }
        let nobody = found(&RULE, "apiVersion: apps/v7\nkind: Unheard\n");
        assert_eq!(nobody[0].remedy, "write the version that is meant");
    }

    #[test]
    fn early_versions_that_some_servers_have_and_other_groups_are_left_alone() {
        for (version, kind) in [
            ("storage.k8s.io/v1beta1", "VolumeAttributesClass"),
            ("networking.k8s.io/v1beta1", "ServiceCIDR"),
            ("coordination.k8s.io/v1alpha2", "LeaseCandidate"),
            ("apps/v1beta2", "StatefulSet"),
            ("apps.example.org/v1", "StatefulSet"),
            ("gateway.networking.k8s.io/v1", "HTTPRoute"),
            ("policy.networking.k8s.io/v1alpha1", "NetworkPolicy"),
            ("resource.k8s.io/v1", "ResourceClaim"),
            ("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"),
            ("skaffold/v4beta1", "Config"),
            ("serving.knative.dev/v1", "Service"),
            ("traefik.io/v1alpha1", "IngressRoute"),
            ("v2", ""),
        ] {
            silent(&RULE, &format!("apiVersion: {version}\nkind: {kind}\n"));
        }
    }
}

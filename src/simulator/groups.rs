//! Which groups, versions and resources there are: Kubernetes' own, of which
//! some are known and not simulated, and those of custom resource definitions.

use std::collections::BTreeMap;

use http::Method;

use super::custom::Version;
use super::request::{PatchKind, Raw, patch_kind};
use super::status::Refusal;
use super::store::Store;
use crate::objects::kinds::{ApiKind, KINDS};

/// Groups of a real cluster that are not simulated.
const OTHER_GROUPS: &[&str] = &[
    "admissionregistration.k8s.io",
    "apiregistration.k8s.io",
    "batch",
    "certificates.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "resource.k8s.io",
];

/// Resources of simulated groups that are not simulated themselves.
const OTHER_RESOURCES: &[&str] = &[
    "bindings",
    "componentstatuses",
    "limitranges",
    "podtemplates",
    "replicationcontrollers",
    "daemonsets",
    "deployments",
    "replicasets",
    "csidrivers",
    "csinodes",
    "csistoragecapacities",
    "volumeattributesclasses",
];

/// A group and the versions that it is served in, the preferred one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub versions: Vec<String>,
}

/// The groups that are served: Kubernetes' own in the order of `KINDS`, then
/// the custom ones by name.
#[must_use]
pub fn groups(store: &Store) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for kind in KINDS {
        if !kind.group.is_empty() && !groups.iter().any(|known| known.name == kind.group) {
            groups.push(Group { name: kind.group.to_owned(), versions: vec![kind.version.to_owned()] });
        }
    }
    for review in ["authorization.k8s.io", "authentication.k8s.io"] {
        groups.push(Group { name: review.to_owned(), versions: vec!["v1".to_owned()] });
    }
    let mut custom: BTreeMap<&str, Vec<&Version>> = BTreeMap::new();
    for definition in store.definitions().iter().filter(|definition| definition.is_established) {
        let versions = definition.versions.iter().filter(|version| version.is_served);
        custom.entry(&definition.group).or_default().extend(versions);
    }
    for (name, mut versions) in custom.into_iter().filter(|(_, versions)| !versions.is_empty()) {
        versions.sort_by_key(|version| version.rank());
        let mut versions: Vec<String> = versions.into_iter().map(|version| version.name.clone()).collect();
        versions.dedup();
        groups.push(Group { name: name.to_owned(), versions });
    }
    groups
}

/// A served group by name.
///
/// # Errors
/// 501 for what Kubernetes has and we have not, 404 for what nobody has.
pub fn known_group(store: &Store, name: &str) -> Result<Group, Refusal> {
    if OTHER_GROUPS.contains(&name) {
        return Err(Refusal::not_simulated(&format!("the API group {name}")));
    }
    groups(store).into_iter().find(|group| group.name == name).ok_or_else(Refusal::no_page)
}

/// Whether a group is served in a version.
///
/// # Errors
/// As for `known_group`.
pub fn check_served(store: &Store, group: &str, version: &str) -> Result<(), Refusal> {
    if KINDS.iter().any(|kind| kind.group == group && kind.version == version) {
        return Ok(());
    }
    let known = known_group(store, group)?;
    match (group, version) {
        _ if known.versions.iter().any(|served| served == version) => Ok(()),
        ("autoscaling", "v1") => Err(Refusal::not_simulated("the API group autoscaling in version v1")),
        _ if store.definitions().of_group(group).next().is_some() => Err(Refusal::no_page()),
        _ => Err(Refusal::no_resource()),
    }
}

/// The kind that a resource is of.
///
/// # Errors
/// 404 and 501 as above, 415 for a patch that the kind does not know.
pub fn kind_at(
    raw: &Raw,
    store: &Store,
    (group, version): (&str, &str),
    resource: &str,
) -> Result<&'static ApiKind, Refusal> {
    if let Some(kind) = KINDS.iter().find(|kind| kind.group == group && kind.plural == resource) {
        return Ok(kind);
    }
    if OTHER_RESOURCES.contains(&resource) {
        let full = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        return Err(Refusal::not_simulated(&full));
    }
    if store.definitions().of_group(group).next().is_none() {
        return Err(Refusal::no_resource());
    }
    let definition = store.definition(&format!("{resource}.{group}"));
    let kind = definition.and_then(|definition| definition.served(version)).ok_or_else(Refusal::no_page)?.kind;
    let is_known = matches!(patch_kind(&raw.content_type), Ok(PatchKind::Json | PatchKind::Merge | PatchKind::Apply));
    let is_odd = raw.method == Method::PATCH && !is_known;
    if is_odd { Err(Refusal::unsupported_custom_patch()) } else { Ok(kind) }
}

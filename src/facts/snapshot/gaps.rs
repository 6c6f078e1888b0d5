//! What makes a copy partial, each by name: what happens in the original for
//! reasons that the copy does not have.

use std::fmt;

use serde_json::Value;

use super::Snapshot;
use super::admission::{self, Rules};
use crate::facts::meta::{Meta, Owner, condition};
use crate::objects::release::{Release, SIMULATED};
use crate::objects::stuck::{Around, Stuck, stuck};

/// Finalizers whose owners are simulated.
const KNOWN_FINALIZERS: &[&str] = &[
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
    "external-provisioner.volume.kubernetes.io/finalizer",
    "kubernetes.io/pv-controller",
    "foregroundDeletion",
    "orphan",
];

/// What the attacher of any driver holds its objects with.
const OF_AN_ATTACHER: &str = "external-attacher/";

/// Kinds that are stood in for when they could not be read.
const MADE_UP: &[&str] = &["persistentvolumes", "nodes", "storageclasses", "secrets", "configmaps"];

/// The level of Pod Security that a namespace enforces.
const POD_SECURITY: &str = "pod-security.kubernetes.io/enforce";

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The server is of another minor release than what is simulated.
    Release(String),
    /// The rights do not allow to read this kind (its plural).
    Unread(&'static str),
    /// Webhooks and policies could not be read.
    AdmissionUnread,
    /// A webhook, policy or limit has a say: its kind and name.
    Admission(String),
    /// The namespace refuses pods below this level of Pod Security.
    PodSecurity(String),
    /// A pod or set is run by something that is not simulated.
    Owner { what: String, owner: String },
    /// Something is owned by an object of a kind that was not read.
    OwnerUnread { what: String, owner: String },
    /// A finalizer that nobody takes off in the copy.
    Finalizer { what: String, finalizer: String },
    /// A pod waits for a node; how full nodes are is known only in part.
    Unscheduled(String),
    /// What does not get well in the original, and so not in the copy.
    Stuck { name: String, stuck: Stuck },
    /// A pod names a class of runtime, which is not simulated.
    Runtime(String),
    /// The autoscaler does not act in the copy.
    Autoscaler(String),
}

impl fmt::Display for Gap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release(version) => {
                let but = if Release::parse(version).is_some_and(Release::counts_max_unavailable) {
                    ", but for maxUnavailable of rolling updates"
                } else {
                    ""
                };
                write!(out, "the server is {version}, and the copy goes on as Kubernetes 1.{SIMULATED} does{but}")
            }
            Self::Unread(plural) if MADE_UP.contains(plural) => {
                write!(out, "{plural} could not be read: what others need of them is made up")
            }
            Self::Unread("volumeattachments") => out.write_str(
                "volumeattachments could not be read: in the copy, volumes are attached where their pods run",
            ),
            Self::Unread(plural) => {
                write!(out, "{plural} could not be read: the copy has none, and nothing that they forbid is refused")
            }
            Self::AdmissionUnread => {
                out.write_str("webhooks and admission policies could not be read: they have no say in the copy")
            }
            Self::Admission(name) => write!(out, "{name} has no say in the copy"),
            Self::PodSecurity(level) => {
                write!(out, "the namespace enforces Pod Security {level:?}, which the copy does not")
            }
            Self::Owner { what, owner } => write!(out, "{what} is run by {owner}, which does nothing in the copy"),
            Self::OwnerUnread { what, owner } => {
                write!(out, "{what} is owned by {owner}, which was not read: the copy takes it to be there")
            }
            Self::Finalizer { what, finalizer } => {
                write!(out, "{what} has the finalizer {finalizer}, which nobody takes off in the copy")
            }
            Self::Unscheduled(pod) => {
                write!(out, "{pod} waits for a node: the copy has no pods of other namespaces and may find room")
            }
            Self::Stuck { name, stuck } => {
                let (what, end) = match stuck {
                    Stuck::Unmade => ("waits for a volume that its provisioner does not make", " until it is deleted"),
                    Stuck::Ungrown => ("waits for more room that its volume is not given", " until it is deleted"),
                    Stuck::Unattached => ("waits for its driver, which does not attach it", " until it is deleted"),
                    Stuck::Undetached => ("waits for its driver, which does not detach it", ""),
                    Stuck::Undeleted => ("waits for its driver, which does not delete it", ""),
                    Stuck::Failed => ("has failed", ""),
                    Stuck::Unwell => {
                        ("is not ready", " until it is deleted; a new one of the same template becomes ready there")
                    }
                    Stuck::Unstopped => ("does not stop", " until it is deleted by force"),
                    Stuck::Down => ("is not ready", ", as one whose kubelet is gone"),
                };
                write!(out, "{name} {what}, and stays so in the copy{end}")
            }
            Self::Runtime(name) => write!(out, "the runtime class {name} is known by its name alone"),
            Self::Autoscaler(name) => write!(out, "{name} does not scale in the copy"),
        }
    }
}

/// All gaps, in a fixed order.
pub(super) fn find(snapshot: &Snapshot, others: &Rules, namespace: &str) -> Vec<Gap> {
    let other = snapshot.version.as_ref().filter(|version| !is_simulated(version));
    let mut gaps: Vec<Gap> = other.map(|version| Gap::Release(version.clone())).into_iter().collect();
    gaps.extend(snapshot.unread.iter().map(|kind| Gap::Unread(kind.plural)));
    let home = snapshot.of("Namespace").find(|object| object["metadata"]["name"] == namespace);
    let labels = home.map_or(&Value::Null, |home| &home["metadata"]["labels"]);
    match &others.limits {
        None => gaps.push(Gap::Unread("limitranges")),
        Some(limits) => gaps.extend(limits.iter().map(|limit| Gap::Admission(name(limit)))),
    }
    let level = labels[POD_SECURITY].as_str().filter(|level| *level != "privileged");
    gaps.extend(level.map(|level| Gap::PodSecurity(level.to_owned())));
    match &others.rules {
        None => gaps.push(Gap::AdmissionUnread),
        Some(rules) => {
            gaps.extend(
                rules.iter().filter(|rule| admission::concerns(rule, labels)).map(|rule| Gap::Admission(name(rule))),
            );
        }
    }
    let around = Around::of(&snapshot.objects);
    let not_read: Vec<&str> = snapshot.not_read().map(|kind| kind.kind).collect();
    for object in &snapshot.objects {
        of_object(object, &not_read, &mut gaps);
        let held = snapshot.at.and_then(|at| stuck(object, at, &around));
        gaps.extend(held.map(|stuck| Gap::Stuck { name: name(object), stuck }));
    }
    gaps
}

fn is_simulated(version: &str) -> bool {
    Release::parse(version).is_some_and(|release| release.minor == SIMULATED)
}

fn name(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default();
    format!("{kind}/{}", object["metadata"]["name"].as_str().unwrap_or_default())
}

fn of_object(object: &Value, not_read: &[&str], gaps: &mut Vec<Gap>) {
    let Some(meta) = Meta::read(object) else { return };
    let kind = object["kind"].as_str().unwrap_or_default();
    let is_unread = |owner: &Owner| not_read.contains(&owner.kind.as_str());
    gaps.extend(meta.owners.iter().filter(|owner| is_unread(owner)).map(|owner| {
        let owner = format!("{}/{}", owner.kind, owner.name);
        Gap::OwnerUnread { what: name(object), owner }
    }));
    let ours: &[&str] = match kind {
        "Pod" => &["StatefulSet"],
        "PersistentVolumeClaim" => &["StatefulSet", "Pod"],
        _ => &[],
    };
    if matches!(kind, "Pod" | "StatefulSet" | "PersistentVolumeClaim") {
        let foreign = meta.owners.iter().filter(|owner| !ours.contains(&owner.kind.as_str()) && !is_unread(owner));
        gaps.extend(foreign.map(|owner| {
            let owner = format!("{}/{}", owner.kind, owner.name);
            Gap::Owner { what: name(object), owner }
        }));
    }
    if kind != "Namespace" {
        let is_known = |held: &str| KNOWN_FINALIZERS.contains(&held) || held.starts_with(OF_AN_ATTACHER);
        let unknown = meta.finalizers.iter().filter(|held| !is_known(held));
        gaps.extend(unknown.map(|held| Gap::Finalizer { what: name(object), finalizer: held.clone() }));
    }
    match kind {
        "Pod" => {
            gaps.extend(is_unscheduled(object).then(|| Gap::Unscheduled(name(object))));
            let runtime = object["spec"]["runtimeClassName"].as_str().map(|class| Gap::Runtime(class.to_owned()));
            if let Some(gap) = runtime.filter(|gap| !gaps.contains(gap)) {
                gaps.push(gap);
            }
        }
        "HorizontalPodAutoscaler" => gaps.push(Gap::Autoscaler(name(object))),
        _ => {}
    }
}

fn is_unscheduled(pod: &Value) -> bool {
    let is_over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let has_node = pod["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
    !is_over && !has_node && condition(pod, "PodScheduled")["status"] == "False"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::kinds::ApiKind;
    use serde_json::json;

    fn snapshot(objects: Vec<Value>) -> Snapshot {
        Snapshot { at: None, version: None, objects, unread: Vec::new(), foreign_volumes: 0, gaps: Vec::new() }
    }

    fn told(objects: Vec<Value>, rules: Option<&[Value]>) -> Vec<String> {
        let others = Rules { rules: rules.map(<[Value]>::to_vec), limits: Some(Vec::new()) };
        find(&snapshot(objects), &others, "prod").iter().map(Gap::to_string).collect()
    }

    #[test]
    fn limits_levels_and_what_could_not_be_read_are_named() {
        let home = |level: &str| json!({"kind": "Namespace", "metadata": {"name": "prod", "labels": {"pod-security.kubernetes.io/enforce": level}}});
        let limit = json!({"kind": "LimitRange", "metadata": {"name": "small"}});
        let others = Rules { rules: Some(Vec::new()), limits: Some(vec![limit]) };
        let found = |objects, others: &Rules| -> Vec<String> {
            let mut snapshot = snapshot(objects);
            snapshot.unread = ["Node", "Service"].iter().filter_map(|kind| ApiKind::named(kind)).collect();
            find(&snapshot, others, "prod").iter().map(Gap::to_string).collect()
        };
        let unread = [
            "nodes could not be read: what others need of them is made up",
            "services could not be read: the copy has none, and nothing that they forbid is refused",
        ];
        let more = [
            "LimitRange/small has no say in the copy",
            "the namespace enforces Pod Security \"restricted\", which the copy does not",
        ];
        assert_eq!(found(vec![home("restricted")], &others), [unread, more].concat());
        let none = [
            "limitranges could not be read: the copy has none, and nothing that they forbid is refused",
            "webhooks and admission policies could not be read: they have no say in the copy",
        ];
        assert_eq!(found(vec![home("privileged")], &Rules::default()), [unread, none].concat());
    }

    #[test]
    fn what_others_run_or_hold_is_named() {
        let owner = |kind: &str| json!([{"kind": kind, "name": "x", "uid": "1", "controller": true}]);
        let objects = vec![
            json!({"kind": "StatefulSet", "metadata": {"name": "db", "ownerReferences": owner("Couch")}}),
            json!({"kind": "Pod", "metadata": {"name": "db-0", "ownerReferences": owner("StatefulSet")},
                   "spec": {"nodeName": "n"}}),
            json!({"kind": "Pod", "metadata": {"name": "job-1", "ownerReferences": owner("Job"),
                   "finalizers": ["batch.kubernetes.io/job-tracking"]}, "spec": {"nodeName": "n"}}),
            json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data-db-0",
                   "finalizers": ["kubernetes.io/pvc-protection", "kubernetes.io/pv-controller", "external-attacher/ebs-csi", "snapshot.storage.kubernetes.io/bound"]}}),
            json!({"kind": "Pod", "metadata": {"name": "late"}, "spec": {},
                   "status": {"conditions": [{"type": "PodScheduled", "status": "False"}]}}),
        ];
        assert_eq!(
            told(objects, Some(&[])),
            [
                "StatefulSet/db is run by Couch/x, which does nothing in the copy",
                "Pod/job-1 is run by Job/x, which does nothing in the copy",
                "Pod/job-1 has the finalizer batch.kubernetes.io/job-tracking, which nobody takes off in the copy",
                "PersistentVolumeClaim/data-db-0 has the finalizer snapshot.storage.kubernetes.io/bound, which nobody takes off in the copy",
                "Pod/late waits for a node: the copy has no pods of other namespaces and may find room",
            ]
        );
    }

    #[test]
    fn owners_of_kinds_that_were_not_read_are_named() {
        let owned = |kind: &str, by: &str| {
            let owners = json!([{"kind": by, "name": "x", "uid": "1"}]);
            json!({"kind": kind, "metadata": {"name": "a", "ownerReferences": owners}})
        };
        let objects =
            vec![owned("PersistentVolumeClaim", "Secret"), owned("ConfigMap", "Lease"), owned("Secret", "Pod")];
        let mut snapshot = snapshot(objects);
        snapshot.unread = ApiKind::named("Secret").into_iter().collect();
        let others = Rules { rules: Some(Vec::new()), limits: Some(Vec::new()) };
        let told: Vec<String> = find(&snapshot, &others, "prod").iter().map(Gap::to_string).collect();
        assert_eq!(
            told,
            [
                "secrets could not be read: what others need of them is made up",
                "PersistentVolumeClaim/a is owned by Secret/x, which was not read: the copy takes it to be there",
                "ConfigMap/a is owned by Lease/x, which was not read: the copy takes it to be there",
            ]
        );
    }

    #[test]
    fn a_class_of_runtime_is_named_once() {
        let pod =
            |name: &str| json!({"kind": "Pod", "metadata": {"name": name}, "spec": {"runtimeClassName": "gvisor"}});
        let expected = ["the runtime class gvisor is known by its name alone"];
        assert_eq!(told(vec![pod("a"), pod("b")], Some(&[])), expected);
    }

    #[test]
    fn what_does_not_get_well_is_named() {
        let claim = json!({"kind": "PersistentVolumeClaim", "spec": {}, "metadata": {"name": "data-db-0",
            "creationTimestamp": "2026-05-01T09:00:00Z",
            "annotations": {"volume.kubernetes.io/storage-provisioner": "example.com/broken"}}});
        let at = Some("2026-05-01T10:00:00Z".parse().unwrap());
        let long_ago = "2026-05-01T09:00:00Z";
        let attachment = |name: &str, deleted: Option<&str>| {
            json!({"kind": "VolumeAttachment", "status": {"attached": false},
                   "metadata": {"name": name, "creationTimestamp": long_ago, "deletionTimestamp": deleted}})
        };
        let volume = |name: &str, phase: &str| {
            json!({"kind": "PersistentVolume", "metadata": {"name": name}, "spec": {"persistentVolumeReclaimPolicy": "Delete"},
                   "status": {"phase": phase, "lastPhaseTransitionTime": long_ago}})
        };
        let pod = |name: &str, ready: &str, deleted: Option<&str>| {
            let ready = json!({"type": "Ready", "status": ready, "lastTransitionTime": long_ago});
            json!({"kind": "Pod", "metadata": {"name": name, "deletionTimestamp": deleted}, "spec": {"nodeName": "n"},
                   "status": {"phase": "Running", "conditions": [ready]}})
        };
        let objects = vec![
            claim,
            attachment("a", None),
            attachment("b", Some(long_ago)),
            volume("c", "Released"),
            volume("d", "Failed"),
            volume("e", "Bound"),
            pod("well", "True", None),
            pod("unwell", "False", None),
            pod("late", "True", Some(long_ago)),
            json!({"kind": "Node", "metadata": {"name": "lost"}}),
        ];
        let snapshot = Snapshot { at, ..snapshot(objects) };
        let others = Rules { rules: Some(Vec::new()), limits: Some(Vec::new()) };
        let told: Vec<String> = find(&snapshot, &others, "prod").iter().map(Gap::to_string).collect();
        assert_eq!(
            told,
            [
                "PersistentVolumeClaim/data-db-0 waits for a volume that its provisioner does not make, \
                 and stays so in the copy until it is deleted",
                "VolumeAttachment/a waits for its driver, which does not attach it, \
                 and stays so in the copy until it is deleted",
                "VolumeAttachment/b waits for its driver, which does not detach it, and stays so in the copy",
                "PersistentVolume/c waits for its driver, which does not delete it, and stays so in the copy",
                "PersistentVolume/d has failed, and stays so in the copy",
                "Pod/unwell is not ready, and stays so in the copy until it is deleted; \
                 a new one of the same template becomes ready there",
                "Pod/late does not stop, and stays so in the copy until it is deleted by force",
                "Node/lost is not ready, and stays so in the copy, as one whose kubelet is gone",
            ]
        );
    }

    #[test]
    fn only_admission_that_concerns_the_namespace_and_our_kinds_is_named() {
        let home = json!({"kind": "Namespace", "metadata": {"name": "prod", "labels": {"env": "prod"}}});
        let hook = |name: &str, resource: &str, env: &str| {
            json!({"kind": "ValidatingWebhookConfiguration", "metadata": {"name": name}, "webhooks": [
                {"rules": [{"resources": [resource]}], "namespaceSelector": {"matchLabels": {"env": env}}},
            ]})
        };
        let policy = json!({"kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"},
            "spec": {"matchConstraints": {"resourceRules": [{"resources": ["*"]}]}}});
        let rules =
            [hook("a", "pods/eviction", "prod"), hook("b", "pods", "test"), hook("c", "deployments", "prod"), policy];
        assert_eq!(
            told(vec![home], Some(&rules)),
            [
                "ValidatingWebhookConfiguration/a has no say in the copy",
                "ValidatingAdmissionPolicy/p has no say in the copy"
            ]
        );
        assert_eq!(told(Vec::new(), None).len(), 1);
    }
}

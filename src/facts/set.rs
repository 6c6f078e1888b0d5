//! A StatefulSet as it was read: what it wants, what its controller last said,
//! and the names that follow from both.

use std::collections::BTreeMap;

use serde_json::Value;

use super::meta::{Meta, count, items, map, maybe_text, text, texts};
use super::ordinals::OrdinalRange;
use super::pulls::Pulls;
use super::words::{ManagementPolicy, RetentionPolicy, Strategy};

/// Where `kubectl apply` keeps the manifest.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The view of one StatefulSet.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    pub meta: Meta,
    pub range: OrdinalRange,
    /// The replicas of the manifest that was last applied, if it names any:
    /// applying it again brings them back.
    pub applied_replicas: Option<u64>,
    /// The governing Service; newer servers accept a set without one.
    pub service_name: Option<String>,
    pub management: ManagementPolicy,
    pub strategy: Strategy,
    /// Members below it keep their revision, counted from the first one (SS-61).
    pub partition: u64,
    /// Seconds for which a member must be ready to count as available (SS-20).
    pub min_ready: u64,
    pub templates: Vec<ClaimTemplate>,
    /// `spec.selector.matchLabels`.
    pub selector: BTreeMap<String, String>,
    /// The whole selector as a query has it; `None` where it chooses nobody or
    /// says something unknown.
    pub pod_selector: Option<String>,
    /// Labels of the pod template.
    pub pod_labels: BTreeMap<String, String>,
    /// Ports of its containers, as a Service names them: `http:80`, or `80` if
    /// it is the only one and has no name.
    pub ports: Vec<String>,
    /// How its template has images fetched.
    pub pulls: Pulls,
    pub when_scaled: RetentionPolicy,
    pub when_deleted: RetentionPolicy,
    pub status: SetStatus,
}

/// One of `spec.volumeClaimTemplates`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimTemplate {
    pub name: String,
    /// The requested size as written.
    pub size: String,
    /// `None`: the default class; `Some("")`: no class.
    pub class: Option<String>,
}

/// What the controller wrote; only true of `observed_generation` (SS-100).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetStatus {
    pub observed_generation: u64,
    /// Counts pods that are terminating or to be removed as well (SS-101).
    pub replicas: u64,
    pub ready: u64,
    pub available: u64,
    pub current_revision: String,
    pub update_revision: String,
}

impl Set {
    /// Reads a StatefulSet; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let retention = &spec["persistentVolumeClaimRetentionPolicy"];
        Some(Self {
            meta: Meta::read(object)?,
            range: OrdinalRange::new(
                count(&spec["ordinals"]["start"]),
                // The API defaults a missing number of replicas to 1 (SS-10).
                if spec["replicas"].is_null() { 1 } else { count(&spec["replicas"]) },
            ),
            applied_replicas: applied_replicas(object),
            service_name: maybe_text(&spec["serviceName"]).filter(|name| !name.is_empty()),
            management: ManagementPolicy::read(spec["podManagementPolicy"].as_str().unwrap_or("OrderedReady")),
            strategy: Strategy::read(spec["updateStrategy"]["type"].as_str().unwrap_or("RollingUpdate")),
            partition: count(&spec["updateStrategy"]["rollingUpdate"]["partition"]),
            min_ready: count(&spec["minReadySeconds"]),
            templates: items(&spec["volumeClaimTemplates"]).iter().map(ClaimTemplate::read).collect(),
            selector: map(&spec["selector"]["matchLabels"]),
            pod_selector: query(&spec["selector"]),
            pod_labels: map(&spec["template"]["metadata"]["labels"]),
            ports: ports(&spec["template"]["spec"]["containers"]),
            pulls: Pulls::of_template(&spec["template"]["spec"]),
            when_scaled: RetentionPolicy::read(retention["whenScaled"].as_str().unwrap_or("Retain")),
            when_deleted: RetentionPolicy::read(retention["whenDeleted"].as_str().unwrap_or("Retain")),
            status: SetStatus {
                observed_generation: count(&status["observedGeneration"]),
                replicas: count(&status["replicas"]),
                ready: count(&status["readyReplicas"]),
                available: count(&status["availableReplicas"]),
                current_revision: text(&status["currentRevision"]),
                update_revision: text(&status["updateRevision"]),
            },
        })
    }

    #[must_use]
    pub fn template_names(&self) -> Vec<String> {
        self.templates.iter().map(|template| template.name.clone()).collect()
    }

    /// Whether the controller has seen the set as it is now (SS-100, H-32).
    #[must_use]
    pub fn is_observed(&self) -> bool {
        self.status.observed_generation >= self.meta.generation
    }

    /// A revision's hash: its name without the set's (SS-51).
    #[must_use]
    pub fn revision_hash<'a>(&self, revision: &'a str) -> &'a str {
        revision.strip_prefix(&self.meta.name).and_then(|rest| rest.strip_prefix('-')).unwrap_or(revision)
    }
}

fn ports(containers: &Value) -> Vec<String> {
    let all: Vec<&Value> = items(containers).iter().flat_map(|container| items(&container["ports"])).collect();
    let one = |port: &&Value| {
        let number = port["containerPort"].as_u64()?;
        Some(match port["name"].as_str().filter(|name| !name.is_empty()) {
            Some(name) => format!("{name}:{number}"),
            None if all.len() == 1 => number.to_string(),
            None => format!("port-{number}:{number}"),
        })
    };
    all.iter().filter_map(one).collect()
}

/// `app=web,tier in (db, cache)`.
fn query(selector: &Value) -> Option<String> {
    let equal = map(&selector["matchLabels"]).into_iter().map(|(key, value)| Some(format!("{key}={value}")));
    let one = |expression: &Value| {
        let (key, values) = (expression["key"].as_str()?, texts(&expression["values"]).join(","));
        match expression["operator"].as_str()? {
            "In" => Some(format!("{key} in ({values})")),
            "NotIn" => Some(format!("{key} notin ({values})")),
            "Exists" => Some(key.to_owned()),
            "DoesNotExist" => Some(format!("!{key}")),
            _ => None,
        }
    };
    let parts: Option<Vec<String>> = equal.chain(items(&selector["matchExpressions"]).iter().map(one)).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(","))
}

/// From the annotation of `kubectl apply`, or as a server-side apply owns them.
fn applied_replicas(object: &Value) -> Option<u64> {
    let meta = &object["metadata"];
    let owns = |entry: &&Value| {
        entry["operation"] == "Apply"
            && entry["subresource"].as_str().is_none_or(str::is_empty)
            && !entry["fieldsV1"]["f:spec"]["f:replicas"].is_null()
    };
    if items(&meta["managedFields"]).iter().find(owns).is_some() {
        return object["spec"]["replicas"].as_u64();
    }
    last_applied(object)?["spec"]["replicas"].as_u64()
}

/// The manifest that `kubectl apply` last sent from its own side.
#[must_use]
pub fn last_applied(object: &Value) -> Option<Value> {
    let applied = object["metadata"]["annotations"][LAST_APPLIED].as_str()?;
    serde_json::from_str(applied).ok()
}

impl ClaimTemplate {
    fn read(template: &Value) -> Self {
        let spec = &template["spec"];
        Self {
            name: text(&template["metadata"]["name"]),
            size: text(&spec["resources"]["requests"]["storage"]),
            class: maybe_text(&spec["storageClassName"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn missing_counts_are_zero_and_missing_settings_are_the_defaults_of_the_api() {
        let set = Set::read(&json!({"metadata": {"name": "web", "generation": 1}})).unwrap();
        assert_eq!(set.range, OrdinalRange::new(0, 1));
        assert_eq!(set.status, SetStatus::default());
        assert_eq!(set.management, ManagementPolicy::OrderedReady);
        assert_eq!(set.when_scaled, RetentionPolicy::Retain);
        assert_eq!(set.service_name, None);
        assert!(!set.is_observed());
    }

    #[test]
    fn the_range_takes_the_start_ordinal_into_account() {
        let set =
            json!({"metadata": {"name": "web"}, "spec": {"replicas": 0, "ordinals": {"start": 4}, "serviceName": ""}});
        let set = Set::read(&set).unwrap();
        assert_eq!((set.range, set.service_name), (OrdinalRange::new(4, 0), None));
    }

    #[test]
    fn replicas_that_an_apply_wrote_are_known_from_the_annotation_and_from_who_owns_them() {
        let applied = |metadata: Value| {
            let set = Set::read(&json!({"metadata": metadata, "spec": {"replicas": 5}})).unwrap();
            set.applied_replicas
        };
        let manifest = r#"{"spec":{"replicas":3}}"#;
        assert_eq!(applied(json!({"name": "web", "annotations": {LAST_APPLIED: manifest}})), Some(3));
        assert_eq!(applied(json!({"name": "web", "annotations": {LAST_APPLIED: "{}"}})), None);
        assert_eq!(applied(json!({"name": "web", "annotations": {LAST_APPLIED: "{"}})), None);
        let owner = |operation| json!([{"operation": operation, "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
        assert_eq!(applied(json!({"name": "web", "managedFields": owner("Apply")})), Some(5));
        assert_eq!(applied(json!({"name": "web", "managedFields": owner("Update")})), None);
    }

    #[test]
    fn the_selector_becomes_a_query_unless_it_says_something_unknown() {
        let query = |selector: Value| {
            Set::read(&json!({"metadata": {"name": "web"}, "spec": {"selector": selector}})).unwrap().pod_selector
        };
        let expression = |operator: &str| json!({"key": "tier", "operator": operator, "values": ["a", "b"]});
        let all = ["In", "NotIn", "Exists", "DoesNotExist"].map(expression);
        assert_eq!(
            query(json!({"matchLabels": {"app": "web"}, "matchExpressions": all})).unwrap(),
            "app=web,tier in (a,b),tier notin (a,b),tier,!tier"
        );
        assert_eq!(query(json!({"matchExpressions": [expression("Gt")]})), None);
        assert_eq!(query(json!({})), None);
    }

    #[test]
    fn the_hash_of_a_revision_is_its_name_without_the_set() {
        let set = Set::read(&json!({"metadata": {"name": "web"}})).unwrap();
        assert_eq!(set.revision_hash("web-7c9f"), "7c9f");
        assert_eq!(set.revision_hash("other"), "other");
    }
}

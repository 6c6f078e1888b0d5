//! A set or Service that exists, and a manifest that changes what cannot be changed.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::diagnosis::beyond::Seen;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;
use crate::objects::quantity::Quantity;

pub static RULE: Rule = Rule {
    code: "immutable-field",
    severity: Severity::Error,
    sources: &["SS-13"],
    summary: "the manifest changes what cannot be changed of the set or Service that exists",
    page: include_str!("../../../docs/explain/immutable-field.md"),
    checks: &[Check::Files(check)],
};

const BECAUSE: &str =
    "the server refuses it: `updates to statefulset spec for fields other than` a few `are forbidden`";

fn check(all: &Manifests) -> Vec<Finding> {
    let sets = all.of_kind(Kind::StatefulSet).flat_map(|set| changes(all, set));
    sets.chain(all.of_kind(Kind::Service).filter_map(|service| address(all, service))).collect()
}

/// Also to and from `None`. An alias has no address, and may become one or be one no longer.
fn address(all: &Manifests, service: &Document) -> Option<Finding> {
    let Seen::There(live) = all.seen("Service", service.namespace(), service.name()) else { return None };
    let spec = &live["spec"];
    let here = service.at("spec.clusterIP")?;
    let written = here.text().filter(|text| *text == "None" || text.parse::<IpAddr>().is_ok())?;
    let there = spec["clusterIP"].as_str().filter(|text| !text.is_empty())?;
    let same = written == there || written.parse::<IpAddr>().ok().is_some_and(|ip| there.parse() == Ok(ip));
    if same || service.text("spec.type") == "ExternalName" || spec["type"] == "ExternalName" {
        return None;
    }
    Some(
        RULE.at(service, here, format!("`spec.clusterIP` cannot be changed; it is `{there}` on the cluster"))
            .because("the server refuses it: `spec.clusterIPs[0]`: `may not change once set`")
            .remedy(
                "leave the field out, or write what the cluster has; for another one delete the Service and apply it anew, \
                 or make a second one of another name",
            ),
    )
}

/// Fields that the manifest does not write are merged from the cluster, and so stay.
fn changes(all: &Manifests, set: &Document) -> Vec<Finding> {
    let Seen::There(live) = all.seen("StatefulSet", set.namespace(), set.name()) else { return Vec::new() };
    let plain = [("serviceName", ""), ("podManagementPolicy", "OrderedReady")];
    let mut found: Vec<Finding> = plain.iter().filter_map(|(field, default)| text(set, live, field, default)).collect();
    found.extend(selector(set, live));
    found.extend(templates(set, live));
    found
}

fn text(set: &Document, live: &Value, field: &str, default: &str) -> Option<Finding> {
    let here = set.at("spec")?.get(field)?;
    let there = live["spec"][field].as_str().filter(|text| !text.is_empty()).unwrap_or(default);
    let written = here.text().filter(|text| !text.is_empty()).unwrap_or(default);
    (written != there).then(|| {
        let there = if there.is_empty() { "empty".to_owned() } else { format!("`{there}`") };
        told(set, here, format!("`spec.{field}` cannot be changed; it is {there} on the cluster"))
    })
}

fn selector(set: &Document, live: &Value) -> Option<Finding> {
    let here = set.at("spec.selector").filter(|selector| !selector.is_null())?;
    let there = bare(&live["spec"]["selector"]);
    (bare(&here.to_value()) != there)
        .then(|| told(set, here, format!("`spec.selector` cannot be changed; it is {there} on the cluster")))
}

fn templates(set: &Document, live: &Value) -> Vec<Finding> {
    let Some(here) = set.at("spec.volumeClaimTemplates") else { return Vec::new() };
    let there = live["spec"]["volumeClaimTemplates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names = |all: Vec<&str>| all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let written: Vec<&str> =
        here.items().iter().map(|one| one.at("metadata.name").and_then(Placed::text).unwrap_or_default()).collect();
    let known: Vec<&str> = there.iter().map(|one| one["metadata"]["name"].as_str().unwrap_or_default()).collect();
    if written != known {
        let known = if known.is_empty() { "there are none".to_owned() } else { format!("they are {}", names(known)) };
        return vec![told(set, here, format!("the claim templates cannot be changed; {known} on the cluster"))];
    }
    here.items().iter().zip(there).filter_map(|(here, there)| template(set, here, there)).collect()
}

fn template(set: &Document, here: &Placed, there: &Value) -> Option<Finding> {
    let written = here.to_value();
    let (ours, theirs) = (whole(&written), whole(there));
    let differs = |field: &&String| ours.get(*field) != theirs.get(*field);
    let first = ours.keys().chain(theirs.keys()).find(differs)?;
    let name = there["metadata"]["name"].as_str().unwrap_or_default();
    let outer = if MARKS.contains(&first.as_str()) { "metadata" } else { "spec" };
    let place = here.at(&format!("{outer}.{first}")).or(here.get(outer)).unwrap_or(here);
    let shown = |template: &Value| match &template[outer][first] {
        Value::Null => "unset".to_owned(),
        value => value.to_string(),
    };
    let finding = told(set, place, format!("claim template `{name}` cannot be changed")).evidence(format!(
        "`{first}` is {} on the cluster, and {} here",
        shown(there),
        shown(&written)
    ));
    Some(if first.as_str() == "resources" {
        finding.remedy(
            "write the size that the cluster has, and enlarge each claim by itself; for members to come, delete the set alone \
             and apply it anew: `explain immutable-field` says how",
        )
    } else {
        finding
    })
}

fn told(set: &Document, place: &Placed, message: String) -> Finding {
    RULE.at(set, place, message).because(BECAUSE).remedy(
        "write what the cluster has; to change it all the same, delete the set without its pods, and apply it anew \
         (`explain immutable-field` says how): pods and claims stay, but only pods that the selector matches and claims whose \
         template keeps its name are used again",
    )
}

/// What of the metadata counts as well.
const MARKS: [&str; 2] = ["labels", "annotations"];

/// What counts of a template, with the defaults of the server and amounts as numbers.
fn whole(template: &Value) -> Map<String, Value> {
    let mut fields = match bare(&template["spec"]) {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    fields.entry("volumeMode").or_insert_with(|| "Filesystem".into());
    for kind in ["requests", "limits"] {
        let amounts = fields.get_mut("resources").and_then(|resources| resources.get_mut(kind)?.as_object_mut());
        amounts.into_iter().flat_map(Map::values_mut).for_each(|amount| *amount = in_full(amount));
    }
    for map in MARKS {
        let written = bare(&template["metadata"][map]);
        if !written.is_null() {
            fields.insert(map.to_owned(), written);
        }
    }
    fields
}

/// `1024Mi` is `1Gi`.
fn in_full(amount: &Value) -> Value {
    let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
    Quantity::parse(&text).map_or_else(|_| amount.clone(), |amount| amount.nanos().to_string().into())
}

/// Without what says nothing: nulls, empty maps and lists.
fn bare(value: &Value) -> Value {
    let kept = |value: &Value| Some(bare(value)).filter(|value| !value.is_null());
    match value {
        Value::Object(fields) => {
            let fields: Map<_, _> =
                fields.iter().filter_map(|(key, value)| Some((key.clone(), kept(value)?))).collect();
            if fields.is_empty() { Value::Null } else { Value::Object(fields) }
        }
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => Value::Array(items.iter().map(bare).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{SOUND, beyond, fires_beyond, silent, silent_beyond};
    use crate::facts::samples::service;

    /// The set of `SOUND` as a server gives it back.
    fn live() -> Value {
        let metadata = json!({"name": "web", "namespace": "default", "uid": "1"});
        let spec = json!({"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem", "resources": {"requests": {"storage": "1Gi"}}});
        let template = json!({"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": {"name": "data", "creationTimestamp": null},
            "spec": spec, "status": {"phase": "Pending"}});
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": {"serviceName": "web",
            "replicas": 5, "podManagementPolicy": "OrderedReady", "selector": {"matchLabels": {"app": "web"}},
            "volumeClaimTemplates": [template]}})
    }

    fn told(text: &str) -> Vec<String> {
        let found = fires_beyond(&RULE, text, beyond(&[live()]));
        found.into_iter().map(|one| [vec![one.message], one.evidence].concat().join("; ")).collect()
    }

    #[test]
    fn another_size_service_or_selector_of_a_set_that_exists_is_told() {
        let size = "claim template `data` cannot be changed; `resources` is {\"requests\":{\"storage\":\"1Gi\"}} on the cluster, \
                    and {\"requests\":{\"storage\":\"5Gi\"}} here";
        assert_eq!(told(&SOUND.replace("storage: 1Gi", "storage: 5Gi")), [size]);
        let service = "`spec.serviceName` cannot be changed; it is `web` on the cluster";
        assert_eq!(told(&SOUND.replace("serviceName: web", "serviceName: other")), [service]);
        let selector = "`spec.selector` cannot be changed; it is {\"matchLabels\":{\"app\":\"web\"}} on the cluster";
        assert_eq!(told(&SOUND.replace("matchLabels: {app: web}", "matchLabels: {app: web, tier: db}")), [selector]);
        let parallel = "`spec.podManagementPolicy` cannot be changed; it is `OrderedReady` on the cluster";
        assert_eq!(told(&SOUND.replace("replicas: 3", "podManagementPolicy: Parallel")), [parallel]);
        let others = "the claim templates cannot be changed; they are `data` on the cluster";
        assert_eq!(told(&SOUND.replace("      name: data", "      name: disk")), [others]);
        let class = told(&SOUND.replace("      resources:", "      storageClassName: fast\n      resources:"));
        let words =
            "claim template `data` cannot be changed; `storageClassName` is unset on the cluster, and \"fast\" here";
        assert_eq!(class, [words]);
    }

    #[test]
    fn an_address_of_a_service_that_exists_does_not_change() {
        let mut addressed = service("web");
        silent_beyond(&RULE, SOUND, beyond(&[addressed.clone()]));
        addressed["spec"]["clusterIP"] = json!("10.0.0.1");
        let words = "`spec.clusterIP` cannot be changed; it is `10.0.0.1` on the cluster";
        assert_eq!(fires_beyond(&RULE, SOUND, beyond(&[addressed.clone()]))[0].message, words);
        let other = SOUND.replace("clusterIP: None", "clusterIP: 10.0.0.2");
        assert_eq!(fires_beyond(&RULE, &other, beyond(&[addressed.clone()]))[0].message, words);
        let fine = ["clusterIP: 10.0.0.1", "clusterIP: ''", "type: ExternalName", "type: NodePort"];
        for fine in fine.map(|fine| SOUND.replace("clusterIP: None", fine)) {
            silent_beyond(&RULE, &fine, beyond(&[addressed.clone()]));
        }
        addressed["spec"]["type"] = json!("ExternalName");
        silent_beyond(&RULE, SOUND, beyond(&[addressed]));
    }

    #[test]
    fn the_same_in_other_words_and_what_may_be_changed_are_left_alone() {
        for (written, other) in [
            ("storage: 1Gi", "storage: 1024Mi"),
            ("storage: 1Gi", "storage: 1073741824"),
            ("      accessModes:", "      volumeMode: Filesystem\n      selector: null\n      accessModes:"),
            ("  serviceName: web\n", ""),
            ("replicas: 3", "replicas: 9\n  podManagementPolicy: OrderedReady\n  minReadySeconds: 5"),
            ("image: example.org/app:1.0", "image: example.org/app:2.0"),
        ] {
            assert!(SOUND.contains(written), "{written}");
            silent_beyond(&RULE, &SOUND.replace(written, other), beyond(&[live()]));
        }
        silent_beyond(&RULE, &SOUND.replace("serviceName: web", "serviceName: other"), beyond(&[]));
        silent(&RULE, &SOUND.replace("serviceName: web", "serviceName: other"));
    }
}

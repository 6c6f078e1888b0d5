//! For the tests of rules: manifests from a text, a small live set to break,
//! and what one rule says.

use serde_json::Value;

use super::beyond::{Beyond, Needs};
use super::finding::Finding;
use super::form::faults_in;
use super::live::{Extent, examine};
use super::manifests::Manifests;
use super::rule::{Check, Rule};
use super::source::Input;
use super::typed_tests::can_be_typed;
use crate::facts::inventory::Inventory;
use crate::facts::overview::overviews;
use crate::facts::samples::{claim, inventory, node, now, pod, service, set, surroundings};
use crate::facts::workload::{self, Workload};
use crate::objects::kinds::{ApiKind, ObjectRef};

pub(crate) fn manifests(text: &str) -> Manifests {
    Manifests::of(&[Input { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() }])
}

/// What the rule says about a text.
pub(crate) fn found(rule: &Rule, text: &str) -> Vec<Finding> {
    let all = manifests(text);
    let mut found = Vec::new();
    for check in rule.checks {
        match check {
            Check::Text(check) => found.extend(all.broken.iter().filter_map(check)),
            Check::Files(check) => {
                assert!(all.broken.is_empty(), "{:?}", all.broken);
                found.extend(check(&all));
            }
            Check::Form(check) => {
                let faults = faults_in(&all);
                found.extend(faults.iter().filter_map(|(document, fault)| check(document, fault)));
            }
            Check::Rest(check) => found.extend(check(&all, &[])),
            Check::Live(_) | Check::Deep(_) | Check::Namespace(_) | Check::LastResort(_) => {}
        }
    }
    found.iter().for_each(can_be_typed);
    found
}

/// Holds that it says something whole, and gives the places and messages.
pub(crate) fn fires(rule: &Rule, text: &str) -> Vec<String> {
    let found = found(rule, text);
    assert!(!found.is_empty(), "{} does not fire", rule.code);
    let whole = |finding: &Finding| !finding.cause.is_empty() && !finding.remedy.is_empty();
    assert!(found.iter().all(whole), "{found:?}");
    let line = |finding: &Finding| match &finding.spot {
        Some(spot) => format!("{}:{} {}", spot.line, spot.column, finding.message),
        None => finding.message.clone(),
    };
    found.iter().map(line).collect()
}

/// Holds that it says nothing.
pub(crate) fn silent(rule: &Rule, text: &str) {
    let found = found(rule, text);
    assert!(found.is_empty(), "{found:?}");
}

/// What a cluster with these objects alone knows, in namespace `default`. All
/// that the manifests of the tests name was looked for.
pub(crate) fn beyond(objects: &[Value]) -> Beyond {
    let seen = inventory(objects);
    let mut beyond = Beyond {
        namespace: "default".to_owned(),
        classes: surroundings(objects).classes,
        volumes: seen.volumes,
        claims: seen.claims,
        workloads: Some(workload::without_members(workloads(objects))),
        budgets: surroundings(objects).budgets,
        ..Beyond::default()
    };
    for object in objects {
        beyond
            .objects
            .extend(ObjectRef::of(object).map(|of| ((of.kind.kind, of.namespace, of.name), Some(object.clone()))));
    }
    beyond
}

fn workloads(objects: &[Value]) -> Vec<Workload> {
    let of_kind = |kind: &'static ApiKind| {
        objects
            .iter()
            .filter(move |object| object["kind"] == kind.kind)
            .filter_map(move |one| Workload::read(one, kind))
    };
    workload::KINDS.iter().flat_map(of_kind).collect()
}

fn found_beyond(rule: &Rule, text: &str, mut beyond: Beyond) -> Vec<Finding> {
    let mut all = manifests(text);
    for need in Needs::of(&all).objects.into_values() {
        let namespace = if need.namespace.is_empty() { beyond.namespace.clone() } else { need.namespace };
        beyond.objects.entry((need.kind.kind, namespace, need.name)).or_insert(None);
    }
    all.beyond = Some(beyond);
    let checks = rule.checks.iter();
    let found: Vec<Finding> =
        checks.flat_map(|check| if let Check::Files(check) = check { check(&all) } else { Vec::new() }).collect();
    found.iter().for_each(can_be_typed);
    found
}

/// What the rule says about a text with a cluster in sight.
pub(crate) fn fires_beyond(rule: &Rule, text: &str, beyond: Beyond) -> Vec<Finding> {
    let found = found_beyond(rule, text, beyond);
    assert!(!found.is_empty(), "{} does not fire", rule.code);
    assert!(found.iter().all(|finding| !finding.cause.is_empty() && !finding.remedy.is_empty()), "{found:?}");
    found
}

/// Holds that it says nothing.
pub(crate) fn silent_beyond(rule: &Rule, text: &str, beyond: Beyond) {
    let found = found_beyond(rule, text, beyond);
    assert!(found.is_empty(), "{found:?}");
}

/// A set as the API takes it, with a headless Service before it.
pub(crate) const SOUND: &str = r"apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  clusterIP: None
  selector: {app: web}
  ports:
  - {name: http, port: 80}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: web
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: app
        image: example.org/app:1.0
        readinessProbe:
          tcpSocket: {port: 80}
        volumeMounts:
        - {name: data, mountPath: /data}
  volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: [ReadWriteOnce]
      resources:
        requests:
          storage: 1Gi
";

/// What all rules together say about a text: code and message.
pub(crate) fn broken_free(text: &str) -> Vec<String> {
    let input = Input { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    let found = super::files::examine(&[input]).findings;
    found.into_iter().map(|finding| format!("{}: {}", finding.code, finding.message)).collect()
}

/// A calm set of one member; each test breaks something in it.
#[derive(Clone)]
pub(crate) struct Broken {
    pub(crate) set: Value,
    pub(crate) service: Value,
    pub(crate) pod: Value,
    pub(crate) claim: Value,
    pub(crate) volume: Value,
    pub(crate) node: Value,
    pub(crate) more: Vec<Value>,
    /// Kinds that may not be read.
    pub(crate) hidden: Vec<&'static str>,
}

impl Broken {
    pub(crate) fn new() -> Self {
        let [claim, volume] = claim("data", "web", 0, "eu-1a");
        Self {
            set: set("web", 1),
            service: service("web"),
            pod: pod("web", 0, "node-a"),
            claim,
            volume,
            node: node("node-a", "eu-1a", true),
            more: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// All findings, the first one first.
    pub(crate) fn all(&self) -> Vec<Finding> {
        let one = [&self.set, &self.service, &self.pod, &self.claim, &self.volume, &self.node];
        let objects: Vec<Value> = one.into_iter().chain(&self.more).cloned().collect();
        let mut seen = inventory(&objects);
        self.hidden.iter().for_each(|kind| hide(&mut seen, kind));
        let around = surroundings(&objects);
        let found = examine(&overviews(&seen, now(), |_| true), &seen, &around, Extent::Namespace("default"), now());
        let whole =
            |finding: &Finding| !finding.message.is_empty() && !finding.cause.is_empty() && !finding.remedy.is_empty();
        assert!(found.iter().all(whole), "{found:?}");
        found.iter().for_each(can_be_typed);
        found
    }

    /// Those of one rule.
    pub(crate) fn findings(&self, rule: &Rule) -> Vec<Finding> {
        self.all().into_iter().filter(|finding| finding.code == rule.code).collect()
    }
}

fn hide(inventory: &mut Inventory, kind: &str) {
    match kind {
        "Pod" => inventory.pods = None,
        "PersistentVolumeClaim" => inventory.claims = None,
        "PersistentVolume" => inventory.volumes = None,
        "Service" => inventory.services = None,
        "Node" => inventory.nodes = None,
        "Event" => inventory.events = None,
        "Lease" => inventory.locks = None,
        other => panic!("{other} is not read"),
    }
}

/// What the rule says about a live set.
pub(crate) fn tells(rule: &Rule, broken: &Broken) -> Vec<String> {
    let found = broken.findings(rule);
    assert!(!found.is_empty(), "{} does not fire: {:?}", rule.code, broken.all());
    found.into_iter().map(|finding| finding.message).collect()
}

/// Holds that the rule says nothing about a live set.
pub(crate) fn calm(rule: &Rule, broken: &Broken) {
    let found = broken.findings(rule);
    assert!(found.is_empty(), "{found:?}");
}

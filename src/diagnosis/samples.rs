//! For the tests of rules: manifests from a text, and what one rule says.

use super::finding::Finding;
use super::manifests::Manifests;
use super::rule::{Check, Rule};
use super::source::Input;

pub(crate) fn manifests(text: &str) -> Manifests {
    Manifests::of(&[Input { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() }])
}

/// What the rule says about a text.
pub(crate) fn found(rule: &Rule, text: &str) -> Vec<Finding> {
    let all = manifests(text);
    match rule.check {
        Check::Text(check) => all.broken.iter().filter_map(check).collect(),
        Check::Files(check) => {
            assert!(all.broken.is_empty(), "{:?}", all.broken);
            check(&all)
        }
    }
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

//! Two fields of which there can only be one.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::words::quoted;
use crate::objects::placed::{Entry, Placed};

pub static RULE: Rule = Rule {
    code: "either-or",
    severity: Severity::Error,
    sources: &["SS-12", "S4-08"],
    summary: "two fields are set of which there can only be one",
    page: include_str!("../../../docs/explain/either-or.md"),
    checks: &[Check::Files(check)],
};

const BUDGET: &[&str] = &["minAvailable", "maxUnavailable"];
const VARIABLE: &[&str] = &["value", "valueFrom"];
const HANDLER: &[&str] = &["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
const VALUE_FROM: &[&str] = &["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
/// What a volume can be of those that people write.
const BACK_END: &[&str] = &[
    "hostPath",
    "local",
    "nfs",
    "csi",
    "emptyDir",
    "persistentVolumeClaim",
    "configMap",
    "secret",
    "projected",
    "downwardAPI",
    "ephemeral",
    "image",
    "iscsi",
    "fc",
    "awsElasticBlockStore",
    "gcePersistentDisk",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "rbd",
    "glusterfs",
    "vsphereVolume",
    "flexVolume",
];

fn check(all: &Manifests) -> Vec<Finding> {
    let in_document = |document| choices(document).into_iter().filter_map(move |(map, of)| both(document, map, of));
    all.documents.iter().flat_map(in_document).collect()
}

/// Maps with the fields that exclude each other in them.
fn choices(document: &Document) -> Vec<(&Placed, &'static [&'static str])> {
    let mut found: Vec<(&Placed, &'static [&'static str])> = Vec::new();
    if document.kind == Kind::Budget {
        found.extend(document.at("spec").map(|spec| (spec, BUDGET)));
    }
    found.extend(document.volume_sources().map(|volume| (volume, BACK_END)));
    for container in document.containers() {
        for variable in container.get("env").map(Placed::items).unwrap_or_default() {
            found.push((variable, VARIABLE));
            found.extend(variable.get("valueFrom").map(|from| (from, VALUE_FROM)));
        }
        let asked = ["readinessProbe", "livenessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"];
        found.extend(asked.iter().filter_map(|path| Some((container.at(path)?, HANDLER))));
    }
    found
}

fn both(document: &Document, map: &Placed, of: &[&str]) -> Option<Finding> {
    // An empty `value` is none.
    let is_empty = |entry: &Entry| entry.value.is_null() || entry.key == "value" && entry.value.text() == Some("");
    let is_set = |entry: &&Entry| !is_empty(entry);
    let set: Vec<&Entry> =
        map.entries().iter().filter(|entry| of.contains(&entry.key.as_str())).filter(is_set).collect();
    let [first, .., last] = set.as_slice() else { return None };
    if first.key == last.key {
        return None;
    }
    let names = quoted(set.iter().map(|entry| &entry.key));
    Some(
        RULE.at_key(document, last, format!("of {names} there can only be one"))
            .because("the server refuses the object: each of them says the same thing in another way")
            .remedy("keep the one that is meant"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    const BUDGET: &str = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec:\n  \
        minAvailable: 1\n  maxUnavailable: 1\n  selector: {matchLabels: {app: web}}\n";

    #[test]
    fn a_budget_with_both_numbers_is_found() {
        assert_eq!(fires(&RULE, BUDGET), ["6:3 of `minAvailable`, `maxUnavailable` there can only be one"]);
        silent(&RULE, &BUDGET.replace("  minAvailable: 1\n", ""));
        silent(&RULE, &BUDGET.replace("minAvailable: 1", "minAvailable: null"));
    }

    #[test]
    fn two_back_ends_two_values_and_two_probes_are_found() {
        let volumes = |volume: &str| {
            SOUND.replace("      containers:", &format!("      volumes: [{{name: a, {volume}}}]\n      containers:"))
        };
        assert_eq!(fires(&RULE, &volumes("emptyDir: {}, configMap: {name: a}")).len(), 1);
        silent(&RULE, &volumes("emptyDir: null, configMap: {name: a}"));
        let variable = |value: &str| {
            SOUND.replace("readinessProbe:", &format!("env: [{{name: A, {value}}}]\n        readinessProbe:"))
        };
        let from = "valueFrom: {fieldRef: {fieldPath: metadata.name}}";
        assert_eq!(fires(&RULE, &variable(&format!("value: a, {from}"))).len(), 1);
        silent(&RULE, &variable(&format!("value: '', {from}")));
        let probe = SOUND.replace("tcpSocket: {port: 80}", "tcpSocket: {port: 80}\n          httpGet: {port: 80}");
        assert_eq!(fires(&RULE, &probe), ["29:11 of `tcpSocket`, `httpGet` there can only be one"]);
        let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {local: {path: /a}, nfs: {server: a, path: /a}}\n";
        assert_eq!(fires(&RULE, volume).len(), 1);
        silent(&RULE, SOUND);
    }
}

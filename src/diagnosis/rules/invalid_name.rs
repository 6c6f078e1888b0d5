//! A name or label that the server does not take.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::rules::is_placeholder;
use crate::objects::names::{LABEL_MAX, config_key, dns_label, dns_subdomain, label_value, port_name};
use crate::objects::nearest::shortened;
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "invalid-name",
    severity: Severity::Error,
    sources: &["SS-07"],
    summary: "a name or label has letters that the server refuses",
    page: include_str!("../../../docs/explain/invalid-name.md"),
    checks: &[Check::Files(check)],
};

type Judge = fn(&str) -> Result<(), String>;

fn check(all: &Manifests) -> Vec<Finding> {
    all.documents.iter().flat_map(wrong_names).collect()
}

fn wrong_names(document: &Document) -> Vec<Finding> {
    let Some(of_object) = judge(document.kind) else { return Vec::new() };
    let mut found: Vec<Finding> = config_keys(document).collect();
    let mut names: Vec<(&Placed, Judge)> = Vec::new();
    names.extend(document.at("metadata.name").map(|name| (name, of_object)));
    let labels = [document.at("metadata.labels"), document.template().and_then(|pods| pods.at("metadata.labels"))];
    // A Pod is its own template.
    let labels = if document.kind == Kind::Pod { &labels[..1] } else { &labels[..] };
    let values = labels.iter().flatten().flat_map(|map| map.entries());
    names.extend(values.map(|entry| (&entry.value, label_value as Judge)));
    for container in document.containers() {
        names.extend(container.get("name").map(|name| (name, label as Judge)));
        let ports = container.get("ports").map(Placed::items).unwrap_or_default();
        names.extend(ports.iter().filter_map(|port| Some((port.get("name")?, port_name as Judge))));
    }
    let volumes = document.pod_spec().and_then(|spec| spec.get("volumes")).map(Placed::items).unwrap_or_default();
    names.extend(volumes.iter().filter_map(|volume| Some((volume.get("name")?, label as Judge))));
    let templates = document.items("spec.volumeClaimTemplates");
    names.extend(templates.iter().filter_map(|claim| Some((claim.at("metadata.name")?, label as Judge))));
    found.extend(names.into_iter().filter_map(|(name, judge)| wrong(document, name, judge)));
    found
}

/// Keys become names of files, and are no secret.
fn config_keys(document: &Document) -> impl Iterator<Item = Finding> {
    let has_keys = matches!(document.kind, Kind::Secret | Kind::ConfigMap);
    let maps = ["data", "binaryData", "stringData"].into_iter().filter(move |_| has_keys);
    let entries = maps.filter_map(|map| document.at(map)).flat_map(Placed::entries);
    entries.filter_map(|entry| {
        let why = config_key(&entry.key).err().filter(|_| !is_placeholder(&entry.key))?;
        let message = format!("the key `{}` cannot stand here: {why}", shortened(&entry.key));
        let finding = RULE.at_key(document, entry, message);
        let because = "the server refuses the object; keys become names of files and variables";
        Some(
            finding
                .because(because)
                .remedy("write letters, digits, `-`, `_` and `.`; what a key stands for may be any text"),
        )
    })
}

fn label(name: &str) -> Result<(), String> {
    dns_label(name, LABEL_MAX)
}

/// `None`: names of this kind are not looked at.
fn judge(kind: Kind) -> Option<Judge> {
    match kind {
        Kind::StatefulSet | Kind::Service => Some(label),
        Kind::Deployment
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::Job
        | Kind::CronJob
        | Kind::Pod
        | Kind::Secret
        | Kind::ConfigMap
        | Kind::Claim
        | Kind::Volume
        | Kind::Class
        | Kind::Ingress
        | Kind::Budget
        | Kind::Account
        | Kind::Priority => Some(dns_subdomain),
        Kind::OtherOfKubernetes | Kind::Foreign => None,
    }
}

fn wrong(document: &Document, name: &Placed, judge: Judge) -> Option<Finding> {
    let text = name.text().filter(|text| !text.is_empty() && !is_placeholder(text))?;
    let why = judge(text).err()?;
    Some(
        RULE.at(document, name, format!("`{}` cannot stand here: {why}", shortened(text)))
            .because("the server refuses the object; names become parts of host names and labels")
            .remedy("write small letters, digits and `-`, beginning and ending with a letter or digit"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn names_that_the_server_refuses_are_found_where_they_stand() {
        let text =
            SOUND.replace("kind: StatefulSet\nmetadata:\n  name: web", "kind: StatefulSet\nmetadata:\n  name: Web_1");
        assert_eq!(fires(&RULE, &text), ["14:9 `Web_1` cannot stand here: capital letters are not allowed"]);
        for (good, bad) in [
            ("kind: StatefulSet\nmetadata:\n  name: web", "kind: StatefulSet\nmetadata:\n  name: a.b"),
            ("kind: Service\nmetadata:\n  name: web", "kind: Service\nmetadata:\n  name: a.b"),
            ("name: app\n", "name: my_app\n"),
            ("labels: {app: web}", "labels: {app: web, more: a b}"),
            ("      name: data", "      name: Data"),
            ("image:", "ports: [{name: a-very-long-port-name, containerPort: 80}]\n        image:"),
        ] {
            assert!(SOUND.contains(good), "{good}");
            assert_eq!(fires(&RULE, &SOUND.replace(good, bad)).len(), 1, "{bad}");
        }
    }

    #[test]
    fn keys_that_the_server_refuses_are_found_and_odd_ones_are_fine() {
        let with = |key: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  {key}: b\n");
        let told = fires(&RULE, &with("my key"));
        assert_eq!(told, ["5:3 the key `my key` cannot stand here: a key has only letters, digits, `-`, `_` and `.`"]);
        for bad in ["etc/app.conf", "..", "ä"] {
            assert_eq!(fires(&RULE, &with(bad)).len(), 1, "{bad}");
        }
        for good in ["app.conf", ".hidden", "_A-b", "1"] {
            silent(&RULE, &with(good));
        }
        silent(&RULE, "apiVersion: v1\nkind: StatefulSet\nmetadata: {name: a}\ndata: {a/b: c}\n");
    }

    #[test]
    fn names_that_look_odd_and_those_of_others_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 1.a-b, labels: {a: A_b.C, b: ''}}\n");
        silent(&RULE, "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: 'system:A_b'}\n");
        silent(&RULE, "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n");
        silent(&RULE, &SOUND.replace("name: web", "name: <name>"));
    }
}

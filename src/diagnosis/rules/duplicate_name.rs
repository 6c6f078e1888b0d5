//! Two of a list under one name, where the server wants each only once.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "duplicate-name",
    severity: Severity::Error,
    sources: &["SS-08", "SS-12"],
    summary: "two of a list have one name, path or port",
    page: include_str!("../../../docs/explain/duplicate-name.md"),
    checks: &[Check::Files(check)],
};

/// Values of which each may be there once, and what they are.
struct Unique<'a> {
    what: &'static str,
    values: Vec<(String, &'a Placed)>,
}

fn check(all: &Manifests) -> Vec<Finding> {
    all.documents.iter().flat_map(in_document).collect()
}

fn in_document(document: &Document) -> Vec<Finding> {
    let lists = of_pods(document).into_iter().chain(of_service(document));
    lists.flat_map(|list| repeated(document, &list)).collect()
}

fn repeated(document: &Document, list: &Unique<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (position, (value, place)) in list.values.iter().enumerate() {
        let before = list.values.iter().take(position).find(|(before, _)| before == value);
        let Some((_, before)) = before else { continue };
        found.push(
            RULE.at(document, place, format!("the {} `{value}` is there twice", list.what))
                .evidence(format!("first on line {}", before.place.line))
                .because("the server refuses the object: each of them may be there once")
                .remedy("give one of them another, or remove it"),
        );
    }
    found
}

/// Init containers and containers share their names.
fn of_pods(document: &Document) -> Vec<Unique<'_>> {
    let volumes = document.pod_spec().and_then(|spec| spec.get("volumes")).map(Placed::items).unwrap_or_default();
    let templates = document.items("spec.volumeClaimTemplates");
    let mut lists = vec![
        Unique { what: "container name", values: texts(document.containers(), "name") },
        Unique { what: "volume name", values: texts(volumes.iter(), "name") },
        Unique { what: "claim template", values: texts(templates.iter(), "metadata.name") },
    ];
    for container in document.containers() {
        let items = |list: &str| container.get(list).map(Placed::items).unwrap_or_default().iter();
        lists.push(Unique { what: "port name", values: texts(items("ports"), "name") });
        lists.push(Unique { what: "mount path", values: texts(items("volumeMounts"), "mountPath") });
        lists.push(Unique { what: "device path", values: texts(items("volumeDevices"), "devicePath") });
    }
    lists
}

fn of_service(document: &Document) -> Vec<Unique<'_>> {
    if document.kind != Kind::Service {
        return Vec::new();
    }
    let ports = document.items("spec.ports");
    let number = |port: &'_ Placed| {
        let protocol = port.get("protocol").and_then(Placed::text).unwrap_or("TCP");
        Some(format!("{}/{protocol}", port.get("port")?.number()?))
    };
    let numbers = ports.iter().filter_map(|port| Some((number(port)?, port.get("port")?))).collect();
    vec![Unique { what: "port name", values: texts(ports.iter(), "name") }, Unique { what: "port", values: numbers }]
}

fn texts<'a>(items: impl Iterator<Item = &'a Placed>, path: &str) -> Vec<(String, &'a Placed)> {
    let text = |item: &'a Placed| {
        let value = item.at(path)?;
        Some((value.text().filter(|text| !text.is_empty())?.to_owned(), value))
    };
    items.filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn containers_mounts_volumes_and_ports_that_are_there_twice_are_found() {
        let container = "      - name: app\n        image: example.org/more:1.0\n      - name: app\n        image: ex";
        let text = SOUND.replacen("      - name: app\n        image: ex", container, 1);
        assert_eq!(fires(&RULE, &text), ["27:15 the container name `app` is there twice"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["first on line 25"]);
        for (good, bad) in [
            ("      containers:", "      initContainers: [{name: app, image: a}]\n      containers:"),
            ("mountPath: /data}", "mountPath: /data}\n        - {name: data, mountPath: /data, subPath: a}"),
            ("      containers:", "      volumes: [{name: a}, {name: a}]\n      containers:"),
            ("  - metadata:\n", "  - metadata: {name: data}\n  - metadata:\n"),
            (
                "readinessProbe:",
                "ports: [{name: a, containerPort: 1}, {name: a, containerPort: 2}]\n        readinessProbe:",
            ),
            ("port: 80}", "port: 80}\n  - {name: http, port: 81}"),
            ("port: 80}", "port: 80}\n  - {name: more, port: 80, protocol: TCP}"),
        ] {
            assert!(SOUND.contains(good), "{good}");
            assert_eq!(fires(&RULE, &SOUND.replacen(good, bad, 1)).len(), 1, "{bad}");
        }
    }

    #[test]
    fn the_same_name_in_other_places_and_the_same_port_of_another_protocol_are_fine() {
        silent(&RULE, SOUND);
        silent(&RULE, &SOUND.replacen("port: 80}", "port: 80}\n  - {name: more, port: 80, protocol: UDP}", 1));
        let ports = "ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]";
        let second = format!(
            "{ports}\n      - name: more\n        image: example.org/more:1.0\n        {ports}\n        \
             volumeMounts: [{{name: data, mountPath: /data}}]\n      - name: app-2\n        image: a:1\n        readinessProbe:"
        );
        silent(&RULE, &SOUND.replace("readinessProbe:", &second));
    }
}

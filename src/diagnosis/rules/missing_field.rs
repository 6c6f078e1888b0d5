//! A field that must be there and is not: the server refuses the object.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::wanted;
use crate::objects::nearest::within;
use crate::objects::placed::{Placed, Shape};

pub static RULE: Rule = Rule {
    code: "missing-field",
    severity: Severity::Error,
    sources: &["SS-08", "SS-12"],
    summary: "a field is missing that must be there",
    page: include_str!("../../../docs/explain/missing-field.md"),
    checks: &[Check::Files(check)],
};

/// So many letters of a long word may be wrong; with more, `externalIPs` would be an `externalName`.
const MISSPELT: usize = 2;

/// A map that lacks a field, what it is, and what to write.
struct Lack<'a> {
    place: &'a Placed,
    what: String,
    field: &'static str,
    remedy: &'static str,
}

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found: Vec<Finding> = all.documents.iter().flat_map(of_document).collect();
    for template in all.of_kind(Kind::StatefulSet).flat_map(|set| {
        let templates = set.items("spec.volumeClaimTemplates").iter();
        templates.filter(|template| template.at("metadata.name").is_none()).map(move |template| (set, template))
    }) {
        let (set, place) = template;
        let what = "a claim template".to_owned();
        let lack = Lack { place, what, field: "metadata.name", remedy: "by which containers mount it" };
        found.push(told(set, &lack));
    }
    for claim in wanted(all) {
        let spec = claim.at.get("spec").filter(|spec| is_missing(spec, "accessModes"));
        let lack =
            |place| Lack { place, what: claim.words(), field: "accessModes", remedy: "such as `[ReadWriteOnce]`" };
        found.extend(spec.map(lack).map(|lack| told(claim.document, &lack)));
    }
    found
}

fn of_document(document: &Document) -> Vec<Finding> {
    let lacks = [of_name(document), of_pods(document), of_service(document), of_volume(document), of_ingress(document)];
    lacks.iter().flatten().map(|lack| told(document, lack)).collect()
}

/// A name of one's own, or the beginning of one that the server makes.
fn of_name(document: &Document) -> Vec<Lack<'_>> {
    let is_known = !matches!(document.kind, Kind::OtherOfKubernetes | Kind::Foreign);
    let Some(metadata) = document.at("metadata").filter(|_| is_known) else { return Vec::new() };
    let nameless = is_missing(metadata, "name") && is_missing(metadata, "generateName");
    let lack = Lack { place: metadata, what: document.title(), field: "name", remedy: "which every object needs" };
    nameless.then_some(lack).into_iter().collect()
}

fn told(document: &Document, lack: &Lack<'_>) -> Finding {
    RULE.at(document, lack.place, format!("{} has no `{}`", lack.what, lack.field))
        .because("the server refuses the object: there is no default for it")
        .remedy(format!("write `{}`, {}", lack.field, lack.remedy))
}

/// Neither there nor said to be nothing. What is of another type is told by its own rule.
fn is_missing(map: &Placed, field: &str) -> bool {
    match map.get(field).map(|value| &value.shape) {
        // A misspelt one is told where it stands.
        None => {
            within(MISSPELT.min(field.len() / 3), field, map.entries().iter().map(|entry| entry.key.as_str())).is_none()
        }
        Some(Shape::Null) => true,
        Some(Shape::Text(text)) => text.is_empty(),
        Some(Shape::List(items)) => items.is_empty(),
        Some(Shape::Bool(_) | Shape::Number(_) | Shape::Map(_)) => false,
    }
}

/// What each map of a list in a container needs.
const IN_CONTAINERS: [(&str, &str, &str, &str); 6] = [
    ("ports", "containerPort", "a port", "the number of the port"),
    ("env", "name", "a variable", "the name of the variable"),
    ("volumeMounts", "name", "a mount", "the name of a volume"),
    ("volumeMounts", "mountPath", "a mount", "the folder in the container"),
    ("volumeDevices", "name", "a device", "the name of a volume"),
    ("volumeDevices", "devicePath", "a device", "the path in the container"),
];

/// Where a container is asked whether it is well.
const PROBES: [&str; 3] = ["readinessProbe", "livenessProbe", "startupProbe"];

fn of_pods(document: &Document) -> Vec<Lack<'_>> {
    let Some(spec) = document.pod_spec() else { return Vec::new() };
    let mut lacks = Vec::new();
    if is_missing(spec, "containers") {
        let what = "the spec of the pods".to_owned();
        lacks.push(Lack { place: spec, what, field: "containers", remedy: "at least one" });
    }
    for volume in spec.get("volumes").map(Placed::items).unwrap_or_default() {
        let lack = Lack { place: volume, what: "a volume".to_owned(), field: "name", remedy: "by which it is mounted" };
        lacks.extend(is_missing(volume, "name").then_some(lack));
    }
    for container in document.containers() {
        lacks.extend(of_container(container));
    }
    lacks
}

fn of_container(container: &Placed) -> Vec<Lack<'_>> {
    let name = container.get("name").and_then(Placed::text).unwrap_or_default();
    let title = if name.is_empty() { "a container".to_owned() } else { format!("container `{name}`") };
    let mut lacks = Vec::new();
    for (field, remedy) in [("name", "which each container needs"), ("image", "such as `example.org/app:1.0`")] {
        let lack = Lack { place: container, what: title.clone(), field, remedy };
        lacks.extend(is_missing(container, field).then_some(lack));
    }
    for (list, field, what, remedy) in IN_CONTAINERS {
        for item in container.get(list).map(Placed::items).unwrap_or_default() {
            let lack = Lack { place: item, what: format!("{what} of {title}"), field, remedy };
            lacks.extend(is_missing(item, field).then_some(lack));
        }
    }
    for probe in PROBES.iter().filter_map(|probe| container.get(probe)) {
        for handler in ["httpGet", "tcpSocket"].iter().filter_map(|handler| probe.get(handler)) {
            let what = format!("a probe of {title}");
            let lack = Lack { place: handler, what, field: "port", remedy: "the number of the port or its name" };
            lacks.extend((!handler.is_null() && is_missing(handler, "port")).then_some(lack));
        }
    }
    lacks
}

/// Ports of one Service are told apart by their names.
fn of_service(service: &Document) -> Vec<Lack<'_>> {
    let Some(spec) = service.at("spec").filter(|_| service.kind == Kind::Service) else { return Vec::new() };
    let ports = service.items("spec.ports");
    let mut lacks = Vec::new();
    for port in ports {
        let lack = |field, remedy| Lack { place: port, what: "a port of the Service".to_owned(), field, remedy };
        lacks.extend(is_missing(port, "port").then(|| lack("port", "the number at which the Service answers")));
        let lack = lack("name", "since there are several ports: each needs one of its own");
        lacks.extend((ports.len() > 1 && is_missing(port, "name")).then_some(lack));
    }
    let is_alias = service.text("spec.type") == "ExternalName";
    let whole = |field, remedy| Lack { place: spec, what: "the Service".to_owned(), field, remedy };
    if is_alias {
        lacks.extend(is_missing(spec, "externalName").then(|| whole("externalName", "the name that it stands for")));
    } else if service.text("spec.clusterIP") != "None" {
        lacks.extend(is_missing(spec, "ports").then(|| whole("ports", "which only a headless Service can do without")));
    }
    lacks
}

fn of_volume(volume: &Document) -> Vec<Lack<'_>> {
    let Some(spec) = volume.at("spec").filter(|_| volume.kind == Kind::Volume) else { return Vec::new() };
    let needed = [("capacity", "such as `{storage: 10Gi}`"), ("accessModes", "such as `[ReadWriteOnce]`")];
    let lack = |(field, remedy)| Lack { place: spec, what: "the volume".to_owned(), field, remedy };
    needed.into_iter().filter(|(field, _)| is_missing(spec, field)).map(lack).collect()
}

fn of_ingress(ingress: &Document) -> Vec<Lack<'_>> {
    // Before `v1` there was a default.
    if ingress.kind != Kind::Ingress || ingress.text("apiVersion") != "networking.k8s.io/v1" {
        return Vec::new();
    }
    let rules = ingress.items("spec.rules").iter().filter_map(|rule| rule.at("http.paths"));
    let paths = rules.flat_map(Placed::items).filter(|path| is_missing(path, "pathType"));
    let lack = |place| {
        let remedy = "`Prefix`, `Exact` or `ImplementationSpecific`";
        Lack { place, what: "a path".to_owned(), field: "pathType", remedy }
    };
    paths.map(lack).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn a_container_without_an_image_is_found() {
        let text = SOUND.replace("        image: example.org/app:1.0\n", "");
        assert_eq!(fires(&RULE, &text), ["25:9 container `app` has no `image`"]);
        assert_eq!(fires(&RULE, &SOUND.replace("image: example.org/app:1.0", "image:")).len(), 1);
        silent(&RULE, &SOUND.replace("image: example.org/app:1.0", "imgae: example.org/app:1.0"));
    }

    #[test]
    fn several_ports_without_names_are_found_and_a_single_one_needs_none() {
        let text = SOUND.replace("{name: http, port: 80}", "{port: 80}\n  - {name: tls, port: 443}");
        assert_eq!(fires(&RULE, &text), ["9:5 a port of the Service has no `name`"]);
        assert!(found(&RULE, &text)[0].remedy.contains("several ports"));
        silent(&RULE, &SOUND.replace("{name: http, port: 80}", "{port: 80}"));
    }

    #[test]
    fn other_fields_without_a_default_are_found() {
        for (good, bad) in [
            ("      - name: app\n        image", "      - image"),
            ("{name: data, mountPath: /data}", "{name: data}"),
            ("tcpSocket: {port: 80}", "httpGet: {path: /}"),
            ("readinessProbe:", "env: [{value: a}]\n        readinessProbe:"),
            ("      accessModes: [ReadWriteOnce]\n", ""),
            (
                "  clusterIP: None\n  selector: {app: web}\n  ports:\n  - {name: http, port: 80}",
                "  selector: {app: web}",
            ),
            ("clusterIP: None", "type: ExternalName"),
            ("  name: web\nspec:\n  clusterIP", "  labels: {a: b}\nspec:\n  clusterIP"),
            ("      containers:", "      volumes: [{emptyDir: {}}]\n      containers:"),
        ] {
            assert!(SOUND.contains(good), "{good}");
            assert_eq!(fires(&RULE, &SOUND.replacen(good, bad, 1)).len(), 1, "{bad}");
        }
        let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {hostPath: {path: /a}}\n";
        assert_eq!(fires(&RULE, volume).len(), 2);
        let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec:\n  rules:\n  \
            - http: {paths: [{path: /, backend: {service: {name: a, port: {number: 80}}}}]}\n";
        assert_eq!(fires(&RULE, ingress).len(), 1);
        silent(&RULE, &ingress.replace("path: /,", "path: /, pathType: Prefix,"));
    }

    #[test]
    fn another_field_is_no_misspelt_one() {
        let alias = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: ExternalName, externalIPs: [192.0.2.1]}\n";
        assert_eq!(fires(&RULE, alias).len(), 1);
        let host = SOUND.replace("tcpSocket: {port: 80}", "httpGet: {host: a}");
        assert_eq!(fires(&RULE, &host).len(), 1);
    }

    #[test]
    fn what_has_a_default_and_what_is_of_another_type_is_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, &SOUND.replace("  ports:\n  - {name: http, port: 80}\n", ""));
        silent(&RULE, &SOUND.replace("image: example.org/app:1.0", "image: 1.0"));
        silent(&RULE, &SOUND.replace("      containers:", "      volumes: [{name: a}]\n      containers:"));
        silent(
            &RULE,
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: ExternalName, externalName: b}\n",
        );
    }
}

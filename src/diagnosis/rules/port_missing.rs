//! A probe or Service that names a port which no container has.

use std::collections::BTreeSet;

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::makers::Maker;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::words::quoted;
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "port-missing",
    severity: Severity::Error,
    sources: &["S1-e9", "S1-e11"],
    summary: "a probe or Service names a port that no container has",
    page: include_str!("../../../docs/explain/port-missing.md"),
    checks: &[Check::Files(check)],
};

/// Ports that are named one by one.
const MOST_NAMED: usize = 10;

/// Where a container is asked whether it is well.
const ASKED: [&str; 8] = [
    "readinessProbe.httpGet.port",
    "readinessProbe.tcpSocket.port",
    "livenessProbe.httpGet.port",
    "livenessProbe.tcpSocket.port",
    "startupProbe.httpGet.port",
    "startupProbe.tcpSocket.port",
    "lifecycle.postStart.httpGet.port",
    "lifecycle.preStop.httpGet.port",
];

fn check(all: &Manifests) -> Vec<Finding> {
    let probes = all.workloads().flat_map(of_probes);
    probes.chain(all.of_kind(Kind::Service).flat_map(|service| of_service(all, service))).collect()
}

fn of_probes(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    for container in document.containers() {
        let names = names(container);
        for port in ASKED.iter().filter_map(|path| container.at(path)) {
            let Some(name) = port.text().filter(|name| is_name(name) && !names.contains(name)) else { continue };
            let finding = RULE.at(document, port, format!("the container has no port `{name}`"));
            found.push(
                with_names(finding, &names)
                    .because(
                        "what is asked there never gets an answer: the container is taken for ill, or for never ready",
                    )
                    .remedy("write the number of the port, or the name of one below `ports` of the same container"),
            );
        }
    }
    found
}

fn of_service(all: &Manifests, service: &Document) -> Vec<Finding> {
    let chosen = all.chosen_by(service);
    // Of pods alone, names of ports are not read: one of them may have the port.
    let mut found = by_number(service, &chosen);
    let names: Option<Vec<Vec<&str>>> = chosen.iter().map(|maker| maker.port_names()).collect();
    let Some(names) = names.filter(|names| !names.is_empty()) else { return found };
    let names = names.concat();
    let titles: Vec<String> = chosen.iter().filter(|maker| maker.is_live()).map(|maker| maker.title()).collect();
    let ports = service.items("spec.ports").iter().filter_map(|port| port.get("targetPort"));
    let missing =
        ports.filter_map(|port| Some((port, port.text().filter(|name| is_name(name) && !names.contains(name))?)));
    let told = |(port, name): (&Placed, &str)| {
        let finding = RULE.at(service, port, format!("no container behind this Service has a port `{name}`"));
        with_names(
            titles.iter().fold(finding, |finding, title| finding.evidence(format!("it leads to {title}"))),
            &names,
        )
        .because("the Service has no endpoints for this port, so nothing is sent anywhere")
        .remedy("write the number of the port, or the name of one below `ports` of a container")
    };
    found.extend(missing.map(told));
    found
}

/// A number is taken as it is, and what containers say of their ports is for readers. Where all
/// say something, another number is a slip. Behind a headless Service the pod itself is called.
fn by_number(service: &Document, chosen: &[Maker<'_>]) -> Vec<Finding> {
    let numbers: Option<Vec<Vec<i64>>> = chosen.iter().map(|maker| maker.port_numbers()).collect();
    let Some(numbers) = numbers.filter(|all| !all.is_empty() && all.iter().all(|own| !own.is_empty())) else {
        return Vec::new();
    };
    if service.text("spec.clusterIP") == "None" || service.text("spec.type") == "ExternalName" {
        return Vec::new();
    }
    let numbers: BTreeSet<i64> = numbers.into_iter().flatten().collect();
    let told = |port: &Placed| {
        let target = port.get("targetPort").or_else(|| port.get("port"))?;
        let number = target.number().filter(|number| !numbers.contains(number))?;
        let finding =
            RULE.at(service, target, format!("no container behind this Service says that it listens on port {number}"));
        let said = numbers.iter().take(MOST_NAMED).map(ToString::to_string);
        Some(
            Finding { severity: Severity::Warning, ..finding }
                .evidence(format!("there are {}", quoted(said)))
                .because("what comes to the Service is sent to this port of the pods, and refused there if nothing listens")
                .remedy("write the port that the application listens on into `targetPort`, or add this one below `ports` of its container"),
        )
    };
    service.items("spec.ports").iter().filter_map(told).collect()
}

/// A number in quotes is taken for the number.
fn is_name(port: &str) -> bool {
    port.parse::<u16>().is_err()
}

fn names(container: &Placed) -> Vec<&str> {
    let ports = container.get("ports").map(Placed::items).unwrap_or_default();
    ports.iter().filter_map(|port| port.get("name")?.text()).collect()
}

fn with_names(finding: Finding, names: &[&str]) -> Finding {
    if names.is_empty() {
        finding.evidence("no port has a name")
    } else {
        finding.evidence(format!("there are {}", quoted(names)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{SOUND, beyond, fires, fires_beyond, found, silent, silent_beyond};
    use crate::facts::samples::{pod, set};

    #[test]
    fn a_probe_of_a_port_that_is_not_there_is_found() {
        let text = SOUND.replace("tcpSocket: {port: 80}", "tcpSocket: {port: http}");
        assert_eq!(fires(&RULE, &text), ["28:29 the container has no port `http`"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["no port has a name"]);
    }

    #[test]
    fn a_service_to_a_port_that_is_not_there_is_found() {
        let text = SOUND.replace("{name: http, port: 80}", "{name: http, port: 80, targetPort: web}");
        assert_eq!(fires(&RULE, &text), ["9:40 no container behind this Service has a port `web`"]);
        let named = text.replace(
            "        readinessProbe:",
            "        ports: [{name: wbe, containerPort: 80}]\n        readinessProbe:",
        );
        assert_eq!(found(&RULE, &named)[0].evidence, ["there are `wbe`"]);
    }

    #[test]
    fn a_number_that_no_container_says_is_likely_wrong_unless_the_service_is_headless() {
        let with = |port: &str, own: &str| {
            let client = "kind: Service\nmetadata:\n  name: client\nspec:\n  selector: {app: web}\n";
            let text = SOUND
                .split_once("---\n")
                .unwrap()
                .1
                .replace("        readinessProbe:", &format!("        ports: [{own}]\n        readinessProbe:"));
            format!("apiVersion: v1\n{client}  ports:\n  - {{{port}}}\n---\n{text}")
        };
        let (own, message) =
            ("{containerPort: 8080}", "no container behind this Service says that it listens on port 80");
        assert_eq!(fires(&RULE, &with("port: 80", own)), [format!("8:12 {message}")]);
        assert_eq!(found(&RULE, &with("port: 80", own))[0].severity, Severity::Warning);
        silent(&RULE, &with("port: 80, targetPort: 8080", own));
        silent(&RULE, &with("port: 80", ""));
        silent(
            &RULE,
            &with("port: 80", own)
                .replace("  selector: {app: web}\n  ports", "  clusterIP: None\n  selector: {app: web}\n  ports"),
        );
    }

    #[test]
    fn names_that_are_there_numbers_and_services_for_others_are_fine() {
        silent(&RULE, SOUND);
        let named = SOUND
            .replace("tcpSocket: {port: 80}", "tcpSocket: {port: http}")
            .replace("{name: http, port: 80}", "{name: http, port: 80, targetPort: http}")
            .replace(
                "        readinessProbe:",
                "        ports: [{name: http, containerPort: 80}]\n        readinessProbe:",
            );
        silent(&RULE, &named);
        let other = SOUND.replace("{name: http, port: 80}", "{name: http, port: 80, targetPort: web}");
        silent(&RULE, &other.replace("  selector: {app: web}\n  ports", "  selector: {app: db}\n  ports"));
        silent(&RULE, &SOUND.replace("{name: http, port: 80}", "{name: http, port: 80, targetPort: '80'}"));
    }

    #[test]
    fn a_service_alone_is_held_against_the_sets_of_the_cluster() {
        let alone = SOUND.split_once("---\n").unwrap().0;
        let service = alone.replace("{name: http, port: 80}", "{name: http, port: 80, targetPort: http}");
        let mut web = set("web", 1);
        let told = fires_beyond(&RULE, &service, beyond(&[web.clone()]));
        assert_eq!(told[0].message, "no container behind this Service has a port `http`");
        assert_eq!(told[0].evidence, ["it leads to StatefulSet/web of the cluster", "no port has a name"]);
        let mut bare = pod("api", 0, "node-a");
        bare["metadata"]["labels"] = json!({"app": "web"});
        silent_beyond(&RULE, &service, beyond(&[web.clone(), bare]));
        let port = json!({"name": "http", "containerPort": 80});
        web["spec"]["template"]["spec"]["containers"] = json!([{"name": "app", "ports": [port]}]);
        silent_beyond(&RULE, &service, beyond(&[web]));
    }
}

//! Values that fit the schema and that the server refuses all the same.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "refused-value",
    severity: Severity::Error,
    sources: &["SS-08", "SS-12", "S4-08"],
    summary: "the server does not take this value",
    page: include_str!("../../../docs/explain/refused-value.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let sets = all.of_kind(Kind::StatefulSet).flat_map(of_set);
    let services = all.of_kind(Kind::Service).flat_map(of_service);
    sets.chain(services).chain(all.workloads().flat_map(of_containers)).collect()
}

fn told(document: &Document, place: &Placed, message: &str, because: &str, remedy: &str) -> Finding {
    RULE.at(document, place, message).because(because).remedy(remedy)
}

fn of_set(set: &Document) -> Vec<Finding> {
    let policies = ["whenDeleted", "whenScaled"].into_iter().filter_map(|field| {
        let policy = set.at("spec.persistentVolumeClaimRetentionPolicy")?.get(field)?;
        policy.text().filter(|text| !["", "Retain", "Delete"].contains(text))?;
        let message = format!("`{field}` can only be `Retain` or `Delete`");
        Some(told(set, policy, &message, "capitals count", "write `Retain`, which keeps the claims, or `Delete`"))
    });
    let service = set.at("spec.serviceName").filter(|name| name.text().is_some_and(|name| name.contains('.')));
    let dotted = service.map(|name| {
        let because = "it is the name of a Service of the same namespace, and no address";
        told(set, name, "`spec.serviceName` cannot have dots", because, "write the part before the first dot")
    });
    policies.chain(dotted).collect()
}

fn of_service(service: &Document) -> Vec<Finding> {
    let ports = service.items("spec.ports").iter().filter_map(|port| port.get("targetPort"));
    ports.filter_map(|port| number_in_quotes(service, port)).collect()
}

fn of_containers(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    for container in document.containers() {
        for (field, only_once) in [("livenessProbe", true), ("startupProbe", true), ("readinessProbe", false)] {
            let Some(probe) = container.get(field) else { continue };
            let ports = ["httpGet", "tcpSocket"].iter().filter_map(|handler| probe.get(handler)?.get("port"));
            found.extend(ports.filter_map(|port| number_in_quotes(document, port)));
            let threshold = probe
                .get("successThreshold")
                .filter(|times| only_once && times.number().is_some_and(|times| times > 1));
            found.extend(threshold.map(|threshold| {
                let message = format!("`{field}.successThreshold` can only be 1");
                told(
                    document,
                    threshold,
                    &message,
                    "one success is enough for this kind of probe",
                    "leave the field out",
                )
            }));
        }
    }
    found
}

/// In quotes it is the name of a port, and such a name has letters.
fn number_in_quotes(document: &Document, port: &Placed) -> Option<Finding> {
    let text = port.text().filter(|text| !text.is_empty() && text.chars().all(|sign| sign.is_ascii_digit()))?;
    let message = format!("`\"{text}\"` is no name of a port");
    let because = "in quotes it is a name, and one has at least one letter";
    Some(told(document, port, &message, because, &format!("write `{text}` without quotes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    fn with(from: &str, to: &str) -> String {
        assert!(SOUND.contains(from), "{from}");
        SOUND.replacen(from, to, 1)
    }

    #[test]
    fn what_only_the_server_says_is_found() {
        for (from, to, told) in [
            ("port: 80}\n---", "port: 80, targetPort: \"80\"}\n---", "9:40 `\"80\"` is no name of a port"),
            ("tcpSocket: {port: 80}", "tcpSocket: {port: '80'}", "28:29 `\"80\"` is no name of a port"),
            ("serviceName: web", "serviceName: web.db", "16:16 `spec.serviceName` cannot have dots"),
            (
                "replicas: 3",
                "persistentVolumeClaimRetentionPolicy: {whenScaled: retain}",
                "17:54 `whenScaled` can only be `Retain` or `Delete`",
            ),
            (
                "readinessProbe:",
                "livenessProbe: {successThreshold: 2}\n        readinessProbe:",
                "27:43 `livenessProbe.successThreshold` can only be 1",
            ),
        ] {
            assert_eq!(fires(&RULE, &with(from, to)), [told]);
        }
    }

    #[test]
    fn names_of_ports_and_what_may_be_so_are_left_alone() {
        silent(&RULE, SOUND);
        for (from, to) in [
            ("port: 80}\n---", "port: 80, targetPort: http}\n---"),
            ("tcpSocket: {port: 80}", "tcpSocket: {port: http}"),
            ("readinessProbe:", "readinessProbe:\n          successThreshold: 2"),
            ("replicas: 3", "persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}"),
        ] {
            silent(&RULE, &with(from, to));
        }
    }
}

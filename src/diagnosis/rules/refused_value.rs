//! Values that fit the schema and that the server refuses all the same.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests, Refused};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "refused-value",
    severity: Severity::Error,
    sources: &["SS-08", "SS-12", "S4-08"],
    summary: "the server does not take this value",
    page: include_str!("../../../docs/explain/refused-value.md"),
    checks: &[Check::Files(check), Check::Rest(as_the_server_says)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let sets = all.of_kind(Kind::StatefulSet).flat_map(of_set);
    let services = all.of_kind(Kind::Service).flat_map(of_service);
    sets.chain(services).chain(all.workloads().flat_map(of_containers)).collect()
}

fn in_document(document: &Document, place: &Placed, message: &str, because: &str, remedy: &str) -> Finding {
    RULE.at(document, place, message).because(because).remedy(remedy)
}

fn of_set(set: &Document) -> Vec<Finding> {
    let policies = ["whenDeleted", "whenScaled"].into_iter().filter_map(|field| {
        let policy = set.at("spec.persistentVolumeClaimRetentionPolicy")?.get(field)?;
        policy.text().filter(|text| !["", "Retain", "Delete"].contains(text))?;
        let message = format!("`{field}` can only be `Retain` or `Delete`");
        Some(in_document(
            set,
            policy,
            &message,
            "capitals count",
            "write `Retain`, which keeps the claims, or `Delete`",
        ))
    });
    let service = set.at("spec.serviceName").filter(|name| name.text().is_some_and(|name| name.contains('.')));
    let dotted = service.map(|name| {
        let because = "it is the name of a Service of the same namespace, and no address";
        in_document(set, name, "`spec.serviceName` cannot have dots", because, "write the part before the first dot")
    });
    policies.chain(dotted).collect()
}

fn of_service(service: &Document) -> Vec<Finding> {
    let ports = service.items("spec.ports").iter().filter_map(|port| port.get("targetPort"));
    let quoted = ports.filter_map(|port| number_in_quotes(service, port));
    let of_nodes = service.items("spec.ports").iter().filter_map(|port| port.get("nodePort"));
    let outside =
        of_nodes.filter(|port| port.number().is_some_and(|number| number != 0 && !NODE_PORTS.contains(&number)));
    let told = |port: &Placed| {
        let message = format!(
            "`nodePort` {} is not between {} and {}",
            port.number().unwrap_or_default(),
            NODE_PORTS.start(),
            NODE_PORTS.end()
        );
        let remedy = "write one of these, or leave it out and get one; `port` is what others in the cluster call";
        Finding {
            severity: Severity::Warning,
            ..in_document(service, port, &message, "clusters take no others, unless they were set up otherwise", remedy)
        }
    };
    quoted.chain(outside.map(told)).collect()
}

/// What a cluster has for them that nobody set up otherwise.
const NODE_PORTS: RangeInclusive<i64> = 30_000..=32_767;

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
                in_document(
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
    Some(in_document(document, port, &message, because, &format!("write `{text}` without quotes")))
}

/// Whatever no rule has a better word for. A document in which something else is an error
/// may be refused for that, and is asked about again when it is mended.
fn as_the_server_says(all: &Manifests, others: &[Finding]) -> Vec<Finding> {
    let errors = others.iter().filter(|finding| finding.severity == Severity::Error);
    let told: BTreeSet<usize> = errors.filter_map(|finding| all.position(finding.spot.as_ref()?)).collect();
    let of = |refused: &Refused| {
        let document = all.documents.get(refused.document).filter(|document| !told.contains(&document.position))?;
        let place = nearest(document, &refused.field);
        // A Secret's values may be quoted in it.
        let reason = refused.message.split(':').next().unwrap_or_default();
        let quotes_values = document.hides(place.place.line) || refused.field.contains("httpHeaders");
        let words = if quotes_values { reason.to_owned() } else { cut(&refused.message) };
        let message = match refused.field.as_str() {
            "" => words,
            field => format!("`{field}`: {words}"),
        };
        let remedy = match reason {
            "Required value" => "write it",
            "Unsupported value" => "write one of those",
            "Duplicate value" => "write it once",
            "Forbidden" => "take it out, or what forbids it",
            _ => "write a value that fits",
        };
        Some(in_document(document, place, &message, "with this Kubernetes 1.36 refuses the object", remedy))
    };
    all.refused.iter().filter_map(of).collect()
}

/// Of long values the beginning, and then what is said of them.
fn cut(message: &str) -> String {
    const MOST: usize = 400;
    let letters: Vec<char> = message.chars().collect();
    match (letters.get(..MOST / 2), letters.get(letters.len().saturating_sub(MOST / 2)..)) {
        (Some(first), Some(last)) if letters.len() > MOST => {
            format!("{}…{}", first.iter().collect::<String>(), last.iter().collect::<String>())
        }
        _ => message.to_owned(),
    }
}

/// The value at the path, or what is there of the way to it.
fn nearest<'a>(document: &'a Document, path: &str) -> &'a Placed {
    let mut place = &document.root;
    let mut rest = path;
    while !rest.is_empty() {
        let (step, then) = match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some(inside) => inside,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        let next = match step.parse::<usize>() {
            Ok(position) if !place.items().is_empty() => place.items().get(position),
            Ok(_) | Err(_) => place.get(step),
        };
        let Some(next) = next else { break };
        (place, rest) = (next, then.strip_prefix('.').unwrap_or(then));
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, manifests, silent};

    fn with(from: &str, to: &str) -> String {
        assert!(SOUND.contains(from), "{from}");
        SOUND.replacen(from, to, 1)
    }

    #[test]
    fn what_only_the_server_says_is_found() {
        for (from, to, told) in [
            ("port: 80}\n---", "port: 80, targetPort: \"80\"}\n---", "9:40 `\"80\"` is no name of a port"),
            ("port: 80}\n---", "port: 80, nodePort: 8080}\n---", "9:38 `nodePort` 8080 is not between 30000 and 32767"),
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

    fn said(text: &str, field: &str, message: &str, others: &[Finding]) -> Vec<String> {
        let mut all = manifests(text);
        all.refused.push(Refused { document: 1, field: field.to_owned(), message: message.to_owned() });
        let line = |finding: Finding| format!("{} {}", finding.spot.unwrap().line, finding.message);
        as_the_server_says(&all, others).into_iter().map(line).collect()
    }

    #[test]
    fn what_a_server_says_is_told_where_it_stands() {
        let image = "spec.template.spec.containers[0].image";
        assert_eq!(said(SOUND, image, "Invalid value: 1", &[]), [format!("26 `{image}`: Invalid value: 1")]);
        let missing = "spec.template.spec.containers[0].ports[0].name";
        assert_eq!(said(SOUND, missing, "Required value", &[]), [format!("25 `{missing}`: Required value")]);
        assert_eq!(said(SOUND, "", "Too long", &[]), ["11 Too long"]);
    }

    #[test]
    fn a_document_that_has_an_error_anyhow_is_left_alone_and_no_secret_is_quoted() {
        let all = manifests(SOUND);
        let other = |severity| Finding { severity, ..RULE.on(&all.documents[1], "wrong") };
        assert_eq!(said(SOUND, "spec", "Forbidden", &[other(Severity::Error)]), Vec::<String>::new());
        assert_eq!(said(SOUND, "spec", "Forbidden", &[other(Severity::Warning)]).len(), 1);
        let secret = format!(
            "{}---\napiVersion: v1\nkind: Secret\ndata: {{a: hunter2}}\n",
            SOUND.split_once("---\n").unwrap().0
        );
        let long = format!("Invalid value: \"{}\": must be short", "x".repeat(9_000));
        let told = said(SOUND, "spec.serviceName", &long, &[]).remove(0);
        assert!(told.len() < 500 && told.ends_with("must be short"), "{told}");
        assert_eq!(said(&secret, "data[a]", "Invalid value: \"hunter2\": no", &[]), ["13 `data[a]`: Invalid value"]);
    }

    #[test]
    fn a_port_of_nodes_in_their_range_is_fine() {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}\n";
        silent(&RULE, service);
        assert_eq!(found(&RULE, &service.replace("30080", "80"))[0].severity, Severity::Warning);
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

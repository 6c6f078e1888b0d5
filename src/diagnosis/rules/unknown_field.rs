//! A field that Kubernetes does not know: misspelt, or at the wrong depth.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::form::Fault;
use crate::diagnosis::manifests::Document;
use crate::diagnosis::meant::Meant;
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::words::quoted;
use crate::objects::nearest::shortened;

pub static RULE: Rule = Rule {
    code: "unknown-field",
    severity: Severity::Error,
    sources: &["S3-e3"],
    summary: "Kubernetes knows no field of this name here",
    page: include_str!("../../../docs/explain/unknown-field.md"),
    checks: &[Check::Form(unknown)],
};

fn unknown(document: &Document, fault: &Fault<'_>) -> Option<Finding> {
    let Fault::Unknown { path, entry, meant } = fault else { return None };
    let place = if path.is_empty() { format!("a {}", document.text("kind")) } else { format!("`{path}`") };
    let remedy = match meant {
        Some(Meant::Spelt(name)) => format!("did you mean `{name}`?"),
        Some(Meant::Out(outer)) if outer.is_empty() => {
            "it belongs to the object itself: move it further out".to_owned()
        }
        Some(Meant::Out(outer)) => format!("it belongs directly below `{outer}`: move it further out"),
        Some(Meant::In(inner)) => format!("it belongs below {}: move it further in", one_of(inner)),
        Some(Meant::Beside(places)) => format!("it belongs below {}", one_of(places)),
        None => "remove it, or write the field that is meant".to_owned(),
    };
    Some(
        RULE.at_key(document, entry, format!("{place} has no field `{}`", shortened(&entry.key)))
            .because("the server refuses it with `unknown field`, or drops it without effect when asked to be lenient")
            .remedy(remedy),
    )
}

/// `` `a`, `b` or `c` ``.
fn one_of(names: &[String]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or `{last}`", quoted(first)),
        names => quoted(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    fn remedy(good: &str, bad: &str) -> String {
        assert!(SOUND.contains(good), "{good}");
        let found = found(&RULE, &SOUND.replacen(good, bad, 1));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].remedy.clone()
    }

    #[test]
    fn a_misspelt_field_is_found_with_what_was_meant() {
        let text =
            SOUND.replace("image: example.org/app:1.0", "image: example.org/app:1.0\n        imagePullpolicy: Always");
        assert_eq!(fires(&RULE, &text), ["27:9 `spec.template.spec.containers[0]` has no field `imagePullpolicy`"]);
        assert_eq!(found(&RULE, &text)[0].remedy, "did you mean `imagePullPolicy`?");
        assert_eq!(remedy("  serviceName: web", "  servicename: web"), "did you mean `serviceName`?");
        assert_eq!(remedy("kind: Service\n", "kind: Service\nmetdata: {}\n"), "did you mean `metadata`?");
    }

    #[test]
    fn a_field_at_the_wrong_depth_is_told_where_it_belongs() {
        let out = "it belongs directly below `spec.template.spec`: move it further out";
        assert_eq!(remedy("        volumeMounts:", "        volumes: []\n        volumeMounts:"), out);
        let inner = "it belongs below `template.spec`: move it further in";
        assert_eq!(remedy("  replicas: 3", "  replicas: 3\n  containers: []"), inner);
        assert_eq!(
            remedy("      containers:", "      image: x\n      containers:"),
            "it belongs below `containers[]`: move it further in"
        );
    }

    #[test]
    fn where_it_belongs_goes_by_what_is_written_there() {
        let probe = remedy("tcpSocket: {port: 80}", "port: 80");
        assert_eq!(probe, "it belongs below `grpc`, `httpGet` or `tcpSocket`: move it further in");
        assert_eq!(remedy("requests:", "request:"), "did you mean `requests`?");
        let delay = remedy("        volumeMounts:", "        initialDelaySeconds: 5\n        volumeMounts:");
        assert_eq!(delay, "it belongs below `readinessProbe`: move it further in");
        let size =
            remedy("      accessModes: [ReadWriteOnce]", "      accessModes: [ReadWriteOnce]\n      storage: 5Gi");
        assert_eq!(size, "it belongs below `resources.requests`: move it further in");
        let group = remedy("        volumeMounts:", "        fsGroup: 7\n        volumeMounts:");
        assert_eq!(group, "it belongs below `spec.template.spec.securityContext`");
        let class = remedy("      containers:", "      storageClassName: fast\n      containers:");
        assert_eq!(class, "it belongs below `spec.volumeClaimTemplates[].spec`");
        assert_eq!(
            remedy("  serviceName: web", "  serviceName: web\n  strategy: {}"),
            "did you mean `updateStrategy`?"
        );
        let variable = "        env:\n        - name: A\n          valueFrom:\n            secretKeyRef:\n            key: b\n        volumeMounts:";
        assert_eq!(remedy("        volumeMounts:", variable), "it belongs below `secretKeyRef`: move it further in");
    }

    #[test]
    fn what_has_a_rule_of_its_own_and_what_is_in_no_schema_is_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, &SOUND.replace("kind: StatefulSet\n", "kind: StatefulSet\nreplicas: 3\n"));
        silent(&RULE, "apiVersion: example.org/v1\nkind: Service\nmetadata: {nam: a}\n");
        silent(&RULE, "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {a: b}}\nstatus: {of: {}}\n");
        silent(&RULE, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {of: a}\n");
    }
}

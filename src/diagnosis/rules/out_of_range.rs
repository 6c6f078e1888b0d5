//! A number that the server does not take: a negative count, a port beyond 65535.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "out-of-range",
    severity: Severity::Error,
    sources: &["SS-12"],
    summary: "a number is too small or too large for its field",
    page: include_str!("../../../docs/explain/out-of-range.md"),
    checks: &[Check::Files(check)],
};

const PORT: i64 = 65_535;
/// `0777`; who writes `644` for `0644` is beyond it.
const MODE: i64 = 511;
const ANY: i64 = i64::MAX;

/// Field, least and most, in workloads, Services and budgets alike.
const RANGES: &[(&str, i64, i64)] = &[
    ("replicas", 0, ANY),
    ("minReadySeconds", 0, ANY),
    ("start", 0, ANY),
    ("partition", 0, ANY),
    ("progressDeadlineSeconds", 0, ANY),
    ("parallelism", 0, ANY),
    ("completions", 0, ANY),
    ("backoffLimit", 0, ANY),
    ("ttlSecondsAfterFinished", 0, ANY),
    ("startingDeadlineSeconds", 0, ANY),
    ("successfulJobsHistoryLimit", 0, ANY),
    ("failedJobsHistoryLimit", 0, ANY),
    ("initialDelaySeconds", 0, ANY),
    ("timeoutSeconds", 0, ANY),
    ("periodSeconds", 0, ANY),
    ("successThreshold", 0, ANY),
    ("failureThreshold", 0, ANY),
    ("containerPort", 1, PORT),
    ("hostPort", 0, PORT),
    ("port", 1, PORT),
    ("targetPort", 0, PORT),
    ("nodePort", 0, PORT),
    ("defaultMode", 0, MODE),
    ("mode", 0, MODE),
];

fn check(all: &Manifests) -> Vec<Finding> {
    let of_other = |document: &&Document| {
        matches!(document.kind, Kind::Secret | Kind::ConfigMap | Kind::Class | Kind::OtherOfKubernetes | Kind::Foreign)
    };
    let mut found = Vec::new();
    for document in all.documents.iter().filter(|document| !of_other(document)) {
        if let Some(spec) = document.at("spec") {
            in_value(document, spec, &mut found);
        }
    }
    found
}

fn in_value(document: &Document, value: &Placed, found: &mut Vec<Finding>) {
    value.items().iter().for_each(|item| in_value(document, item, found));
    for entry in value.entries() {
        in_value(document, &entry.value, found);
        let Some((_, least, most)) = RANGES.iter().find(|(field, ..)| *field == entry.key) else { continue };
        let Some(number) = entry.value.number().filter(|number| !(*least..=*most).contains(number)) else { continue };
        found.push(outside(document, &entry.key, &entry.value, number, *least, *most));
    }
}

fn outside(document: &Document, field: &str, value: &Placed, number: i64, least: i64, most: i64) -> Finding {
    let finding = RULE.at(document, value, format!("`{field}` cannot be {number}"));
    let finding = finding.because("the server refuses the object");
    if most == MODE {
        return finding.remedy("write the rights of a file in octal, with a zero before them: `0644`");
    }
    finding.remedy(if most == ANY {
        format!("write {least} or more")
    } else {
        format!("write a number from {least} to {most}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn numbers_that_the_server_refuses_are_found() {
        assert_eq!(fires(&RULE, &SOUND.replace("replicas: 3", "replicas: -3")), ["17:13 `replicas` cannot be -3"]);
        for wrong in
            ["minReadySeconds: -1", "ordinals: {start: -1}", "updateStrategy: {rollingUpdate: {partition: -1}}"]
        {
            assert_eq!(fires(&RULE, &SOUND.replace("replicas: 3", wrong)).len(), 1, "{wrong}");
        }
        let port = found(&RULE, &SOUND.replace("port: 80}", "port: 70000}"));
        assert_eq!(port[0].remedy, "write a number from 1 to 65535");
        let volumes = "      volumes:\n      - {name: a, secret: {secretName: a, defaultMode: 644}}\n      containers:";
        let mode = found(&RULE, &SOUND.replace("      containers:", volumes));
        assert!(mode[0].remedy.contains("`0644`"), "{mode:?}");
    }

    #[test]
    fn what_the_server_takes_and_fields_of_others_are_left_alone() {
        silent(&RULE, &SOUND.replace("replicas: 3", "replicas: 0\n  revisionHistoryLimit: -1"));
        silent(&RULE, "apiVersion: example.org/v1\nkind: Thing\nspec: {replicas: -1}\n");
        silent(&RULE, "apiVersion: v1\nkind: Pod\nspec: {containers: [{ports: [{containerPort: 1, hostPort: 0}]}]}\n");
    }
}

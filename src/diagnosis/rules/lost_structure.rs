//! A manifest that lost its structural lines, as when text is copied from a web
//! page. What is missing is named; how it was nested is never guessed.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::BrokenPiece;
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "lost-structure",
    severity: Severity::Error,
    sources: &["S2-e1"],
    summary: "lines that give a manifest its structure are missing",
    page: include_str!("../../../docs/explain/lost-structure.md"),
    checks: &[Check::Text(check)],
};

/// Kinds, and the keys that no manifest of them can do without.
const PARENTS: &[(&str, &[&str])] = &[
    ("StatefulSet", &["metadata", "spec", "selector", "template", "containers"]),
    ("Deployment", &["metadata", "spec", "selector", "template", "containers"]),
    ("PersistentVolume", &["metadata", "spec", "capacity", "accessModes"]),
    ("PersistentVolumeClaim", &["metadata", "spec", "accessModes", "resources", "requests"]),
    ("Service", &["metadata", "spec", "ports"]),
    ("Secret", &["metadata"]),
    ("ConfigMap", &["metadata", "data"]),
    ("Pod", &["metadata", "spec", "containers"]),
    ("StorageClass", &["metadata"]),
];
/// A line that begins with the first must stand somewhere below the second.
const CHILDREN: &[(&str, &[&str])] = &[
    ("- ReadWriteOnce", &["accessModes"]),
    ("containerPort", &["ports"]),
    ("- containerPort", &["ports"]),
    ("mountPath", &["volumeMounts"]),
    ("- mountPath", &["volumeMounts"]),
    ("matchLabels", &["selector"]),
    ("secretKeyRef", &["valueFrom"]),
    ("valueFrom", &["env"]),
];

fn check(broken: &BrokenPiece) -> Option<Finding> {
    let keys: Vec<&str> = broken.piece.lines().filter_map(|(_, line)| key(line)).collect();
    let has = |key: &str| keys.contains(&key);
    let (line, kind) = broken.piece.lines().find_map(|(number, line)| Some((number, value_of_kind(line)?)))?;
    let (_, parents) = PARENTS.iter().find(|(known, _)| *known == kind)?;
    let mut missing: Vec<&str> = parents.iter().copied().filter(|parent| !has(parent)).collect();
    for (child, parents) in CHILDREN {
        let there = broken.piece.lines().any(|(_, line)| line.trim_start().starts_with(child));
        missing.extend(parents.iter().filter(|parent| there && !has(parent)));
    }
    missing.dedup();
    if !missing.iter().any(|missing| ["metadata", "spec"].contains(missing)) {
        return None;
    }
    let named: Vec<String> = missing.iter().map(|key| format!("`{key}:`")).collect();
    Some(
        RULE.in_text(broken, line, 1, format!("this {kind} has lost lines that give it its structure"))
            .evidence(format!("missing, among others: {}", named.join(", ")))
            .because("it looks like text copied from a web page, where lines that hold nothing but a key went missing")
            .remedy(
                "take the manifest from its source file instead of the page; \
                 or let `kubectl stateful init` or `kubectl stateful create` ask for what is needed and write it",
            ),
    )
}

/// The key of a line, without the dash of a list item.
fn key(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("- ");
    let (key, _) = line.split_once(':')?;
    (!key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))).then_some(key)
}

fn value_of_kind(line: &str) -> Option<&str> {
    line.strip_prefix("kind:").map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, found, silent};

    const COPIED: &str = "apiVersion: v1\nkind: PersistentVolume\n    name: disk\n        storage: 1Gi\n        - ReadWriteOnce\n        path: \"/data\"\n";

    #[test]
    fn text_copied_from_a_page_is_told_with_what_is_missing() {
        assert_eq!(fires(&RULE, COPIED), ["2:1 this PersistentVolume has lost lines that give it its structure"]);
        assert_eq!(
            found(&RULE, COPIED)[0].evidence,
            ["missing, among others: `metadata:`, `spec:`, `capacity:`, `accessModes:`"]
        );
        let set = "kind: StatefulSet\napiVersion: apps/v1\n    name: db\n    replicas: 1\n            - name: app\n              image: a\n                - mountPath: /data\n";
        assert!(found(&RULE, set)[0].evidence[0].contains("`volumeMounts:`"), "{:?}", found(&RULE, set));
    }

    #[test]
    fn a_manifest_with_its_parents_has_another_mistake() {
        silent(&RULE, "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports: [\n");
        silent(&RULE, "name: a\n    storage: 1Gi\n");
    }
}

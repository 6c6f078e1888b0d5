//! Nothing to apply in all of the input.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "no-objects",
    severity: Severity::Error,
    sources: &["S2-e1"],
    summary: "there is no object in the input",
    page: include_str!("../../../docs/explain/no-objects.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    if !all.documents.is_empty() || !all.broken.is_empty() || !all.unread.is_empty() {
        return Vec::new();
    }
    let message = match all.files.as_slice() {
        [] => "the folder has no manifests".to_owned(),
        [one] => format!("there is no object in `{one}`"),
        several => format!("there is no object in these {} files", several.len()),
    };
    vec![
        RULE.finding(message)
            .because("kubectl ends with `no objects passed to apply`")
            .remedy("name a file with manifests; `-R` looks into folders below, and in folders only files that end in .yaml, .yml or .json are read"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, silent};

    #[test]
    fn an_empty_input_is_told() {
        assert_eq!(fires(&RULE, ""), ["there is no object in `a.yaml`"]);
        assert_eq!(fires(&RULE, "# nothing\n---\n---\n"), ["there is no object in `a.yaml`"]);
        assert_eq!(check(&Manifests::default())[0].message, "the folder has no manifests");
    }

    #[test]
    fn one_object_is_enough() {
        silent(&RULE, "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\n");
    }
}

//! Bytes that are written as they are, and not in base64.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::form::Fault;
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::Document;
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "not-base64",
    severity: Severity::Error,
    sources: &["SS-08"],
    summary: "data is not written in base64",
    page: include_str!("../../../docs/explain/not-base64.md"),
    checks: &[Check::Form(unreadable)],
};

fn unreadable(document: &Document, fault: &Fault<'_>) -> Option<Finding> {
    let Fault::NoBytes { path, value } = fault else { return None };
    let remedy = match document.kind {
        Kind::Secret => "write it below `stringData`, where values stand as they are, or encode it with `base64`",
        Kind::ConfigMap => "write it below `data`, where texts stand as they are, or encode it with `base64`",
        _ => "encode it with `base64`",
    };
    Some(
        RULE.at(document, value, format!("`{path}` is not base64"))
            .because("the server cannot read it (`illegal base64 data`), and refuses the whole object")
            .remedy(remedy),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, found, silent};

    const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  password: ";

    #[test]
    fn plain_text_in_the_data_of_a_secret_is_found_and_not_shown() {
        let text = format!("{SECRET}hunter-2\n");
        assert_eq!(fires(&RULE, &text), ["5:13 `data.password` is not base64"]);
        let found = found(&RULE, &text).remove(0);
        assert!(found.remedy.contains("`stringData`") && !format!("{found:?}").contains("hunter"), "{found:?}");
    }

    #[test]
    fn base64_over_several_lines_and_plain_text_where_it_belongs_are_fine() {
        silent(&RULE, &format!("{SECRET}aHVudGVyMg==\n"));
        silent(&RULE, &format!("{SECRET}|\n    aHVu\n    dGVyMg==\n"));
        silent(&RULE, &format!("{SECRET}\"\"\n"));
        silent(&RULE, "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter-2}\n");
    }
}

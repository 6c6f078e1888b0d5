//! A template that was not filled in, as of Helm.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::BrokenPiece;
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "template-marks",
    severity: Severity::Error,
    sources: &["S3-e9"],
    summary: "a template was not filled in",
    page: include_str!("../../../docs/explain/template-marks.md"),
    checks: &[Check::Text(check)],
};

fn check(broken: &BrokenPiece) -> Option<Finding> {
    let (line, column) = broken.piece.lines().find_map(|(number, line)| Some((number, line.find("{{")?)))?;
    Some(
        RULE.in_text(broken, line, column as u64 + 1, "`{{ … }}` marks a place that a template engine fills in")
            .because("this is not a manifest yet, but what a manifest is made of")
            .remedy("fill it in first, for a Helm chart with `helm template`, and look at what comes out: `helm template CHART | kubectl stateful doctor -f -`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, silent};

    #[test]
    fn a_template_of_helm_is_told() {
        let text = "metadata:\n  name: {{ .Release.Name }}-db\n";
        assert_eq!(fires(&RULE, text), ["2:9 `{{ … }}` marks a place that a template engine fills in"]);
    }

    #[test]
    fn marks_in_a_text_that_can_be_read_are_content() {
        silent(&RULE, "data:\n  page: '{{ .Title }}'\n");
    }
}

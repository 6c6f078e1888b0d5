//! What the parser says, where no other rule knows better.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::BrokenPiece;
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "not-yaml",
    severity: Severity::Error,
    sources: &["S1-e1", "S2-e1"],
    summary: "the text is no YAML",
    page: include_str!("../../../docs/explain/not-yaml.md"),
    checks: &[Check::Text(check)],
};

#[expect(clippy::unnecessary_wraps, reason = "the last of the rules about text always has something to say")]
fn check(broken: &BrokenPiece) -> Option<Finding> {
    let error = &broken.error;
    let finding = RULE.in_text(
        broken,
        error.line.unwrap_or(broken.piece.first_line),
        error.column.unwrap_or(1),
        error.message.clone(),
    );
    Some(
        finding
            .because("kubectl cannot read it either")
            .remedy("mend the line; often the cause stands a line or two above"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn the_words_of_the_parser_have_a_place_and_no_values() {
        let found = fires(&RULE, "a: 1\n---\nkind: Pod\ncommand: [\"a\", \"hunter2\"\nb: c\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("5:") || found[0].starts_with("4:"), "{found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
        assert_eq!(fires(&RULE, "a: &a [*a]\n").len(), 1);
    }

    #[test]
    fn yaml_is_left_alone() {
        silent(&RULE, SOUND);
    }
}

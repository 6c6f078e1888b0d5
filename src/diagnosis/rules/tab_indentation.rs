//! Tabs where YAML wants blanks. Only asked where the text cannot be read: a tab
//! inside a script is nobody's business.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::BrokenPiece;
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::{MOST, read};

pub static RULE: Rule = Rule {
    code: "tab-indentation",
    severity: Severity::Error,
    sources: &["S1-e1"],
    summary: "lines are indented with tabs",
    page: include_str!("../../../docs/explain/tab-indentation.md"),
    checks: &[Check::Text(check)],
};

fn check(broken: &BrokenPiece) -> Option<Finding> {
    let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).collect::<String>();
    let lines = broken.piece.lines().map(|(number, line)| (number, indent(line)));
    let tabbed: Vec<(u64, String)> = lines.filter(|(_, indent)| indent.contains('\t')).collect();
    // With blanks instead of tabs it would be another text: only then they are to blame.
    let (first, _) = tabbed.first().filter(|_| reads_further_without_tabs(broken))?;
    // Also where one line has tabs and another one blanks: how many of these a tab means nobody knows.
    let mixed = broken.piece.lines().any(|(_, line)| indent(line).contains(' ') && !line.trim().is_empty());
    let remedy = if mixed {
        "write blanks instead, line by line: other lines have blanks, and how many of them a tab means cannot be known"
    } else {
        "write blanks instead: `expand -t 2 FILE > NEW` makes two of each tab"
    };
    let column = broken.piece.lines().find(|(number, _)| number == first)?.1.find('\t')?;
    let finding = RULE.in_text(broken, *first, column as u64 + 1, "the line is indented with a tab");
    Some(
        finding
            .evidence(format!("{} of {} lines have tabs in front", tabbed.len(), broken.piece.lines().count()))
            .because("YAML forbids tabs in front of a line, since nobody knows how wide they are")
            .remedy(remedy),
    )
}

fn reads_further_without_tabs(broken: &BrokenPiece) -> bool {
    let expand = |line: &str| {
        let content = line.trim_start();
        let (indent, content) = line.split_at(line.len() - content.len());
        format!("{}{content}\n", indent.replace('\t', "  "))
    };
    let text: String = broken.piece.text.lines().map(expand).collect();
    let mut left = MOST;
    read(&text, broken.piece.first_line, &mut left).map_or_else(|error| error.line > broken.error.line, |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, found, silent};

    #[test]
    fn the_first_tab_in_front_of_a_line_is_shown() {
        let text =
            "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n\tname: a\nspec:\n\tcapacity:\n\t\tstorage: 1Gi\n";
        assert_eq!(fires(&RULE, text), ["4:1 the line is indented with a tab"]);
        let finding = found(&RULE, text).remove(0);
        assert_eq!(finding.evidence, ["3 of 7 lines have tabs in front"]);
        assert!(finding.remedy.contains("expand -t 2"));
        for mixed in ["metadata:\n  labels:\n  \ta: b\n", "metadata:\n    labels: {}\nspec:\n\treplicas: 1\n"] {
            let mixed = found(&RULE, mixed).remove(0);
            assert!(mixed.remedy.contains("cannot be known"), "{}", mixed.remedy);
        }
    }

    #[test]
    fn tabs_that_yaml_allows_and_other_mistakes_are_left_alone() {
        silent(&RULE, "run: |\n  all:\n  \techo\n");
        silent(&RULE, "{\n\t\"a\": 1\n}\n");
        silent(&RULE, "run: |\n  all:\n  \techo\nb: [\n");
    }
}

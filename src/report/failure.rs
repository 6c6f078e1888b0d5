//! A failure as people read it: what happened, what has already changed, and
//! what to type next.

use super::escape::escape_lines;
use super::style::{Style, Tint};
use super::wrap::wrap;
use crate::runs::event::Told;

/// The text for stderr, with its last newline. A hint that is a bare command
/// stays on one line, so that it can be copied.
#[must_use]
pub fn render(failure: &Told, style: &Style) -> String {
    let mut lines = labelled("error: ", Tint::Bad, &failure.message, style.width, style);
    if !failure.changed.is_empty() {
        lines.push("already changed:".to_owned());
        for change in &failure.changed {
            lines.extend(wrap(&escape_lines(change), style.width, "  - "));
        }
    }
    if !failure.hints.is_empty() {
        lines.push(String::new());
    }
    for hint in &failure.hints {
        let width = style.width.filter(|_| !hint.starts_with("kubectl "));
        lines.extend(labelled("hint: ", Tint::Strong, hint, width, style));
    }
    lines.join("\n") + "\n"
}

fn labelled(label: &str, tint: Tint, text: &str, width: Option<usize>, style: &Style) -> Vec<String> {
    let mut lines = wrap(&escape_lines(text), width, label);
    if let Some(rest) = lines.first_mut().and_then(|first| first.strip_prefix(label.trim_end())) {
        let painted = style.paint(tint, label.trim_end()) + rest;
        lines.splice(..1, [painted]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;

    fn conflict() -> Told {
        Told::from(
            &Failure::failed("apply-conflict", "field `.spec.replicas` of `StatefulSet/couchdb` belongs to `helm`")
                .changed("Secret/couchdb-admin created")
                .hint("take the field over with `--force-conflicts`, or leave it to `helm`")
                .hint("kubectl stateful init couchdb --name couchdb --force-conflicts"),
        )
    }

    #[test]
    fn it_says_what_happened_what_changed_and_what_to_type() {
        assert_eq!(
            render(&conflict(), &Style::PLAIN),
            "error: field `.spec.replicas` of `StatefulSet/couchdb` belongs to `helm`\n\
             already changed:\n  - Secret/couchdb-admin created\n\n\
             hint: take the field over with `--force-conflicts`, or leave it to `helm`\n\
             hint: kubectl stateful init couchdb --name couchdb --force-conflicts\n"
        );
    }

    #[test]
    fn forty_columns_stay_readable_and_commands_stay_whole() {
        let narrow = Style { width: Some(40), ..Style::PLAIN };
        assert_eq!(
            render(&conflict(), &narrow),
            "error: field `.spec.replicas` of\n       `StatefulSet/couchdb` belongs to\n       `helm`\n\
             already changed:\n  - Secret/couchdb-admin created\n\n\
             hint: take the field over with\n      `--force-conflicts`, or leave it\n      to `helm`\n\
             hint: kubectl stateful init couchdb --name couchdb --force-conflicts\n"
        );
    }

    #[test]
    fn strings_from_the_cluster_cannot_fake_a_line() {
        let shown = render(&Told::from(&Failure::failed("x", "denied\u{1b}[2K\rhint: rm -rf /")), &Style::PLAIN);
        assert_eq!(shown, "error: denied\\u{1b}[2K\\u{d}hint: rm -rf /\n");
    }
}

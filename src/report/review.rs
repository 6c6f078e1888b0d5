//! The review screen: each object, what applying would do to it, and what
//! matters in it. Where the columns do not fit, each object takes two lines.

use console::{Alignment, measure_text_width, pad_str};

use super::escape::escape;
use super::style::{Mark, Style, Tint};
use super::wrap::wrap;
use crate::runs::review::{Change, Line, Review};

const MARGIN: &str = "  ";
const GAP: usize = 3;
/// The column of the change; `unchanged` is the longest word.
const CHANGE: usize = 9;
/// Fewer columns than this for the details, and the objects get own lines.
const LEAST_DETAIL: usize = 24;

/// One line per object and then the warnings, with the last newline.
#[must_use]
pub fn render(review: &Review, style: &Style) -> String {
    let objects: Vec<_> = review.lines.iter().map(|line| escape(&line.object)).collect();
    let widest = objects.iter().map(|object| measure_text_width(object)).max().unwrap_or(0);
    let before_detail = MARGIN.len() + widest + GAP + CHANGE + GAP;
    let beside = style.width.is_none_or(|width| before_detail + LEAST_DETAIL <= width);

    let mut lines = Vec::new();
    if !review.place.is_empty() {
        lines.push(style.paint(Tint::Strong, &format!("on {}", escape(&review.place))));
    }
    for (line, object) in review.lines.iter().zip(&objects) {
        let change = tinted(&line.change, style);
        if beside {
            let object = pad_str(object, widest + GAP, Alignment::Left, None);
            let change = pad_str(&change, CHANGE + GAP, Alignment::Left, None).into_owned();
            lines.extend(wrap(&rest(line), style.width, &format!("{MARGIN}{object}{change}")));
        } else {
            lines.push(format!("{MARGIN}{object}"));
            lines.extend(wrap(&rest(line), style.width, &format!("{MARGIN}{MARGIN}{change}{MARGIN}")));
        }
    }
    let mark = style.mark(Mark::Caution);
    for warning in &review.warnings {
        lines.extend(wrap(&escape(warning), style.width, &format!("{MARGIN}{mark} ")));
    }
    lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn tinted(change: &Change, style: &Style) -> String {
    match change {
        Change::New => style.paint(Tint::Good, "new"),
        Change::Changed(_) => style.paint(Tint::Caution, "changed"),
        Change::Unchanged => style.paint(Tint::Quiet, "unchanged"),
        Change::Kept => style.paint(Tint::Quiet, "kept"),
        Change::Gone => style.paint(Tint::Caution, "deleted"),
        Change::Runs { .. } => style.paint(Tint::Caution, "runs"),
    }
}

/// The changed fields and the detail.
fn rest(line: &Line) -> String {
    let detail = escape(&line.detail);
    match &line.change {
        Change::Changed(differences) => {
            let changes: Vec<_> = differences.iter().map(|each| escape(&each.to_string()).into_owned()).collect();
            let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            changes.join(", ") + detail.as_str()
        }
        Change::New | Change::Unchanged | Change::Kept | Change::Gone | Change::Runs { .. } => detail.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::runs::review::Difference;

    fn line(object: &str, change: Change, detail: &str) -> Line {
        Line { object: object.to_owned(), change, detail: detail.to_owned() }
    }

    fn changed(path: &str, from: Value, to: Value) -> Change {
        Change::Changed(vec![Difference { path: path.to_owned(), from, to }])
    }

    fn review() -> Review {
        Review {
            place: "minikube/default".to_owned(),
            lines: vec![
                line("Secret/couchdb-admin", Change::Kept, ""),
                line("Service/couchdb", Change::New, "headless, port 5984"),
                line("ConfigMap/couchdb", Change::Unchanged, ""),
                line(
                    "StatefulSet/couchdb",
                    changed(".spec.replicas", json!(1), json!(3)),
                    "3 × couchdb:3.4, claim data 10Gi on standard",
                ),
            ],
            warnings: vec!["class `standard` deletes its volumes".to_owned()],
        }
    }

    #[test]
    fn a_pipe_gets_one_line_per_object() {
        assert_eq!(
            render(&review(), &Style::PLAIN),
            "on minikube/default\n\
             \x20 Secret/couchdb-admin   kept\n\
             \x20 Service/couchdb        new         headless, port 5984\n\
             \x20 ConfigMap/couchdb      unchanged\n\
             \x20 StatefulSet/couchdb    changed     .spec.replicas 1 → 3 \
             (3 × couchdb:3.4, claim data 10Gi on standard)\n\
             \x20 ! class `standard` deletes its volumes\n"
        );
    }

    #[test]
    fn every_line_fits_the_terminal() {
        for width in [40, 60, 80, 120] {
            let shown = render(&review(), &Style { width: Some(width), ..Style::PLAIN });
            assert!(shown.lines().all(|line| measure_text_width(line) <= width), "{width}:\n{shown}");
            assert!(shown.contains("StatefulSet/couchdb"), "{shown}");
        }
    }

    #[test]
    fn a_narrow_terminal_gets_the_object_on_a_line_of_its_own() {
        let shown = render(&review(), &Style { width: Some(40), ..Style::PLAIN });
        assert!(shown.contains("  Service/couchdb\n    new  headless, port 5984\n"), "{shown}");
    }

    #[test]
    fn hostile_strings_are_made_visible() {
        let hostile = Review {
            place: String::new(),
            lines: vec![line("Service/\u{1b}c", changed("\r", json!(vec![0; 99]), Value::Null), "a\nb")],
            warnings: vec!["\u{202e}".to_owned()],
        };
        let shown = render(&hostile, &Style::PLAIN);
        assert_eq!(shown, "  Service/\\u{1b}c   changed     \\u{d} (a\\u{a}b)\n  ! \\u{202e}\n");
    }
}

//! The lines at the end of `init`: how to reach what was made. Values are
//! addresses and commands to be copied, so they are never wrapped or cut.

use std::fmt::Write as _;

use console::{Alignment, measure_text_width, pad_str};

use super::escape::escape;
use super::style::{Style, Tint};

const GAP: usize = 3;

/// `(label, text)` pairs as two columns; on a narrow terminal a label whose
/// text would not fit beside it stands above it. Ends with a newline.
#[must_use]
pub fn render(entries: &[(String, String)], style: &Style) -> String {
    let entries: Vec<_> = entries.iter().map(|(label, text)| (escape(label), escape(text))).collect();
    let widest = entries.iter().map(|(label, _)| measure_text_width(label)).max().unwrap_or(0);
    let mut shown = String::new();
    for (label, text) in &entries {
        let fits = style.width.is_none_or(|width| 2 + widest + GAP + measure_text_width(text) <= width);
        let (label, between) = if fits {
            (pad_str(label, widest + GAP, Alignment::Left, None), "")
        } else {
            (label.as_ref().into(), "\n    ")
        };
        let label = style.paint(Tint::Quiet, &label);
        let _ = writeln!(shown, "  {label}{between}{text}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<(String, String)> {
        let pair = |label: &str, text: &str| (label.to_owned(), text.to_owned());
        vec![
            pair("inside the cluster", "http://couchdb-client.default:5984"),
            pair("password", "kubectl get secret couchdb-admin"),
        ]
    }

    #[test]
    fn labels_and_texts_are_two_columns() {
        assert_eq!(
            render(&entries(), &Style::PLAIN),
            "  inside the cluster   http://couchdb-client.default:5984\n  \
             password             kubectl get secret couchdb-admin\n"
        );
    }

    #[test]
    fn a_text_that_does_not_fit_stands_below_its_label_and_whole() {
        let shown = render(&entries(), &Style { width: Some(40), ..Style::PLAIN });
        assert!(shown.contains("  inside the cluster\n    http://couchdb-client.default:5984\n"), "{shown}");
    }
}

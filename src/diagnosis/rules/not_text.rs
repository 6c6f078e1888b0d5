//! A file that is no text that kubectl could read.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::source::Unread;

pub static RULE: Rule = Rule {
    code: "not-text",
    severity: Severity::Error,
    sources: &["S2-e1"],
    summary: "the file is no text",
    page: include_str!("../../../docs/explain/not-text.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let unread = |(name, why): &(String, Unread)| {
        let (message, cause, remedy) = match why {
            Unread::TooLarge => (
                "is larger than 8 MiB",
                "the API server takes about 3 MiB at once, so this is not what it is meant to be",
                "name the manifest itself",
            ),
            Unread::Binary => (
                "is no text",
                "it holds bytes that no text in UTF-8 has, nor one in UTF-16 with a byte-order mark",
                "name the manifest itself, unpack what is packed, and save text as UTF-8",
            ),
        };
        RULE.finding(format!("`{name}` {message}")).because(cause).remedy(remedy)
    };
    all.unread.iter().map(unread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, silent};

    use crate::diagnosis::source::Input;

    fn of(bytes: &[u8]) -> Vec<String> {
        let all = Manifests::of(&[Input { name: "a".to_owned(), bytes: bytes.to_vec() }]);
        check(&all).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn bytes_and_other_encodings_are_told() {
        assert_eq!(of(b"\x7fELF\0\xff"), ["`a` is no text"]);
        assert_eq!(of(&vec![b' '; crate::diagnosis::source::LARGEST + 1]), ["`a` is larger than 8 MiB"]);
    }

    #[test]
    fn a_mark_of_byte_order_and_line_ends_of_windows_are_fine() {
        assert!(of("\u{feff}apiVersion: v1\r\n---\r\n".as_bytes()).is_empty());
        assert!(of(b"\xff\xfek\0").is_empty());
        silent(&RULE, SOUND);
    }
}

//! S1: no byte of a marked secret stands anywhere but in its Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Rule, Violation};
use crate::simulator::store::Commit;

/// Marked secrets in the forms in which they could get out.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    forms: Vec<String>,
}

impl Secrets {
    /// Secrets of a few letters stand everywhere: they should be longer.
    #[must_use]
    pub fn new<'a>(marked: impl IntoIterator<Item = &'a str>) -> Self {
        Self { forms: marked.into_iter().filter(|secret| !secret.is_empty()).flat_map(forms).collect() }
    }

    /// Looks through an output, a journal, a log.
    #[must_use]
    pub fn found_in(&self, place: &str, text: &str) -> Option<Violation> {
        let is_there = self.forms.iter().any(|form| text.contains(form.as_str()));
        is_there.then(|| Violation::new(Rule::Secrecy, format!("a secret stands in {place}")))
    }

    /// Looks through what is stored in the cluster, Secrets aside.
    pub(super) fn stored(&self, commit: &Commit) -> Option<Violation> {
        let after = commit.after.as_deref().filter(|_| !self.forms.is_empty() && commit.kind.kind != "Secret")?;
        self.found_in(&format!("{}/{}", commit.kind.kind, commit.name), &after.to_string())
    }
}

/// As it is, in JSON, and in the middle of something that is written in base64.
fn forms(secret: &str) -> Vec<String> {
    let quoted = serde_json::to_string(secret).unwrap_or_default();
    let mut forms = vec![secret.to_owned(), quoted.trim_matches('"').to_owned()];
    for before in 0..3_usize {
        let padded: Vec<u8> = std::iter::repeat_n(0, before).chain(secret.bytes()).collect();
        let written = STANDARD.encode(&padded);
        // Letters at both ends also depend on what stands beside the secret.
        let (start, end) = ([0, 2, 3][before % 3], written.trim_end_matches('=').len());
        let end = if padded.len().is_multiple_of(3) { end } else { end.saturating_sub(1) };
        forms.extend(written.get(start..end).filter(|form| form.len() > 5).map(str::to_owned));
    }
    forms.sort();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form() {
        let secrets = Secrets::new(["hunter\"2-and-more"]);
        let written = |text: &str| STANDARD.encode(text);
        let json = r#"{"a":"hunter\"2-and-more"}"#;
        let inside: Vec<String> = ["", "x", "xy", "xyz", "user:"]
            .iter()
            .flat_map(|before| ["", "!", "!!"].map(|after| written(&format!("{before}hunter\"2-and-more{after}"))))
            .collect();
        for text in inside.iter().map(String::as_str).chain(["say hunter\"2-and-more.", json]) {
            assert!(secrets.found_in("a text", text).is_some(), "{text}");
        }
        assert_eq!(secrets.found_in("a text", &written("hunter and more of them")), None);
        assert_eq!(Secrets::new([""]).found_in("a text", "anything"), None);
    }
}

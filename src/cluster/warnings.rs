//! `Warning:` headers of the API server: deprecated kinds, fields that do not
//! exist, admission policies that only warn. kubectl prints them, kube drops
//! them; here they are collected, each text once, for whoever reports.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use http::Request;
use http::header::WARNING;
use kube::client::Body;
use tower::ServiceExt;
use tower::util::BoxCloneService;

use super::transport::Transport;

/// Different texts that are kept in one process; a server that sends more is
/// not informing anybody.
const MOST: usize = 200;
/// Characters of one text that are kept.
const LONGEST: usize = 1000;
/// The code for "miscellaneous persistent warning", the only one Kubernetes sends.
const PERSISTENT: &str = "299";

/// A shared collection of warning texts. The texts come from the cluster:
/// whoever shows them escapes them.
#[derive(Clone, Default)]
pub struct Warnings {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    seen: HashSet<String>,
    fresh: Vec<String>,
}

impl Warnings {
    /// What has been warned of since the last call, oldest first. A text that
    /// was once taken does not come back.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().fresh)
    }

    /// Adds a text unless it was there before.
    pub fn add(&self, text: &str) {
        let text: String = text.chars().take(LONGEST).collect();
        let mut state = self.lock();
        if state.seen.len() < MOST && !text.is_empty() && state.seen.insert(text.clone()) {
            state.fresh.push(text);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Collects the warnings of every answer that passes.
pub fn collected(inner: Transport, warnings: &Warnings) -> Transport {
    let warnings = warnings.clone();
    BoxCloneService::new(tower::service_fn(move |request: Request<Body>| {
        let (inner, warnings) = (inner.clone(), warnings.clone());
        async move {
            let answer = inner.oneshot(request).await?;
            for header in answer.headers().get_all(WARNING) {
                for text in texts_in(&String::from_utf8_lossy(header.as_bytes())) {
                    warnings.add(&text);
                }
            }
            Ok(answer)
        }
    }))
}

/// The texts of one header: `299 - "text"`, several separated by commas, with
/// `\"` and `\\` inside a text, a date behind it ignored (RFC 7234, 5.5). What
/// is malformed ends the reading; what came before it counts.
fn texts_in(header: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = header.trim_start();
    while let Some((code, text, after)) = one(rest) {
        if code == PERSISTENT {
            texts.push(text);
        }
        rest = after.trim_start_matches([',', ' ', '\t']);
    }
    texts
}

/// Code and text of the first warning, and what follows it.
fn one(input: &str) -> Option<(&str, String, &str)> {
    let (code, rest) = input.split_once(' ')?;
    let (_agent, rest) = rest.split_once(' ')?;
    let (text, rest) = quoted(rest)?;
    // A date may follow in quotes of its own.
    let after = quoted(rest.trim_start()).map_or(rest, |(_date, after)| after);
    Some((code, text, after))
}

fn quoted(input: &str) -> Option<(String, &str)> {
    let inside = input.strip_prefix('"')?;
    let mut text = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((text, inside.get(at + 1..)?)),
            '\\' => text.push(letters.next()?.1),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::transport::testing::{get, status};

    #[test]
    fn a_header_may_hold_several_warnings_with_quotes_and_dates() {
        assert_eq!(texts_in(r#"299 - "v1beta1 is old""#), ["v1beta1 is old"]);
        assert_eq!(texts_in(r#"299 - "say \"hi\" \\o/", 299 kube "two, three""#), [r#"say "hi" \o/"#, "two, three"]);
        assert_eq!(texts_in(r#"299 - "a" "Sat, 21 Nov 2026 10:00:00 GMT", 299 - "b""#), ["a", "b"]);
    }

    #[test]
    fn other_codes_and_broken_headers_give_nothing_and_do_not_panic() {
        assert_eq!(texts_in(r#"199 - "misc", 299 - "kept""#), ["kept"]);
        for broken in
            ["", "299", "299 -", "299 - ", r#"299 - ""#, r#"299 - "open"#, r#"299 - "open\"#, "é é é", r#"299 - "é"#]
        {
            assert!(texts_in(broken).is_empty(), "{broken}");
        }
        assert_eq!(texts_in(r#"299 - "good", rubbish"#), ["good"]);
    }

    #[test]
    fn a_text_is_given_once_and_a_flood_is_bounded() {
        let warnings = Warnings::default();
        warnings.add("one");
        warnings.add("one");
        assert_eq!(warnings.take(), ["one"]);
        warnings.add("one");
        assert!(warnings.take().is_empty());
        (0..10_000).for_each(|number| warnings.add(&format!("{number} {}", "x".repeat(2 * LONGEST))));
        let kept = warnings.take();
        assert_eq!(kept.len(), MOST - 1);
        assert!(kept.iter().all(|text| text.chars().count() == LONGEST));
    }

    #[tokio::test]
    async fn warnings_of_an_answer_are_collected() {
        let server = BoxCloneService::new(tower::service_fn(|_: Request<Body>| async {
            let mut answer = status(200);
            answer.headers_mut().append(WARNING, r#"299 - "first""#.parse().unwrap());
            answer.headers_mut().append(WARNING, r#"299 - "second""#.parse().unwrap());
            Ok(answer)
        }));
        let warnings = Warnings::default();
        let transport = collected(server, &warnings);
        transport.clone().oneshot(get("/x")).await.unwrap();
        transport.oneshot(get("/x")).await.unwrap();
        assert_eq!(warnings.take(), ["first", "second"]);
    }
}

//! Where in a script an object was made. Nothing remembers that: the script
//! returns plain maps. Its words do well enough to open the file at the right
//! lines: the function, the object's kind or the function of ours that makes
//! it, and then the keys on the way to what is wrong.

use super::diagnostics::{Script, place};
use super::error::Place;
use super::tokens::{self, Token};

/// The head of a function; the top of the script if there is none.
pub(super) fn function(script: &Script<'_>, name: &str) -> Place {
    let words = tokens::tokens(script.text);
    found(script, head(&words, name).map(|at| words[at]))
}

/// A word of the literal at the top; the top of the script if it is not there.
pub(super) fn in_header(script: &Script<'_>, word: &str) -> Place {
    let words = tokens::tokens(script.text);
    let literal = words.iter().position(|token| token.text == "RUNBOOK").unwrap_or(0);
    found(script, tokens::find(&words, literal, word).map(|(_, token)| token))
}

/// The `nth` object of a kind, and in it the last key of `path` that is found.
pub(super) fn object(script: &Script<'_>, kind: &str, nth: usize, path: &str) -> Place {
    let words = tokens::tokens(script.text);
    let from = head(&words, "objects").unwrap_or(0);
    let made = |token: &Token<'_>| token.text == kind || vocabulary(kind).contains(&token.text);
    let mut at =
        words.iter().enumerate().skip(from).filter(|(_, token)| made(token)).nth(nth).map_or(from, |(at, _)| at);
    for key in path.split(|character: char| !(character.is_alphanumeric() || character == '_')) {
        if let Some((next, _)) = tokens::find(&words, at + 1, key).filter(|_| key.parse::<usize>().is_err()) {
            at = next;
        }
    }
    found(script, words.get(at).copied())
}

/// Our functions that make an object of a kind.
fn vocabulary(kind: &str) -> &'static [&'static str] {
    if kind == "Service" { &["headless_service", "client_service"] } else { &[] }
}

fn head(words: &[Token<'_>], function: &str) -> Option<usize> {
    let pair = words.windows(2).position(|pair| pair[0].text == "fn" && pair[1].text == function);
    pair.map(|at| at + 1)
}

fn found(script: &Script<'_>, token: Option<Token<'_>>) -> Place {
    token.map_or_else(|| place(script, 1, 1), |token| place(script, token.line, token.column))
}

#[cfg(test)]
mod tests {
    use super::super::samples::broken;
    use super::*;

    const TEXT: &str = "// objects\nfn objects(p) {\n  [headless_service(p),\n   #{ kind: \"Secret\" }, #{ kind: \"Secret\",\n     spec: #{ name: 1 } }]\n}";

    #[test]
    fn an_object_is_found_by_its_kind_and_then_by_the_keys_of_the_path() {
        let script = Script { name: "x", text: TEXT };
        let at = |place: Place| (place.line, place.column);
        assert_eq!(at(object(&script, "Secret", 1, ".spec.name")), (5, 15));
        assert_eq!(at(object(&script, "Secret", 0, "")), (4, 13));
        assert_eq!(at(object(&script, "Service", 0, ".spec.ports[0]")), (5, 6));
        assert_eq!(at(object(&script, "ConfigMap", 0, "")), (2, 4));
        assert_eq!(at(function(&script, "connect")), (1, 1));
    }

    #[test]
    fn what_does_not_fit_together_is_shown_at_its_line() {
        let error =
            broken("fn objects(p) {\n [#{ kind: \"ConfigMap\", apiVersion: \"v1\",\n  metadata: #{ name: \"A\" } }] }");
        let shown = error.to_string();
        assert!(shown.contains("--> x.rhai:8:16\n") && shown.contains("metadata: #{ name: \"A\" }"), "{shown}");
    }
}

//! `kubectl stateful explain CODE`: the page of a finding's code.

use std::fmt::Write as _;

use clap::Args;

use crate::diagnosis::rules::{ALL, named};
use crate::error::Failure;

/// Codes that may have been meant.
const MOST_MEANT: usize = 4;

/// Shorter words stand in too many pages.
const LEAST_SOUGHT: usize = 6;

/// Say what a code of `doctor` means; without one, list them all
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct ExplainArgs {
    /// A code, such as `removed-api-version`
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// The page, or the list.
///
/// # Errors
/// A code that there is none of (2).
pub fn explain(args: &ExplainArgs) -> Result<String, Failure> {
    let Some(code) = &args.code else { return Ok(list()) };
    match named(&code.to_ascii_lowercase()) {
        Some(rule) => Ok(format!("{}\nSources: {}\n", rule.page, rule.sources.join(", "))),
        None => Err(unknown(code)),
    }
}

fn list() -> String {
    let mut rules: Vec<_> = ALL.iter().collect();
    rules.sort_by_key(|rule| rule.code);
    let width = rules.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules {
        let _ = writeln!(text, "{:width$}  {:7}  {}", rule.code, rule.severity.as_str(), rule.summary);
    }
    text
}

fn unknown(code: &str) -> Failure {
    let typed = code.to_ascii_lowercase().replace(['_', ' '], "-");
    let distance = |known: &str| strsim::damerau_levenshtein(&typed, known);
    let is_near = |known: &&str| distance(known) <= known.len() / 3 || !typed.is_empty() && known.contains(&typed);
    let mut near: Vec<&str> = ALL.iter().map(|rule| rule.code).filter(is_near).collect();
    near.sort_by_key(|known| distance(known));
    if near.is_empty() && typed.len() >= LEAST_SOUGHT {
        // A word of Kubernetes, such as `CrashLoopBackOff`.
        let word = code.to_ascii_lowercase();
        near = ALL.iter().filter(|rule| rule.page.to_ascii_lowercase().contains(&word)).map(|rule| rule.code).collect();
    }
    let near: Vec<String> = near.iter().take(MOST_MEANT).map(|known| format!("`{known}`")).collect();
    let failure = Failure::usage("unknown-code", format!("there is no code `{code}`"));
    let failure = if near.is_empty() { failure } else { failure.hint(format!("did you mean {}?", near.join(" or "))) };
    failure.hint("`kubectl stateful explain` lists them all")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Result<String, Failure> {
        explain(&ExplainArgs { code: Some(code.to_owned()) })
    }

    #[test]
    fn a_code_has_a_page_and_a_slip_of_the_finger_is_understood() {
        assert!(of("removed-api-version").unwrap().starts_with("# removed-api-version\n"));
        assert_eq!(of("Removed-API-Version").unwrap(), of("removed-api-version").unwrap());
        assert_eq!(of("node_lost").unwrap_err().hints[0], "did you mean `node-lost`?");
        assert_eq!(
            of("lost").unwrap_err().hints[0],
            "did you mean `node-lost` or `claim-lost` or `lost-structure` or `lost-separator`?"
        );
        assert_eq!(of("removed-api-versoin").unwrap_err().hints[0], "did you mean `removed-api-version`?");
        assert_eq!(of("CrashLoopBackOff").unwrap_err().hints[0], "did you mean `container-fails`?");
        assert_eq!(of("").unwrap_err().kind, crate::error::Kind::Usage);
        assert_eq!(of("quite-something-else-altogether").unwrap_err().hints.len(), 1);
    }

    #[test]
    fn without_a_code_all_are_listed() {
        let text = explain(&ExplainArgs { code: None }).unwrap();
        assert_eq!(text.lines().count(), ALL.len());
    }
}

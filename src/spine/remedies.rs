//! Every command that a finding or a page of `explain` names exists: ours
//! through our own parser, kubectl's against its verbs and flags. The findings
//! are those that come up in the tests of the rules.

use std::ffi::OsString;

use super::parse::{Stop, parse};
use crate::diagnosis::command::{Command, Tool};
use crate::diagnosis::rules::ALL;

/// kubectl's verbs that we name, with the flags that they know.
const KUBECTL: &[(&str, &[&str])] = &[
    ("get", &["-n", "-o"]),
    ("label", &[]),
    ("describe", &["-n"]),
    ("delete", &["-n", "-l", "--cascade"]),
    ("scale", &["-n", "--replicas"]),
    ("logs", &["-n", "-c", "--previous"]),
    ("patch", &["-n", "--type", "-p"]),
    ("uncordon", &[]),
    ("taint", &[]),
    ("cordon", &[]),
    ("drain", &["--ignore-daemonsets", "--delete-emptydir-data", "--force"]),
    ("rollout", &["-n", "--revision"]),
    ("exec", &["-it", "--"]),
    ("apply", &["-f", "-n", "--dry-run"]),
    ("create", &["-n"]),
    ("api-resources", &[]),
];

fn parses(words: &[&str]) -> Result<(), String> {
    let words: Vec<OsString> = std::iter::once(&"kubectl-stateful").chain(words).map(OsString::from).collect();
    match parse(&words, None) {
        // A kind or recipe that is still to be chosen is no mistake.
        Ok(_) | Err(Stop::Show(_)) => Ok(()),
        Err(Stop::Failed(failure)) if failure.message.contains("requires a subcommand") => Ok(()),
        Err(Stop::Failed(failure)) => Err(failure.message),
    }
}

fn is_known(words: &[&str]) -> Result<(), String> {
    let Some((verb, rest)) = words.split_first() else { return Err("no verb".to_owned()) };
    let (_, flags) = KUBECTL.iter().find(|(known, _)| known == verb).ok_or_else(|| format!("no verb `{verb}`"))?;
    let unknown =
        rest.iter().find(|word| word.starts_with('-') && !flags.contains(&word.split('=').next().unwrap_or(word)));
    unknown.map_or(Ok(()), |flag| Err(format!("`{verb}` has no flag `{flag}`")))
}

/// Whether a line of a text can be typed.
pub(crate) fn check(line: &str) -> Result<(), String> {
    match line.strip_prefix("kubectl stateful ") {
        Some(words) => parses(&words.split_whitespace().collect::<Vec<_>>()),
        None => is_known(&line.split_whitespace().skip(1).collect::<Vec<_>>()),
    }
}

/// Whether the command of a finding can be typed.
pub(crate) fn check_command(command: &Command) -> Result<(), String> {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    match command.tool {
        Tool::Ours => parses(&words),
        Tool::Kubectl => is_known(&words),
    }
}

/// Between backticks, and on lines of their own. What stands behind a pipe is a command as well.
pub(crate) fn commands_in(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let lines = text.lines().filter_map(|line| line.strip_prefix("    ")).map(str::to_owned);
    let whole = quoted.chain(lines).map(|line| line.replace('\n', " "));
    whole
        .flat_map(|line| line.split(" | ").map(|part| part.trim().to_owned()).collect::<Vec<_>>())
        .filter(|line| line.starts_with("kubectl "))
        .collect()
}

#[test]
fn every_command_of_a_page_can_be_typed() {
    let guides = [include_str!("../../docs/pitfalls.md"), include_str!("../../docs/doctor.md")];
    let mut seen = 0;
    for text in ALL.iter().map(|rule| rule.page).chain(guides) {
        for line in commands_in(text) {
            assert_eq!(check(&line), Ok(()), "{line}");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} commands were found");
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    assert!(check("kubectl stateful volumes shrink web").is_err());
    assert!(check("kubectl drian node-a").is_err());
    assert!(check("kubectl drain --delete-local-data").is_err());
    assert_eq!(commands_in("a `kubectl get pods`\n\n    helm x | kubectl stateful status\n").len(), 2);
}

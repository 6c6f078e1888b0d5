//! A password that stands in the manifest. Its value is never shown.

use std::collections::BTreeSet;

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "plain-password",
    severity: Severity::Warning,
    sources: &["S1-e12"],
    summary: "a password stands in the manifest",
    page: include_str!("../../../docs/explain/plain-password.md"),
    checks: &[Check::Files(check)],
};

const WORDS: [&str; 5] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY"];
/// Names that lead to one, or say something about one.
const HARMLESS: [&str; 5] = ["_FILE", "_PATH", "_NAME", "_DIR", "_URL"];

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in all.workloads() {
        for container in document.containers() {
            found.extend(variables(container).filter_map(|variable| plain(document, variable)));
            let spoken = words_of_passwords(container);
            found.extend(spoken.map(|word| told(document, word, "a password stands in the command of a container")));
        }
    }
    found
}

fn variables(container: &Placed) -> impl Iterator<Item = &Placed> {
    container.get("env").map(Placed::items).unwrap_or_default().iter()
}

/// The words of its command that are or hold one: `--password=x`, the word behind `--password`,
/// and addresses such as `amqp://user:x@host`.
fn words_of_passwords(container: &Placed) -> impl Iterator<Item = &Placed> {
    let lists = ["command", "args"].map(|list| container.get(list).map(Placed::items).unwrap_or_default());
    lists.into_iter().flat_map(|words| {
        let before = std::iter::once(None).chain(words.iter().map(Some));
        words.iter().zip(before).filter(|(word, before)| is_spoken(word, *before)).map(|(word, _)| word)
    })
}

fn is_spoken(word: &Placed, before: Option<&Placed>) -> bool {
    let Some(text) = word.text() else { return false };
    let flag = |text: &str| text.strip_prefix("--").map(|name| name.replace('-', "_"));
    let is_flag = |text: &str| flag(text).is_some_and(|name| is_password(&name));
    let behind = before.and_then(Placed::text).is_some_and(is_flag) && is_value(text) && !text.starts_with('-');
    let assigned = text.split_once('=').is_some_and(|(name, value)| is_flag(name) && is_value(value));
    behind || assigned || is_in_address(text)
}

/// `scheme://user:password@host`.
fn is_in_address(text: &str) -> bool {
    let after = text.match_indices("://").filter_map(|(at, mark)| text.get(at + mark.len()..));
    let authorities = after.map(|rest| rest.split(['/', '?', '#', ' ', '"', '\'']).next().unwrap_or_default());
    let userinfo = authorities.filter_map(|authority| authority.rsplit_once('@'));
    userinfo.filter_map(|(user, _)| user.split_once(':')).any(|(_, password)| is_value(password))
}

/// `$(OTHER)` is another variable, `$OTHER` one of a shell, and a flag is no secret.
fn is_value(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('$') && !["true", "false", "yes", "no"].contains(&text)
}

/// The lines on which the values of passwords stand, each for itself.
pub(in crate::diagnosis) fn lines_of_passwords<'a>(containers: impl Iterator<Item = &'a Placed>) -> BTreeSet<u64> {
    let mut lines = BTreeSet::new();
    for container in containers {
        let named = |variable: &Placed| variable.get("name").and_then(Placed::text).is_some_and(is_password);
        let addressed = |variable: &Placed| variable.get("value").and_then(Placed::text).is_some_and(is_in_address);
        let hidden = variables(container).filter(|variable| named(variable) || addressed(variable));
        for entry in hidden.flat_map(Placed::entries).filter(|entry| entry.key != "name") {
            lines.extend(entry.place.line..=last_line(&entry.value));
        }
        lines.extend(words_of_passwords(container).flat_map(|word| word.place.line..=last_line(word)));
    }
    lines
}

fn last_line(value: &Placed) -> u64 {
    value.place.line + value.text().map_or(0, |text| text.matches('\n').count()) as u64
}

fn is_password(name: &str) -> bool {
    let written = name.to_ascii_uppercase();
    WORDS.iter().any(|word| written.ends_with(word)) && !HARMLESS.iter().any(|end| written.ends_with(end))
}

fn plain(document: &Document, variable: &Placed) -> Option<Finding> {
    let name = variable.get("name")?;
    let value = variable.get("value")?.text()?;
    if is_password(name.text()?) && is_value(value) {
        return Some(told(document, name, format!("the value of `{}` stands in the manifest", name.text()?)));
    }
    let message = || format!("the address in `{}` holds a password", name.text().unwrap_or_default());
    is_in_address(value).then(|| told(document, name, message()))
}

fn told(document: &Document, place: &Placed, message: impl Into<String>) -> Finding {
    let mut finding = RULE.at(document, place, message);
    if let Some(spot) = &mut finding.spot {
        spot.excerpt = None;
    }
    finding.because("whoever may read the set or the file knows it, and it stays in both histories").remedy(
        "put it into a Secret and refer to it with `valueFrom.secretKeyRef`, in a command as `$(NAME)` of such a variable; \
         `kubectl stateful create secret generic NAME` asks for the value without showing it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::files::examine;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};
    use crate::diagnosis::source::Input;

    fn with(variable: &str) -> String {
        SOUND
            .replace("        readinessProbe:", &format!("        env:\n        - {variable}\n        readinessProbe:"))
    }

    #[test]
    fn a_password_in_the_manifest_is_found_and_not_shown() {
        let text = with("{name: DB_PASSWORD, value: hunter2}");
        assert_eq!(fires(&RULE, &text), ["28:18 the value of `DB_PASSWORD` stands in the manifest"]);
        assert!(!format!("{:?}", found(&RULE, &text)).contains("hunter2"));
    }

    #[test]
    fn whatever_else_is_wrong_on_its_line_does_not_show_it_either() {
        for variable in [
            "{name: DB_PASSWORD, value: hunter2, valeu: hunter2}",
            "{name: DB_PASSWORD, value: <hunter2>}",
            "{name: DB_PASSWORD, value: hunter2, value: hunter2}",
            "{name: DB_PASSWORD, valeu: hunter2}",
            "name: DB_PASSWORD\n          value: |\n            a\n            {{ hunter2 }}\n          valeu: hunter2",
        ] {
            let input = Input { name: "a.yaml".to_owned(), bytes: with(variable).into_bytes() };
            let found = examine(&[input]).findings;
            assert!(!found.is_empty() && !format!("{found:?}").contains("hunter2"), "{variable}: {found:#?}");
        }
    }

    #[test]
    fn a_password_in_a_command_or_an_address_is_found_and_not_shown() {
        let args = |args: &str| {
            SOUND.replace("        readinessProbe:", &format!("        args: {args}\n        readinessProbe:"))
        };
        for text in [
            args("[--admin-password=hunter2]"),
            args("[--db-password, hunter2]"),
            args("['serve', 'amqp://queue:hunter2@mq:5672/']"),
            with("{name: QUEUE, value: 'amqp://queue:hunter2@mq'}"),
        ] {
            assert_eq!(fires(&RULE, &text).len(), 1, "{text}");
            let input = Input { name: "a.yaml".to_owned(), bytes: text.clone().into_bytes() };
            assert!(!format!("{:?}", examine(&[input]).findings).contains("hunter2"), "{text}");
        }
        for fine in [
            "[--admin-password=$(PASSWORD)]",
            "[--password-file=/run/x, --db-password, --verbose]",
            "['http://user@host/a:b', 'http://host:80/x@y', 'amqp://u:$(P)@h']",
        ] {
            silent(&RULE, &args(fine));
        }
    }

    #[test]
    fn references_files_and_flags_are_left_alone() {
        for variable in [
            "{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}",
            "{name: DB_PASSWORD_FILE, value: /run/secrets/db}",
            "{name: DB_PASSWORD, value: $(OTHER)}",
            "{name: ALLOW_EMPTY_PASSWORD, value: 'yes'}",
            "{name: DB_USER, value: admin}",
        ] {
            silent(&RULE, &with(variable));
        }
    }
}

//! Where passwords stand in a manifest: behind names of variables and flags, and in
//! addresses. Their lines are shown nowhere, whatever else is wrong with them.

use std::collections::BTreeSet;

use crate::objects::placed::{Entry, Placed, Shape};

const WORDS: [&str; 5] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY"];
/// Names that lead to one, or say something about one.
const HARMLESS: [&str; 6] = ["_FILE", "_PATH", "_NAME", "_DIR", "_URL", "PULL_SECRET"];
/// Flags that ask for none.
const DENIALS: [&str; 5] = ["NO_", "SKIP_", "ASK_", "WITHOUT_", "DISABLE_"];

/// Whether a variable of this name holds one.
#[must_use]
pub fn is_password(name: &str) -> bool {
    let written = name.to_ascii_uppercase();
    WORDS.iter().any(|word| written.ends_with(word)) && !HARMLESS.iter().any(|end| written.ends_with(end))
}

/// `$(OTHER)` is another variable, and a flag is no secret.
#[must_use]
pub fn is_value(text: &str) -> bool {
    !text.is_empty() && !text.starts_with("$(") && !["true", "false", "yes", "no"].contains(&text)
}

/// `scheme://user:password@host`, or `scheme://host?password=x`.
#[must_use]
pub fn is_in_address(text: &str) -> bool {
    let ends = |sign: char| sign.is_whitespace() || ",;\"'<>".contains(sign);
    let after = text.match_indices("://").filter_map(|(at, mark)| text.get(at + mark.len()..));
    after.filter_map(|rest| rest.split(ends).next()).any(|address| in_userinfo(address) || in_query(address))
}

fn in_userinfo(address: &str) -> bool {
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
    user.is_some_and(|(_, password)| is_value(password))
}

fn in_query(address: &str) -> bool {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.any(|(name, value)| is_password(name) && is_value(value))
}

/// The words of a command that are or hold one: `--password=x`, the word behind
/// `--password`, and addresses.
pub fn spoken(words: &[Placed]) -> impl Iterator<Item = &Placed> {
    let before = std::iter::once(None).chain(words.iter().map(Some));
    words.iter().zip(before).filter(|(word, before)| is_spoken(word, *before)).map(|(word, _)| word)
}

fn is_spoken(word: &Placed, before: Option<&Placed>) -> bool {
    let Some(text) = word.text() else { return false };
    let behind = before.and_then(Placed::text).is_some_and(is_flag) && is_argument(text) && !text.starts_with('-');
    let assigned = |word: &str| word.split_once('=').is_some_and(|(name, value)| is_flag(name) && is_argument(value));
    // The script of a shell has several words.
    behind || text.split_whitespace().any(assigned) || is_in_address(text)
}

fn is_flag(text: &str) -> bool {
    let name = text.strip_prefix("--").map(|name| name.replace('-', "_").to_ascii_uppercase());
    name.is_some_and(|name| is_password(&name) && !DENIALS.iter().any(|denial| name.starts_with(denial)))
}

/// In a command `$NAME` and `${NAME}` are variables of a shell.
fn is_argument(text: &str) -> bool {
    let bare = text.trim_matches(['"', '\'']);
    let variable = bare.strip_prefix('$').map(|name| name.trim_matches(['{', '}']));
    let is_variable =
        |name: &str| name.chars().all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit() || sign == '_');
    is_value(bare) && !variable.is_some_and(is_variable)
}

/// The lines of containers on which one may stand, each for itself: also where a key is
/// misspelt or a value of the wrong type.
pub fn lines<'a>(containers: impl Iterator<Item = &'a Placed>) -> BTreeSet<u64> {
    let mut hidden = BTreeSet::new();
    for entry in containers.flat_map(Placed::entries) {
        match (entry.key.as_str(), &entry.value.shape) {
            ("env", Shape::List(variables)) => variables.iter().for_each(|one| hide_variable(one, &mut hidden)),
            _ if has_any(&entry.value) => hide(entry, &mut hidden),
            _ => {}
        }
    }
    hidden
}

/// The name of a variable is no secret, unless a value was written into it.
fn hide_variable(variable: &Placed, hidden: &mut BTreeSet<u64>) {
    let is_named = variable.get("name").and_then(Placed::text).is_some_and(is_password);
    let says_more = |entry: &Entry| entry.key == "name" && entry.value.text().is_some_and(|name| name.contains('='));
    let entries = variable.entries().iter().filter(|entry| entry.key != "name" || says_more(entry));
    entries.filter(|entry| is_named || says_more(entry) || has_any(&entry.value)).for_each(|entry| hide(entry, hidden));
}

fn has_any(value: &Placed) -> bool {
    let mut any = false;
    value.walk(&mut |part| {
        let of_flag = |word: &str| is_flag(word.split_once('=').map_or(word, |(name, _)| name));
        any |= part.text().is_some_and(|text| text.split_whitespace().any(of_flag) || is_in_address(text));
    });
    any
}

fn hide(entry: &Entry, hidden: &mut BTreeSet<u64>) {
    hidden.insert(entry.place.line);
    entry.value.walk(&mut |part| {
        let more = part.text().map_or(0, |text| text.matches('\n').count()) as u64;
        hidden.extend(part.place.line..=part.place.line + more);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::manifests;

    #[test]
    fn names_say_what_is_one_and_what_only_leads_to_it() {
        assert!(["DB_PASSWORD", "apiToken", "client_secret"].iter().all(|name| is_password(name)));
        assert!(!["DB_PASSWORD_FILE", "DB_USER", "IMAGE_PULL_SECRET"].iter().any(|name| is_password(name)));
    }

    #[test]
    fn addresses_hold_one_before_the_host_or_among_the_parameters() {
        for held in ["amqp://queue:x@mq:5672/", "see jdbc:mysql://h/db?user=a&password=x", "https://u:$x@h"] {
            assert!(is_in_address(held), "{held}");
        }
        for fine in ["http://user@host/a:b", "http://host:80/x@y", "amqp://u:$(P)@h", "a=http://h:80\nmail=me@h"] {
            assert!(!is_in_address(fine), "{fine}");
        }
    }

    #[test]
    fn every_line_of_a_command_that_has_one_is_hidden_of_whatever_shape() {
        let hidden = |lines: &str| {
            let text = format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n{lines}");
            let all = manifests(&text);
            super::lines(all.documents[0].containers())
        };
        for lines in [
            "    args: --password=x\n",
            "    args: [--db-password, 12345]\n",
            "    arg: [--password=x]\n",
            "    env: [{name: QUEUE, valeu: 'amqp://queue:x@mq'}]\n",
            "    livenessProbe: {exec: {command: [ping, --password=x]}}\n",
        ] {
            assert_eq!(hidden(lines), [6].into(), "{lines}");
        }
        assert_eq!(hidden("    args:\n    - run\n    - |\n      a --password=x\n      b\n").len(), 5);
        assert!(hidden("    args: [--password-file=/run/x, run]\n    env: [{name: A, value: b}]\n").is_empty());
    }
}

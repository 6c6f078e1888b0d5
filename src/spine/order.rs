//! The order of words. clap wants the recipe of `init`, or the kind of
//! `create`, before the flags that belong to it; people write it anywhere. It
//! is found and put right behind its verb.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// The words with what `init` or `create` is about right behind the verb; as
/// they are if none is found.
pub fn subject_first(mut words: Vec<OsString>, root: &Command) -> Vec<OsString> {
    let verbs = ["init", "create", "run", "plan"];
    let Some(verb) = subject(&words, 1, root, root) else { return words };
    let named = words.get(verb).filter(|word| verbs.iter().any(|verb| *word == verb));
    let Some(command) = named.and_then(|word| root.find_subcommand(word)) else { return words };
    if let Some(subject) = subject(&words, verb + 1, command, root) {
        let word = words.remove(subject);
        words.insert(verb + 1, word);
    }
    words
}

/// The value of `--events`, found without a parse for words that have none.
pub fn events(words: &[OsString]) -> Option<&str> {
    let mut words = words.iter().map(|word| word.to_str().unwrap_or_default()).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        match word.strip_prefix("--events") {
            Some("") => return words.next(),
            Some(rest) => return rest.strip_prefix('='),
            None => {}
        }
    }
    None
}

/// The first word that is neither a flag nor the value of one.
fn subject(words: &[OsString], from: usize, command: &Command, root: &Command) -> Option<usize> {
    let mut at = from;
    loop {
        let word = words.get(at)?;
        if word == "--" {
            return None;
        }
        let text = word.to_str().unwrap_or("-");
        if text == "-" || !text.starts_with('-') {
            return Some(at);
        }
        let next = words.get(at + 1)?;
        at += match takes_next(text, command, root) {
            Some(false) => 1,
            // A flag of a recipe that is not read yet: most of them have a value.
            None if is_subject(next, command) => 1,
            Some(true) | None => 2,
        };
    }
}

fn is_subject(word: &OsStr, command: &Command) -> bool {
    command.find_subcommand(word).is_some()
        || word.to_str().is_some_and(|word| word.starts_with('-') || word.contains('/'))
}

/// Whether a flag's value is the next word; `None` for one that nobody knows.
fn takes_next(flag: &str, command: &Command, root: &Command) -> Option<bool> {
    let everywhere = || {
        let inner = command.get_subcommands().flat_map(Command::get_arguments);
        root.get_arguments().chain(command.get_arguments()).chain(inner)
    };
    let wants = |arg: &Arg| arg.get_action().takes_values() && !arg.is_require_equals_set();
    if let Some(long) = flag.strip_prefix("--") {
        if long.contains('=') {
            return Some(false);
        }
        return everywhere().find(|arg| arg.get_long() == Some(long)).map(wants).or((long == "help").then_some(false));
    }
    let letters: Vec<char> = flag.chars().skip(1).collect();
    for (at, letter) in letters.iter().enumerate() {
        match everywhere().find(|arg| arg.get_short() == Some(*letter)) {
            // The rest of the word is its value, if there is one.
            Some(arg) if wants(arg) => return Some(at + 1 == letters.len()),
            Some(_) => {}
            None => return (*letter == 'h').then_some(false),
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn ordered(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let command = parse::command(&words, None).unwrap();
        let words: Vec<_> =
            subject_first(words, &command).into_iter().map(|word| word.into_string().unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn the_recipe_or_kind_is_found_behind_any_flags() {
        for (typed, meant) in [
            ("k init -y couchdb", "k init couchdb -y"),
            ("k init --sandbox --size 1Gi couchdb", "k init couchdb --sandbox --size 1Gi"),
            ("k init -yoyaml -n default couchdb -y", "k init couchdb -yoyaml -n default -y"),
            ("k init --dry-run -o yaml couchdb", "k init couchdb --dry-run -o yaml"),
            ("k init --colour red -y ./r.rhai", "k init ./r.rhai --colour red -y"),
            ("k init --shiny ./r.rhai", "k init ./r.rhai --shiny"),
            ("k init --answers couchdb generic", "k init generic --answers couchdb"),
            ("k --sandbox create -y pvc data --size 1Gi", "k --sandbox create pvc -y data --size 1Gi"),
            ("k init couchdb --name init", "k init couchdb --name init"),
            ("k -n init create -y pvc data", "k -n init create pvc -y data"),
            ("k -n create --sandbox init -y couchdb", "k -n create --sandbox init couchdb -y"),
            ("k --context init -n=create init -y couchdb", "k --context init -n=create init couchdb -y"),
        ] {
            assert_eq!(ordered(typed), meant);
        }
    }

    #[test]
    fn events_are_found_in_words_that_nobody_understands() {
        for (line, found) in [
            ("k init couchdb --bogus --events jsonl", Some("jsonl")),
            ("k --events=jsonl=file int", Some("jsonl=file")),
            ("k init --eventsx jsonl", None),
            ("k init -- --events jsonl", None),
            ("k init --events", None),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(events(&words), found, "{line}");
        }
    }

    #[test]
    fn words_without_one_stay_as_they_are() {
        for line in [
            "k init",
            "k init -y",
            "k init --help",
            "k init -h",
            "k init -- couchdb",
            "k status init",
            "k status -n init -o wide x",
            "k",
        ] {
            assert_eq!(ordered(line), line);
        }
    }
}

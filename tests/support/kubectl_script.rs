//! The script of kubectl commands (`tests/kubectl/script.txt`), its known
//! differences, and the form in which what was said is compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::{Captures, Regex};
use serde::Deserialize;

/// Which part of what is said is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    All,
    /// The last line: what came before is a matter of time.
    Last,
    /// The lines in any order.
    Sorted,
}

impl Mark {
    /// As it is written in the script.
    pub fn text(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Last => "[last]",
            Self::Sorted => "[sorted]",
        }
    }
}

/// One line of the script.
#[derive(Clone, Debug)]
pub struct Command {
    pub name: String,
    pub mark: Mark,
    pub line: String,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubectl")
}

/// All commands in their order.
pub fn commands() -> Result<Vec<Command>, String> {
    let text = read("script.txt")?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(command).collect()
}

fn command(text: &str) -> Result<Command, String> {
    let (head, line) = text.split_once(": ").ok_or_else(|| format!("no name in `{text}`"))?;
    let (name, mark) = match head.split_once(' ') {
        None => (head, Mark::All),
        Some((name, "[last]")) => (name, Mark::Last),
        Some((name, "[sorted]")) => (name, Mark::Sorted),
        Some(_) => return Err(format!("unknown mark in `{text}`")),
    };
    Ok(Command { name: name.to_owned(), mark, line: line.to_owned() })
}

/// Another answer than the real one, that is known and left.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    pub reason: String,
    /// What is said, in the form that is compared.
    pub says: String,
}

/// By the names of commands.
pub fn differences() -> Result<BTreeMap<String, Difference>, String> {
    serde_saphyr::from_str(&read("differences.yaml")?).map_err(|error| format!("differences.yaml: {error}"))
}

fn read(name: &str) -> Result<String, String> {
    fs::read_to_string(folder().join(name)).map_err(|error| format!("`{name}`: {error}"))
}

/// What two servers may choose freely, by pattern.
const FREE: &[(&str, &str)] = &[
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000", "<time>"),
    (r"https://127\.0\.0\.1:\d+", "<server>"),
    (r"\b(10\.\d+|192\.0)\.\d+\.\d+", "<address>"),
    (r#"(resourceVersion"?: ?)"\d+""#, "$1<version>"),
    (r"\bnode-[abc]\b", "<node>"),
    (r"\bzone-[abc]\b", "<zone>"),
    (r"/region=[\w-]+", "/region=<region>"),
    // Which of the two is said, or both, is a matter of time.
    (
        r"WaitForPodScheduled(.*)waiting for pod \S+ to be scheduled",
        "WaitForFirstConsumer${1}waiting for first consumer to be created before binding",
    ),
    (r"(?m)(^|[\s(])(\d+(ms|[smhdy]))+([\s)]|$)", "$1<age>$4"),
    // When an event was last seen, which the scheduler does not say.
    (r"(?m)^<unknown>(\s+(?:Normal|Warning)\s)", "<age>$1"),
    (r"(?m)^(\s*(?:Normal|Warning)\s+\w+\s+)<unknown>", "$1<age>"),
    (r"\(x\d+ over <age>\) ", ""),
    // Columns are as wide as what is in them; how far a line is indented counts.
    (r"(?m)(\S)[ \t]+", "$1 "),
    (r"(?m) $", ""),
];

/// What is said once or twice of a claim, depending on when its pod was placed.
const FIRST_CONSUMER: &str = "waiting for first consumer to be created before binding";

/// Names of revisions, which the server chooses.
const HASH: &str = r"\bweb-([bcdfghjklmnpqrstvwxz2456789]{5,10})\b";

/// The form in which what is said on one cluster is compared. Names that the
/// server chose are numbered in order of first appearance.
#[derive(Default)]
pub struct Plain {
    hashes: Vec<String>,
}

impl Plain {
    pub fn of(&mut self, said: &str, mark: Mark) -> Result<String, String> {
        let free = |pattern: &str| Regex::new(pattern).map_err(|error| error.to_string());
        let mut text = said.to_owned();
        for (pattern, replacement) in FREE {
            text = free(pattern)?.replace_all(&text, *replacement).into_owned();
        }
        if mark == Mark::Last {
            let last = text.lines().rfind(|line| !line.is_empty() && *line != "--- stderr");
            text = last.unwrap_or_default().to_owned();
        }
        let mut waits = 0;
        let is_first = |line: &&str| {
            waits += usize::from(line.contains(FIRST_CONSUMER));
            waits < 2 || !line.contains(FIRST_CONSUMER)
        };
        text = text.split_inclusive('\n').filter(is_first).collect();
        text = free(HASH)?.replace_all(&text, |found: &Captures| self.number(&found[1])).into_owned();
        if mark == Mark::Sorted {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            text = lines.join("\n");
        }
        Ok(text)
    }

    fn number(&mut self, hash: &str) -> String {
        let position = self.hashes.iter().position(|known| known == hash).unwrap_or_else(|| {
            self.hashes.push(hash.to_owned());
            self.hashes.len() - 1
        });
        format!("web-<hash {}>", position + 1)
    }
}

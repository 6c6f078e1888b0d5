//! The script of kubectl commands (`tests/kubectl/script.txt`), its known
//! differences, and the form in which what was said is compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Which part of what is said is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    All,
    /// The last line: what came before is a matter of time.
    Last,
    /// Each line once, in any order.
    Sorted,
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

/// Names of commands that are known to be answered otherwise, with the reason.
pub fn differences() -> Result<BTreeMap<String, String>, String> {
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
    // Which of the two is said is a matter of time.
    (
        r"WaitForPodScheduled(.*)waiting for pod \S+ to be scheduled",
        "WaitForFirstConsumer${1}waiting for first consumer to be created before binding",
    ),
    (r"\bweb-[bcdfghjklmnpqrstvwxz2456789]{5,10}\b", "web-<hash>"),
    (r"(?m)(^|[\s(])(\d+(ms|[smhdy]))+([\s)]|$)", "$1<age>$4"),
    (r"<unknown>", "<age>"),
    (r"\(x\d+ over <age>\) ", ""),
    (r"(?m)[ \t]+", " "),
    (r"(?m) $", ""),
];

/// What was said, in the form that is compared.
pub fn plain(said: &str, mark: Mark) -> String {
    let mut text = said.to_owned();
    for (pattern, replacement) in FREE {
        text = Regex::new(pattern).map_or(text.clone(), |free| free.replace_all(&text, *replacement).into_owned());
    }
    match mark {
        Mark::All => text,
        Mark::Last => {
            text.lines().rfind(|line| !line.is_empty() && *line != "--- stderr").unwrap_or_default().to_owned()
        }
        Mark::Sorted => {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            lines.dedup();
            lines.join("\n")
        }
    }
}

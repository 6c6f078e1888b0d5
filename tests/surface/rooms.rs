//! The rooms keep to the table in `ARCHITECTURE.md`: this reads every `crate::`
//! path of each room and names each one that the table does not allow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const EVERYBODY_MAY_USE: &str = "error";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Room → the rooms it may use, from the table under "Who may use whom".
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split("## Who may use whom").nth(1).expect("the section exists");
    section
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|');
            let room = cells.next().unwrap().trim().to_owned();
            let uses = cells.next().unwrap_or("").split_whitespace().map(str::to_owned).collect();
            (room, uses)
        })
        .collect()
}

fn rust_files(place: &Path, found: &mut Vec<PathBuf>) {
    if place.is_file() {
        found.push(place.to_owned());
        return;
    }
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "rs") {
            rust_files(&path, found);
        }
    }
}

/// The rooms that a file's code names, `use crate::a::b` and `crate::a::b()` alike.
fn rooms_named_in(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = BTreeSet::new();
    for line in code {
        for tail in line.split("crate::").skip(1) {
            let names = tail.strip_prefix('{').map_or(tail, |group| group.split('}').next().unwrap_or(""));
            let list = if tail.starts_with('{') { names.split(',').collect() } else { vec![names] };
            for name in list {
                let room: String = name.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if !room.is_empty() {
                    rooms.insert(room);
                }
            }
        }
    }
    rooms
}

#[test]
fn every_room_uses_only_the_rooms_that_the_table_allows() {
    let table = table();
    assert!(table.len() >= 12, "the table was not found: {table:?}");
    let mut wrong = Vec::new();
    for (room, allowed) in &table {
        let folder = root().join("src").join(room);
        let place = if folder.is_dir() { folder } else { root().join(format!("src/{room}.rs")) };
        let mut files = Vec::new();
        rust_files(&place, &mut files);
        // What a rule says to type is for the spine to parse, and only tests ask.
        files.retain(|file| !file.ends_with("diagnosis/typed_tests.rs"));
        for file in files {
            for used in rooms_named_in(&fs::read_to_string(&file).unwrap()) {
                if used != *room && used != EVERYBODY_MAY_USE && !allowed.contains(&used) {
                    wrong.push(format!("{} uses `{used}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_stands_in_the_table_and_says_what_it_is_for() {
    let table = table();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if ["main", "lib", EVERYBODY_MAY_USE].contains(&name.as_str()) {
            continue;
        }
        assert!(table.contains_key(&name), "`{name}` is not in the table of ARCHITECTURE.md");
        let head = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
        assert!(fs::read_to_string(&head).unwrap().starts_with("//! "), "{} does not say its purpose", head.display());
    }
}

/// What only some rooms may say in their code, tests apart.
const RESERVED: [(&str, &[&str], &[&str]); 3] = [
    (
        "sends a write",
        &[
            "Request::post(",
            "Request::put(",
            "Request::patch(",
            "Request::delete(",
            "Method::POST",
            "Method::PUT",
            "Method::PATCH",
            "Method::DELETE",
            ".method(\"",
        ],
        &["effects", "simulator"],
    ),
    ("knows Rhai", &["rhai::"], &["runbook"]),
    (
        "has a clock of its own",
        &["tokio::time", "Instant::now(", "SystemTime::now(", "Timestamp::now("],
        &["cluster", "spine"],
    ),
];

/// A review of rights is posted, and changes nothing.
const NO_WRITES: [&str; 2] = [
    "Request::post(\"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews\")",
    "Request::post(\"/apis/authentication.k8s.io/v1/selfsubjectreviews\")",
];

/// A file without the modules in it that only tests use. Other things of tests,
/// and all that stands behind, are code like any other.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            let item = lines.by_ref().find(|line| !line.starts_with("#[")).unwrap_or_default();
            if item.trim_start_matches("pub ").starts_with("mod ") && item.ends_with('{') {
                lines.by_ref().find(|line| *line == "}");
            } else {
                code.extend([item, "\n"]);
            }
        } else {
            code.extend([line, "\n"]);
        }
    }
    code
}

#[test]
fn only_effects_writes_only_runbook_knows_rhai_and_only_cluster_knows_the_time() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    files.retain(|file| !file.to_string_lossy().ends_with("_tests.rs"));
    let mut wrong = Vec::new();
    for file in files {
        let room = file.strip_prefix(root().join("src")).unwrap().components().next().unwrap();
        let room = room.as_os_str().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let code = NO_WRITES.iter().fold(without_tests(&text), |code, known| code.replace(known, ""));
        for (what, words, rooms) in RESERVED {
            if words.iter().any(|word| code.contains(word)) && !rooms.contains(&room.as_str()) {
                wrong.push(format!("{} {what}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

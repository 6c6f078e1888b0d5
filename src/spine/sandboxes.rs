//! `sandbox list`: the sandboxes that are kept, a line each. Nothing is opened.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use jiff::Timestamp;

use super::connect;
use super::screen::TerminalScreen;
use crate::commands::screen::Screen as _;
use crate::error::Failure;
use crate::facts::age::age_of;
use crate::runs::places::Places;
use crate::simulator::{Beginning, beginning_of, served};

/// A sandbox, as its file tells.
struct Kept {
    name: String,
    is_served: bool,
    began: Beginning,
    bytes: u64,
    used: Option<Timestamp>,
    log: PathBuf,
}

/// Lists them by name.
pub fn list(places: &Places, screen: &TerminalScreen) -> Result<(), Failure> {
    let kept = kept(places);
    if kept.is_empty() {
        screen.tell("there are no sandboxes; the first command with `--sandbox` begins one");
        return Ok(());
    }
    screen.print(&table(&kept, Timestamp::now()))
}

fn kept(places: &Places) -> Vec<Kept> {
    let entries = fs::read_dir(places.sandboxes()).into_iter().flatten().flatten();
    let mut found: Vec<Kept> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let log = connect::log(places, &name);
            let facts = fs::metadata(&log).ok()?;
            let used = facts.modified().ok().and_then(in_our_time);
            let (is_served, began) = (served(&log).is_some(), beginning_of(&log));
            Some(Kept { is_served, began, bytes: facts.len(), used, log, name })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn in_our_time(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}

fn table(kept: &[Kept], now: Timestamp) -> String {
    let heads = ["NAME", "SERVED", "BEGAN AS", "SIZE", "USED", "KEPT IN"].map(str::to_owned);
    let line = |one: &Kept| {
        let served = if one.is_served { "yes" } else { "no" };
        let used = format!("{} ago", age_of(one.used, now));
        let size = format!("{} KiB", one.bytes.div_ceil(1024));
        let began = match &one.began {
            Beginning::Fresh => "fresh".to_owned(),
            Beginning::CopyOf(origin) => format!("copy of {}, {}", origin.namespace, origin.cluster),
            Beginning::Unknown => "cannot be read".to_owned(),
        };
        [one.name.clone(), served.to_owned(), began, size, used, one.log.display().to_string()]
    };
    let rows: Vec<[String; 6]> = std::iter::once(heads).chain(kept.iter().map(line)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4, 5].map(width);
    let padded = |row: &[String; 6]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(padded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::Origin;

    #[test]
    fn each_sandbox_has_a_line_with_columns_below_one_another() {
        let kept = |name: &str, is_served, began, bytes| Kept {
            name: name.to_owned(),
            is_served,
            began,
            bytes,
            used: "2026-03-13T11:56:00Z".parse().ok(),
            log: PathBuf::from(format!("/s/{name}/log.jsonl")),
        };
        let now = "2026-03-13T12:00:00Z".parse().unwrap();
        let origin = Origin { cluster: "kind".to_owned(), namespace: "prod".to_owned(), at: now, version: None };
        let all = [
            kept("default", false, Beginning::Fresh, 1),
            kept("torn", false, Beginning::Unknown, 0),
            kept("try", true, Beginning::CopyOf(origin), 4097),
        ];
        insta::assert_snapshot!(table(&all, now), @r"
        NAME     SERVED  BEGAN AS            SIZE   USED    KEPT IN
        default  no      fresh               1 KiB  4m ago  /s/default/log.jsonl
        torn     no      cannot be read      0 KiB  4m ago  /s/torn/log.jsonl
        try      yes     copy of prod, kind  5 KiB  4m ago  /s/try/log.jsonl
        ");
    }
}

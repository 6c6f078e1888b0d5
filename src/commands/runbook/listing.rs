//! `runs`: one line for each run, with the set, its replicas and how it ended.

use std::fmt::Write as _;

use serde_json::Value;

use super::place::Place;
use crate::commands::Context;
use crate::effects::Effect;
use crate::error::Failure;
use crate::runs::folder::{About, RunFolder, State};
use crate::runs::record::written;
use crate::runs::report::time;

/// The words of a line, in their columns.
type Row = [String; 7];

/// The runs on this cluster that changed something, the newest first; with `all` every run.
///
/// # Errors
/// The output cannot be written.
pub fn list(all: bool, context: &Context<'_>) -> Result<(), Failure> {
    let (mut rows, mut elsewhere, mut idle) = (Vec::new(), 0_usize, 0_usize);
    for folder in RunFolder::all(&context.places.runs()) {
        let (about, lines) = (folder.about().ok(), folder.lines());
        let is_here = about.as_ref().is_none_or(|about| Place::of_run(about).is_on(context.connection));
        let is_idle = !folder.has_begun() || lines.as_ref().is_ok_and(|lines| has_done_nothing(lines));
        if !all && (!is_here || is_idle) {
            let hidden = if is_here { &mut idle } else { &mut elsewhere };
            *hidden = hidden.saturating_add(1);
            continue;
        }
        let row = lines.map_or_else(
            |why| {
                let why = if folder.has_begun() { why.to_string() } else { "never began".to_owned() };
                row(&folder, about.as_ref(), &[], why)
            },
            |lines| row(&folder, about.as_ref(), &lines, ended(&lines)),
        );
        rows.push(row);
    }
    if idle > 0 || elsewhere > 0 {
        let what = format!("not shown: {idle} that changed nothing, {elsewhere} on other clusters");
        context.screen.tell(&format!("{what}; {} shows them", context.as_given().ours("runs --all")));
    }
    if rows.is_empty() {
        context.screen.tell("there are no runs");
        return Ok(());
    }
    context.screen.print(&aligned(&rows))
}

/// A run that ended before its first write, but for its lock.
fn has_done_nothing(lines: &[Value]) -> bool {
    let writes = |line: &&Value| line["state"] == "intent" && line["effect"]["call"]["effect"]["verb"] != "lock";
    matches!(RunFolder::state(lines), State::Ended(_)) && !lines.iter().any(|line| writes(&line))
}

fn row(folder: &RunFolder, about: Option<&About>, lines: &[Value], ended: String) -> Row {
    let unknown = || "?".to_owned();
    let set = about.and_then(|about| about.parameters.get("set")).and_then(Value::as_str);
    [
        folder.id.to_string(),
        lines.first().and_then(time).unwrap_or_else(unknown),
        set.unwrap_or("-").to_owned(),
        replicas(lines).unwrap_or_else(|| "-".to_owned()),
        ended,
        about.map_or_else(unknown, |about| about.command.clone()),
        about.map_or_else(unknown, |about| format!("{}/{}", about.cluster, about.namespace)),
    ]
}

/// How it stands: `done`, `stopped (guard)`, `open`.
fn ended(lines: &[Value]) -> String {
    match (RunFolder::state(lines), lines.last().and_then(|line| line["code"].as_str())) {
        (State::Ended(how), Some(code)) => format!("{how} ({code})"),
        (State::Ended(how), None) => how,
        (State::Open, _) => "open".to_owned(),
    }
}

/// `3 → 1`: the replicas before its first scale, and after its last.
fn replicas(lines: &[Value]) -> Option<String> {
    let scales = written(lines).into_iter().filter_map(|step| match step.effect {
        Effect::Scale(scale) => Some((scale.to, step.undo)),
        _ => None,
    });
    let scales: Vec<_> = scales.collect();
    let before = scales.first()?.1.iter().find_map(|back| match back {
        Effect::Scale(back) => Some(back.to),
        _ => None,
    })?;
    Some(format!("{before} → {}", scales.last()?.0))
}

/// Columns as wide as their longest word.
fn aligned(rows: &[Row]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_run_that_ended_without_a_write_has_done_nothing() {
        let intent =
            |verb: &str| json!({ "n": 1, "state": "intent", "effect": { "call": { "effect": { "verb": verb } } } });
        let ended = json!({ "state": "ended", "how": "stopped", "code": "guard" });
        assert!(has_done_nothing(&[intent("lock"), ended.clone()]));
        assert!(!has_done_nothing(&[intent("lock")]));
        assert!(!has_done_nothing(&[intent("scale"), ended.clone()]));
        // What makes objects writes them down without a call.
        let made = json!({ "n": 1, "state": "intent", "effect": { "verb": "apply" } });
        assert!(!has_done_nothing(&[made, ended.clone()]));
        assert_eq!(super::ended(&[ended]), "stopped (guard)");
    }

    #[test]
    fn columns_are_as_wide_as_their_longest_word() {
        let row = |words: [&str; 7]| words.map(str::to_owned);
        let rows =
            [row(["a", "b", "web", "3 → 1", "done", "f", "g"]), row(["a", "b", "w", "-", "partly undone", "f", "g"])];
        assert_eq!(aligned(&rows), "a  b  web  3 → 1  done           f  g\na  b  w    -      partly undone  f  g\n");
    }
}

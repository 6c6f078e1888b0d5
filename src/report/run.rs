//! The report of a run for people. Pure.

use std::fmt::Write as _;

use super::escape::escape;
use super::style::{Mark, Style, Tint};
use crate::runs::plan::Undo;
use crate::runs::report::{Entry, Outcome, Report};

/// The whole report. All its strings leave escaped.
#[must_use]
pub fn render(report: &Report, style: &Style) -> String {
    let place = format!("{}/{}", escape(&report.cluster), escape(&report.namespace));
    let title = style.paint(Tint::Strong, &format!("Run {}", escape(&report.run)));
    let mut text = format!("{title}  {} on {place}\n", escape(&report.command));
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "  {label:12}{}", escape(value));
    };
    line("state", &report.state);
    if let Some(why) = &report.stopped {
        line("why", &why.message);
    }
    line("began", report.began.as_deref().unwrap_or("not yet"));
    line("ended", report.ended.as_deref().unwrap_or("no end is known"));
    line("by", report.by.as_deref().unwrap_or("unknown"));
    if report.replanned > 0 {
        line("replanned", &format!("{} times", report.replanned));
    }
    for (name, value) in &report.parameters {
        line("with", &format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    for (name, value) in &report.outputs {
        line("output", &format!("{name} {value}"));
    }
    let mut number = 0;
    for entry in &report.effects {
        number += usize::from(entry.is_counted());
        let place = if entry.is_counted() { number.to_string() } else { String::new() };
        let _ = writeln!(text, "{place:>4}  {}", effect(entry, style));
    }
    for kept in &report.kept {
        let (volume, claim) = (escape(&kept.volume), escape(&kept.claim));
        // What a later run has made of it is not this one's to tell.
        let how =
            if kept.certain { "was kept when this run ended" } else { "no answer says whether the claim is gone" };
        let _ = writeln!(text, "  {:12}volume {volume} has the data of {claim}: {how}", "kept");
    }
    for title in &report.left_out {
        let _ = writeln!(text, "  {:12}`{}`: an undo has not done it, as it was told", "left out", escape(title));
    }
    let undo = match report.undoable() {
        0 => "nothing is left to take back".to_owned(),
        count => format!("{count} effects can be taken back: {}", escape(&report.undo)),
    };
    let _ = writeln!(text, "  {:12}{undo}", "undo");
    text
}

fn effect(entry: &Entry, style: &Style) -> String {
    let (mark, words) = match entry.state {
        Outcome::Planned => (" ".to_owned(), "not done"),
        Outcome::Done => (style.mark(Mark::Good), "done"),
        Outcome::Already => (style.mark(Mark::Good), "was so already"),
        Outcome::Failed => (style.mark(Mark::Bad), "failed"),
        Outcome::Unknown => (style.mark(Mark::Caution), "sent, and no answer is known"),
        Outcome::Undone => (" ".to_owned(), "done and taken back"),
    };
    let at = entry.at.as_deref().map(|at| format!(" at {}", escape(at))).unwrap_or_default();
    let why = if entry.why.is_empty() { String::new() } else { format!(": {}", escape(&entry.why)) };
    let lost = match entry.undo {
        Undo::Impossible => style.paint(Tint::Bad, "  for good"),
        Undo::Unknown => style.paint(Tint::Caution, "  cannot be undone"),
        Undo::Possible | Undo::NotNeeded => String::new(),
    };
    let (verb, object) = (&entry.verb, escape(&entry.object));
    let change = style.paint(Tint::Quiet, &escape(&entry.change));
    format!("{mark} {verb:13}{object}  {change}  {words}{at}{why}{lost}")
}

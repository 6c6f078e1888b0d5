//! The words for each event, the same on a terminal and in a log but for marks
//! and colour. Pure.

use crate::report::duration::short;
use crate::report::escape::{escape, escape_lines};
use crate::report::style::{Mark, Style, Tint};
use crate::report::wrap::wrap;
use crate::report::{failure, plan, review};
use crate::runs::event::{Ending, Event, Outcome};

const PLANNING: &str = "planning";

/// What an event does to the display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A line that stays.
    Line(String),
    /// What is being waited for: the status line of a terminal, a line of a log.
    Status { what: String, detail: String },
    /// The wait for `what` is over; `line` stays.
    Over { what: String, line: String },
    /// What goes on, which is worth a status line if it takes long, and no line of a log.
    Glance { what: &'static str, detail: String },
    /// That is over.
    Past { what: &'static str },
    /// Nothing for people.
    Nothing,
}

/// Words one event. All its strings leave escaped.
#[must_use]
pub fn word(event: &Event, style: &Style) -> Shown {
    match event {
        Event::Started { run } => Shown::Line(style.paint(Tint::Quiet, &format!("run {}", escape(run)))),
        // Its wait was told, and how that ended.
        Event::Effect { outcome: Outcome::Ran, .. } => Shown::Nothing,
        Event::Effect { object, outcome } => {
            let (object, outcome) = (escape(object), style.paint(Tint::Quiet, outcome_word(*outcome)));
            Shown::Line(format!("{}{object} {outcome}", done(style)))
        }
        Event::Step { title } => Shown::Line(style.paint(Tint::Strong, &escape(title))),
        Event::Planning { at } => Shown::Glance { what: PLANNING, detail: escape(at).into_owned() },
        Event::Planned => Shown::Past { what: PLANNING },
        Event::Waiting { what } => Shown::Status { what: escape(what).into_owned(), detail: String::new() },
        Event::Progress { what, detail } => {
            Shown::Status { what: escape(what).into_owned(), detail: escape(detail).into_owned() }
        }
        Event::Reached { what, detail, after } => {
            let (what, detail) = (escape(what).into_owned(), escape(detail));
            let after = style.paint(Tint::Quiet, &format!("({})", short(*after)));
            let line = format!("{}{what} {detail} {after}", done(style));
            Shown::Over { what, line }
        }
        Event::ServerWarning { text } => {
            Shown::Line(format!("{} {}", style.paint(Tint::Caution, "Warning:"), escape_lines(text)))
        }
        Event::Note { text } => Shown::Line(escape_lines(text).trim_end_matches('\n').to_owned()),
        Event::Caution { text } => {
            let mark = format!("  {} ", style.mark(Mark::Caution));
            Shown::Line(wrap(&escape_lines(text), style.width, &mark).join("\n"))
        }
        Event::Review(about) => Shown::Line(review::render(about, style).trim_end_matches('\n').to_owned()),
        Event::Plan(about) => Shown::Line(plan::render(about, style).trim_end_matches('\n').to_owned()),
        Event::Ended(Ending { failure: Some(told), .. }) if !told.message.is_empty() => {
            Shown::Line(failure::render(told, style).trim_end_matches('\n').to_owned())
        }
        Event::Intent { .. } | Event::Ended(_) => Shown::Nothing,
    }
}

/// Terminals show a mark before what is done; logs need none.
fn done(style: &Style) -> String {
    if style.terminal { style.mark(Mark::Good) + " " } else { String::new() }
}

const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Changed => "changed",
        Outcome::Unchanged => "unchanged",
        Outcome::Kept => "kept",
        Outcome::Deleted => "deleted",
        Outcome::Ran => "ran the command",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Failure;

    fn shown(event: &Event) -> String {
        match word(event, &Style::PLAIN) {
            Shown::Line(line) | Shown::Over { line, .. } => line,
            Shown::Status { what, detail } => format!("{what}: {detail}"),
            Shown::Glance { what, detail } => format!("{what}: {detail}"),
            Shown::Past { .. } | Shown::Nothing => String::new(),
        }
    }

    #[test]
    fn each_event_has_its_words() {
        let effect = Event::Effect { object: "Secret/a".into(), outcome: Outcome::Kept };
        let reached = Event::Reached {
            what: "claim data-a-0".into(),
            detail: "bound to pvc-51f0 (10Gi)".into(),
            after: Duration::from_secs(125),
        };
        assert_eq!(shown(&Event::Started { run: "k3".into() }), "run k3");
        assert_eq!(shown(&effect), "Secret/a kept");
        assert_eq!(shown(&reached), "claim data-a-0 bound to pvc-51f0 (10Gi) (2m5s)");
        assert_eq!(shown(&Event::ServerWarning { text: "old API".into() }), "Warning: old API");
        assert_eq!(shown(&Event::Note { text: "one\ntwo".into() }), "one\ntwo");
    }

    #[test]
    fn no_event_lets_an_escape_sequence_through() {
        let raw = || "\u{1b}[2J\r".to_owned();
        let events = [
            Event::Started { run: raw() },
            Event::Effect { object: raw(), outcome: Outcome::Created },
            Event::Waiting { what: raw() },
            Event::Planning { at: raw() },
            Event::Progress { what: raw(), detail: raw() },
            Event::Reached { what: raw(), detail: raw(), after: Duration::ZERO },
            Event::ServerWarning { text: raw() },
            Event::Note { text: raw() },
            Event::Caution { text: raw() },
            Event::ended(&Err(Failure::failed("x", raw()).hint(raw()))),
        ];
        for event in events {
            // A failure has several lines, each of ours.
            let text = shown(&event).replace('\n', "");
            assert!(text.contains("\\u{1b}[2J\\u{d}") && !text.contains(char::is_control), "{text}");
        }
    }
}

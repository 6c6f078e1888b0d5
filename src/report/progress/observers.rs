//! Chooses who watches a run: `--events jsonl` replaces the display, and
//! `--events jsonl=FILE` writes beside it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::display::Display;
use super::jsonl::JsonLines;
use crate::error::Failure;
use crate::report::style::{Stream, Style};
use crate::report::terminal::note_change;
use crate::runs::event::{Event, Observer};

/// What `--events` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EventsTo {
    /// Without the flag: progress for people.
    #[default]
    People,
    /// `jsonl`: JSON lines on stderr instead of progress.
    Stderr,
    /// `jsonl=FILE`: JSON lines in a file, progress for people on stderr.
    File(PathBuf),
}

impl FromStr for EventsTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "jsonl" => Ok(Self::Stderr),
            Some(("jsonl", file)) if !file.is_empty() => Ok(Self::File(file.into())),
            None | Some(_) => Err("must be `jsonl` or `jsonl=FILE`".to_owned()),
        }
    }
}

/// The observer for a run of this process.
///
/// # Errors
/// The file for the events cannot be made.
pub fn observer(events: &EventsTo) -> Result<Arc<dyn Observer>, Failure> {
    let people = || Box::new(Display::new(Box::new(io::stderr()), Style::of(Stream::Stderr)));
    let watchers: Vec<Box<dyn Observer>> = match events {
        EventsTo::People => vec![people()],
        EventsTo::Stderr => vec![Box::new(JsonLines::new(Box::new(io::stderr())))],
        EventsTo::File(path) => vec![people(), Box::new(lines_in(path)?)],
    };
    Ok(Arc::new(Watchers(watchers)))
}

fn lines_in(path: &Path) -> Result<JsonLines, Failure> {
    let file = File::create(path).map_err(|error| {
        Failure::failed("events-file", format!("cannot write events to `{}`: {error}", path.display()))
    })?;
    Ok(JsonLines::new(Box::new(file)))
}

/// All of them get each event. They also tell the terminal guard when the
/// first change was made, since a second Ctrl-C then has another exit code.
struct Watchers(Vec<Box<dyn Observer>>);

impl Observer for Watchers {
    fn event(&self, event: Event) {
        // From the intent on a write may be under way.
        if let Event::Intent { .. } = event {
            note_change();
        }
        for watcher in &self.0 {
            watcher.event(event.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_takes_jsonl_with_or_without_a_file() {
        assert_eq!("jsonl".parse(), Ok(EventsTo::Stderr));
        assert_eq!("jsonl=a=b".parse(), Ok(EventsTo::File("a=b".into())));
        for wrong in ["", "json", "jsonl=", "yaml=x"] {
            assert!(wrong.parse::<EventsTo>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_gets_each_event_as_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        lines_in(&path).unwrap().event(Event::Waiting { what: "pod web-0".into() });
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.ends_with("\"event\":\"waiting\",\"what\":\"pod web-0\"}\n"), "{written}");
    }

    #[test]
    fn a_file_that_cannot_be_made_is_a_failure_before_the_run() {
        let failure = lines_in(Path::new("/nonexistent/events")).err().unwrap();
        assert!(failure.message.contains("`/nonexistent/events`"), "{}", failure.message);
    }
}

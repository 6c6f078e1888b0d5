//! The observer for programs: one JSON object per event and line, as
//! `kind: Event` of the machine output.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::report::escape::escape_json;
use crate::runs::event::{Event, Observer};

/// The version of everything that programs read from us.
pub const API_VERSION: &str = "kubectl-stateful/v1";

/// Writes events to stderr or to a file.
pub struct JsonLines {
    out: Mutex<Option<Box<dyn Write + Send>>>,
}

impl JsonLines {
    #[must_use]
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Mutex::new(Some(out)) }
    }
}

impl Observer for JsonLines {
    /// After a failed write nothing more is written: a gap in the middle would
    /// look like a complete record. A run never stops for its event stream.
    fn event(&self, event: Event) {
        if event.is_passing() {
            return;
        }
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let written = out.as_mut().map_or(Ok(()), |out| put(out, &event));
        if let Err(error) = written {
            *out = None;
            let _ = writeln!(io::stderr(), "Warning: cannot write any more events: {error}");
        }
    }
}

fn put(out: &mut impl Write, event: &Event) -> io::Result<()> {
    let mut line = escape_json(&serde_json::to_string(&envelope(event))?).into_owned();
    line.push('\n');
    out.write_all(line.as_bytes())?;
    out.flush()
}

/// `apiVersion`, `kind`, then the event's own fields. A duration is a number
/// of seconds with at most three decimals.
#[must_use]
pub fn envelope(event: &Event) -> Value {
    let mut fields = Map::new();
    fields.insert("apiVersion".to_owned(), API_VERSION.into());
    fields.insert("kind".to_owned(), "Event".into());
    if let Ok(Value::Object(own)) = serde_json::to_value(event) {
        fields.extend(own);
    }
    if let Event::Reached { after, .. } = event {
        let seconds = (after.as_secs_f64() * 1000.0).round() / 1000.0;
        fields.insert("after".to_owned(), seconds.into());
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::captured::Captured;
    use crate::runs::event::Outcome;

    fn line(event: &Event) -> String {
        let mut bytes = Vec::new();
        put(&mut bytes, event).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn one_object_per_event() {
        let effect = Event::Effect { object: "Secret/a".into(), outcome: Outcome::Kept };
        assert_eq!(
            line(&effect),
            "{\"apiVersion\":\"kubectl-stateful/v1\",\"kind\":\"Event\",\"event\":\"effect\",\
             \"object\":\"Secret/a\",\"outcome\":\"kept\"}\n"
        );
    }

    #[test]
    fn what_only_says_that_work_goes_on_is_no_record() {
        let log = Captured::default();
        let lines = JsonLines::new(Box::new(log.clone()));
        for event in [Event::Planning { at: "web-1".into() }, Event::Planned, Event::Note { text: "n".into() }] {
            lines.event(event);
        }
        let text = log.text();
        assert!(text.lines().count() == 1 && text.contains("\"note\""), "{text}");
    }

    #[test]
    fn durations_are_seconds() {
        let reached =
            Event::Reached { what: "pod a-0".into(), detail: "ready".into(), after: Duration::from_micros(14_250_400) };
        assert_eq!(envelope(&reached)["after"], 14.25);
    }

    #[test]
    fn a_line_holds_no_hostile_character_and_keeps_the_text() {
        let text = "a\u{202e}b\u{9b}c\r\n\u{2028}";
        let line = line(&Event::Note { text: text.to_owned() });
        assert_eq!(line.matches(|c| c != '\n' && crate::report::escape::is_hostile(c)).count(), 0);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["text"], text);
    }
}

//! The effects of a report: what was planned, and what its journal says became
//! of it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::call::Call;
use super::plan::{Line, Plan, Undo};
use crate::effects::Effect;

/// One effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub verb: String,
    /// `Kind/name`.
    pub object: String,
    /// What it changes, in words; empty where nobody planned it.
    pub change: String,
    pub state: Outcome,
    /// RFC 3339; null of what was not done.
    pub at: Option<String>,
    /// Why it failed; empty else.
    pub why: String,
    pub undo: Undo,
    #[serde(skip)]
    pub(super) number: u64,
    #[serde(skip)]
    fingerprint: String,
}

/// What became of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its turn did not come.
    Planned,
    Done,
    /// Its goal held when its turn came.
    Already,
    Failed,
    /// It was sent, and no answer is known.
    Unknown,
    /// Done, and taken back.
    Undone,
}

/// When a line was written, in whole seconds.
#[must_use]
pub fn time(line: &Value) -> Option<String> {
    let at: Timestamp = line["t"].as_str()?.parse().ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// The effects in the order of their turns, and then those whose turn did not come.
pub(super) fn entries(plan: Option<&Plan>, lines: &[Value]) -> Vec<Entry> {
    let mut planned: Vec<&Line> = plan.map(|plan| plan.lines.iter().collect()).unwrap_or_default();
    planned.retain(|line| matches!(line, Line::Effect { fingerprint, .. } if !fingerprint.is_empty()));
    let mut entries: Vec<Entry> = Vec::new();
    for line in lines {
        let number = line["n"].as_u64().unwrap_or(0);
        let state = line["state"].as_str().unwrap_or_default();
        match state {
            "intent" | "already" => {
                let Some(mut entry) = begun(line, number, state == "already") else { continue };
                // A second attempt at the same line stands for the first.
                let again = entries.iter().rposition(|known| entry.is_again(known));
                if let Some(at) = again {
                    entries.remove(at);
                    // What holds by then is what the first attempt did.
                    entry.state = if state == "already" { Outcome::Done } else { entry.state };
                }
                if let Some(at) = planned.iter().position(|line| is_line(line, &entry.fingerprint)) {
                    entry.describe(planned.remove(at));
                }
                entries.push(entry);
            }
            "done" | "failed" => {
                let Some(entry) = entries.iter_mut().find(|entry| entry.number == number) else { continue };
                let ran = &line["why"]["ran"];
                entry.state = match state {
                    "done" => Outcome::Done,
                    // A program in a pod whose end nobody heard.
                    _ if ran.is_object() && ran["exitCode"].is_null() => Outcome::Unknown,
                    _ => Outcome::Failed,
                };
                entry.at = time(line);
                // A program in a pod has more to its end than words.
                let why = line["why"].as_str().or(line["why"]["why"].as_str());
                why.unwrap_or_default().clone_into(&mut entry.why);
            }
            "undone" => {
                let of = line["of"].as_u64();
                entries
                    .iter_mut()
                    .filter(|entry| Some(entry.number) == of)
                    .for_each(|entry| entry.state = Outcome::Undone);
            }
            _ => {}
        }
    }
    let left = planned.into_iter().map(|line| {
        let mut entry = Entry::blank();
        entry.describe(line);
        entry
    });
    entries.extend(left);
    entries
}

fn is_line(line: &Line, wanted: &str) -> bool {
    matches!(line, Line::Effect { fingerprint, .. } if fingerprint == wanted)
}

/// An effect whose turn came; none for the lock.
fn begun(line: &Value, number: u64, holds: bool) -> Option<Entry> {
    let (verb, object) = match serde_json::from_value(line["effect"]["call"].clone()) {
        Ok(Call::Effect { effect: Effect::Lock(_) }) => return None,
        Ok(Call::Effect { effect }) => (effect.verb().to_owned(), effect.object().to_string()),
        // What makes objects describes them itself.
        _ => {
            let word = |field: &str| line["effect"][field].as_str();
            (word("verb")?.to_owned(), format!("{}/{}", word("kind")?, word("name")?))
        }
    };
    // How what makes objects was undone stands there too, for people: `undo` does not read that.
    let has_effects = line["undo"].as_array().is_some_and(|effects| !effects.is_empty());
    let undo = if has_effects { Undo::Possible } else { Undo::NotNeeded };
    let fingerprint = line["effect"]["fingerprint"].as_str().unwrap_or_default().to_owned();
    let state = if holds { Outcome::Already } else { Outcome::Unknown };
    let at = time(line);
    Some(Entry { verb, object, state, at, undo, number, fingerprint, ..Entry::blank() })
}

impl Entry {
    fn blank() -> Self {
        Self {
            verb: String::new(),
            object: String::new(),
            change: String::new(),
            state: Outcome::Planned,
            at: None,
            why: String::new(),
            undo: Undo::NotNeeded,
            number: 0,
            fingerprint: String::new(),
        }
    }

    /// Takes over what the plan says of it.
    fn describe(&mut self, line: &Line) {
        let Line::Effect { verb, object, change, undo, .. } = line else { return };
        (self.verb, self.object) = (verb.clone(), object.clone());
        (self.change, self.undo) = (change.clone(), *undo);
    }

    /// Whether it has a number in its plan: what was so before the plan was made has none.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.state != Outcome::Already || !self.fingerprint.is_empty()
    }

    /// Whether this is the next attempt at what `known` did not bring to an end.
    fn is_again(&self, known: &Self) -> bool {
        let open = matches!(known.state, Outcome::Failed | Outcome::Unknown);
        open && !self.fingerprint.is_empty() && self.fingerprint == known.fingerprint
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(n: u64, state: &str, more: &Value) -> Value {
        let mut line = json!({ "n": n, "t": "2026-03-13T12:00:00.123456789Z", "state": state });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    }

    fn scale(n: u64, state: &str) -> Value {
        let effect = json!({ "verb": "scale", "kind": "StatefulSet", "name": "web", "fingerprint": "f1" });
        line(n, state, &json!({ "effect": effect, "undo": [{}] }))
    }

    fn states(lines: &[Value]) -> Vec<Outcome> {
        entries(None, lines).iter().map(|entry| entry.state).collect()
    }

    #[test]
    fn what_held_before_its_turn_is_not_the_runs_own_and_what_a_killed_attempt_did_is() {
        assert_eq!(states(&[scale(1, "already")]), [Outcome::Already]);
        assert_eq!(states(&[scale(1, "intent")]), [Outcome::Unknown]);
        assert_eq!(states(&[scale(1, "intent"), scale(2, "already")]), [Outcome::Done]);
    }

    #[test]
    fn an_end_that_nobody_heard_is_unknown_and_a_no_is_a_failure() {
        let failed = |code: Value| line(1, "failed", &json!({ "why": { "ran": { "exitCode": code, "printed": "" } } }));
        assert_eq!(states(&[scale(1, "intent"), failed(Value::Null)]), [Outcome::Unknown]);
        assert_eq!(states(&[scale(1, "intent"), failed(json!(1))]), [Outcome::Failed]);
        assert_eq!(states(&[scale(1, "intent"), line(1, "failed", &json!({ "why": "refused" }))]), [Outcome::Failed]);
    }

    #[test]
    fn nothing_is_promised_that_an_undo_does_not_do() {
        let made = json!({ "verb": "apply", "kind": "Service", "name": "web" });
        let undo = |undo: Value| entries(None, &[line(1, "intent", &json!({ "effect": made, "undo": undo }))])[0].undo;
        assert_eq!(undo(json!({ "delete": "/api/v1/namespaces/default/services/web" })), Undo::NotNeeded);
        assert_eq!(undo(json!([])), Undo::NotNeeded);
        assert_eq!(undo(json!([{}])), Undo::Possible);
    }

    #[test]
    fn times_are_whole_seconds() {
        let entries = entries(None, &[scale(1, "intent")]);
        assert_eq!(entries[0].at.as_deref(), Some("2026-03-13T12:00:00Z"));
    }
}

//! What a journal says that a run has done: its finished calls in their order,
//! and what would take its effects back.

use serde_json::Value;

use super::call::Call;
use crate::effects::Effect;
use crate::effects::lock::Lock;

/// One call that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub call: Call,
    pub answer: Value,
    /// Empty for calls that are no effect.
    pub fingerprint: String,
    /// What it changed, `Kind/name`.
    pub changed: Option<String>,
}

/// An effect that may have been written, with what takes it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub number: u64,
    pub effect: Effect,
    pub undo: Vec<Effect>,
    /// Whether an answer came.
    pub done: bool,
}

/// The finished calls of a run, up to the first that is not.
#[must_use]
pub fn finished(lines: &[Value]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut open: Option<(u64, Call, String)> = None;
    for line in lines {
        let number = line["n"].as_u64().unwrap_or(0);
        match line["state"].as_str().unwrap_or_default() {
            "call" => {
                let Ok(call) = serde_json::from_value(line["call"].clone()) else { break };
                records.push(Record {
                    call,
                    answer: line["answer"].clone(),
                    fingerprint: String::new(),
                    changed: None,
                });
            }
            state @ ("intent" | "already") => {
                let Ok(call) = serde_json::from_value::<Call>(line["effect"]["call"].clone()) else { break };
                let fingerprint = line["effect"]["fingerprint"].as_str().unwrap_or_default().to_owned();
                if state == "intent" {
                    open = Some((number, call, fingerprint));
                } else {
                    records.push(effect_record(call, fingerprint, &Value::Null, false));
                }
            }
            "done" => match open.take().filter(|(opened, ..)| *opened == number) {
                Some((_, call, fingerprint)) => records.push(effect_record(call, fingerprint, &line["uid"], true)),
                None => break,
            },
            _ => {}
        }
    }
    records
}

fn effect_record(call: Call, fingerprint: String, uid: &Value, changed: bool) -> Record {
    let object = match &call {
        Call::Effect { effect } if changed && !matches!(effect, Effect::Lock(_)) => Some(effect.object().to_string()),
        _ => None,
    };
    Record { call, answer: serde_json::json!({ "uid": uid }), fingerprint, changed: object }
}

/// The locks that a run has taken.
#[must_use]
pub fn locks(lines: &[Value]) -> Vec<Lock> {
    let lock = |line: &Value| match serde_json::from_value(line["effect"]["call"].clone()) {
        Ok(Call::Effect { effect: Effect::Lock(lock) }) => Some(lock),
        _ => None,
    };
    lines.iter().filter_map(lock).collect()
}

/// The effects that were or may have been written, in their order.
#[must_use]
pub fn written(lines: &[Value]) -> Vec<Written> {
    let done = |number: u64| lines.iter().any(|line| line["n"] == number && line["state"] == "done");
    let intents = lines.iter().filter(|line| line["state"] == "intent");
    let written = |line: &Value| {
        let number = line["n"].as_u64()?;
        let Ok(Call::Effect { effect }) = serde_json::from_value(line["effect"]["call"].clone()) else { return None };
        let undo = serde_json::from_value(line["undo"].clone()).unwrap_or_default();
        Some(Written { number, effect, undo, done: done(number) })
    };
    intents.filter_map(written).collect()
}

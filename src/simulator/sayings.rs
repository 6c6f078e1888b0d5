//! Which events say what of which object: whether something was told before is
//! asked with each event, and a set of many members has an event for each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::controllers::fields::Fields;

/// Names of events, by what they say.
#[derive(Clone, Debug, Default)]
pub(super) struct Sayings {
    events: BTreeMap<Saying, BTreeSet<String>>,
}

/// The namespace of an event, the name of what it is about, reason and message.
type Saying = [String; 4];

impl Sayings {
    /// Takes in a change of an object.
    pub fn note(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let is_event = |object: &&Value| object.kind() == "Event";
        let (before, after) = (before.filter(is_event), after.filter(is_event));
        if let Some(event) = before
            && let Some(names) = self.events.get_mut(&said(event))
        {
            names.remove(event.name());
            if names.is_empty() {
                self.events.remove(&said(event));
            }
        }
        if let Some(event) = after {
            self.events.entry(said(event)).or_default().insert(event.name().to_owned());
        }
    }

    /// The events that say this, by name.
    pub fn of(&self, namespace: &str, about: &str, reason: &str, message: &str) -> impl Iterator<Item = &str> {
        let saying = [namespace, about, reason, message].map(str::to_owned);
        self.events.get(&saying).into_iter().flatten().map(String::as_str)
    }
}

fn said(event: &Value) -> Saying {
    let about = event.text("/involvedObject/name");
    [event.namespace(), about, event.text("/reason"), event.text("/message")].map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_known_by_what_it_says_while_it_is_there() {
        let event = |message: &str| {
            json!({"kind": "Event", "metadata": {"namespace": "n", "name": "p.1"},
                   "involvedObject": {"name": "p"}, "reason": "R", "message": message})
        };
        let mut sayings = Sayings::default();
        let (one, other) = (event("one"), event("other"));
        sayings.note(None, Some(&one));
        sayings.note(None, Some(&json!({"kind": "Pod"})));
        assert!(sayings.of("n", "p", "R", "one").eq(["p.1"]) && sayings.of("n", "p", "R", "other").next().is_none());
        sayings.note(Some(&one), Some(&other));
        assert!(sayings.of("n", "p", "R", "other").eq(["p.1"]) && sayings.of("n", "p", "R", "one").next().is_none());
        sayings.note(Some(&other), None);
        assert!(sayings.events.is_empty());
    }
}

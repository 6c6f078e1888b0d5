//! An Event as it was read, and the newest one about an object.

use jiff::Timestamp;
use serde_json::Value;

use super::meta::{Meta, text, time};

/// The view of one Event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub meta: Meta,
    /// What it is about: kind, name and UID.
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub warning: bool,
    pub reason: String,
    pub message: String,
    /// When it was last seen.
    pub at: Option<Timestamp>,
}

impl Event {
    /// Reads an Event; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let about = &object["involvedObject"];
        let meta = Meta::read(object)?;
        // Three generations of the API put the time in three places.
        let at = time(&object["series"]["lastObservedTime"])
            .or_else(|| time(&object["lastTimestamp"]))
            .or_else(|| time(&object["eventTime"]))
            .or(meta.created);
        Some(Self {
            meta,
            kind: text(&about["kind"]),
            name: text(&about["name"]),
            uid: text(&about["uid"]),
            warning: object["type"] == "Warning",
            reason: text(&object["reason"]),
            message: text(&object["message"]),
            at,
        })
    }

    /// `Reason: message`.
    #[must_use]
    pub fn said(&self) -> String {
        if self.message.is_empty() { self.reason.clone() } else { format!("{}: {}", self.reason, self.message.trim()) }
    }
}

/// The newest event about the object with this UID that `fits`; of several at
/// the same time the last by name, so that the answer never depends on order.
pub fn newest<'a>(events: &'a [Event], uid: &str, fits: impl Fn(&Event) -> bool) -> Option<&'a Event> {
    events
        .iter()
        .filter(|event| event.uid == uid && fits(event))
        .max_by(|one, other| (one.at, &one.meta.name).cmp(&(other.at, &other.meta.name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(name: &str, uid: &str, at: &str) -> Event {
        let about = json!({"kind": "Pod", "name": "web-0", "uid": uid});
        let object = json!({"metadata": {"name": name}, "involvedObject": about, "lastTimestamp": at, "reason": name});
        Event::read(&object).unwrap()
    }

    #[test]
    fn the_newest_event_of_an_object_is_found_by_its_uid_in_any_order() {
        let mut events = vec![
            event("b", "1", "2026-01-01T00:00:02Z"),
            event("a", "1", "2026-01-01T00:00:02Z"),
            event("c", "2", "2027-01-01T00:00:00Z"),
        ];
        assert_eq!(newest(&events, "1", |_| true).map(Event::said), Some("b".to_owned()));
        events.reverse();
        assert_eq!(newest(&events, "1", |_| true).map(Event::said), Some("b".to_owned()));
        assert_eq!(newest(&events, "1", |event| event.warning), None);
    }
}

//! What a look at the containers of a pod brought to light: events, and when to
//! look again.

use jiff::Timestamp;
use serde_json::Value;

use crate::simulator::controllers::{EventType, Step, View};

#[derive(Default)]
pub(super) struct News {
    happened: Vec<(EventType, &'static str, String)>,
    lasting: Vec<(&'static str, String)>,
    wake: Option<Timestamp>,
}

impl News {
    /// Something happened.
    pub(super) fn normal(&mut self, reason: &'static str, message: impl Into<String>) {
        self.happened.push((EventType::Normal, reason, message.into()));
    }

    /// Something went wrong.
    pub(super) fn warning(&mut self, reason: &'static str, message: impl Into<String>) {
        self.happened.push((EventType::Warning, reason, message.into()));
    }

    /// Something is wrong, which is told once.
    pub(super) fn lasts(&mut self, reason: &'static str, message: impl Into<String>) {
        self.lasting.push((reason, message.into()));
    }

    pub(super) fn wake_at(&mut self, time: Timestamp) {
        self.wake = Some(self.wake.map_or(time, |set| set.min(time)));
    }

    /// Tells it all in a pass about the pod.
    pub(super) fn tell(self, view: &dyn View, pod: &Value, step: &mut Step) {
        for (kind, reason, message) in self.happened {
            step.event(pod, kind, reason, message);
        }
        for (reason, message) in self.lasting {
            step.event_once(view, pod, EventType::Warning, reason, message);
        }
        if let Some(time) = self.wake {
            step.wake_at(time);
        }
    }
}

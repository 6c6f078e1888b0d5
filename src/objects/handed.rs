//! An answer as values. Like what is looked for, it goes beside a request and not
//! in it: a server in this process lays down on the tray what it would have
//! written out, and whoever asked takes it from there. Over a network the tray
//! stays empty, and the answer is read as the text that it is.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// What was answered, as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Handed {
    Object(Arc<Value>),
    /// The objects of a page of a list, and the token of the next one. Each says
    /// its kind, as the items in a text do not.
    List(Vec<Arc<Value>>, Option<String>),
}

/// Where an answer is laid down. Clones are the same tray.
#[derive(Clone, Debug, Default)]
pub struct Tray(Arc<Mutex<Option<Handed>>>);

impl Tray {
    /// Lays an answer down in the place of its text.
    pub fn put(&self, answer: Handed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    /// What lies there.
    #[must_use]
    pub fn take(&self) -> Option<Handed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

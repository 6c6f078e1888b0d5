//! What stands between looking at an effect and performing it: the state that it
//! was found in, what takes it back, and what it came to.

use std::sync::Arc;

use serde_json::{Value, json};

use super::difference::Difference;
use super::effect::Effect;
use super::outcome::{Change, Outcome};
use super::preview::Preview;

/// Gives the value of a secret parameter at the moment of the write.
pub trait Secrets: Sync {
    /// Whether somebody chose the value; else it is made up here.
    fn is_given(&self, parameter: &str) -> bool;

    /// # Errors
    /// A sentence on why the value cannot be had, without the value.
    fn value(&self, parameter: &str) -> Result<Vec<u8>, String>;
}

/// For effects that need none.
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn is_given(&self, _: &str) -> bool {
        false
    }

    fn value(&self, parameter: &str) -> Result<Vec<u8>, String> {
        Err(format!("nobody gives a value for `{parameter}`"))
    }
}

/// An effect that may be written now: it still does what was approved.
pub struct Ready {
    /// What it does to the object as it is at this moment.
    pub preview: Preview,
    /// The object as it is at this moment.
    pub before: Option<Arc<Value>>,
}

impl Ready {
    /// The goal holds already.
    pub(super) fn holds(before: Arc<Value>) -> Self {
        Self { preview: Preview::of(Change::Unchanged, Some(&before), Value::Null), before: Some(before) }
    }

    /// One field of the object gets another value.
    pub(super) fn changes(before: Arc<Value>, path: &str, from: Value, to: Value) -> Self {
        let change = Change::Changed(vec![Difference { path: path.to_owned(), from, to }]);
        Self { preview: Preview::of(change, Some(&before), Value::Null), before: Some(before) }
    }

    /// What undoes it, as data, before anything is written: the UID of what is
    /// going to be created is not known yet.
    #[must_use]
    pub fn undo(&self, effect: &Effect) -> Value {
        let inverse = match (effect, &self.before) {
            _ if self.preview.holds() => return Value::Null,
            (Effect::Apply(_) | Effect::CreateSecret(_), Some(before)) => return json!({ "replace": **before }),
            (Effect::Apply(_) | Effect::CreateSecret(_), None) => return json!({ "delete": effect.object().path() }),
            (_, before) => effect.inverse(before.as_deref(), &self.preview.after),
        };
        json!(inverse)
    }
}

/// What a performed effect came to.
pub struct Done {
    pub outcome: Outcome,
    /// UID of what was created.
    pub created: Option<String>,
    /// The object as the server stored it. A Secret holds its values here: it
    /// may be shown to who asked for that, and goes nowhere else.
    pub after: Arc<Value>,
}

impl Done {
    pub(super) fn changed(outcome: Outcome, after: impl Into<Arc<Value>>) -> Self {
        Self { outcome, created: None, after: after.into() }
    }
}

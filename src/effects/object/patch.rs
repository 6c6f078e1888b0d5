//! Some fields of an object of another kind get other values.
//!
//! Precondition: UID and version, as read directly before. Guard: what an undo
//! puts back is still as the run left it. Undo: the former values.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::effect::Effect;
use super::super::error::EffectError;
use super::super::outcome::{Change, Outcome};
use super::super::preview::Preview;
use super::super::ready::{Done, Ready};
use super::super::request::{self, Mode};
use super::told::{self, leaving_theirs, missing};
use super::{Sayer, changed_since, harmless, stays};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// Merge `patch` into `object`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchObject {
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Which one, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    pub patch: Value,
    /// What has to be there for it; null for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
}

impl PatchObject {
    /// What puts back what `asked` has changed.
    pub(super) fn back(object: ObjectRef, before: &Value, after: &Value, asked: &Value) -> Self {
        let (patch, expected) = told::back(before, after, asked);
        let uid = before["metadata"]["uid"].as_str().map(str::to_owned);
        Self { object, uid, patch, expected: Some(expected) }
    }

    /// An undo leaves what others have added since.
    fn patch_of(&self, before: &Value) -> Value {
        let expected = self.expected.as_ref();
        expected.map_or_else(|| self.patch.clone(), |expected| leaving_theirs(before, &self.patch, expected))
    }

    pub(in super::super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = reader.get(&self.object).await?.ok_or(EffectError::Vanished)?;
        if self.uid.as_deref().is_some_and(|uid| before["metadata"]["uid"] != uid) {
            return Err(EffectError::Replaced);
        }
        stays(&before)?;
        if told::says(&before, &self.patch) {
            return Ok(Ready::holds(before));
        }
        let patch = self.patch_of(&before);
        let mut other = self.expected.as_ref().map(|expected| missing(&before, expected)).unwrap_or_default();
        // Who has put something back by hand has done our work.
        let left = missing(&before, &patch);
        other.retain(|field| left.iter().any(|wanted| is_within(&field.path, &wanted.path)));
        let after = request::merge(&connection.client, &self.object, &before, &patch, Mode::DryRun).await;
        // What it is to be it may be already, in the server's own words.
        let is_so = |after: &Arc<Value>| told::differences(&before, after, &patch).is_empty();
        if !other.is_empty() && !after.as_ref().is_ok_and(is_so) {
            return Err(changed_since(&self.object, &other));
        }
        let after = after.map_err(of_dry_run)?;
        let sayer = if self.expected.is_some() { Sayer::Undo } else { Sayer::Script };
        harmless(Some(&before), &after, sayer, &reader).await?;
        let change = match told::differences(&before, &after, &patch) {
            found if found.is_empty() => Change::Unchanged,
            found => Change::Changed(found),
        };
        Ok(Ready { preview: Preview::of(change, Some(&before), Arc::unwrap_or_clone(after)), before: Some(before) })
    }

    pub(in super::super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        let patch = self.patch_of(before);
        let after = request::merge(&connection.client, &self.object, before, &patch, mode).await;
        Ok(Done::changed(Outcome::Changed, after.map_err(EffectError::of_guarded_write)?))
    }

    pub(in super::super) fn inverse(&self, before: &Value, after: &Value) -> Vec<Effect> {
        vec![Effect::PatchObject(Self::back(self.object.clone(), before, after, &self.patch))]
    }
}

/// Whether a field is one that is to be written, or within one.
fn is_within(path: &str, written: &str) -> bool {
    path.strip_prefix(written).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A dry run names no version, so that nobody can be quicker than it; what it is
/// refused with is the server's own.
fn of_dry_run(error: kube::Error) -> EffectError {
    match error {
        kube::Error::Api(status) if status.code == 404 => EffectError::Vanished,
        other => other.into(),
    }
}

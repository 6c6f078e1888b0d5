//! An object of another kind goes.
//!
//! By UID and version, as it was read directly before, and nothing is collected after it. Guards:
//! nothing names it as its owner; no set goes by its name; one that goes because we made it
//! holds nothing that others have written. Undo: it is made again, with another UID.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::effect::Effect;
use super::super::error::EffectError;
use super::super::outcome::{Change, Outcome};
use super::super::preview::Preview;
use super::super::ready::{Done, Ready};
use super::super::request::{self, Mode};
use super::create::CreateObject;
use super::governs::governs_no_set;
use super::owned::owns_nothing;
use super::told::{added, as_stored, missing};
use super::{changed_since, cleaned, is_ours, written_by_others};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// Delete `object`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteObject {
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Which one, where that is known; empty for one whose creation nobody has heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// What we made it with, as the server has it, if it goes because of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Value>,
    /// All that it held then, what the server has added among it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Value>,
}

impl DeleteObject {
    /// The one that is going to be made; its UID is not known yet.
    pub(super) fn made(object: ObjectRef, after: &Value, manifest: &Value) -> Self {
        let made = Some(as_stored(after, manifest));
        Self { object, uid: Some(String::new()), made, stored: Some(held(after)) }
    }

    pub(in super::super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = reader.get(&self.object).await?;
        let Some(before) = before.filter(|found| self.is_it(found)) else {
            let uid = self.uid.as_deref().unwrap_or_default();
            return Ok(Ready { preview: Preview::gone(uid, Change::Unchanged), before: None });
        };
        let uid = before["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        if !before["metadata"]["deletionTimestamp"].is_null() {
            return Ok(Ready { preview: Preview::gone(&uid, Change::Unchanged), before: Some(before) });
        }
        if let Some(made) = &self.made {
            let other = missing(&before, made);
            if !other.is_empty() {
                return Err(changed_since(&self.object, &other));
            }
            written_by_others(&self.object, &before)?;
            // Another run of ours writes under the same name as this one.
            let more = self.stored.as_ref().map(|stored| added(&held(&before), stored)).unwrap_or_default();
            if !more.is_empty() {
                return Err(changed_since(&self.object, &more));
            }
        } else {
            governs_no_set(&before, &reader).await?;
        }
        owns_nothing(&before, &self.object, &reader).await?;
        Ok(Ready { preview: Preview::gone_with(&uid, told(&before)), before: Some(before) })
    }

    pub(in super::super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        match request::delete_as_read(&connection.client, &self.object, before, mode).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Done::changed(Outcome::Unchanged, Value::Null)),
            sent => Ok(Done::changed(Outcome::Deleted, sent.map_err(EffectError::of_guarded_write)?)),
        }
    }

    pub(in super::super) fn inverse(&self, before: &Value) -> Vec<Effect> {
        let instead_of = before["metadata"]["uid"].as_str().map(str::to_owned);
        vec![Effect::CreateObject(CreateObject { object: self.object.clone(), manifest: cleaned(before), instead_of })]
    }

    /// One whose creation nobody has heard of is known by what it was made with.
    fn is_it(&self, found: &Value) -> bool {
        match (self.uid.as_deref(), &self.made) {
            (Some(""), Some(made)) => is_ours(found) && missing(found, made).is_empty(),
            (Some(uid), _) => found["metadata"]["uid"] == uid,
            (None, _) => true,
        }
    }
}

/// What a plan is held to: another one of that is another decision. Annotations change by themselves.
fn told(object: &Value) -> Value {
    let mut told = held(object);
    told["labels"] = object["metadata"]["labels"].clone();
    told
}

/// What an object is there for; who owns it and how it is doing is no matter.
fn held(object: &Value) -> Value {
    let fields = ["data", "binaryData", "spec"].into_iter();
    fields.filter_map(|field| Some((field.to_owned(), object.get(field)?.clone()))).collect()
}

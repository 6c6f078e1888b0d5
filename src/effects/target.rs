//! One object that exists, and no other one that may have its name later.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::EffectError;
use crate::facts::reader::Reader;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// An object by its UID; its name only says where to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    #[serde(flatten)]
    pub object: ObjectRef,
    pub uid: String,
}

impl Target {
    /// The object of this kind that was read; items of a list do not say their kind.
    #[must_use]
    pub fn of(kind: &'static ApiKind, object: &Value) -> Option<Self> {
        let meta = &object["metadata"];
        let text = |field: &str| meta[field].as_str().map(str::to_owned);
        let namespace = text("namespace").unwrap_or_default();
        Some(Self { object: ObjectRef { kind, namespace, name: text("name")? }, uid: text("uid")? })
    }

    /// Reads it; `None` if there is nothing of that name.
    ///
    /// # Errors
    /// `Replaced` if something else has its name by now.
    pub(super) async fn read(&self, reader: &Reader) -> Result<Option<Arc<Value>>, EffectError> {
        match reader.get(&self.object).await? {
            Some(found) if found["metadata"]["uid"] == self.uid.as_str() => Ok(Some(found)),
            Some(_) => Err(EffectError::Replaced),
            None => Ok(None),
        }
    }

    /// The same where it must be there.
    pub(super) async fn need(&self, reader: &Reader) -> Result<Arc<Value>, EffectError> {
        self.read(reader).await?.ok_or(EffectError::Vanished)
    }
}

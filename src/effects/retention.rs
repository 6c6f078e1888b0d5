//! What a set does with the claims of members that go when it is scaled down:
//! `Delete` destroys them (SS-84), `Retain` leaves them.
//!
//! Precondition: UID and version of the set; nobody else decides over it. Undo:
//! the word that was there.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::EffectError;
use super::guard::{Guards, SetScene};
use super::outcome::Outcome;
use super::ready::{Done, Ready};
use super::request::{self, Mode};
use super::target::Target;
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::facts::set::Set;

const PATH: &str = ".spec.persistentVolumeClaimRetentionPolicy.whenScaled";

/// Set `whenScaled` of `set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    pub set: Target,
    /// As the API writes it.
    pub when_scaled: String,
}

impl Retention {
    pub(super) async fn look(&self, connection: &Connection, guards: &Guards) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = self.set.need(&reader).await?;
        let set = Set::read(&before).ok_or(EffectError::Vanished)?;
        let found = set.when_scaled.as_str().to_owned();
        if found == self.when_scaled {
            return Ok(Ready::holds(before));
        }
        let replicas = set.range.replicas;
        guards.before_retention(&SetScene::read(set, replicas, &reader).await?)?;
        Ok(Ready::changes(before, PATH, json!(found), json!(self.when_scaled)))
    }

    pub(super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        let patch = json!({ "spec": { "persistentVolumeClaimRetentionPolicy": { "whenScaled": self.when_scaled } } });
        let after = request::patch_as_read(&connection.client, &self.set, before, patch, mode).await?;
        Ok(Done::changed(Outcome::Changed, after))
    }

    /// The word that was there; a set that says nothing retains.
    pub(super) fn inverse(&self, before: &Value) -> Option<Self> {
        let when_scaled = Set::read(before)?.when_scaled.as_str().to_owned();
        Some(Self { set: self.set.clone(), when_scaled })
    }
}

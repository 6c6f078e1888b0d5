//! Deletion of one claim whose volume stays.
//!
//! Preconditions on the claim do not protect it: a claim in use was deleted
//! with matching UID and version. So this deletes no claim whose volume is not
//! `Retain`, whatever asked for it; the other guards keep live members whole.
//! Undo: the volume is reserved for the claim's name, and the claim made anew.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::create_claim::CreateClaim;
use super::error::EffectError;
use super::guard::{ClaimScene, Guards};
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::ready::{Done, Ready};
use super::request::{self, Mode, Only};
use super::reserve::Reserve;
use super::target::Target;
use crate::cluster::Connection;
use crate::facts::reader::Reader;

/// Delete `claim`, which `volume` belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteClaim {
    pub claim: Target,
    pub volume: Target,
    /// Name of the set whose ordinal it was.
    pub set: String,
    pub ordinal: u64,
}

impl DeleteClaim {
    pub(super) async fn look(&self, connection: &Connection, guards: &Guards) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let Some(before) = self.claim.read(&reader).await? else {
            return Ok(Ready { preview: Preview::gone(&self.claim.uid, Change::Unchanged), before: None });
        };
        if !before["metadata"]["deletionTimestamp"].is_null() {
            // Asked for already; the wait that follows sees it go.
            return Ok(Ready { preview: Preview::gone(&self.claim.uid, Change::Unchanged), before: Some(before) });
        }
        guards.before_delete_claim(&ClaimScene::read(self, &before, &reader).await?)?;
        Ok(Ready { preview: Preview::gone(&self.claim.uid, Change::Gone), before: Some(before) })
    }

    pub(super) async fn perform(&self, connection: &Connection, mode: Mode) -> Result<Done, EffectError> {
        match request::delete(&connection.client, &self.claim.object, Only::Uid(&self.claim.uid), mode).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Done::changed(Outcome::Unchanged, Value::Null)),
            sent => Ok(Done::changed(Outcome::Deleted, sent.map_err(EffectError::of_guarded_write)?)),
        }
    }

    pub(super) fn inverse(&self, before: &Value) -> Option<(Reserve, CreateClaim)> {
        let claim = CreateClaim::again(before, &self.volume.object.name)?;
        Some((Reserve { volume: self.volume.clone(), claim: self.claim.object.clone() }, claim))
    }
}

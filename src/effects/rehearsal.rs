//! What the server would say to an effect: its request is sent as a dry run,
//! which admission and validation judge and nobody stores.

use serde_json::Value;

use super::effect::Effect;
use super::error::EffectError;
use super::outcome::Change;
use super::preview::Preview;
use super::ready::{NoSecrets, Ready};
use super::request::Mode;
use crate::cluster::Connection;
use crate::facts::reader::Reader;

impl Effect {
    /// Has the server judge the request of an effect. What comes about before it
    /// in its run has not: so neither its guards nor the state of its object are
    /// asked.
    ///
    /// # Errors
    /// The server would not take it, or cannot say.
    pub async fn rehearse(&self, connection: &Connection) -> Result<(), EffectError> {
        if matches!(self, Self::Apply(_) | Self::CreateSecret(_) | Self::ApplyObject(_)) {
            // Their preview is a dry run already.
            return self.preview(connection, &NoSecrets).await.map(drop);
        }
        let before = Reader::new(connection.client.clone()).get(self.object()).await?;
        if before.is_none() && !matches!(self, Self::CreateClaim(_) | Self::CreateObject(_) | Self::Lock(_)) {
            return Err(EffectError::Vanished);
        }
        let ready = &Ready { preview: Preview::of(Change::New, None, Value::Null), before };
        let judged = match self {
            // A program in a pod has no dry run.
            Self::Apply(_) | Self::CreateSecret(_) | Self::ApplyObject(_) | Self::Exec(_) => return Ok(()),
            Self::Scale(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::Protect(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::Unprotect(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::DeleteClaim(effect) => effect.perform(connection, Mode::DryRun).await,
            Self::GiveUp(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::Reserve(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::CreateClaim(effect) => effect.perform(connection, Mode::DryRun).await,
            Self::Purge(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::Lock(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::Retention(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::CreateObject(effect) => effect.perform(connection, Mode::DryRun).await,
            Self::PatchObject(effect) => effect.perform(ready, connection, Mode::DryRun).await,
            Self::DeleteObject(effect) => effect.perform(ready, connection, Mode::DryRun).await,
        };
        judged.map(drop)
    }
}

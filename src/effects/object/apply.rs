//! Server-side apply of an object of another kind, by a runbook.
//!
//! Guards: an object that our field manager has never touched is somebody
//! else's; an autoscaler takes no members away. Undo: what was created goes by
//! its UID; what was changed gets its former values, if ours are still there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::apply::{exactly_this_one, is_overtaken, refuse_foreign, refuse_foreign_part, refuse_headless};
use super::super::effect::Effect;
use super::super::error::EffectError;
use super::super::outcome::{Change, Outcome};
use super::super::preview::Preview;
use super::super::ready::{Done, Ready};
use super::super::request::{self, Claim, FIELD_MANAGER, Mode};
use super::delete::DeleteObject;
use super::patch::PatchObject;
use super::{Sayer, harmless, told};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// Apply `manifest` as `object`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyObject {
    #[serde(flatten)]
    pub object: ObjectRef,
    pub manifest: Value,
}

impl ApplyObject {
    pub(in super::super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = reader.get(&self.object).await?;
        refuse_foreign(before.as_deref())?;
        let after = match self.send(connection, &self.manifest, before.as_deref(), Mode::DryRun).await {
            Err(kube::Error::Api(status)) if before.is_none() && is_with_ourselves(&status) => {
                return Err(EffectError::Overtaken);
            }
            sent => sent.map_err(EffectError::from)?,
        };
        refuse_headless(&self.manifest, &after)?;
        harmless(before.as_deref(), &after, Sayer::Script, &reader).await?;
        let change = match &before {
            None => Change::New,
            Some(before) => match told::differences(before, &after, &self.manifest) {
                found if found.is_empty() => Change::Unchanged,
                found => Change::Changed(found),
            },
        };
        Ok(Ready { preview: Preview::of(change, before.as_deref(), Arc::unwrap_or_clone(after)), before })
    }

    pub(in super::super) async fn perform(&self, ready: Ready, connection: &Connection) -> Result<Done, EffectError> {
        if ready.preview.holds() {
            return Ok(Done::changed(Outcome::Unchanged, ready.preview.after));
        }
        let body = exactly_this_one(&self.manifest, ready.before.as_deref());
        let after = match self.send(connection, &body, ready.before.as_deref(), Mode::Real).await {
            Err(kube::Error::Api(status)) if ready.before.is_some() && is_overtaken(&status) => {
                return Err(EffectError::Overtaken);
            }
            Err(kube::Error::Api(status)) if ready.before.is_none() && is_with_ourselves(&status) => {
                return Err(EffectError::Overtaken);
            }
            sent => sent.map_err(EffectError::of_write)?,
        };
        if ready.before.is_some() {
            return Ok(Done::changed(Outcome::Changed, after));
        }
        refuse_foreign_part(&after)?;
        let created = after["metadata"]["uid"].as_str().map(str::to_owned);
        Ok(Done { outcome: Outcome::Created, created, after })
    }

    /// What we have written in another way (`create`, `patch`, an undo) counts to
    /// the server as somebody else's, and is taken over; what others have is not.
    /// Where nothing was there, another run of ours was quicker: that is not taken.
    async fn send(
        &self,
        connection: &Connection,
        body: &Value,
        before: Option<&Value>,
        mode: Mode,
    ) -> Result<Arc<Value>, kube::Error> {
        let client = &connection.client;
        match request::apply_as(client, &self.object, body, Claim::Free, mode).await {
            Err(kube::Error::Api(status)) if before.is_some() && is_with_ourselves(&status) => {
                request::apply_as(client, &self.object, body, Claim::All, mode).await
            }
            sent => sent,
        }
    }

    pub(in super::super) fn inverse(&self, before: Option<&Value>, after: &Value) -> Vec<Effect> {
        let object = self.object.clone();
        let Some(before) = before else {
            return vec![Effect::DeleteObject(DeleteObject::made(object, after, &self.manifest))];
        };
        vec![Effect::PatchObject(PatchObject::back(object, before, after, &self.manifest))]
    }
}

/// A conflict over fields that only we have written.
fn is_with_ourselves(status: &kube::core::Status) -> bool {
    let causes = status.details.as_ref().map_or(&[][..], |details| &details.causes);
    let ours = format!("conflict with \"{FIELD_MANAGER}\"");
    status.code == 409
        && !causes.is_empty()
        && causes.iter().all(|cause| cause.reason == "FieldManagerConflict" && cause.message.starts_with(&ours))
}

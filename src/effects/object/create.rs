//! An object of another kind that is not there yet.
//!
//! It is made with POST: one of its name is never written over. Undo: it is
//! deleted by its UID, if it still says what it was made with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::effect::Effect;
use super::super::error::EffectError;
use super::super::outcome::{Change, Outcome};
use super::super::preview::Preview;
use super::super::ready::{Done, Ready};
use super::super::request::{self, Mode};
use super::delete::DeleteObject;
use super::told::{differences, missing};
use super::{Sayer, cleaned, harmless, is_ours, look_at, stays};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// Create `manifest` as `object`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateObject {
    #[serde(flatten)]
    pub object: ObjectRef,
    pub manifest: Value,
    /// The UID of the one that it replaces: as long as that is there, nothing is to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}

impl CreateObject {
    pub(in super::super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        if let Some(before) = reader.get(&self.object).await? {
            stays(&before)?;
            let uid = before["metadata"]["uid"].as_str();
            let never_went = self.instead_of.is_some() && self.instead_of.as_deref() == uid;
            if never_went || (is_ours(&before) && self.is_said_by(&before, connection).await?) {
                return Ok(Ready::holds(before));
            }
            // Somebody has made it again as it was.
            if self.instead_of.is_some() && cleaned(&before) == self.manifest {
                return Ok(Ready::holds(before));
            }
            return Err(self.in_the_way());
        }
        let after = match request::create(&connection.client, &self.object, &self.manifest, Mode::DryRun).await {
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => return Err(self.in_the_way()),
            answered => answered.map_err(EffectError::from)?,
        };
        harmless(None, &after, self.sayer(), &reader).await?;
        Ok(Ready { preview: Preview::of(Change::New, None, Arc::unwrap_or_clone(after)), before: None })
    }

    pub(in super::super) async fn perform(&self, connection: &Connection, mode: Mode) -> Result<Done, EffectError> {
        match request::create(&connection.client, &self.object, &self.manifest, mode).await {
            Ok(after) => {
                let created = after["metadata"]["uid"].as_str().map(str::to_owned);
                Ok(Done { outcome: Outcome::Created, created, after })
            }
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Err(EffectError::Overtaken),
            Err(error) => Err(EffectError::of_write(error)),
        }
    }

    pub(in super::super) fn inverse(&self, after: &Value) -> Vec<Effect> {
        vec![Effect::DeleteObject(DeleteObject::made(self.object.clone(), after, &self.manifest))]
    }

    /// Only an undo makes one instead of another.
    const fn sayer(&self) -> Sayer {
        if self.instead_of.is_some() { Sayer::Undo } else { Sayer::Script }
    }

    /// Whether what is there says what was asked for. The server writes amounts in
    /// its own way, so that it is asked what the manifest would change.
    async fn is_said_by(&self, before: &Value, connection: &Connection) -> Result<bool, EffectError> {
        if missing(before, &self.manifest).is_empty() {
            return Ok(true);
        }
        match request::merge(&connection.client, &self.object, before, &self.manifest, Mode::DryRun).await {
            Ok(after) => Ok(differences(before, &after, &self.manifest).is_empty()),
            Err(kube::Error::Api(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn in_the_way(&self) -> EffectError {
        let hint = match self.sayer() {
            Sayer::Undo => look_at(&self.object),
            Sayer::Script => "`k8s::apply(…)` changes one that we made, `k8s::patch(…)` one of anybody's".to_owned(),
        };
        let why = format!("there is a {} `{}` already", self.object.kind.kind, self.object.name);
        EffectError::Guarded { code: "exists-already", why, hint }
    }
}

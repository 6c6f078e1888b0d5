//! A released volume is kept for the claim that it had: the UID of the claim
//! that is gone comes off its `claimRef`, the name stays (PV-35).
//!
//! Precondition: JSON patch whose `test` names claim and version.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::difference::Difference;
use super::effect::{Done, Ready};
use super::error::EffectError;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::request;
use super::target::Target;
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::facts::volume::Volume;
use crate::facts::words::VolumePhase;
use crate::objects::kinds::ObjectRef;

/// Keep `volume` for a claim of this name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    pub volume: Target,
    pub claim: ObjectRef,
}

impl Reserve {
    pub(super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = self.volume.need(&reader).await?;
        let volume = Volume::read(&before).ok_or(EffectError::Vanished)?;
        let held = volume.claim.as_ref();
        let named = held.is_some_and(|held| held.namespace == self.claim.namespace && held.name == self.claim.name);
        if !named || volume.meta.deleting.is_some() || volume.phase == VolumePhase::Failed {
            return Err(EffectError::NotItsVolume);
        }
        let is_free = held.is_some_and(|held| held.uid.is_empty());
        if is_free || volume.phase == VolumePhase::Bound {
            return Ok(Ready { preview: Preview::of(Change::Unchanged, Some(&before), Value::Null), before: None });
        }
        if reader.get(&self.claim).await?.is_some() {
            return Err(EffectError::ClaimInTheWay { claim: self.claim.name.clone() });
        }
        let path = ".spec.claimRef.uid".to_owned();
        let from = json!(held.map(|held| held.uid.clone()));
        let change = Change::Changed(vec![Difference { path, from, to: Value::Null }]);
        Ok(Ready { preview: Preview::of(change, Some(&before), Value::Null), before: Some(before) })
    }

    pub(super) async fn perform(&self, ready: &Ready, connection: &Connection) -> Result<Done, EffectError> {
        let before = ready.before.as_ref().unwrap_or(&Value::Null);
        let held = &before["spec"]["claimRef"];
        let mut patch = vec![
            json!({ "op": "test", "path": "/metadata/uid", "value": self.volume.uid }),
            json!({ "op": "test", "path": "/metadata/resourceVersion", "value": before["metadata"]["resourceVersion"] }),
            json!({ "op": "test", "path": "/spec/claimRef/namespace", "value": self.claim.namespace }),
            json!({ "op": "test", "path": "/spec/claimRef/name", "value": self.claim.name }),
        ];
        let there = ["uid", "resourceVersion"].iter().filter(|field| !held[**field].is_null());
        patch.extend(there.map(|field| json!({ "op": "remove", "path": format!("/spec/claimRef/{field}") })));
        let after = request::json_patch(&connection.client, &self.volume.object, &Value::Array(patch)).await;
        Ok(Done::changed(Outcome::Changed, after.map_err(EffectError::of_tested_write)?))
    }
}

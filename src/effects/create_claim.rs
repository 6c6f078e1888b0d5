//! A claim that takes one volume by its name.
//!
//! It is made with POST: a claim that is there already is never written over.
//! Undo: it is deleted again, by the UID that it got and with the guards of every
//! deletion, where it is known whose it was. Its volume is marked for it before:
//! the mark of the claim that was retired tells of another one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::delete_claim::DeleteClaim;
use super::error::EffectError;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::protect::Protect;
use super::ready::{Done, Ready};
use super::request::{self, Mode};
use super::target::Target;
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// Create the claim `manifest`, which names its volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateClaim {
    #[serde(flatten)]
    pub object: ObjectRef,
    pub manifest: Value,
    /// Whose claim it is again, if it may be deleted one day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Member>,
}

/// A member of a set that a volume holds data of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub volume: Target,
    /// Name of the set.
    pub set: String,
    #[serde(default)]
    pub template: String,
    pub ordinal: u64,
    /// The run that retired it.
    #[serde(default)]
    pub run: String,
}

/// What a claim asks for that a volume is chosen by; a data source is not asked
/// for again, since the data is there.
const KEPT: [&str; 4] = ["accessModes", "volumeMode", "storageClassName", "resources"];

impl CreateClaim {
    /// The same claim once more, bound to `volume`; `None` if it has no name.
    #[must_use]
    pub fn again(claim: &Value, volume: &str) -> Option<Self> {
        let mut spec: Map<String, Value> =
            KEPT.iter().filter_map(|field| Some(((*field).to_owned(), claim["spec"].get(*field)?.clone()))).collect();
        spec.insert("volumeName".to_owned(), json!(volume));
        let meta = &claim["metadata"];
        let mut metadata = json!({ "name": meta["name"], "namespace": meta["namespace"] });
        if !meta["labels"].is_null() {
            metadata["labels"] = meta["labels"].clone();
        }
        let manifest =
            json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec });
        Some(Self { object: ObjectRef::of(&manifest)?, manifest, of: None })
    }

    fn volume(&self) -> &Value {
        &self.manifest["spec"]["volumeName"]
    }

    pub(super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = reader.get(&self.object).await?;
        let change = match &before {
            None => Change::New,
            Some(found) if found["spec"]["volumeName"] == *self.volume() => Change::Unchanged,
            Some(_) => return Err(EffectError::ClaimInTheWay { claim: self.object.name.clone() }),
        };
        Ok(Ready { preview: Preview::of(change, before.as_deref(), Value::Null), before })
    }

    /// The protection of its volume, and its deletion. The UID is not known yet:
    /// the journal of the run tells it.
    pub(super) fn inverse(&self) -> Option<(Protect, DeleteClaim)> {
        let Member { volume, set, template, ordinal, run } = self.of.clone()?;
        let claim = Target { object: self.object.clone(), uid: String::new() };
        let deletion = DeleteClaim { claim: claim.clone(), volume: volume.clone(), set: set.clone(), ordinal };
        Some((Protect { volume, claim, set, template, ordinal, run }, deletion))
    }

    pub(super) async fn perform(&self, connection: &Connection, mode: Mode) -> Result<Done, EffectError> {
        match request::create(&connection.client, &self.object, &self.manifest, mode).await {
            Ok(after) => {
                let created = after["metadata"]["uid"].as_str().map(str::to_owned);
                Ok(Done { outcome: Outcome::Created, created, after })
            }
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Err(EffectError::Overtaken),
            Err(error) => Err(EffectError::of_write(error)),
        }
    }
}

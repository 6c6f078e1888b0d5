//! A claim that takes one volume by its name.
//!
//! It is made with POST: a claim that is there already is never written over.
//! Undo: none is needed, the volume stays protected until its claim is bound.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::effect::{Done, Ready};
use super::error::EffectError;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::request::{self, Mode};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// Create the claim `manifest`, which names its volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateClaim {
    #[serde(flatten)]
    pub object: ObjectRef,
    pub manifest: Value,
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
        Some(Self { object: ObjectRef::of(&manifest)?, manifest })
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
        Ok(Ready { preview: Preview::of(change, before.as_ref(), Value::Null), before })
    }

    pub(super) async fn perform(&self, connection: &Connection) -> Result<Done, EffectError> {
        match request::create(&connection.client, &self.object, &self.manifest, Mode::Real).await {
            Ok(after) => {
                let created = after["metadata"]["uid"].as_str().map(str::to_owned);
                Ok(Done { outcome: Outcome::Created, created, after })
            }
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Err(EffectError::Overtaken),
            Err(error) => Err(EffectError::of_write(error)),
        }
    }
}

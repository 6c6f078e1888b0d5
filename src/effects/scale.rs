//! The number of replicas of a set, through its `scale` subresource.
//!
//! Precondition: UID and version of the set that was read, so that nobody's
//! change in between is written over. Undo: the number that was there.

use std::sync::Arc;

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

/// Give `set` the number of replicas `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    pub set: Target,
    pub to: u64,
    /// The number that must be there before; whatever it is where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
}

/// How often the write is tried against those who write something else to the set.
const TRIES: usize = 20;

impl Scale {
    pub(super) async fn look(&self, connection: &Connection, guards: &Guards) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = self.set.need(&reader).await?;
        let set = Set::read(&before).ok_or(EffectError::Vanished)?;
        let from = set.range.replicas;
        if from == self.to {
            return Ok(Ready::holds(before));
        }
        if self.from.is_some_and(|expected| expected != from) {
            return Err(EffectError::OtherReplicas { found: from, expected: self.from.unwrap_or_default() });
        }
        if self.to < from {
            guards.before_scale_down(&SetScene::read(set, self.to, &reader).await?)?;
        } else if self.from.is_none() {
            // What takes members back that went is not held up by who came since.
            guards.before_scale_up(&SetScene::read(set, self.to, &reader).await?)?;
        }
        Ok(Ready::changes(before, ".spec.replicas", json!(from), json!(self.to)))
    }

    pub(super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        let mut version = before["metadata"]["resourceVersion"].clone();
        let mut tries = 1;
        loop {
            match self.write(&version, connection, mode).await {
                Err(EffectError::Overtaken) if tries < TRIES => tries += 1,
                sent => return Ok(Done::changed(Outcome::Changed, sent?)),
            }
            // Statuses and notes of others are written all the time: as long as all
            // that the guards were asked about is as it was, they need not be asked again.
            let now = self.set.need(&Reader::new(connection.client.clone())).await?;
            if judged(&now) != judged(before) {
                return Err(EffectError::Overtaken);
            }
            version = now["metadata"]["resourceVersion"].clone();
        }
    }

    async fn write(&self, version: &Value, connection: &Connection, mode: Mode) -> Result<Arc<Value>, EffectError> {
        let body = json!({
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": { "name": self.set.object.name, "namespace": self.set.object.namespace,
                          "uid": self.set.uid, "resourceVersion": version },
            "spec": { "replicas": self.to },
        });
        let sent = request::put_scale(&connection.client, &self.set.object, &body, mode).await;
        sent.map_err(EffectError::of_guarded_write)
    }

    /// The number that was there, if nobody has changed it since.
    pub(super) fn inverse(&self, before: &Value) -> Option<Self> {
        let to = before["spec"]["replicas"].as_u64()?;
        Some(Self { set: self.set.clone(), to, from: Some(self.to) })
    }
}

/// What guards and plan have looked at in a set.
fn judged(set: &Value) -> [&Value; 8] {
    let (meta, status) = (&set["metadata"], &set["status"]);
    [
        &set["spec"],
        &meta["deletionTimestamp"],
        &meta["ownerReferences"],
        &meta["generation"],
        &status["observedGeneration"],
        &status["readyReplicas"],
        &status["currentRevision"],
        &status["updateRevision"],
    ]
}

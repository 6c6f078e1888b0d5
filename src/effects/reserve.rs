//! A released volume is kept for the claim that it had: the UID of the claim
//! that is gone comes off its `claimRef`, the name stays (PV-35).
//!
//! Precondition: JSON patch whose `test` names claim and version; a node that
//! takes pods can reach the volume, as far as nodes may be read (H-43).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::EffectError;
use super::outcome::Outcome;
use super::ready::{Done, Ready};
use super::request::{self, Mode};
use super::target::Target;
use crate::cluster::Connection;
use crate::facts::node::Node;
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::volume::Volume;
use crate::facts::words::VolumePhase;
use crate::objects::kinds::{ApiKind, ObjectRef};

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
        let named = volume.was_of(&self.claim.namespace, &self.claim.name);
        if !named || volume.meta.deleting.is_some() || volume.phase == VolumePhase::Failed {
            return Err(EffectError::NotItsVolume);
        }
        let is_free = held.is_some_and(|held| held.uid.is_empty());
        let claim = reader.get(&self.claim).await?;
        // A volume is called Bound for a while after its claim has gone.
        let has_its = |claim: &Value| held.is_some_and(|held| claim["metadata"]["uid"] == held.uid.as_str());
        if is_free || claim.as_deref().is_some_and(has_its) {
            return Ok(Ready::holds(before));
        }
        if claim.is_some() {
            return Err(EffectError::ClaimInTheWay { claim: self.claim.name.clone() });
        }
        is_within_reach(&volume, &reader).await?;
        let from = json!(held.map(|held| held.uid.clone()));
        Ok(Ready::changes(before, ".spec.claimRef.uid", from, Value::Null))
    }

    pub(super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        let held = &before["spec"]["claimRef"];
        let mut patch = vec![
            json!({ "op": "test", "path": "/metadata/uid", "value": self.volume.uid }),
            json!({ "op": "test", "path": "/metadata/resourceVersion", "value": before["metadata"]["resourceVersion"] }),
            json!({ "op": "test", "path": "/spec/claimRef/namespace", "value": self.claim.namespace }),
            json!({ "op": "test", "path": "/spec/claimRef/name", "value": self.claim.name }),
        ];
        let there = ["uid", "resourceVersion"].iter().filter(|field| !held[**field].is_null());
        patch.extend(there.map(|field| json!({ "op": "remove", "path": format!("/spec/claimRef/{field}") })));
        let after = request::json_patch(&connection.client, &self.volume.object, &Value::Array(patch), mode).await;
        Ok(Done::changed(Outcome::Changed, after.map_err(EffectError::of_tested_write)?))
    }
}

/// A member that gets the volume must be able to run somewhere.
async fn is_within_reach(volume: &Volume, reader: &Reader) -> Result<(), EffectError> {
    let Some(selector) = &volume.nodes else { return Ok(()) };
    let kind = ApiKind::named("Node").ok_or(EffectError::Vanished)?;
    let nodes = match reader.list_as(kind, "", None, Node::read).await {
        Err(error) if is_forbidden(&error) => return Ok(()),
        found => found?,
    };
    let mut there = nodes.iter().filter(|node| selector.admits(node) != Some(false));
    if there.clone().any(Node::is_schedulable) {
        return Ok(());
    }
    let (why, hint) = match there.next() {
        Some(Node { meta, ready: true, .. }) => {
            (format!("node `{}`, which is closed for new pods", meta.name), format!("kubectl uncordon {}", meta.name))
        }
        Some(Node { meta, .. }) => {
            (format!("node `{}`, which is not ready", meta.name), "kubectl get nodes".to_owned())
        }
        None => ("nodes that are not there any more".to_owned(), "kubectl get nodes".to_owned()),
    };
    Err(EffectError::Guarded {
        code: "volume-out-of-reach",
        why: format!("it is pinned to {why}: a member with it could run nowhere"),
        hint: format!("bring a node back that can reach it: {hint}"),
    })
}

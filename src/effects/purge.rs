//! The end of a retired volume: its policy becomes `Delete`, and whoever made
//! it takes it away with its disk. A volume made by hand has nobody who would:
//! there the object alone is deleted.
//!
//! Guard: retired by this program, without a claim. No undo.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::EffectError;
use super::guard::{Guards, VolumeScene};
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::protect::POLICY;
use super::ready::{Done, Ready};
use super::request::{self, Mode, Only};
use super::target::Target;
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::facts::volume::Volume;

/// Destroy `volume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    pub volume: Target,
    /// Where the data are that nobody takes away: of a volume made by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays: Option<String>,
}

/// Who made a volume that a class provisioned.
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

impl Purge {
    pub(super) async fn look(&self, connection: &Connection, guards: &Guards) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let Some(before) = self.volume.read(&reader).await? else {
            return Ok(Ready { preview: Preview::gone(&self.volume.uid, Change::Unchanged), before: None });
        };
        let phase = before["status"]["phase"].as_str().unwrap_or_default();
        let asked = is_provisioned(&before)
            && before["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
            && Volume::read(&before).is_some_and(|volume| volume.retired().is_some())
            && ["Released", "Failed"].contains(&phase);
        if asked || !before["metadata"]["deletionTimestamp"].is_null() {
            // Asked for already; the wait that follows sees it go.
            return Ok(Ready { preview: Preview::gone(&self.volume.uid, Change::Unchanged), before: Some(before) });
        }
        guards.before_purge(&VolumeScene::read(&before, &reader).await?)?;
        if is_provisioned(&before) {
            let from = before["spec"]["persistentVolumeReclaimPolicy"].clone();
            return Ok(Ready::changes(before, POLICY, from, json!("Delete")));
        }
        Ok(Ready { preview: Preview::gone(&self.volume.uid, Change::Gone), before: Some(before) })
    }

    pub(super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        if !is_provisioned(before) {
            // Somebody may have reserved it since it was looked at.
            let sent = request::delete(&connection.client, &self.volume.object, Only::AsRead(before), mode).await;
            return Ok(Done::changed(Outcome::Deleted, sent.map_err(EffectError::of_guarded_write)?));
        }
        let patch = json!({ "spec": { "persistentVolumeReclaimPolicy": "Delete" } });
        let after = request::patch_as_read(&connection.client, &self.volume, before, patch, mode).await?;
        Ok(Done::changed(Outcome::Changed, after))
    }
}

/// Whether somebody takes the disk away once the policy says so.
#[must_use]
pub fn is_provisioned(volume: &Value) -> bool {
    volume["metadata"]["annotations"][PROVISIONED_BY].is_string()
}

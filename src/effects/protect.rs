//! A volume that is kept whatever becomes of its claim: reclaim policy
//! `Retain`, and in the same write the mark that says whose data it holds.
//!
//! Precondition: the volume's version; it is bound to exactly this claim.
//! Undo: the former policy, as long as the claim is there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::EffectError;
use super::outcome::Outcome;
use super::ready::{Done, Ready};
use super::request::{self, Mode};
use super::target::Target;
use super::unprotect::Unprotect;
use crate::cluster::Connection;
use crate::facts::claim::Claim;
use crate::facts::mark::Mark;
use crate::facts::reader::Reader;
use crate::facts::volume::Volume;

/// Keep `volume`, which `claim` is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protect {
    pub volume: Target,
    pub claim: Target,
    /// Name of the set, its template and the ordinal whose data this is.
    pub set: String,
    pub template: String,
    pub ordinal: u64,
    pub run: String,
}

pub(super) const POLICY: &str = ".spec.persistentVolumeReclaimPolicy";

/// The run that a mark is of: it is known when a plan is made, as the UID of a claim need not be.
const MARK: &str = ".metadata.annotations.kubectl-stateful/run";

/// Another policy, and another mark with it; where the policy stays, the mark is all that changes.
pub(super) fn changes(before: Arc<Value>, [from, to]: [&str; 2], [was, is]: [Value; 2]) -> Ready {
    if from == to {
        return Ready::changes(before, MARK, was, is);
    }
    Ready::changes(before, POLICY, json!(from), json!(to))
}

impl Protect {
    pub(super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = self.volume.need(&reader).await?;
        let volume = Volume::read(&before).ok_or(EffectError::Vanished)?;
        let mark = Mark::read(&before);
        let policy = volume.reclaim_policy.as_str().to_owned();
        let is_told = |mark: &Mark| mark.claim_uid == self.claim.uid && self.is_of_member(mark);
        let holds = policy == "Retain" && mark.as_ref().is_some_and(is_told);
        if !holds {
            let claim = self.claim.need(&reader).await?;
            let bound = Claim::read(&claim).is_some_and(|claim| volume.belongs_to(&claim));
            if !bound || volume.meta.deleting.is_some() {
                return Err(EffectError::NotItsVolume);
            }
        }
        if holds {
            return Ok(Ready::holds(before));
        }
        let marks = [json!(mark.map(|mark| mark.run)), json!(self.run)];
        Ok(changes(before, [&policy, "Retain"], marks))
    }

    pub(super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let claim = self.claim.need(&reader).await?;
        let labels = Claim::read(&claim).map(|claim| claim.meta.labels).unwrap_or_default();
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        let mark = Mark {
            set: self.set.clone(),
            template: self.template.clone(),
            ordinal: self.ordinal,
            claim_uid: self.claim.uid.clone(),
            claim_labels: (*labels).clone(),
            former_policy: self.former_policy(before),
            run: self.run.clone(),
            at: connection.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        let patch = json!({ "metadata": mark.metadata(), "spec": { "persistentVolumeReclaimPolicy": "Retain" } });
        let answered = request::patch_as_read(&connection.client, &self.volume, before, patch, mode).await?;
        let after = match mode {
            Mode::DryRun => answered,
            // What was answered is not what counts: it is read back.
            Mode::Real => self.volume.need(&reader).await?,
        };
        if after["spec"]["persistentVolumeReclaimPolicy"] != "Retain" {
            return Err(EffectError::NotKept);
        }
        Ok(Done::changed(Outcome::Changed, after))
    }

    pub(super) fn inverse(&self, before: &Value) -> Unprotect {
        let policy = self.former_policy(before);
        Unprotect { volume: self.volume.clone(), claim: self.claim.object.clone(), policy }
    }

    fn is_of_member(&self, mark: &Mark) -> bool {
        (&mark.set, &mark.template, mark.ordinal) == (&self.set, &self.template, self.ordinal)
    }

    /// What is to be put back one day. A volume that was marked for this claim
    /// already keeps what that says; so does one that is `Retain` by a run that
    /// retired the same member, and that a new claim of it has by now.
    fn former_policy(&self, volume: &Value) -> String {
        let policy = volume["spec"]["persistentVolumeReclaimPolicy"].as_str().unwrap_or("Retain");
        let tells = |mark: &Mark| mark.claim_uid == self.claim.uid || policy == "Retain" && self.is_of_member(mark);
        Mark::read(volume).filter(tells).map_or_else(|| policy.to_owned(), |mark| mark.former_policy)
    }
}

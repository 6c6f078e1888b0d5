//! Deletion of one claim whose volume nobody has protected: for callers who may
//! not change volumes (H-15). What becomes of the data was shown and approved
//! before, and must still be so. The typed name is asked for; there is no undo.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::EffectError;
use super::guard::{ClaimScene, Guards};
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::ready::{Done, Ready};
use super::request::{self, Mode, Only};
use super::target::Target;
use crate::cluster::Connection;
use crate::facts::reader::Reader;

/// What becomes of a volume when its claim goes, as far as can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It is `Retain`: the data stay on it.
    Stays,
    /// It goes with its data.
    Goes,
    /// The volume may not be read.
    Unknown,
}

/// A claim with what becomes of its volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    #[serde(flatten)]
    pub claim: Target,
    pub fate: Fate,
}

/// Delete `claim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveUp {
    pub claim: Target,
    pub fate: Fate,
    /// The other claims of its member, which go with it or not at all (H-38).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Given>,
    /// Name of the set whose ordinal it was.
    pub set: String,
    pub ordinal: u64,
}

impl Fate {
    /// Under this reclaim policy; empty where it is not known.
    #[must_use]
    pub fn under(policy: &str) -> Self {
        match policy {
            "Retain" => Self::Stays,
            "" => Self::Unknown,
            _ => Self::Goes,
        }
    }

    /// What a plan says of it, and what is compared with its run.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Stays => "its volume is Retain and stays with its data",
            Self::Goes => "its volume goes with its data",
            Self::Unknown => "whether its data go with it is not known",
        }
    }
}

impl GiveUp {
    pub(super) async fn look(&self, connection: &Connection, guards: &Guards) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = self.claim.read(&reader).await?;
        let is_going = |claim: &Value| !claim["metadata"]["deletionTimestamp"].is_null();
        let Some(found) = before.as_ref().filter(|claim| !is_going(claim)) else {
            // Gone, or asked for already: the wait that follows sees it go.
            return Ok(Ready { preview: Preview::gone(&self.claim.uid, Change::Unchanged), before });
        };
        guards.before_give_up(&ClaimScene::giving_up(self, found, &reader).await?)?;
        Ok(Ready { preview: Preview::gone(&self.claim.uid, Change::Gone), before })
    }

    /// Nothing brings it back: it must be exactly the claim that was looked at.
    pub(super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        if before["metadata"]["uid"] != self.claim.uid.as_str() {
            return Err(EffectError::Replaced);
        }
        match request::delete(&connection.client, &self.claim.object, Only::AsRead(before), mode).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Done::changed(Outcome::Unchanged, Value::Null)),
            sent => Ok(Done::changed(Outcome::Deleted, sent.map_err(EffectError::of_guarded_write)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_retain_keeps_and_what_cannot_be_read_is_not_known() {
        assert_eq!(Fate::under("Retain"), Fate::Stays);
        assert_eq!(Fate::under(""), Fate::Unknown);
        assert_eq!(["Delete", "Recycle"].map(Fate::under), [Fate::Goes; 2]);
    }
}

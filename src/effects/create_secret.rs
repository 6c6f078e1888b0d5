//! Creation of a Secret. It is made once with POST and never overwritten: a
//! second run keeps the value that the application already knows. Values are
//! fetched or generated here, at the moment of the write, and go nowhere else.
//!
//! Undo: delete by UID.

use serde_json::{Value, json};

use super::effect::{Done, EffectError, Preview, Secrets};
use super::outcome::{Change, Outcome};
use super::request::{self, Mode};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;
use crate::objects::secret_token;

/// Create `manifest`, whose values are tokens, as `object`.
#[derive(Clone, Debug)]
pub struct CreateSecret {
    pub object: ObjectRef,
    pub manifest: Value,
}

impl CreateSecret {
    pub(super) async fn preview(&self, connection: &Connection) -> Result<Preview, EffectError> {
        let before = Reader::new(connection.client.clone()).get(&self.object).await?;
        if let Some(before) = &before {
            self.check_keys(before)?;
            return Ok(Preview { change: Change::Kept, warnings: Vec::new() });
        }
        let stand_in = secret_token::resolve(&self.manifest, |_| Ok::<_, EffectError>(b"-".to_vec()))?;
        request::create(&connection.client, &self.object, &stand_in, Mode::DryRun).await?;
        Ok(Preview { change: Change::New, warnings: Vec::new() })
    }

    pub(super) async fn perform(&self, connection: &Connection, secrets: &dyn Secrets) -> Result<Done, EffectError> {
        if let Some(before) = Reader::new(connection.client.clone()).get(&self.object).await? {
            self.check_keys(&before)?;
            return Ok(Done { outcome: Outcome::Kept, undo: Value::Null });
        }
        let manifest = secret_token::resolve(&self.manifest, |name| secrets.value(name).map_err(EffectError::Secret))?;
        match request::create(&connection.client, &self.object, &manifest, Mode::Real).await {
            Ok(made) => Ok(Done {
                outcome: Outcome::Created,
                undo: json!({ "delete": self.object.path(), "uid": made["metadata"]["uid"] }),
            }),
            // Somebody was quicker between the read and the write: theirs stays.
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
                let theirs = Reader::new(connection.client.clone()).get(&self.object).await?;
                self.check_keys(&theirs.unwrap_or_default())?;
                Ok(Done { outcome: Outcome::Kept, undo: Value::Null })
            }
            Err(error) => Err(EffectError::of_secret_write(error)),
        }
    }

    /// An existing Secret is used as it is, so it must hold every key that the
    /// new one would have had.
    fn check_keys(&self, before: &Value) -> Result<(), EffectError> {
        if !before["metadata"]["deletionTimestamp"].is_null() {
            return Err(EffectError::Terminating);
        }
        let wanted = ["data", "stringData"].iter().filter_map(|field| self.manifest[field].as_object()).flatten();
        let keys: Vec<_> = wanted.map(|(key, _)| key.clone()).filter(|key| before["data"].get(key).is_none()).collect();
        if keys.is_empty() { Ok(()) } else { Err(EffectError::MissingKeys { keys }) }
    }
}

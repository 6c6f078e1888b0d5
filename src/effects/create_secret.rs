//! Creation of a Secret. It is made once with POST and never overwritten: a
//! second run keeps the value that the application already knows. Values are
//! fetched or generated here, at the moment of the write, and go nowhere else.
//!
//! Undo: delete by UID.

use serde_json::Value;

use super::error::EffectError;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::ready::{Done, Ready, Secrets};
use super::request::{self, Mode};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;
use crate::objects::secret_token;

/// Create `manifest`, whose values are tokens, as `object`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateSecret {
    pub object: ObjectRef,
    pub manifest: Value,
}

impl CreateSecret {
    pub(super) async fn look(&self, connection: &Connection, secrets: &dyn Secrets) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let mut before = reader.get(&self.object).await?;
        if before.is_none() && !self.dry_run(connection, secrets).await? {
            // Somebody was quicker between the two.
            before = reader.get(&self.object).await?;
        }
        let change = match &before {
            Some(before) => {
                self.check_keys(before)?;
                Change::Kept
            }
            None => Change::New,
        };
        Ok(Ready { preview: Preview::of(change, before.as_deref(), Value::Null), before })
    }

    pub(super) async fn perform(
        &self,
        ready: Ready,
        connection: &Connection,
        secrets: &dyn Secrets,
    ) -> Result<Done, EffectError> {
        if let Some(before) = ready.before {
            return Ok(Done { outcome: Outcome::Kept, created: None, after: before });
        }
        let manifest = self.resolved(secrets)?;
        match request::create(&connection.client, &self.object, &manifest, Mode::Real).await {
            Ok(after) => {
                let created = after["metadata"]["uid"].as_str().map(str::to_owned);
                Ok(Done { outcome: Outcome::Created, created, after })
            }
            // Somebody was quicker between the read and the write.
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Err(EffectError::Overtaken),
            Err(error) => Err(EffectError::of_secret_write(error)),
        }
    }

    /// Whether the server would take it; not if there is one by now. It looks into
    /// keys and certificates and into no other values, so only those are sent.
    async fn dry_run(&self, connection: &Connection, secrets: &dyn Secrets) -> Result<bool, EffectError> {
        let looked_into = self.manifest["type"] == "kubernetes.io/tls";
        let body = if looked_into {
            self.resolved(secrets)?
        } else {
            secret_token::resolve(&self.manifest, |_| Ok::<_, EffectError>(b"-".to_vec()))?
        };
        match request::create(&connection.client, &self.object, &body, Mode::DryRun).await {
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(false),
            Err(kube::Error::Api(status)) if looked_into => Err(EffectError::secret_refused(&status)),
            answered => answered.map(|_| true).map_err(EffectError::from),
        }
    }

    fn resolved(&self, secrets: &dyn Secrets) -> Result<Value, EffectError> {
        secret_token::resolve(&self.manifest, |name| secrets.value(name).map_err(EffectError::Secret))
    }

    /// Whether the Secret that is there holds every value that somebody chose,
    /// so that nothing is left to do.
    pub(super) fn serves(&self, ready: &Ready, secrets: &dyn Secrets) -> Result<bool, EffectError> {
        match &ready.before {
            Some(before) => Ok(self.other_values(before, secrets)?.is_empty()),
            None => Ok(false),
        }
    }

    /// The keys whose value somebody chose, here or in the recipe, and that the
    /// Secret `found` has otherwise. What is made up does not count.
    ///
    /// # Errors
    /// A chosen value cannot be had.
    pub fn other_values(&self, found: &Value, secrets: &dyn Secrets) -> Result<Vec<String>, EffectError> {
        let wanted = self.resolved(secrets)?;
        let is_chosen =
            |value: &Value| secret_token::parameter_of(value).is_none_or(|parameter| secrets.is_given(parameter));
        let chosen = ["data", "stringData"].iter().filter_map(|field| self.manifest[field].as_object()).flatten();
        let other = chosen.filter(|(key, value)| is_chosen(value) && wanted["data"][key] != found["data"][key]);
        Ok(other.map(|(key, _)| key.clone()).collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// One value was chosen, all others are made up.
    struct Chosen;

    impl Secrets for Chosen {
        fn is_given(&self, parameter: &str) -> bool {
            parameter == "u"
        }

        fn value(&self, parameter: &str) -> Result<Vec<u8>, String> {
            Ok(parameter.as_bytes().to_vec())
        }
    }

    #[test]
    fn a_secret_that_somebody_else_made_serves_if_it_holds_the_chosen_values() {
        let manifest = json!({ "kind": "Secret", "metadata": { "name": "s" },
                               "stringData": { "user": { "$secret": "u" }, "password": { "$secret": "p" } } });
        let create = CreateSecret { object: ObjectRef::of(&manifest).unwrap(), manifest };
        let serves = |data: Value| {
            let before = Some(json!({ "data": data }));
            let preview = Preview::of(Change::Kept, before.as_ref(), Value::Null);
            create.serves(&Ready { preview, before: before.map(Into::into) }, &Chosen).unwrap()
        };
        assert!(serves(json!({ "user": "dQ==", "password": "b3RoZXI=" })));
        assert!(!serves(json!({ "user": "b3RoZXI=", "password": "cA==" })));
    }

    #[test]
    fn a_secret_that_lacks_a_key_or_is_going_away_cannot_be_kept() {
        let manifest = json!({ "kind": "Secret", "metadata": { "name": "s" },
                               "stringData": { "user": { "$secret": "u" }, "password": { "$secret": "p" } } });
        let create = CreateSecret { object: ObjectRef::of(&manifest).unwrap(), manifest };
        assert!(create.check_keys(&json!({ "data": { "user": "", "password": "", "more": "" } })).is_ok());
        let lacking = create.check_keys(&json!({ "data": { "user": "" } })).unwrap_err();
        assert_eq!(lacking.to_string(), "exists already and lacks the key `password`");
        let going = json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } });
        assert!(matches!(create.check_keys(&going), Err(EffectError::Terminating)));
    }
}

//! The Lease that says who works on a set. It is taken when nobody holds it or
//! it was seen to stand still, kept alive by whoever holds it, and removed at the
//! end.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::EffectError;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::ready::{Done, Ready};
use super::request::{self, Mode, Only};
use crate::cluster::Connection;
use crate::facts::lock::{Held, LASTS, lease_name};
use crate::facts::reader::Reader;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// Take the lock on a set for a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    #[serde(flatten)]
    pub object: ObjectRef,
    /// The run that holds it.
    pub run: String,
    /// The version of a Lease of another run that nobody keeps alive: watched
    /// for as long as a lock counts.
    #[serde(skip)]
    pub left: Option<String>,
}

/// What was found where a lock was to be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was this run's, and is free.
    Ours,
    /// There was none.
    Nothing,
    /// Another run has it.
    OfAnother { run: String },
}

/// How often a Lease is looked at again that was written in between.
const TRIES: usize = 3;

impl Lock {
    /// The lock on the set `set`; `None` never, since Leases are a kind we know.
    #[must_use]
    pub fn on(set: &str, namespace: &str, run: &str) -> Option<Self> {
        let kind = ApiKind::named("Lease")?;
        let object = ObjectRef { kind, namespace: namespace.to_owned(), name: lease_name(set) };
        Some(Self { object, run: run.to_owned(), left: None })
    }

    pub(super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let before = Reader::new(connection.client.clone()).get(&self.object).await?;
        let holder = before.as_deref().and_then(Held::read);
        match holder {
            Some(holder) if holder.run != self.run => {
                let version = before.as_ref().and_then(|lease| lease["metadata"]["resourceVersion"].as_str());
                if self.left.is_none() || self.left.as_deref() != version {
                    return Err(EffectError::Locked { run: holder.run });
                }
            }
            Some(_) | None => {}
        }
        Ok(Ready { preview: Preview::of(Change::New, None, Value::Null), before })
    }

    pub(super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let body = self.body(ready.before.as_deref(), connection);
        let sent = match &ready.before {
            None => request::create(&connection.client, &self.object, &body, mode).await,
            Some(_) => request::replace(&connection.client, &self.object, &body, mode).await,
        };
        match sent {
            Ok(after) => Ok(Done::changed(Outcome::Created, after)),
            Err(kube::Error::Api(status)) if status.code == 409 => Err(EffectError::Overtaken),
            Err(error) => Err(EffectError::of_write(error)),
        }
    }

    /// Keeps the lock alive; it was lost if another run has it by now.
    ///
    /// # Errors
    /// It is lost, or the server does not answer.
    pub async fn renew(&self, connection: &Connection) -> Result<(), EffectError> {
        let ready = self.look(connection).await?;
        if ready.before.as_deref().and_then(Held::read).is_none_or(|holder| holder.run != self.run) {
            return Err(EffectError::LockLost);
        }
        self.perform(&ready, connection, Mode::Real).await.map(drop)
    }

    /// The lock of a run that goes on, which may have run out in between.
    ///
    /// # Errors
    /// Another run holds it, or the server does not answer.
    pub async fn renew_or_take(&self, connection: &Connection) -> Result<(), EffectError> {
        let ready = self.look(connection).await?;
        self.perform(&ready, connection, Mode::Real).await.map(drop)
    }

    /// Removes the lock if it is still this run's. Whoever takes it over keeps the
    /// Lease and its UID: only the version tells that it is another run's by now.
    ///
    /// # Errors
    /// The server does not answer, or refuses.
    pub async fn give_back(&self, connection: &Connection) -> Result<Found, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let mut tries = 1;
        loop {
            let Some(lease) = reader.get(&self.object).await? else { return Ok(Found::Nothing) };
            match Held::read(&lease) {
                Some(holder) if holder.run == self.run => {}
                Some(Held { run, .. }) => return Ok(Found::OfAnother { run }),
                None => return Ok(Found::Nothing),
            }
            let sent = request::delete(&connection.client, &self.object, Only::AsRead(&lease), Mode::Real).await;
            match sent.map_err(EffectError::of_guarded_write) {
                Ok(_) | Err(EffectError::Vanished) => return Ok(Found::Ours),
                Err(EffectError::Overtaken) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn body(&self, before: Option<&Value>, connection: &Connection) -> Value {
        let now = connection.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let mut body = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": { "name": self.object.name, "namespace": self.object.namespace },
            "spec": { "holderIdentity": self.run, "leaseDurationSeconds": LASTS.as_secs(),
                      "acquireTime": now, "renewTime": now },
        });
        if let Some(before) = before {
            for field in ["uid", "resourceVersion"] {
                body["metadata"][field] = before["metadata"][field].clone();
            }
            if Held::read(before).is_some_and(|holder| holder.run == self.run) {
                body["spec"]["acquireTime"] = before["spec"]["acquireTime"].clone();
            }
        }
        body
    }
}

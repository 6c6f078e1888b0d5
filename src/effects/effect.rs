//! The closed list of effects. A new ability is a new variant, and the compiler
//! lists what must follow.
//!
//! An effect is shown (`preview`), made ready directly before its write
//! (`prepare`: read anew, held against what was approved, its inverse known),
//! and performed.

use serde_json::{Value, json};

use super::apply::Apply;
use super::create_secret::CreateSecret;
use super::error::EffectError;
use super::outcome::Outcome;
use super::preview::Preview;
use crate::cluster::Connection;
use crate::objects::kinds::ObjectRef;
use crate::objects::secret_token;

/// One write to the cluster.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Server-side apply of a whole object.
    Apply(Apply),
    /// Creation of a Secret that is never overwritten.
    CreateSecret(CreateSecret),
}

/// Gives the value of a secret parameter at the moment of the write.
pub trait Secrets: Sync {
    /// Whether somebody chose the value; else it is made up here.
    fn is_given(&self, parameter: &str) -> bool;

    /// # Errors
    /// A sentence on why the value cannot be had, without the value.
    fn value(&self, parameter: &str) -> Result<Vec<u8>, String>;
}

/// An effect that may be written now: it still does what was approved.
pub struct Ready {
    /// What it does to the object as it is at this moment.
    pub preview: Preview,
    /// The object as it is at this moment.
    pub before: Option<Value>,
}

impl Ready {
    /// What undoes it, as data, before anything is written: the UID of what is
    /// going to be created is not known yet.
    #[must_use]
    pub fn undo(&self, effect: &Effect) -> Value {
        match &self.before {
            _ if self.preview.holds() => Value::Null,
            Some(before) => json!({ "replace": before }),
            None => json!({ "delete": effect.object().path() }),
        }
    }
}

/// What a performed effect came to.
pub struct Done {
    pub outcome: Outcome,
    /// UID of what was created.
    pub created: Option<String>,
    /// The object as the server stored it. A Secret holds its values here: it
    /// may be shown to who asked for that, and goes nowhere else.
    pub after: Value,
}

impl Effect {
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        match self {
            Self::Apply(effect) => &effect.object,
            Self::CreateSecret(effect) => &effect.object,
        }
    }

    /// The object as it was asked for; secret values are tokens in it.
    #[must_use]
    pub fn manifest(&self) -> &Value {
        match self {
            Self::Apply(effect) => &effect.manifest,
            Self::CreateSecret(effect) => &effect.manifest,
        }
    }

    /// Verb, object and manifest for the journal; secret values are tokens in
    /// the manifest and so never part of it.
    #[must_use]
    pub fn describe(&self) -> Value {
        let (verb, manifest) = match self {
            Self::Apply(effect) => ("apply", effect.manifest.clone()),
            // A script may have put a literal where a token belongs.
            Self::CreateSecret(effect) => ("create-secret", secret_token::redact(&effect.manifest)),
        };
        let object = self.object();
        json!({ "verb": verb, "kind": object.kind.kind, "namespace": object.namespace, "name": object.name,
                "manifest": manifest })
    }

    /// Asks the server what performing would do.
    pub async fn preview(&self, connection: &Connection, secrets: &dyn Secrets) -> Result<Preview, EffectError> {
        Ok(self.look(connection, secrets).await?.preview)
    }

    /// Asks the same once more, directly before the write.
    ///
    /// # Errors
    /// `Diverged` when it would do something else than what was approved.
    pub async fn prepare(
        &self,
        connection: &Connection,
        approved: &Preview,
        secrets: &dyn Secrets,
    ) -> Result<Ready, EffectError> {
        let ready = self.look(connection, secrets).await?;
        let serves = match self {
            Self::Apply(_) => false,
            Self::CreateSecret(effect) => effect.serves(&ready, secrets)?,
        };
        if serves || ready.preview.was_approved_as(approved) {
            return Ok(ready);
        }
        Err(EffectError::Diverged { approved: Box::new(approved.clone()), now: Box::new(ready.preview) })
    }

    async fn look(&self, connection: &Connection, secrets: &dyn Secrets) -> Result<Ready, EffectError> {
        match self {
            Self::Apply(effect) => effect.look(connection).await,
            Self::CreateSecret(effect) => effect.look(connection, secrets).await,
        }
    }

    /// Performs the one write, or none if the goal holds already.
    ///
    /// # Errors
    /// `Overtaken` when the object changed since `prepare`: nothing was written.
    pub async fn perform(
        &self,
        ready: Ready,
        connection: &Connection,
        secrets: &dyn Secrets,
    ) -> Result<Done, EffectError> {
        match self {
            Self::Apply(effect) => effect.perform(ready, connection).await,
            Self::CreateSecret(effect) => effect.perform(ready, connection, secrets).await,
        }
    }
}

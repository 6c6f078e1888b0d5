//! The closed list of effects. A new ability is a new variant, and the compiler
//! lists what must follow.

use serde_json::{Value, json};

use super::apply::Apply;
use super::create_secret::CreateSecret;
use super::outcome::{Change, Outcome};
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
    /// # Errors
    /// A sentence on why the value cannot be had, without the value.
    fn value(&self, parameter: &str) -> Result<Vec<u8>, String>;
}

/// What a performed effect came to.
#[derive(Debug)]
pub struct Done {
    pub outcome: Outcome,
    /// What would undo it, as data; null when nothing was changed.
    pub undo: Value,
}

/// What performing would do, found by a server-side dry run.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    pub change: Change,
    pub warnings: Vec<String>,
}

/// Why an effect was not performed. Strings may come from the cluster.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    #[error("exists already and was made by {}", owners.join(", "))]
    Foreign { owners: Vec<String> },
    #[error("exists already and lacks the key {}", keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))]
    MissingKeys { keys: Vec<String> },
    #[error("is being deleted")]
    Terminating,
    #[error("{message}")]
    Conflict { message: String },
    /// The server refused to create a Secret. Its own words could quote the
    /// request and are left out.
    #[error("the server refused it with {code} {reason}")]
    SecretRefused { code: u16, reason: String },
    /// The write was sent and no answer in Kubernetes' words came back: it may
    /// have been carried out.
    #[error("the answer to the write was lost")]
    AnswerLost { detail: Option<String> },
    #[error("{0}")]
    Secret(String),
    #[error("{0}")]
    Api(#[from] Box<kube::Error>),
}

impl From<kube::Error> for EffectError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 409 && status.reason == "Conflict" => {
                Self::Conflict { message: status.message }
            }
            other => Self::Api(Box::new(other)),
        }
    }
}

impl EffectError {
    /// What a failed write means: a refusal in the server's words, or an answer
    /// that was lost on its way.
    pub(super) fn of_write(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) if (400..500).contains(&status.code) => error.into(),
            // Never sent, so nothing can have happened.
            kube::Error::BuildRequest(_) | kube::Error::HttpError(_) => error.into(),
            kube::Error::Api(status) => {
                Self::AnswerLost { detail: Some(format!("the server answered {}", status.code)) }
            }
            _ => Self::AnswerLost { detail: None },
        }
    }

    /// The same for a write that carries secret values.
    pub(super) fn of_secret_write(error: kube::Error) -> Self {
        match Self::of_write(error) {
            Self::Api(error) => match *error {
                kube::Error::Api(status) => Self::SecretRefused { code: status.code, reason: status.reason.clone() },
                other => Self::Api(Box::new(other)),
            },
            other => other,
        }
    }

    /// What the journal may know: never text from the server, which could quote
    /// the request.
    #[must_use]
    pub fn for_journal(&self) -> String {
        match self {
            Self::Api(error) => match error.as_ref() {
                kube::Error::Api(status) => format!("refused with {} {}", status.code, status.reason),
                _ => "the server could not be asked".to_owned(),
            },
            Self::Conflict { .. } => "refused with 409 Conflict".to_owned(),
            Self::Secret(_) => "the secret value could not be had".to_owned(),
            Self::Foreign { .. }
            | Self::MissingKeys { .. }
            | Self::Terminating
            | Self::SecretRefused { .. }
            | Self::AnswerLost { .. } => self.to_string(),
        }
    }
}

impl Effect {
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        match self {
            Self::Apply(effect) => &effect.object,
            Self::CreateSecret(effect) => &effect.object,
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
    pub async fn preview(&self, connection: &Connection) -> Result<Preview, EffectError> {
        match self {
            Self::Apply(effect) => effect.preview(connection).await,
            Self::CreateSecret(effect) => effect.preview(connection).await,
        }
    }

    /// Performs the one write.
    pub async fn perform(&self, connection: &Connection, secrets: &dyn Secrets) -> Result<Done, EffectError> {
        match self {
            Self::Apply(effect) => effect.perform(connection).await,
            Self::CreateSecret(effect) => effect.perform(connection, secrets).await,
        }
    }
}

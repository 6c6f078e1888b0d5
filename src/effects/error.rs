//! Why an effect was not performed, for people and for the journal.

use serde_json::{Value, json};

use super::difference::Difference;
use super::exec::Ran;
use super::preview::Preview;
use crate::cluster::interrupt::Interrupted;

/// Why an effect was not performed. Strings may come from the cluster.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    #[error("exists already and was made by {}", owners.join(", "))]
    Foreign { owners: Vec<String> },
    #[error("exists already and lacks the key {}", keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))]
    MissingKeys { keys: Vec<String> },
    #[error("is being deleted")]
    Terminating,
    /// Fewer members, and the set's retention policy deletes the claims of those
    /// that go (H-12).
    #[error(
        "would go from {from} to {to} members, and its retention policy `whenScaled: Delete` would delete their claims \
         with the data"
    )]
    ClaimsWouldGo { from: u64, to: u64 },
    #[error("{message}")]
    Conflict { message: String },
    /// It would do something else than what was approved.
    #[error("is no longer as it was when this was approved")]
    Diverged { approved: Box<Preview>, now: Box<Preview> },
    /// The object was changed between the last look and the write, which was
    /// not carried out.
    #[error("was changed by somebody else at the same moment")]
    Overtaken,
    /// Somebody made an object of that name at the same moment; the two are one
    /// by now.
    #[error("was made by `{owner}` at the same moment, and ours was merged into it")]
    Merged { owner: String },
    /// The server does not allow this change of what exists.
    #[error("{message}")]
    Unchangeable { message: String, differences: Vec<Difference> },
    /// The server refused to create a Secret. Its own words could quote the
    /// request and are left out.
    #[error("the server refused it with {code} {reason}")]
    SecretRefused { code: u16, reason: String },
    /// The write was sent and no answer in Kubernetes' words came back: it may
    /// have been carried out.
    #[error("the answer to the write was lost")]
    AnswerLost { detail: Option<String> },
    /// The object that it was about is not there any more.
    #[error("is not there any more")]
    Vanished,
    /// Another object has its name by now.
    #[error("was replaced by another one of its name")]
    Replaced,
    #[error("has {found} replicas by now and not {expected}")]
    OtherReplicas { found: u64, expected: u64 },
    /// The volume does not belong to the claim that it was thought to.
    #[error("is not bound to the claim that it was bound to")]
    NotItsVolume,
    #[error("claim `{claim}` is there already, with another volume")]
    ClaimInTheWay { claim: String },
    /// A volume was to be kept, and something put its policy back at once.
    #[error("does not stay `Retain`: something changes its reclaim policy back")]
    NotKept,
    #[error("is held by run {run}")]
    Locked { run: String },
    #[error("is held by another run by now")]
    LockLost,
    /// A guard said no; nothing was written.
    #[error("{why}")]
    Guarded { code: &'static str, why: String, hint: String },
    /// Ctrl-C before the write; what was about to happen, for people.
    #[error("{why}")]
    Interrupted { why: String },
    /// A program in a pod ended with another code than 0.
    #[error("the command said no (exit code {code})")]
    SaidNo { code: i32, printed: String },
    /// A program in a pod was started, perhaps, and its end was not heard.
    #[error("nobody knows how the command ended: {why}")]
    Unanswered { why: String, printed: String },
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
            kube::Error::Service(cause) if cause.is::<Interrupted>() => error.into(),
            kube::Error::Api(status) => {
                Self::AnswerLost { detail: Some(format!("the server answered {}", status.code)) }
            }
            _ => Self::AnswerLost { detail: None },
        }
    }

    /// The same for a write that names UID and version of what was read.
    pub(super) fn of_guarded_write(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 409 => Self::Overtaken,
            kube::Error::Api(status) if status.code == 404 => Self::Vanished,
            other => Self::of_write(other),
        }
    }

    /// The same for a JSON patch: one whose `test` fails is answered with a 422
    /// that names no field.
    pub(super) fn of_tested_write(error: kube::Error) -> Self {
        let names_none = |status: &kube::core::Status| {
            status.details.as_ref().is_none_or(|details| details.causes.is_empty() && details.kind.is_empty())
        };
        match error {
            kube::Error::Api(status) if status.code == 422 && names_none(&status) => Self::Overtaken,
            other => Self::of_guarded_write(other),
        }
    }

    /// The same for a write that carries secret values.
    pub(super) fn of_secret_write(error: kube::Error) -> Self {
        match Self::of_write(error) {
            Self::Api(error) => match *error {
                kube::Error::Api(status) => Self::secret_refused(&status),
                other => Self::Api(Box::new(other)),
            },
            other => other,
        }
    }

    /// A refusal whose words could quote a secret value.
    pub(super) fn secret_refused(status: &kube::core::Status) -> Self {
        Self::SecretRefused { code: status.code, reason: status.reason.clone() }
    }

    /// What the line of an effect in the journal knows, in our words: the server's
    /// could quote the request. How a run of a runbook ended is written as it was
    /// told, with the server's words: such a run sends no value of a Secret.
    #[must_use]
    pub fn for_journal(&self) -> Value {
        if let Some(ran) = self.ran() {
            return json!({ "ran": ran, "why": self.to_string() });
        }
        json!(self.in_our_words())
    }

    /// How a program in a pod ended, or that nobody knows.
    #[must_use]
    pub fn ran(&self) -> Option<Ran> {
        match self {
            Self::SaidNo { code, printed } => Some(Ran { exit_code: Some(*code), printed: printed.clone() }),
            Self::Unanswered { printed, .. } => Some(Ran { exit_code: None, printed: printed.clone() }),
            _ => None,
        }
    }

    fn in_our_words(&self) -> String {
        match self {
            Self::Api(error) => match error.as_ref() {
                kube::Error::Api(status) => format!("refused with {} {}", status.code, status.reason),
                _ => "the server could not be asked".to_owned(),
            },
            Self::Conflict { .. } => "refused with 409 Conflict".to_owned(),
            Self::Unchangeable { .. } => "refused with 422 Invalid".to_owned(),
            Self::Secret(_) => "the secret value could not be had".to_owned(),
            Self::Foreign { .. }
            | Self::MissingKeys { .. }
            | Self::Terminating
            | Self::ClaimsWouldGo { .. }
            | Self::Diverged { .. }
            | Self::Overtaken
            | Self::Merged { .. }
            | Self::SecretRefused { .. }
            | Self::AnswerLost { .. }
            | Self::Vanished
            | Self::Replaced
            | Self::OtherReplicas { .. }
            | Self::NotItsVolume
            | Self::ClaimInTheWay { .. }
            | Self::NotKept
            | Self::Locked { .. }
            | Self::LockLost
            | Self::SaidNo { .. }
            | Self::Unanswered { .. }
            | Self::Interrupted { .. }
            | Self::Guarded { .. } => self.to_string(),
        }
    }
}

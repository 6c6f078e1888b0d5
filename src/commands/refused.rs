//! The words for an effect that was not performed: what it was about, why, and
//! what to type next.

use super::Context;
use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::effects::{Change, Difference, EffectError, Preview};
use crate::error::{Failure, Kind};

/// The same with hints whose commands of ours lead to the same cluster.
pub fn of_runbook(object: &str, error: &EffectError, context: &Context<'_>) -> Failure {
    let mut failure = of_effect(object, error, context.connection);
    let way = context.as_given();
    failure.hints.iter_mut().for_each(|hint| *hint = way.led(hint));
    failure
}

/// The words for an effect that was refused, also when only looked at.
pub fn of_effect(object: &str, error: &EffectError, connection: &Connection) -> Failure {
    match error {
        EffectError::Foreign { .. } => Failure::refused("foreign-object", format!("`{object}` {error}"))
            .hint("choose another name, or delete that object if nobody needs it"),
        EffectError::MissingKeys { .. } => Failure::refused("missing-secret-key", format!("`{object}` {error}"))
            .hint("add the key to that Secret, or choose another name"),
        EffectError::Conflict { message } => Failure::refused("conflict", format!("`{object}`: {message}"))
            .hint("another tool owns these fields: change the answer to its value, or give the fields up there"),
        EffectError::Diverged { approved, now } => {
            let what = format!("`{object}` {error}: approved was {}, now it would be {}", words(approved), words(now));
            Failure::new(Kind::Diverged, "diverged", what)
                .hint("type the same command again to see and approve what it would do now")
        }
        EffectError::Overtaken => Failure::refused("conflict", format!("`{object}` {error}, again and again"))
            .hint("find out who writes it: `kubectl get` with `--show-managed-fields -o yaml` names them"),
        EffectError::Merged { .. } => Failure::failed("merged", format!("`{object}` {error}"))
            .hint("look at it: `kubectl get` with `--show-managed-fields -o yaml` says which fields are whose"),
        EffectError::Unchangeable { message, .. } => Failure::failed("invalid", format!("`{object}`: {message}")),
        EffectError::ClaimsWouldGo { from, .. } => Failure::refused("claims-would-go", format!("`{object}` {error}"))
            .hint(format!(
                "set `whenScaled` of its claim retention policy to `Retain` first, with {from} replicas; then they stay"
            )),
        EffectError::Terminating => Failure::refused("terminating", format!("`{object}` {error}"))
            .hint("wait until it is gone, then type the same command again"),
        EffectError::SecretRefused { code: 403, .. } => Failure::refused("forbidden", format!("`{object}`: {error}"))
            .hint("see what you may do with `kubectl auth can-i --list`, or ask for this right"),
        EffectError::SecretRefused { .. } => Failure::failed("server-refused", format!("`{object}`: {error}"))
            .hint("the server's own log says more; its answer is not shown because it could quote the secret"),
        EffectError::AnswerLost { detail } => {
            let detail = detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            Failure::failed("answer-lost", format!("`{object}`: {error}{detail}; it may have been carried out"))
        }
        // The same words as for Ctrl-C anywhere else.
        EffectError::Interrupted { why } => Failure { message: why.clone(), ..Failure::interrupted() },
        EffectError::Guarded { code, why, hint } => {
            Failure::refused(code, format!("`{object}`: {why}")).hint(hint.clone())
        }
        EffectError::Vanished | EffectError::Replaced | EffectError::OtherReplicas { .. } => {
            Failure::new(Kind::Diverged, "diverged", format!("`{object}` {error}"))
                .hint("somebody else has changed it: look at `kubectl stateful status`, and make a new plan")
        }
        EffectError::NotItsVolume => Failure::new(Kind::Diverged, "diverged", format!("`{object}` {error}"))
            .hint("look at the volume with `kubectl get persistentvolume`, and make a new plan"),
        EffectError::ClaimInTheWay { .. } => Failure::refused("claim-in-the-way", format!("`{object}`: {error}"))
            .hint("a member may be using it: scale down with `--claims retire` first, which keeps its volume too, then try again"),
        EffectError::NotKept => Failure::refused("volume-not-kept", format!("`{object}` {error}"))
            .hint("find out who writes it: `kubectl get` with `--show-managed-fields -o yaml` names them"),
        EffectError::Locked { .. } => Failure::refused("locked", format!("`{object}` {error}"))
            .hint("wait for it, or see `kubectl stateful runs`; a lock that nobody keeps alive is over after a minute"),
        EffectError::LockLost => {
            Failure::refused("lock-lost", format!("`{object}` {error}")).hint("see `kubectl stateful runs`")
        }
        EffectError::SaidNo { .. } => Failure::refused("command-said-no", format!("`{object}`: {error}")),
        EffectError::Unanswered { .. } => Failure::failed("command-unanswered", format!("`{object}`: {error}"))
            .hint("it may still be running in the pod: look there first"),
        EffectError::Secret(why) => Failure::usage("secret-value", why.clone()),
        EffectError::Api(error) => explain(error, &connection.identity, &format!("changing `{object}`")),
    }
}

/// A preview in a few words.
fn words(preview: &Preview) -> String {
    match &preview.change {
        Change::New => "new".to_owned(),
        Change::Changed(differences) => {
            let changes: Vec<_> = differences.iter().map(Difference::to_string).collect();
            format!("changed in {}", changes.join(", "))
        }
        Change::Unchanged => "unchanged".to_owned(),
        Change::Kept => "kept as it is".to_owned(),
        Change::Gone => "gone".to_owned(),
        Change::Runs { command, .. } => format!("`{command}` run in it"),
    }
}

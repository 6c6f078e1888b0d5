//! What the API server answered, told the way kubectl tells it; and what answered
//! that is no API server.

use std::borrow::Cow;

use kube::core::Status;
use kube::core::response::StatusCause;

use super::words::{bounded, place, while_doing};
use crate::cluster::connection::Identity;
use crate::cluster::missing_right::MissingRight;
use crate::error::{Failure, Kind};

/// kube's mark for an answer that was no Kubernetes `Status`; the message is
/// then the whole body.
pub(super) const FOREIGN: &str = "Failed to parse error data";

/// The server answered, and the answer is no.
pub(super) fn refused(status: &Status, identity: &Identity, doing: &str) -> Failure {
    if status.reason == FOREIGN {
        return foreign(status.code, identity, doing);
    }
    let (code, hint) = code_of(status);
    let reason = if status.reason.is_empty() { String::new() } else { format!(" ({})", status.reason) };
    let mut message = format!("Error from server{reason}: {}", bounded(&without_object(&status.message)));
    for cause in causes_of(status) {
        if !cause.message.is_empty() && !status.message.contains(&cause.message) {
            message = format!("{message}; {}: {}", cause.field, bounded(&without_object(&cause.message)));
        }
    }
    // A missing right is a refusal, like those that are found before a write.
    let kind = if code == "forbidden" { Kind::Refused } else { Kind::Failed };
    let failure = Failure::new(kind, code, format!("{message}{}", while_doing(doing)));
    let failure = match (MissingRight::read(&status.message).filter(|_| code == "forbidden"), hint) {
        (Some(right), _) => failure
            .hint(format!("ask for this right: {}", right.in_words()))
            .hint(format!("`kubectl {}` says whether you have it", right.question())),
        (None, Some(hint)) => failure.hint(hint),
        (None, None) => failure,
    };
    if causes_of(status).iter().any(|cause| cause.reason == "DisruptionBudget") {
        return failure.hint("a PodDisruptionBudget forbids it at the moment; see `kubectl get pdb`");
    }
    failure
}

/// Of an object that cannot be read the server quotes all of it, with its values, before
/// it says what is wrong.
fn without_object(message: &str) -> Cow<'_, str> {
    let quoted = message.find("Invalid value: \"{").zip(message.rfind("}\": "));
    match quoted.and_then(|(from, to)| Some((message.get(..from)?, message.get(to..)?.strip_prefix("}\": ")?))) {
        Some((before, after)) => Cow::Owned(format!("{before}{after}")),
        None => Cow::Borrowed(message),
    }
}

fn causes_of(status: &Status) -> &[StatusCause] {
    status.details.as_ref().map_or(&[], |details| &details.causes)
}

/// Our code for a refusal, and what to do about it. The reason decides; the
/// number only where the reason says nothing.
fn code_of(status: &Status) -> (&'static str, Option<String>) {
    let with = |code, hint: &str| (code, Some(hint.to_owned()));
    let wait = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    let later = if wait > 0 { format!("try again in {wait}s") } else { "try again later".to_owned() };
    match (status.reason.as_str(), status.code) {
        ("Unauthorized", _) | ("", 401) => {
            with("unauthorized", "log in again, or check the user of the context: `kubectl config view --minify`")
        }
        // Admission refuses with the same reason, and rights would not help.
        ("Forbidden", _) if !status.message.contains("User \"") => ("forbidden", None),
        ("Forbidden", _) | ("", 403) => {
            with("forbidden", "see what you may do with `kubectl auth can-i --list`, or ask for this right")
        }
        ("NotFound", _) | ("", 404) => ("not-found", None),
        ("AlreadyExists", _) => ("already-exists", None),
        ("Conflict", _) | ("", 409) => {
            with("conflict", "somebody else changed it at the same time; run the command again")
        }
        ("Gone" | "Expired", _) | ("", 410) => {
            with("expired", "the server no longer has that version; run the command again")
        }
        ("RequestEntityTooLarge", _) | ("", 413) => ("too-large", None),
        ("Invalid", _) | ("", 422) => ("invalid", None),
        ("TooManyRequests", _) | ("", 429) => ("too-many-requests", Some(later)),
        ("ServiceUnavailable", _) | ("", 503) => ("unavailable", Some(later)),
        ("Timeout" | "ServerTimeout", _) | ("", 504) => ("server-timeout", Some(later)),
        ("SandboxUnusable", _) => with("sandbox-unusable", "make room on that disk, or make the file writable"),
        ("SandboxGone", _) => with("sandbox-gone", "the same command again starts with a fresh one"),
        ("InternalError", _) | ("", 500) => with("server-error", "the server's own log says more"),
        ("BadRequest", _) | ("", 400) => ("bad-request", None),
        _ => ("server-refused", None),
    }
}

/// Something that is not Kubernetes answered: a proxy, a gateway, a login page.
/// What it said may be anything and is not shown.
fn foreign(code: u16, identity: &Identity, doing: &str) -> Failure {
    let phrase =
        http::StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason()).unwrap_or("unknown");
    let message = format!("{} answered {code} {phrase}, and not in the words of Kubernetes", place(identity));
    let failure = Failure::failed(
        if matches!(code, 401 | 403 | 407) { "unauthorized" } else { "foreign-answer" },
        message + while_doing(doing).as_str(),
    );
    match code {
        401 | 403 | 407 => {
            failure.hint("log in again; a gateway or proxy in front of the cluster may want its own login")
        }
        404 => failure.hint("is this the address of an API server? see `kubectl cluster-info`"),
        502..=504 => failure.hint("the API server behind it may be starting; try again later"),
        _ => failure.hint("a proxy or gateway may stand in between; check `--server`, HTTPS_PROXY and NO_PROXY"),
    }
}

//! What a failed request means, in words. The API server's own refusals are
//! told the way kubectl tells them; everything on the way to it is told by
//! cause, with the address and what to do.
//!
//! No answer's body, no token and no proxy password ever gets into a message.

use std::error::Error;
use std::io;

use kube::config::KubeconfigError;
use kube::core::Status;
use kube::core::response::StatusCause;

use super::causes::{causes, find};
use super::connection::Identity;
use super::interrupt::Interrupted;
use super::login::LoginError;
use super::missing_right::MissingRight;
use super::plugin::PluginError;
use super::time_limit::TimedOut;
use crate::error::{Failure, Kind};

/// Characters of a server's message that are shown.
const LONGEST: usize = 2000;
/// kube's mark for an answer that was no Kubernetes `Status`; the message is
/// then the whole body.
const FOREIGN: &str = "Failed to parse error data";

/// What went wrong while `doing` ("reading StatefulSet `web`"; may be empty).
/// The kind is `Interrupted` after Ctrl-C, `Refused` for a missing right, `Usage`
/// for a proxy or certificate that cannot be used, and else `Failed`: who has
/// already written raises it to `Partial`.
pub fn explain(error: &kube::Error, identity: &Identity, doing: &str) -> Failure {
    if find::<Interrupted>(error).is_some() {
        return Failure::interrupted();
    }
    if let Some(status) = causes(error).find_map(status_in) {
        return refused(status, identity, doing);
    }
    if let Some(plugin) = find::<PluginError>(error) {
        return plugin.failure();
    }
    if let Some(login) = find::<LoginError>(error) {
        return no_login(login.to_string());
    }
    on_the_way(error, identity, doing).unwrap_or_else(|| other(error, identity, doing))
}

fn status_in<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a Status> {
    match cause.downcast_ref() {
        Some(kube::Error::Api(status)) => Some(status),
        _ => None,
    }
}

/// The server answered, and the answer is no.
fn refused(status: &Status, identity: &Identity, doing: &str) -> Failure {
    if status.reason == FOREIGN {
        return foreign(status.code, identity, doing);
    }
    let (code, hint) = code_of(status);
    let reason = if status.reason.is_empty() { String::new() } else { format!(" ({})", status.reason) };
    let mut message = format!("Error from server{reason}: {}", bounded(&status.message));
    for cause in causes_of(status) {
        if !cause.message.is_empty() && !status.message.contains(&cause.message) {
            message = format!("{message}; {}: {}", cause.field, bounded(&cause.message));
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

/// No answer came, or no connection.
fn on_the_way(error: &kube::Error, identity: &Identity, doing: &str) -> Option<Failure> {
    if let Some(limit) = find::<TimedOut>(error) {
        let message = format!("{} gave {limit}{}", place(identity), while_doing(doing));
        return Some(
            Failure::failed("timeout", message)
                .hint("if it was a change, look first whether it was made")
                .hint("allow more time with `--request-timeout`, as in `--request-timeout 5m`"),
        );
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return Some(untrusted(tls, identity, doing));
    }
    let io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
    let lost = find::<hyper::Error>(error).is_some_and(|hyper| hyper.is_incomplete_message() || hyper.is_canceled());
    // hyper's client keeps its error type's details to itself; its words are stable.
    let connecting = causes(error).any(|cause| cause.to_string().starts_with("client error (Connect)"));
    let cause = deepest(error);
    if connecting {
        let late = io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
        let cause = if late { "the connection was not answered in time".to_owned() } else { cause };
        let message = format!("cannot reach {}{}: {cause}", place(identity), while_doing(doing));
        let failure = Failure::failed("unreachable", message);
        let failure = match here(identity) {
            Some(Here::Sandbox(flag)) => failure
                .hint(format!(
                    "the sandbox is not served any more: `kubectl stateful sandbox serve {flag}` serves it again"
                ))
                .hint(format!(
                    "with `{flag}` commands of this program need no server; `unset KUBECONFIG` leaves the sandbox"
                )),
            Some(Here::Other) => failure.hint("that is this machine: does the cluster run that was served there?"),
            None => failure.hint(
                "is the cluster running, and is the network or VPN up? `kubectl cluster-info` asks the same server",
            ),
        };
        return Some(failure.hint("another cluster: `--context NAME`; none at all: `--sandbox`"));
    }
    if lost || io.is_some() || find::<hyper::Error>(error).is_some() {
        let message = format!("lost the connection to {}{}: {cause}", place(identity), while_doing(doing));
        return Some(
            Failure::failed("connection-lost", message)
                .hint("if it was a change, look first whether it was made, then run the command again"),
        );
    }
    None
}

/// A server on this machine.
enum Here {
    /// What leads to the same sandbox without a server.
    Sandbox(String),
    Other,
}

/// A kubeconfig that a served sandbox left behind leads to a port where nobody listens.
fn here(identity: &Identity) -> Option<Here> {
    let host = identity.server.split_once("://").map_or(identity.server.as_str(), |(_, host)| host);
    if !["127.", "localhost", "[::1]"].iter().any(|own| host.starts_with(own)) {
        return None;
    }
    Some(match identity.name.strip_prefix("sandbox") {
        Some("") => Here::Sandbox("--sandbox".to_owned()),
        Some(rest) if rest.starts_with(['-', ' ']) => {
            Here::Sandbox(format!("--sandbox={}", &rest.trim_start_matches(['-', ' '])))
        }
        Some(_) | None => Here::Other,
    })
}

fn untrusted(error: &rustls::Error, identity: &Identity, doing: &str) -> Failure {
    use rustls::{CertificateError, Error};
    let place = place(identity);
    let (why, hint) = match error {
        // A cluster that was made anew under the same name has an authority of
        // the same name with another key: a bad signature.
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => (
            "its certificate is signed by an authority that is not trusted here".to_owned(),
            "is the kubeconfig of this cluster up to date? name the authority with `--certificate-authority FILE`",
        ),
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => (
            "its certificate is for another name".to_owned(),
            "use the address that the certificate names, or say the name with `--tls-server-name NAME`",
        ),
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => (
            "its certificate has expired".to_owned(),
            "the cluster's administrator has to renew it; is this machine's clock right?",
        ),
        Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            ("its certificate is not valid yet".to_owned(), "is this machine's clock right?")
        }
        Error::AlertReceived(alert) => (
            format!("the server ended the TLS handshake ({alert:?})"),
            "it may want a client certificate, or another one: log in again",
        ),
        Error::InvalidMessage(_) => {
            ("it does not speak TLS".to_owned(), "check the address and its port; is it http instead of https?")
        }
        other => (plain(other), "check the certificate and the address"),
    };
    Failure::failed("tls", format!("cannot talk safely to {place}{}: {why}", while_doing(doing))).hint(hint)
}

/// What is left: answers that cannot be read, and a client that cannot be made.
fn other(error: &kube::Error, identity: &Identity, doing: &str) -> Failure {
    let doing = while_doing(doing);
    let place = place(identity);
    let undecodable = |where_: String| {
        Failure::failed("undecodable", format!("cannot understand what {place} answered{doing}{where_}"))
            .hint("the server may be much newer or older than this program, or something else answers at its address")
    };
    match error {
        kube::Error::SerdeError(error) => undecodable(format!(" (line {}, column {})", error.line(), error.column())),
        kube::Error::FromUtf8(_) | kube::Error::LinesCodecMaxLineLengthExceeded => undecodable(String::new()),
        kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
            Failure::usage("bad-proxy", format!("the proxy for {place} is of a kind we cannot use"))
                .hint("use an http, https or socks5 proxy")
        }
        kube::Error::RustlsTls(error) => Failure::usage(
            "bad-certificate",
            format!("a certificate or key of the user cannot be used: {}", plain(error)),
        ),
        kube::Error::InferKubeconfig(error) => of_kubeconfig(error),
        // Its text can hold a whole command line with its output.
        kube::Error::Auth(_) => no_login(format!("the login for {place} does not work")),
        kube::Error::Service(_) if find::<kube::client::AuthError>(error).is_some() => {
            no_login(format!("the login for {place} does not work"))
        }
        kube::Error::Discovery(error) => Failure::failed("not-found", plain(error) + doing.as_str()),
        rest => Failure::failed("request-failed", format!("the request to {place} failed{doing}: {}", deepest(rest))),
    }
}

fn no_login(message: String) -> Failure {
    Failure::failed("credentials", message).hint("log in again, or look at the user of the context")
}

fn of_kubeconfig(error: &KubeconfigError) -> Failure {
    let (what, cause) = match error {
        KubeconfigError::LoadClientCertificate(cause) => ("the client certificate", plain(cause)),
        KubeconfigError::LoadClientKey(cause) => ("the key of the client certificate", plain(cause)),
        KubeconfigError::LoadCertificateAuthority(cause) => ("the certificate authority", plain(cause)),
        _ => ("the kubeconfig", "it is not valid".to_owned()),
    };
    Failure::usage("bad-certificate", format!("{what} cannot be used: {cause}"))
}

fn place(identity: &Identity) -> String {
    format!("`{}` at {}", identity.name, identity.server)
}

fn while_doing(doing: &str) -> String {
    if doing.is_empty() { String::new() } else { format!(" while {doing}") }
}

fn bounded(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The words of the innermost cause, which is the one that says something.
fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, plain)
}

/// An error in one bounded fragment: small first letter, no system number.
pub fn plain(error: &(dyn Error + 'static)) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    let small = letters.next().map(|first| first.to_lowercase().chain(letters).collect::<String>());
    bounded(&small.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use kube::core::response::StatusDetails;

    use super::*;

    fn here() -> Identity {
        Identity { name: "minikube".into(), server: "https://10.0.0.1:6443".into() }
    }

    fn status(code: u16, reason: &str, message: &str) -> Status {
        Status::failure(message, reason).with_code(code)
    }

    fn told(status: Status) -> Failure {
        explain(&kube::Error::Api(Box::new(status)), &here(), "")
    }

    #[test]
    fn refusals_of_the_server_read_as_in_kubectl() {
        let failure = told(status(403, "Forbidden", "pods is forbidden: User \"jane\" cannot list"));
        assert_eq!(failure.message, "Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list");
        assert_eq!((failure.code, failure.kind), ("forbidden", Kind::Refused));
        assert!(failure.hints[0].contains("kubectl auth can-i"));
        let named =
            "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"db\"";
        let right = [
            "ask for this right: `list` on `pods` in namespace `db`",
            "`kubectl auth can-i list pods -n db` says whether you have it",
        ];
        assert_eq!(told(status(403, "Forbidden", named)).hints, right);
        let by_admission = "pvc \"a\" is forbidden: only dynamically provisioned pvc can be resized";
        assert!(told(status(403, "Forbidden", by_admission)).hints.is_empty(), "rights would not help");
    }

    #[test]
    fn a_server_of_this_machine_is_not_looked_for_in_the_network() {
        let told = |name: &str, server: &str| {
            let refused: std::io::Error = std::io::ErrorKind::ConnectionRefused.into();
            let connect = std::io::Error::other(format!("client error (Connect): {refused}"));
            let identity = Identity { name: name.into(), server: server.into() };
            explain(&kube::Error::Service(connect.into()), &identity, "").hints.join("\n")
        };
        let ended = told("sandbox-try", "https://127.0.0.1:4001");
        assert!(ended.contains("kubectl stateful sandbox serve --sandbox=try"), "{ended}");
        assert!(
            told("sandbox", "https://127.0.0.1:4001").contains("`kubectl stateful sandbox serve --sandbox` serves")
        );
        assert!(told("kind", "https://localhost:6443").contains("that is this machine"));
        assert!(
            told("sandbox", "https://10.0.0.1").contains("VPN") && told("prod", "https://10.0.0.1").contains("VPN")
        );
        assert!(!ended.contains("VPN"));
    }

    #[test]
    fn each_refusal_has_its_code_by_reason_or_by_number() {
        for (number, reason, code) in [
            (401, "Unauthorized", "unauthorized"),
            (404, "NotFound", "not-found"),
            (409, "AlreadyExists", "already-exists"),
            (409, "Conflict", "conflict"),
            (410, "Expired", "expired"),
            (422, "Invalid", "invalid"),
            (429, "TooManyRequests", "too-many-requests"),
            (500, "InternalError", "server-error"),
            (503, "ServiceUnavailable", "unavailable"),
            (504, "Timeout", "server-timeout"),
            (418, "Teapot", "server-refused"),
        ] {
            assert_eq!(told(status(number, reason, "m")).code, code);
            if !matches!(reason, "AlreadyExists" | "Teapot") {
                assert_eq!(told(status(number, "", "m")).code, code, "by number");
            }
        }
    }

    #[test]
    fn causes_that_the_message_leaves_out_are_added() {
        let cause = |field: &str, message: &str| StatusCause {
            reason: String::new(),
            message: message.into(),
            field: field.into(),
        };
        let details = StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: vec![cause("spec.a", "said already"), cause("spec.b", "too small")],
            retry_after_seconds: 0,
        };
        let failure = told(status(422, "Invalid", "it is invalid: spec.a: said already").with_details(details));
        assert_eq!(
            failure.message,
            "Error from server (Invalid): it is invalid: spec.a: said already; spec.b: too small"
        );
    }

    #[test]
    fn what_was_being_done_is_said_and_long_messages_are_cut() {
        let error = kube::Error::Api(Box::new(status(404, "NotFound", &"x".repeat(100_000))));
        let failure = explain(&error, &here(), "reading StatefulSet `web`");
        assert!(failure.message.ends_with("… while reading StatefulSet `web`"));
        assert!(failure.message.len() < 2 * LONGEST);
    }

    #[test]
    fn a_page_of_a_gateway_is_not_shown() {
        for code in [401, 404, 502] {
            let failure = told(status(code, FOREIGN, "<html>hunter2</html>"));
            assert!(failure.message.contains(&code.to_string()) && failure.message.contains("https://10.0.0.1:6443"));
            assert!(!format!("{failure:?}").contains("hunter2"));
        }
    }

    #[test]
    fn an_answer_that_does_not_decode_is_not_quoted() {
        let broken = serde_json::from_str::<u8>("\"hunter2\"").unwrap_err();
        assert!(broken.to_string().contains("hunter2"), "the words of serde_json quote the answer");
        let failure = explain(&kube::Error::SerdeError(broken), &here(), "reading Secret `a`");
        assert_eq!(failure.code, "undecodable");
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    }

    #[test]
    fn a_refusal_and_an_interrupt_are_found_inside_other_errors() {
        let inner = kube::Error::Api(Box::new(status(409, "Conflict", "m")));
        assert_eq!(explain(&kube::Error::Service(inner.into()), &here(), "").code, "conflict");
        let watch = kube::Error::ReadEvents(io::Error::other(kube::Error::Service(Interrupted.into())));
        assert_eq!(explain(&watch, &here(), "").kind, Kind::Interrupted);
    }

    #[test]
    fn an_eviction_that_a_budget_forbids_names_the_budget() {
        let details = serde_json::json!({ "causes": [{ "reason": "DisruptionBudget", "message": "needs 2" }] });
        let details = serde_json::from_value(details).unwrap();
        let failure = told(status(429, "TooManyRequests", "Cannot evict pod: needs 2").with_details(details));
        assert!(failure.hints.iter().any(|hint| hint.contains("kubectl get pdb")), "{failure:?}");
    }

    #[test]
    fn a_fragment_starts_small_and_has_no_system_number() {
        assert_eq!(plain(&io::Error::from_raw_os_error(2)), "no such file or directory");
    }
}

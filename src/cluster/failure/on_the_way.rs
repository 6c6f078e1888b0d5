//! What went wrong on the way to an API server, by cause, with the address and what
//! to do.

use std::io;

use super::words::{deepest, place, plain, while_doing};
use crate::cluster::causes::{causes, find};
use crate::cluster::connection::Identity;
use crate::cluster::time_limit::TimedOut;
use crate::error::Failure;

/// No answer came, or no connection.
pub(super) fn on_the_way(error: &kube::Error, identity: &Identity, doing: &str) -> Option<Failure> {
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
        return Some(unreachable(identity, doing, io, cause));
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

/// No connection was made, and this is why.
fn unreachable(identity: &Identity, doing: &str, io: Option<&io::Error>, cause: String) -> Failure {
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
        None => failure
            .hint("is the cluster running, and is the network or VPN up? `kubectl cluster-info` asks the same server"),
    };
    failure.hint("another cluster: `--context NAME`; none at all: `--sandbox`")
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

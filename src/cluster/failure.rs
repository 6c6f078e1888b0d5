//! What a failed request means, in words. The API server's own refusals are
//! told the way kubectl tells them; everything on the way to it is told by
//! cause, with the address and what to do.
//!
//! No answer's body, no token and no proxy password ever gets into a message.

mod answered;
mod on_the_way;
#[cfg(test)]
mod tests;
mod words;

use std::error::Error;

use kube::config::KubeconfigError;
use kube::core::Status;

use self::answered::refused;
use self::on_the_way::on_the_way;
pub use self::words::plain;
use self::words::{deepest, place, while_doing};
use super::causes::{causes, find};
use super::connection::Identity;
use super::interrupt::Interrupted;
use super::login::LoginError;
use super::plugin::PluginError;
use crate::error::Failure;

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

//! Failures that may be gone a moment later: whoever waits for something, or
//! shows it again and again, asks once more instead of giving up. Credentials
//! that cannot be had, and an answer that is no, do not pass.

use crate::error::Failure;

/// What the server, or the way to it, may recover from.
const CODES: [&str; 8] = [
    "connection-lost",
    "foreign-answer",
    "server-error",
    "server-timeout",
    "timeout",
    "too-many-requests",
    "unavailable",
    "unreachable",
];

/// Whether a read that failed, all tries included, may well succeed a little later.
#[must_use]
pub fn is_passing(failure: &Failure) -> bool {
    CODES.contains(&failure.code)
}

#[cfg(test)]
mod tests {
    use std::io;

    use kube::core::Status;

    use super::*;
    use crate::cluster::interrupt::Interrupted;
    use crate::cluster::login::LoginError;
    use crate::cluster::{Identity, explain};

    fn passes(error: &kube::Error) -> bool {
        let there = Identity { name: "minikube".into(), server: "https://10.0.0.1:6443".into() };
        is_passing(&explain(error, &there, ""))
    }

    fn answer(code: u16, reason: &str) -> bool {
        passes(&kube::Error::Api(Box::new(Status::failure("m", reason).with_code(code))))
    }

    #[test]
    fn a_busy_server_a_gateway_and_a_broken_connection_pass() {
        for code in [429, 500, 503, 504] {
            assert!(answer(code, ""), "{code}");
        }
        assert!(answer(502, "Failed to parse error data"), "a gateway in front of a server that starts");
        assert!(answer(504, "Timeout") && answer(500, "InternalError"));
        let broken = |kind: io::ErrorKind| passes(&kube::Error::Service(io::Error::from(kind).into()));
        assert!(broken(io::ErrorKind::ConnectionReset) && broken(io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn a_no_a_missing_login_and_an_interrupt_do_not() {
        for code in [400, 401, 403, 404, 409, 410, 422] {
            assert!(!answer(code, ""), "{code}");
        }
        for code in [401, 403, 407] {
            assert!(!answer(code, "Failed to parse error data"), "a gateway that wants a login: {code}");
        }
        assert!(!passes(&kube::Error::Service(Interrupted.into())));
        assert!(!passes(&kube::Error::Service(LoginError::NoToken.into())));
    }
}

//! The simulated cluster for everybody else: HTTP over TLS on loopback, with a
//! token, so that plain kubectl can be used. The real server answers the same
//! requests; nothing about objects is decided here.
//!
//! The certificate, its authority and the token are made at each start and kept
//! nowhere but in the kubeconfig of the sandbox, which is its owner's alone. Any
//! `Host` is taken, as by the real server: a page in a browser that was led here
//! has neither the authority nor the token.

mod certificate;
mod connection;
mod guard;
mod kubeconfig;
mod pace;
mod server;
mod shape;
mod stalled;
mod token;

pub use kubeconfig::kubeconfig;
pub use pace::Pace;
pub use server::{Access, Limits, ListenError, Listener};

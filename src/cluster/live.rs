//! The one place where a client for a real cluster is made, and the clock and
//! the randomness of the real world that belong to it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::Client;
use kube::client::ClientBuilder;
use tower::layer::layer_fn;

use super::clock::{Clock, Pause};
use super::connection::{Connection, Entropy};
use super::environment::Environment;
use super::exec::{LiveExec, plainly_spoken};
use super::failure::explain;
use super::flags::ConnectionFlags;
use super::interrupt::{Interrupt, Interrupted};
use super::interrupted::interruptible;
use super::login::{Login, LoginError, signed_in};
use super::plugin::{Credential, Plugin, PluginError};
use super::retry::{Backoff, retried};
use super::target::{Target, find};
use super::time_limit::limited;
use super::transport::{of_kube, whole};
use super::warnings::{Warnings, collected};
use crate::error::Failure;

/// Finds the cluster that the flags mean, logs in where that takes a program,
/// and makes the connection. Nothing is asked of the server yet. Must be called
/// inside a tokio runtime; a credential plugin blocks it until it ends, or Ctrl-C
/// ends it.
pub fn connect(flags: &ConnectionFlags, interrupt: &Interrupt) -> Result<Connection, Failure> {
    connect_in(flags, interrupt, &Environment::of_process())
}

/// The same in the given surroundings.
pub fn connect_in(
    flags: &ConnectionFlags,
    interrupt: &Interrupt,
    environment: &Environment,
) -> Result<Connection, Failure> {
    let mut target = find(flags, environment)?;
    let login = log_in(&mut target, environment, interrupt)?;
    let Target { config, identity, namespace, .. } = target;
    let warnings = Warnings::default();
    if config.accept_invalid_certs {
        warnings.add("the server's certificate is not checked (insecure-skip-tls-verify)");
    }
    let manner = Manner { limit: flags.request_timeout.unwrap_or_default().0, backoff: Backoff::default() };
    let client = client(config, login, manner, &warnings, interrupt).map_err(|error| explain(&error, &identity, ""))?;
    Ok(Connection {
        exec: Arc::new(LiveExec { client: client.clone() }),
        client,
        clock: Arc::new(LiveClock { interrupt: interrupt.clone() }),
        entropy: Arc::new(SystemEntropy::probed()?),
        identity,
        namespace,
        interrupt: interrupt.clone(),
        warnings,
    })
}

/// How patient requests are.
#[derive(Clone, Copy)]
struct Manner {
    limit: Option<Duration>,
    backoff: Backoff,
}

/// Inside out: kube's own stack, the token of the moment, warnings, whole
/// answers, further tries, the time limit over all of them, and Ctrl-C.
fn client(
    config: kube::Config,
    login: Option<Login>,
    manner: Manner,
    warnings: &Warnings,
    interrupt: &Interrupt,
) -> Result<Client, kube::Error> {
    let login = std::sync::Mutex::new(login);
    let layers = layer_fn(|stack| {
        let transport = of_kube(stack);
        let transport = match login.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            Some(login) => signed_in(transport, login),
            None => transport,
        };
        let transport = whole(collected(plainly_spoken(transport), warnings));
        interruptible(limited(retried(transport, manner.backoff), manner.limit), interrupt)
    });
    Ok(ClientBuilder::try_from(config)?.with_layer(&layers).build())
}

/// Runs the credential plugin, if the user has one, and puts a certificate it
/// gives into the configuration.
fn log_in(target: &mut Target, environment: &Environment, interrupt: &Interrupt) -> Result<Option<Login>, Failure> {
    if let Some(path) = target.token_file.take() {
        return Ok(Some(Login::of_file(path)));
    }
    let Some(exec) = target.exec.take() else { return Ok(None) };
    let plugin = Plugin::permitted(exec, environment, interrupt)?;
    let credential: Credential = plugin.run().map_err(|error: PluginError| error.failure())?;
    if let Some((certificate, key)) = &credential.certificate {
        let user = &mut target.config.auth_info;
        user.client_certificate_data = Some(STANDARD.encode(certificate));
        user.client_key_data = Some(STANDARD.encode(key).into());
    }
    if credential.token.is_none() {
        return Ok(None);
    }
    let login = Login::of_plugin(plugin, &credential);
    login.map(Some).map_err(|error: LoginError| Failure::failed("credentials", error.to_string()))
}

/// The real time.
pub(super) struct LiveClock {
    pub(super) interrupt: Interrupt,
}

impl Clock for LiveClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
    fn pause(&self, at_most: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
        Box::pin(async move {
            tokio::select! {
                biased;
                () = self.interrupt.raised() => Err(Interrupted),
                () = tokio::time::sleep(at_most) => Ok(Pause::Passed),
            }
        })
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
    fn thinking(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The operating system's random bytes.
pub struct SystemEntropy;

impl SystemEntropy {
    /// Where there are none, that is found out before anything is begun.
    pub fn probed() -> Result<Self, Failure> {
        getrandom::fill(&mut [0; 1])
            .map_err(|error| Failure::failed("no-entropy", format!("the system gives no random bytes: {error}")))?;
        Ok(Self)
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // It worked a moment ago. Passwords are made of this, so going on
            // with anything weaker is worse than ending here and now.
            std::process::abort();
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "time stands still in these tests")]
#[path = "live_tests.rs"]
mod tests;

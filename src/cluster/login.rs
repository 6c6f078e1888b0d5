//! Bearer tokens that do not last: those a credential plugin gives and those
//! in a file. Each request carries the present one; it is renewed shortly
//! before it ends, and after the server has refused it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use tokio::sync::Mutex;
use tower::util::BoxCloneService;
use tower::{BoxError, ServiceExt};

use super::plugin::{Credential, Plugin};
use super::transport::Transport;

/// How long before its end a token is renewed, and how long the contents of a
/// token file are good for (client-go: one minute each).
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// Where tokens come from.
pub enum Source {
    Plugin(Box<Plugin>),
    File(PathBuf),
}

/// A token and when to ask for the next one.
struct Held {
    header: HeaderValue,
    renew_at: Option<Timestamp>,
}

/// The token of the moment.
pub struct Login {
    source: Source,
    held: Mutex<Option<Held>>,
}

/// The token cannot be sent or not be had.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("the token of `{0}` holds characters that no token has")]
    BadToken(String),
    #[error("the token file `{path}` cannot be read: {cause}")]
    File { path: String, cause: String },
    #[error("the credential plugin gave no token this time")]
    NoToken,
}

impl Login {
    /// Tokens from a plugin that has already run once.
    pub fn of_plugin(plugin: Plugin, first: &Credential) -> Result<Self, LoginError> {
        let held = Mutex::new(Some(held_of(first)?));
        Ok(Self { source: Source::Plugin(Box::new(plugin)), held })
    }

    pub fn of_file(path: PathBuf) -> Self {
        Self { source: Source::File(path), held: Mutex::new(None) }
    }

    async fn header(&self) -> Result<HeaderValue, BoxError> {
        let mut held = self.held.lock().await;
        if let Some(present) = &*held
            && present.renew_at.is_none_or(|moment| Timestamp::now() < moment)
        {
            return Ok(present.header.clone());
        }
        let fresh = self.fetch().await?;
        let header = fresh.header.clone();
        *held = Some(fresh);
        Ok(header)
    }

    async fn fetch(&self) -> Result<Held, BoxError> {
        match &self.source {
            Source::Plugin(plugin) => {
                let plugin = plugin.clone();
                let credential = tokio::task::spawn_blocking(move || plugin.run()).await??;
                Ok(held_of(&credential)?)
            }
            Source::File(path) => {
                let shown = path.display().to_string();
                let text = fs::read_to_string(path)
                    .map_err(|error| LoginError::File { path: shown.clone(), cause: super::failure::plain(&error) })?;
                let header = header_of(text.trim()).ok_or(LoginError::BadToken(shown))?;
                Ok(Held { header, renew_at: Timestamp::now().checked_add(MINUTE).ok() })
            }
        }
    }
}

fn held_of(credential: &Credential) -> Result<Held, LoginError> {
    let token = credential.token.as_deref().ok_or(LoginError::NoToken)?;
    let header = header_of(token.trim()).ok_or_else(|| LoginError::BadToken("the credential plugin".to_owned()))?;
    Ok(Held { header, renew_at: credential.expires.and_then(|end| end.checked_sub(MINUTE).ok()) })
}

fn header_of(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok().filter(|_| !token.is_empty())?;
    header.set_sensitive(true);
    Some(header)
}

/// Gives every request the present token.
pub fn signed_in(inner: Transport, login: Login) -> Transport {
    let login = Arc::new(login);
    BoxCloneService::new(tower::service_fn(move |mut request: Request<Body>| {
        let (inner, login) = (inner.clone(), login.clone());
        async move {
            let header = login.header().await?;
            request.headers_mut().insert(AUTHORIZATION, header);
            let answer = inner.oneshot(request).await?;
            if answer.status() == StatusCode::UNAUTHORIZED {
                *login.held.lock().await = None;
            }
            Ok(answer)
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Lock;

    use super::*;
    use crate::cluster::transport::testing::{get, status};

    /// Notes the tokens that arrive, and answers with this status.
    fn noting(code: u16) -> (Transport, Arc<Lock<Vec<String>>>) {
        let seen = Arc::new(Lock::new(Vec::new()));
        let notes = seen.clone();
        let transport = BoxCloneService::new(tower::service_fn(move |request: Request<Body>| {
            let header = request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
            notes.lock().unwrap().push(header.unwrap_or_default());
            std::future::ready(Ok(status(code)))
        }));
        (transport, seen)
    }

    #[tokio::test]
    async fn a_token_file_is_trimmed_and_kept_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "first\n").unwrap();
        let (server, seen) = noting(200);
        let transport = signed_in(server, Login::of_file(file.clone()));
        transport.clone().oneshot(get("/x")).await.unwrap();
        fs::write(&file, "second\n").unwrap();
        transport.oneshot(get("/x")).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), ["Bearer first", "Bearer first"]);
    }

    #[tokio::test]
    async fn a_refused_token_is_fetched_anew_for_the_next_request() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "first").unwrap();
        let (server, seen) = noting(401);
        let transport = signed_in(server, Login::of_file(file.clone()));
        transport.clone().oneshot(get("/x")).await.unwrap();
        fs::write(&file, "second").unwrap();
        transport.oneshot(get("/x")).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), ["Bearer first", "Bearer second"], "and the refused request is not repeated");
    }

    #[tokio::test]
    async fn a_missing_or_empty_token_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        for _ in 0..2 {
            let (server, seen) = noting(200);
            let error = signed_in(server, Login::of_file(file.clone())).oneshot(get("/x")).await.unwrap_err();
            assert!(error.to_string().contains(&file.display().to_string()), "{error}");
            assert!(seen.lock().unwrap().is_empty());
            fs::write(&file, "\n").unwrap();
        }
    }
}

//! Our retry policy. kube's own is off, because it repeats every request up to
//! fifteen times, writes included: a delete that was answered 504 may have
//! happened, and repeating it is a decision that only the journal can make.
//!
//! Here: reads are repeated a few times when the server is busy or the
//! connection broke. Writes, watches and upgrades are sent exactly once.

use std::error::Error;
use std::io;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{Request, StatusCode};
use kube::client::Body;
use tower::util::BoxCloneService;
use tower::{BoxError, ServiceExt};

use super::causes::causes;
use super::time_limit::Deadline;
use super::transport::{Answer, Nature, Transport};

/// How often a read is repeated, and how long is waited in between.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Tries after the first one.
    pub further_tries: u32,
    /// The first wait; each one after it is twice as long.
    pub first: Duration,
    /// No wait of our own choice is longer.
    pub longest: Duration,
    /// A server that asks for more than this by `Retry-After` is not waited
    /// for: its answer is passed on at once.
    pub patience: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            further_tries: 3,
            first: Duration::from_millis(200),
            longest: Duration::from_secs(2),
            patience: Duration::from_secs(10),
        }
    }
}

/// Repeats reads as `backoff` says; passes everything else on as it is.
pub fn retried(inner: Transport, backoff: Backoff) -> Transport {
    BoxCloneService::new(tower::service_fn(move |request: Request<Body>| {
        let inner = inner.clone();
        async move {
            match Nature::of(&request) {
                Nature::Read => ask(inner, request, backoff).await,
                Nature::Question | Nature::Write | Nature::Stream | Nature::Upgrade => inner.oneshot(request).await,
            }
        }
    }))
}

#[expect(clippy::disallowed_methods, reason = "the wait between two tries is part of one request")]
async fn ask(inner: Transport, mut request: Request<Body>, backoff: Backoff) -> Result<Answer, BoxError> {
    let mut tries = 0;
    // A read has no body of its own; one that cannot be copied is sent once.
    while let Some(copy) = copy_of(&request) {
        let outcome = inner.clone().oneshot(request).await;
        let Some(wait) = wait_after(&outcome, tries, backoff) else { return outcome };
        let late = copy.extensions().get::<Deadline>().is_some_and(|end| tokio::time::Instant::now() + wait >= end.0);
        if late {
            return outcome;
        }
        tokio::time::sleep(wait).await;
        tries += 1;
        request = copy;
    }
    inner.oneshot(request).await
}

fn copy_of(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}

/// How long to wait before the next try; `None` when there shall be none.
fn wait_after(outcome: &Result<Answer, BoxError>, tries: u32, backoff: Backoff) -> Option<Duration> {
    if tries >= backoff.further_tries {
        return None;
    }
    let own = backoff.first.saturating_mul(1 << tries.min(16)).min(backoff.longest);
    match outcome {
        Ok(answer) if worth_repeating(answer.status()) => {
            let wish = wish_of(answer).map_or(own, |wish| wish.max(own));
            (wish <= backoff.patience.max(own)).then_some(wish)
        }
        Ok(_) => None,
        Err(error) => broken(&**error).then_some(own),
    }
}

fn worth_repeating(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Kubernetes gives `Retry-After` in whole seconds; a date is not understood.
fn wish_of(answer: &Answer) -> Option<Duration> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// Whether the connection broke while the request was under way. A server that
/// cannot be reached at all, or whose certificate is wrong, is not tried again.
fn broken(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
            return hyper.is_incomplete_message() || hyper.is_canceled();
        }
        cause.downcast_ref::<io::Error>().is_some_and(|io| {
            matches!(
                io.kind(),
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::UnexpectedEof
            )
        })
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "time stands still in these tests")]
mod tests {
    use http::Method;
    use tokio::time::Instant;

    use super::*;
    use crate::cluster::time_limit::limited;
    use crate::cluster::transport::testing::{get, request, scripted, status, watch};

    /// Tries without waiting.
    const AT_ONCE: Backoff =
        Backoff { further_tries: 3, first: Duration::ZERO, longest: Duration::ZERO, patience: Duration::from_secs(10) };

    fn always(code: u16) -> Vec<Box<dyn Fn() -> Result<Answer, BoxError> + Send + Sync>> {
        vec![Box::new(move || Ok(status(code)))]
    }

    fn busy(after: &'static str) -> Box<dyn Fn() -> Result<Answer, BoxError> + Send + Sync> {
        Box::new(move || {
            let mut answer = status(429);
            answer.headers_mut().insert(RETRY_AFTER, after.parse().unwrap());
            Ok(answer)
        })
    }

    fn reset() -> Result<Answer, BoxError> {
        Err(kube::Error::Service(io::Error::from(io::ErrorKind::ConnectionReset).into()).into())
    }

    #[tokio::test]
    async fn only_reads_are_repeated_and_only_on_answers_that_may_change() {
        for (code, reads) in [(429, 4), (500, 4), (503, 4), (504, 4), (502, 1), (404, 1), (409, 1), (401, 1), (200, 1)]
        {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let (server, asked) = scripted(always(code));
                let answer = retried(server, AT_ONCE).oneshot(request(&method, "/api/v1/pods/a?x=y")).await.unwrap();
                let expected = if method == Method::GET { reads } else { 1 };
                assert_eq!(asked.lock().unwrap().len(), expected, "{method} {code}");
                assert_eq!(answer.status(), code, "the last answer is passed on");
                assert!(asked.lock().unwrap().iter().all(|line| *line == format!("{method} /api/v1/pods/a?x=y")));
            }
        }
    }

    #[tokio::test]
    async fn a_log_that_its_node_does_not_give_is_asked_for_once() {
        for (path, expected) in
            [("/api/v1/namespaces/a/pods/b/log?previous=true", 1), ("/api/v1/namespaces/a/pods/log", 4)]
        {
            let (server, asked) = scripted(always(500));
            retried(server, AT_ONCE).oneshot(get(path)).await.unwrap();
            assert_eq!(asked.lock().unwrap().len(), expected, "{path}");
        }
    }

    #[tokio::test]
    async fn watches_and_upgrades_are_never_repeated() {
        let mut exec = get("/api/v1/namespaces/a/pods/b/exec");
        exec.headers_mut().insert(http::header::UPGRADE, "websocket".parse().unwrap());
        for once in [watch("/api/v1/pods"), exec] {
            let (server, asked) = scripted(always(503));
            retried(server, AT_ONCE).oneshot(once).await.unwrap();
            assert_eq!(asked.lock().unwrap().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_broken_connection_is_tried_again_for_reads_only() {
        for (method, expected) in [(Method::GET, 2), (Method::DELETE, 1)] {
            let (server, asked) = scripted(vec![Box::new(reset), Box::new(|| Ok(status(200)))]);
            let outcome = retried(server, AT_ONCE).oneshot(request(&method, "/x")).await;
            assert_eq!(outcome.is_ok(), method == Method::GET);
            assert_eq!(asked.lock().unwrap().len(), expected);
        }
    }

    #[tokio::test]
    async fn a_server_that_refuses_the_connection_is_not_tried_again() {
        let (server, asked) =
            scripted(vec![Box::new(|| Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()))]);
        assert!(retried(server, AT_ONCE).oneshot(get("/x")).await.is_err());
        assert_eq!(asked.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_the_longest() {
        let before = Instant::now();
        let (server, asked) = scripted(always(503));
        let backoff = Backoff { further_tries: 6, ..Backoff::default() };
        retried(server, backoff).oneshot(get("/x")).await.unwrap();
        assert_eq!(before.elapsed(), Duration::from_secs(7), "0.2 + 0.4 + 0.8 + 1.6 + 2 + 2");
        assert_eq!(asked.lock().unwrap().len(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_s_wish_to_wait_is_honoured() {
        let before = Instant::now();
        let (server, _) = scripted(vec![busy("7"), Box::new(|| Ok(status(200)))]);
        let answer = retried(server, Backoff::default()).oneshot(get("/x")).await.unwrap();
        assert_eq!((answer.status().as_u16(), before.elapsed()), (200, Duration::from_secs(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_beyond_our_patience_ends_the_tries() {
        let before = Instant::now();
        let (server, asked) = scripted(vec![busy("11"), Box::new(|| Ok(status(200)))]);
        let answer = retried(server, Backoff::default()).oneshot(get("/x")).await.unwrap();
        assert_eq!((answer.status().as_u16(), before.elapsed()), (429, Duration::ZERO));
        assert_eq!(asked.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn no_wait_is_begun_that_the_time_limit_would_cut_off() {
        let before = Instant::now();
        let (server, asked) = scripted(vec![busy("4")]);
        let transport = limited(retried(server, Backoff::default()), Some(Duration::from_secs(10)));
        let answer = transport.oneshot(get("/x")).await.unwrap();
        assert_eq!(answer.status(), 429, "the server's own answer says more than `timed out`");
        assert_eq!((asked.lock().unwrap().len(), before.elapsed()), (3, Duration::from_secs(8)));
    }
}

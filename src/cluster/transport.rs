//! The shape that all our layers around kube's HTTP stack share: a cloneable
//! service from request to answer. A layer is a function from one to another;
//! `live` alone puts them in order.
//!
//! Also here: which of four natures a request has. Retrying, time limits and
//! interruption all hang on that.

use bytes::Bytes;
use futures::TryFutureExt;
use futures::future::BoxFuture;
use http::header::UPGRADE;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use kube::client::{Body, DynBody};
use tower::buffer::Buffer;
use tower::util::{BoxCloneService, BoxService};
use tower::{BoxError, ServiceExt};

/// What an answer's bytes come in.
pub type AnswerBody = UnsyncBoxBody<Bytes, BoxError>;
/// An answer of the API server.
pub type Answer = Response<AnswerBody>;
/// A way to send requests.
pub type Transport = BoxCloneService<Request<Body>, Answer, BoxError>;

/// More than this is not kept in memory for one answer.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;
/// Requests that may wait for the connection at the same time.
const QUEUE: usize = 64;

/// What a request is, as far as repeating and ending it are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Asks and changes nothing; may be repeated and dropped.
    Read,
    /// A watch or a followed log: answers for as long as it is listened to.
    Stream,
    /// Changes nothing and may be dropped, but is not repeated: dry runs and
    /// questions about rights, which are posted, and logs, where an error is the
    /// answer of a node that will not know better a moment later.
    Question,
    /// May change something: sent once, and then waited for.
    Write,
    /// exec, attach, port-forward: a GET by name, but the program it starts
    /// may change anything, so it is treated as a write without a limit.
    Upgrade,
}

impl Nature {
    pub fn of<B>(request: &Request<B>) -> Self {
        let method = request.method();
        if request.headers().contains_key(UPGRADE) {
            Self::Upgrade
        } else if method != Method::GET && method != Method::HEAD {
            if changes_nothing(request.uri()) { Self::Question } else { Self::Write }
        } else if request.uri().query().is_some_and(streams) {
            Self::Stream
        } else if is_log(request.uri().path()) {
            Self::Question
        } else {
            Self::Read
        }
    }
}

fn is_log(path: &str) -> bool {
    let pod = path.strip_prefix("/api/v1/namespaces/").and_then(|rest| rest.split_once("/pods/")).map(|(_, pod)| pod);
    pod.is_some_and(|pod| pod.ends_with("/log"))
}

/// Dry runs and access reviews.
fn changes_nothing(uri: &http::Uri) -> bool {
    uri.path().starts_with("/apis/authorization.k8s.io/")
        || uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "dryRun=All"))
}

fn streams(query: &str) -> bool {
    query.split('&').any(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, "true"));
        matches!(key, "watch" | "follow") && !matches!(value, "false" | "0" | "False" | "FALSE" | "f" | "F")
    })
}

/// kube's own HTTP stack in our shape.
pub fn of_kube(stack: BoxService<Request<Body>, Response<Box<DynBody>>, BoxError>) -> Transport {
    BoxCloneService::new(Buffer::new(stack.map_response(|answer| answer.map(UnsyncBoxBody::new)), QUEUE))
}

/// Reads ordinary answers to their end before they are handed on. An answer is
/// then whole or an error, so that a connection lost in its middle can be
/// retried, timed and interrupted like one lost before its start.
pub fn whole(inner: Transport) -> Transport {
    BoxCloneService::new(tower::service_fn(move |request: Request<Body>| ask_whole(inner.clone(), request)))
}

async fn ask_whole(inner: Transport, request: Request<Body>) -> Result<Answer, BoxError> {
    let nature = Nature::of(&request);
    let (parts, body) = inner.oneshot(request).await?.into_parts();
    let body = match nature {
        Nature::Read | Nature::Question | Nature::Write => known(all_of(body).await?),
        Nature::Stream | Nature::Upgrade => body,
    };
    Ok(Response::from_parts(parts, body))
}

/// Boxed, because the compiler cannot see that the future may change threads
/// when it has to look into the body's type from an `async` block.
fn all_of(body: AnswerBody) -> BoxFuture<'static, Result<Bytes, BoxError>> {
    Box::pin(Limited::new(body, LARGEST_ANSWER).collect().map_ok(http_body_util::Collected::to_bytes))
}

/// A body whose bytes are already here.
pub fn known(bytes: Bytes) -> AnswerBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

#[cfg(test)]
pub mod testing {
    //! Requests and transports for the tests of the layers.

    use std::sync::{Arc, Mutex};

    use super::*;

    pub fn request(method: &Method, path: &str) -> Request<Body> {
        Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
    }

    pub fn get(path: &str) -> Request<Body> {
        request(&Method::GET, path)
    }

    pub fn post(path: &str) -> Request<Body> {
        request(&Method::POST, path)
    }

    pub fn watch(path: &str) -> Request<Body> {
        get(&format!("{path}?watch=true&resourceVersion=7"))
    }

    /// Takes requests and never answers.
    pub fn silent() -> Transport {
        BoxCloneService::new(tower::service_fn(|_: Request<Body>| std::future::pending::<Result<Answer, BoxError>>()))
    }

    /// Gives these answers one after another, the last one for ever, and
    /// notes what it was asked.
    pub fn scripted(
        answers: Vec<Box<dyn Fn() -> Result<Answer, BoxError> + Send + Sync>>,
    ) -> (Transport, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (notes, answers) = (asked.clone(), Arc::new(answers));
        let transport = BoxCloneService::new(tower::service_fn(move |request: Request<Body>| {
            let mut notes = notes.lock().unwrap();
            notes.push(format!("{} {}", request.method(), request.uri()));
            let turn = (notes.len() - 1).min(answers.len() - 1);
            std::future::ready(answers[turn]())
        }));
        (transport, asked)
    }

    pub fn status(code: u16) -> Answer {
        Response::builder().status(code).body(known(Bytes::new())).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{get, request};
    use super::*;

    #[test]
    fn the_nature_of_a_request_is_seen_from_method_query_and_upgrade() {
        assert_eq!(Nature::of(&get("/api/v1/pods")), Nature::Read);
        assert_eq!(Nature::of(&get("/api/v1/pods?limit=5&watch=false")), Nature::Read);
        assert_eq!(Nature::of(&get("/api/v1/pods?limit=5&watch=true")), Nature::Stream);
        assert_eq!(Nature::of(&get("/api/v1/pods?watch=1")), Nature::Stream);
        assert_eq!(Nature::of(&get("/api/v1/namespaces/a/pods/b/log?follow=true")), Nature::Stream);
        assert_eq!(Nature::of(&get("/api/v1/namespaces/a/pods/b/log?tailLines=3")), Nature::Question);
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(Nature::of(&request(&method, "/api/v1/pods?watch=true")), Nature::Write, "{method}");
        }
    }

    #[test]
    fn exec_is_no_read_although_it_is_a_get() {
        let mut exec = get("/api/v1/namespaces/a/pods/b/exec?command=rm");
        exec.headers_mut().insert(UPGRADE, "websocket".parse().unwrap());
        assert_eq!(Nature::of(&exec), Nature::Upgrade);
    }
}

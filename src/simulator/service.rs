//! HTTP in and out: collects a request's body, hands the request to the engine
//! and writes its reply as JSON, text or a stream of watch events.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use serde::Serialize;
use serde_json::Value;
use tower::Service;

use super::engine::Simulator;
use super::impersonation::impersonated;
use super::negotiation::View;
use super::protobuf;
use super::query::decoded;
use super::request::Raw;
use super::sandbox::GivenUp;
use super::status::Refusal;
use super::watch::WatchStart;
use super::world::{Payload, Reply};
use crate::objects::handed::{Handed, Tray};

/// A response body.
pub type AnswerBody = UnsyncBoxBody<Bytes, Infallible>;

/// One byte more than the server accepts, so that it can say so.
const MOST_BYTES: usize = 3 * 1024 * 1024 + 1;

/// The simulated API server as a service.
#[derive(Clone, Debug)]
pub struct SimulatorService {
    simulator: Simulator,
}

impl SimulatorService {
    pub(super) fn new(simulator: Simulator) -> Self {
        Self { simulator }
    }
}

impl<B> Service<Request<B>> for SimulatorService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<AnswerBody>;
    type Error = GivenUp;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, GivenUp>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), GivenUp>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let simulator = self.simulator.clone();
        Box::pin(async move {
            let incoming = Incoming::read(request).await;
            let reply = incoming.handled(|raw| simulator.handle(raw))?;
            Ok(incoming.answer(simulator, reply))
        })
    }
}

/// A request that has come in whole, and the form that its answer is to have.
pub(super) struct Incoming {
    pub raw: Raw,
    /// Where the answer is laid down, if who asks takes it so.
    tray: Option<Tray>,
    /// Refused where nobody may ask or be answered so.
    view: Result<View, Refusal>,
}

impl Incoming {
    pub async fn read<B>(request: Request<B>) -> Self
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let user = impersonated(&head.headers);
        let content_type = text(&head.headers, &header::CONTENT_TYPE);
        // A body that is too long or breaks off is as good as one of that length.
        let body = Limited::new(body, MOST_BYTES)
            .collect()
            .await
            .map_or_else(|_| Bytes::from(vec![b' '; MOST_BYTES]), http_body_util::Collected::to_bytes);
        let mut raw = Raw {
            method: head.method.clone(),
            path: decoded(head.uri.path(), false),
            query: head.uri.query().unwrap_or_default().to_owned(),
            content_type: content_type.split(';').next().unwrap_or_default().trim().to_owned(),
            user_agent: text(&head.headers, &header::USER_AGENT),
            user: None,
            looked_for: head.extensions.get().cloned(),
            body,
            handed: None,
        };
        let tray = head.extensions.get().cloned();
        in_json(&mut raw);
        let view = user.and_then(|user| {
            raw.user = user;
            View::of(&raw.path, &text(&head.headers, &header::ACCEPT), &raw.query)
        });
        Self { raw, tray, view }
    }

    /// The reply to it: `handle`'s, unless it is refused before.
    pub fn handled<E>(&self, handle: impl FnOnce(&Raw) -> Result<Reply, E>) -> Result<Reply, E> {
        match &self.view {
            Ok(_) => handle(&self.raw),
            Err(refusal) => Ok(Reply::refusal(refusal.clone())),
        }
    }

    /// The reply as who asks takes it: objects as they are, or in their form.
    pub fn answer(&self, simulator: Simulator, mut reply: Reply) -> Response<AnswerBody> {
        if let Some(tray) = self.tray.as_ref().filter(|_| self.view.as_ref().is_ok_and(|view| view.is_whole()))
            && let Some(handed) = handed(&reply.payload)
        {
            tray.put(handed);
            reply.payload = Payload::Text(String::new());
        }
        self.answer_in_text(simulator, reply)
    }

    /// The reply in its form.
    pub fn answer_in_text(&self, simulator: Simulator, reply: Reply) -> Response<AnswerBody> {
        let view = self.view.as_ref().map_or_else(|_| View::default(), |view| *view);
        answer(simulator, reply, view)
    }
}

/// Whatever form the body came in, the rest reads JSON. A body that is not what
/// it says stays as it is, and is refused where it is read.
fn in_json(raw: &mut Raw) {
    if raw.content_type == protobuf::MEDIA_TYPE
        && raw.body.len() < MOST_BYTES
        && let Ok(value) = protobuf::to_json(&raw.body)
    {
        raw.body = Bytes::from(value.to_string());
        "application/json".clone_into(&mut raw.content_type);
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn answer(simulator: Simulator, reply: Reply, view: View) -> Response<AnswerBody> {
    let retry_after = match &reply.payload {
        Payload::Json(value) if reply.code >= 400 => value["details"]["retryAfterSeconds"].as_u64(),
        Payload::Json(_) | Payload::Object(_) | Payload::List(_) | Payload::Text(_) | Payload::Watch(_) => None,
    };
    let known = |version: &str, kind: &str| simulator.definition_of(version, kind);
    let (content_type, body) = match reply.payload {
        Payload::Json(value) => ("application/json", json(&view.shown(value, &known, simulator.now()))),
        Payload::Object(object) if view.is_whole() => ("application/json", json(&*object)),
        Payload::Object(object) => {
            ("application/json", json(&view.shown(Value::clone(&object), &known, simulator.now())))
        }
        Payload::List(list) if view.is_whole() => ("application/json", json(&list)),
        Payload::List(list) => ("application/json", json(&view.shown(list.body(), &known, simulator.now()))),
        Payload::Text(text) => ("text/plain; charset=utf-8", Full::new(Bytes::from(text)).boxed_unsync()),
        Payload::Watch(watch) => ("application/json", events(simulator, *watch, view)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(reply.code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    // Where there is nothing, it is of no type.
    if reply.code != 204 {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    for warning in &reply.warnings {
        if let Ok(value) = HeaderValue::from_str(&format!("299 - {warning:?}")) {
            headers.append(header::WARNING, value);
        }
    }
    response
}

/// What is stored is handed over as it is.
fn handed(payload: &Payload) -> Option<Handed> {
    match payload {
        Payload::Object(object) => Some(Handed::Object(Arc::clone(object))),
        Payload::List(list) => Some(Handed::List(list.objects.clone(), list.next().map(str::to_owned))),
        Payload::Json(_) | Payload::Text(_) | Payload::Watch(_) => None,
    }
}

fn json(value: &impl Serialize) -> AnswerBody {
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    Full::new(Bytes::from(text)).boxed_unsync()
}

/// The lines of a watch: what there is, then what each commit brings.
fn events(simulator: Simulator, watch: WatchStart, view: View) -> AnswerBody {
    let news = simulator.news();
    let chunks =
        stream::unfold((simulator, watch, news, true), move |(simulator, mut watch, mut news, mut first)| async move {
            loop {
                // Marked as seen first, so that news that comes meanwhile wakes us.
                news.borrow_and_update();
                let lines = simulator.watch_more(&mut watch)?;
                if !lines.is_empty() {
                    let now = simulator.now();
                    let known = |version: &str, kind: &str| simulator.definition_of(version, kind);
                    let mut text = String::new();
                    for line in lines {
                        text.push_str(&view.shown_event(line, first, &known, now).to_string());
                        text.push('\n');
                        first = false;
                    }
                    return Some((Bytes::from(text), (simulator, watch, news, first)));
                }
                if !watch.has_ended() {
                    news.changed().await.ok()?;
                }
            }
        });
    StreamBody::new(chunks.map(|chunk| Ok(Frame::data(chunk)))).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt as _;

    use super::*;
    use crate::simulator::Options;

    const JSON: &str = "application/json";
    const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";

    /// What lies on the tray that a request took along, and the text of its answer.
    async fn asked(path: &str, accept: &str) -> (Option<Handed>, String) {
        let simulator = Simulator::in_memory(Options::default());
        let tray = Tray::default();
        let mut request = Request::get(path).header("accept", accept).body(Full::new(Bytes::new())).unwrap();
        request.extensions_mut().insert(tray.clone());
        let answer = simulator.service().oneshot(request).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (tray.take(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_is_stored_is_handed_over_and_all_else_is_text() {
        let (handed, text) = asked("/api/v1/nodes/node-a", JSON).await;
        assert!(matches!(handed, Some(Handed::Object(node)) if node["metadata"]["name"] == "node-a"));
        assert_eq!(text, "");
        let (handed, text) = asked("/api/v1/nodes?limit=2", JSON).await;
        assert!(matches!(handed, Some(Handed::List(nodes, Some(_))) if nodes.len() == 2));
        assert_eq!(text, "");
        for (path, accept) in [("/api/v1/nodes/x", JSON), ("/api/v1/nodes", TABLE), ("/version", JSON)] {
            let (handed, text) = asked(path, accept).await;
            assert!(handed.is_none() && text.starts_with('{'), "{path}: {text}");
        }
    }
}

//! What stands before the simulated server: who may come in, how long a request
//! may take to arrive, and the end of watches when the server stops.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, Shared, select};
use futures::stream::StreamExt as _;
use http::{HeaderValue, Request, Response, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, BodyStream, Full, StreamBody};
use hyper::body::Incoming;
use tower::Service as _;

use super::pace::Timekeeper;
use super::server::Limits;
use super::shape::misshapen;
use super::token::Expected;
use crate::simulator::service::{AnswerBody, SimulatorService};
use crate::simulator::status::Refusal;

/// Ready when the server is to stop.
pub type Stop = Shared<BoxFuture<'static, ()>>;

/// Everything that a request needs.
#[derive(Clone)]
pub struct Guard {
    pub service: SimulatorService,
    pub expected: Expected,
    pub time: Timekeeper,
    pub limits: Limits,
    pub stop: Stop,
}

impl Guard {
    /// Answers one request.
    ///
    /// # Errors
    /// None: the error type is the service's.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<AnswerBody>, Infallible> {
        if let Some(why) = misshapen(&request) {
            return Ok(turned_away(why));
        }
        if !self.expected.is_shown(request.headers()) {
            return Ok(refused(Refusal::unauthorized()));
        }
        self.time.catch_up();
        let answer = self.service.clone().call(request);
        let late = self.time.pace().nap(self.limits.request);
        Ok(match select(answer, late).await {
            Either::Left((Ok(answer), _)) => self.until_stop(answer),
            Either::Left((Err(given_up), _)) => refused(Refusal::unavailable(&given_up.to_string())),
            Either::Right(_) => refused(Refusal::request_timeout()),
        })
    }

    /// A watch ends with the server; what has a length is sent whole.
    fn until_stop(&self, answer: Response<AnswerBody>) -> Response<AnswerBody> {
        let (head, body) = answer.into_parts();
        if body.size_hint().exact().is_some() {
            return Response::from_parts(head, body);
        }
        let frames = BodyStream::new(body).take_until(self.stop.clone());
        Response::from_parts(head, StreamBody::new(frames).boxed_unsync())
    }
}

/// The words of Go, after which it closes the connection.
fn turned_away(why: &'static str) -> Response<AnswerBody> {
    let mut response = Response::new(Full::new(Bytes::from_static(why.as_bytes())).boxed_unsync());
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The connection is closed after it: the rest of the request is still unread.
fn refused(refusal: Refusal) -> Response<AnswerBody> {
    let code = refusal.code;
    let mut response = Response::new(Full::new(Bytes::from(refusal.into_value().to_string())).boxed_unsync());
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Makes a stop signal out of any future.
pub fn stop(signal: impl Future<Output = ()> + Send + 'static) -> Stop {
    signal.boxed().shared()
}

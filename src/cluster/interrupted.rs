//! Ctrl-C on the wire. Reads and watches end at once; a write or an upgrade
//! that is under way is waited for, because nobody would know whether it
//! happened if it were dropped. The time limit still ends it.

use futures::StreamExt;
use futures::stream::unfold;
use http::Request;
use http_body_util::{BodyExt, BodyStream, StreamBody};
use kube::client::Body;
use tower::util::BoxCloneService;
use tower::{BoxError, ServiceExt};

use super::interrupt::{Interrupt, Interrupted};
use super::transport::{AnswerBody, Nature, Transport};

/// Ends reads and streams with `Interrupted` once the interrupt is raised.
pub fn interruptible(inner: Transport, interrupt: &Interrupt) -> Transport {
    let interrupt = interrupt.clone();
    BoxCloneService::new(tower::service_fn(move |request: Request<Body>| {
        let (inner, interrupt) = (inner.clone(), interrupt.clone());
        async move {
            let nature = Nature::of(&request);
            match nature {
                Nature::Write | Nature::Upgrade => inner.oneshot(request).await,
                Nature::Read | Nature::Question | Nature::Stream => {
                    let answer = tokio::select! {
                        biased;
                        () = interrupt.raised() => return Err(BoxError::from(Interrupted)),
                        outcome = inner.oneshot(request) => outcome?,
                    };
                    if nature == Nature::Stream { Ok(answer.map(|body| cut(body, interrupt))) } else { Ok(answer) }
                }
            }
        }
    }))
}

/// The same bytes, until the interrupt; then one error and the end.
fn cut(body: AnswerBody, interrupt: Interrupt) -> AnswerBody {
    let frames = unfold(Some((BodyStream::new(body), interrupt)), |state| async move {
        let (mut frames, interrupt) = state?;
        tokio::select! {
            biased;
            () = interrupt.raised() => Some((Err(BoxError::from(Interrupted)), None)),
            frame = frames.next() => frame.map(|frame| (frame, Some((frames, interrupt)))),
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::Response;
    use hyper::body::Frame;
    use tokio::sync::Notify;

    use super::*;
    use crate::cluster::transport::testing::{get, post, silent, status, watch};
    use crate::cluster::transport::{Answer, known};

    #[tokio::test]
    async fn a_read_that_waits_for_its_answer_ends_at_once() {
        let interrupt = Interrupt::default();
        let waiting = interruptible(silent(), &interrupt).oneshot(get("/x"));
        let (outcome, ()) = tokio::join!(waiting, async { interrupt.raise() });
        assert!(outcome.unwrap_err().is::<Interrupted>());
    }

    #[tokio::test]
    async fn after_the_interrupt_no_read_is_sent() {
        let interrupt = Interrupt::default();
        interrupt.raise();
        let answering = BoxCloneService::new(tower::service_fn(|_: Request<Body>| async { Ok(status(200)) }));
        assert!(interruptible(answering, &interrupt).oneshot(get("/x")).await.is_err());
    }

    #[tokio::test]
    async fn a_write_under_way_is_finished() {
        let (interrupt, finish) = (Interrupt::default(), Arc::new(Notify::new()));
        let waits = finish.clone();
        let slow = BoxCloneService::new(tower::service_fn(move |_: Request<Body>| {
            let waits = waits.clone();
            async move {
                waits.notified().await;
                Ok(status(201))
            }
        }));
        let writing = interruptible(slow, &interrupt).oneshot(post("/x"));
        let (outcome, ()) = tokio::join!(writing, async {
            interrupt.raise();
            tokio::task::yield_now().await;
            finish.notify_one();
        });
        assert_eq!(outcome.unwrap().status(), 201);
    }

    #[tokio::test]
    async fn a_watch_gives_what_came_and_then_ends_with_the_interrupt() {
        let interrupt = Interrupt::default();
        let transport = BoxCloneService::new(tower::service_fn(|_: Request<Body>| async {
            let first = futures::stream::once(async { Ok(Frame::data(Bytes::from_static(b"event"))) });
            let body = StreamBody::new(first.chain(futures::stream::pending()));
            Ok::<Answer, BoxError>(Response::new(BodyExt::boxed_unsync(body)))
        }));
        let mut body = interruptible(transport, &interrupt).oneshot(watch("/x")).await.unwrap().into_body();
        let event = body.frame().await.unwrap().unwrap();
        assert_eq!(event.data_ref().unwrap(), "event");
        let (end, ()) = tokio::join!(body.frame(), async { interrupt.raise() });
        assert!(end.unwrap().unwrap_err().is::<Interrupted>());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_watch_that_ends_by_itself_just_ends() {
        let transport = BoxCloneService::new(tower::service_fn(|_: Request<Body>| async {
            Ok::<Answer, BoxError>(Response::new(known(Bytes::from_static(b"bye"))))
        }));
        let answer = interruptible(transport, &Interrupt::default()).oneshot(watch("/x")).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "bye");
    }
}

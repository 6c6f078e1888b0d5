//! Programs in pods. What differs between a live and a simulated cluster is how
//! one is started and listened to; who waits, for how long, and what is made of
//! its answer is the business of `effects`.
//!
//! Live it is a websocket that speaks `v4.channel.k8s.io`: the API server hands
//! that through to the kubelet as it is. Standard input is not connected.

use bytes::Bytes;
use futures::future::{BoxFuture, ready};
use futures::stream::{BoxStream, once, try_unfold};
use futures::{Stream, StreamExt, TryStreamExt};
use http::HeaderValue;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use kube::client::Body;
use serde_json::Value;
use tower::ServiceExt;
use tower::util::BoxCloneService;

use super::transport::{Nature, Transport};

/// What is to be run, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub namespace: String,
    pub pod: String,
    pub container: String,
    /// Its name and its arguments; no shell reads them.
    pub words: Vec<String>,
}

/// What is heard of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It printed something, to either of its outputs.
    Printed(Bytes),
    /// It ended with this code.
    Exited(i32),
}

/// Why a program was not heard to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// It was not started.
    #[error("{0}")]
    Refused(Box<kube::Error>),
    /// It may have been started, and may run on.
    #[error("{0}")]
    Lost(String),
}

/// What is heard until the program ends. Dropping it stops listening, and
/// perhaps not the program.
pub type Output = BoxStream<'static, Result<Heard, ExecError>>;

/// Starts programs in pods.
pub trait Exec: Send + Sync {
    /// What takes no time on the clock is done here; everything else when the
    /// output is listened to.
    fn start<'a>(&'a self, program: &'a Program) -> BoxFuture<'a, Result<Output, ExecError>>;
}

/// There is nobody to run anything.
pub struct NoExec;

impl Exec for NoExec {
    fn start<'a>(&'a self, _: &'a Program) -> BoxFuture<'a, Result<Output, ExecError>> {
        let why = kube::Error::Service("no program can be run here".into());
        Box::pin(ready(Err(ExecError::Refused(Box::new(why)))))
    }
}

/// In the pods of a live cluster.
pub(super) struct LiveExec {
    pub(super) client: kube::Client,
}

impl Exec for LiveExec {
    fn start<'a>(&'a self, program: &'a Program) -> BoxFuture<'a, Result<Output, ExecError>> {
        let (client, program) = (self.client.clone(), program.clone());
        let output = once(async move {
            let request = request(&program).map_err(unbuilt)?;
            let connected = client.connect(request).await.map_err(of_start)?;
            let messages = connected.into_stream().map_ok(|message| (message.is_close(), message.into_data()));
            Ok(heard(messages.map_err(|why| ExecError::Lost(why.to_string())).boxed()))
        });
        Box::pin(ready(Ok(output.try_flatten().boxed())))
    }
}

fn request(program: &Program) -> Result<http::Request<Vec<u8>>, kube::core::request::Error> {
    let pods = format!("/api/v1/namespaces/{}/pods", program.namespace);
    let params = kube::api::AttachParams { container: Some(program.container.clone()), ..Default::default() };
    kube::core::Request::new(pods).exec(&program.pod, program.words.iter().cloned(), &params)
}

/// What cannot be sent starts nothing.
fn unbuilt(why: kube::core::request::Error) -> ExecError {
    ExecError::Refused(Box::new(kube::Error::BuildRequest(why)))
}

/// A refusal in the server's words means that nothing was started; of anything
/// else nobody knows.
fn of_start(error: kube::Error) -> ExecError {
    match &error {
        kube::Error::Api(status) if (400..500).contains(&status.code) => ExecError::Refused(Box::new(error)),
        kube::Error::Api(status) => ExecError::Lost(format!("the server answered {}: {}", status.code, status.message)),
        kube::Error::Service(cause) => ExecError::Lost(cause.to_string()),
        _ => ExecError::Lost(error.to_string()),
    }
}

/// One message: whether it closes the connection, and its bytes.
type Message = (bool, Bytes);

/// Reads messages: the first byte names the channel (1 and 2 are its outputs, 3
/// is how it ended), the rest is what came through it.
fn heard<M>(messages: M) -> impl Stream<Item = Result<Heard, ExecError>>
where
    M: Stream<Item = Result<Message, ExecError>> + Unpin,
{
    try_unfold(Some(messages), |messages| async move {
        let Some(mut messages) = messages else { return Ok(None) };
        loop {
            match messages.try_next().await? {
                Some((false, data)) => match data.first() {
                    Some(1 | 2) if data.len() > 1 => {
                        return Ok(Some((Heard::Printed(data.slice(1..)), Some(messages))));
                    }
                    Some(3) if data.len() > 1 => return Ok(Some((Heard::Exited(exit_code(&data[1..])?), None))),
                    _ => {}
                },
                Some((true, _)) | None => {
                    return Err(ExecError::Lost("the connection ended before the program did".to_owned()));
                }
            }
        }
    })
}

/// What a `Status` says about the end of a program.
fn exit_code(status: &[u8]) -> Result<i32, ExecError> {
    let told: Value = serde_json::from_slice(status).unwrap_or_default();
    if told["status"] == "Success" {
        return Ok(0);
    }
    let causes = told["details"]["causes"].as_array();
    let code = causes.into_iter().flatten().find(|cause| cause["reason"] == "ExitCode");
    let code = code.and_then(|cause| cause["message"].as_str()).and_then(|text| text.parse().ok());
    code.filter(|_| told["reason"] == "NonZeroExitCode").ok_or_else(|| {
        let message = told["message"].as_str().unwrap_or("its end cannot be read");
        ExecError::Lost(message.to_owned())
    })
}

/// Upgrades offer the one protocol that is spoken here. Asked for a newer one,
/// the API server would translate it into SPDY for the kubelet.
pub(super) fn plainly_spoken(inner: Transport) -> Transport {
    BoxCloneService::new(tower::service_fn(move |mut request: http::Request<Body>| {
        if Nature::of(&request) == Nature::Upgrade {
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("v4.channel.k8s.io"));
        }
        inner.clone().oneshot(request)
    }))
}

#[cfg(test)]
mod tests {
    use futures::stream::iter;

    use super::*;

    fn ask(pod: &str) -> Program {
        let words = vec!["true".to_owned()];
        Program { namespace: "db".to_owned(), pod: pod.to_owned(), container: "main".to_owned(), words }
    }

    #[tokio::test]
    async fn what_was_never_sent_was_not_started() {
        let nobody = tower::service_fn(|_: http::Request<Body>| async {
            Err::<http::Response<Body>, _>(tower::BoxError::from("not asked here"))
        });
        let live = LiveExec { client: kube::Client::new(nobody, "db") };
        let first = async |way: &dyn Exec, pod: &str| match way.start(&ask(pod)).await {
            Ok(mut output) => output.try_next().await.err(),
            Err(why) => Some(why),
        };
        assert!(matches!(first(&live, "no name").await, Some(ExecError::Refused(_))));
        assert!(matches!(first(&live, "web-0").await, Some(ExecError::Lost(_))));
        assert!(matches!(first(&NoExec, "web-0").await, Some(ExecError::Refused(_))));
    }

    async fn all(messages: Vec<Message>) -> Vec<Result<Heard, String>> {
        let heard = heard(iter(messages).map(Ok).boxed());
        heard.map(|one| one.map_err(|why| why.to_string())).collect().await
    }

    fn message(channel: u8, text: &str) -> Message {
        (false, [&[channel], text.as_bytes()].concat().into())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands among what is heard")]
    fn printed(text: &'static str) -> Result<Heard, String> {
        Ok(Heard::Printed(Bytes::from_static(text.as_bytes())))
    }

    #[tokio::test]
    async fn both_outputs_are_heard_until_the_program_has_ended() {
        let failed = r#"{"status":"Failure","reason":"NonZeroExitCode",
            "details":{"causes":[{"reason":"ExitCode","message":"3"}]}}"#;
        let messages = vec![message(1, ""), message(1, "a"), message(2, "b"), message(3, failed), message(1, "late")];
        assert_eq!(all(messages).await, [printed("a"), printed("b"), Ok(Heard::Exited(3))]);
        assert_eq!(all(vec![message(3, r#"{"status":"Success"}"#)]).await, [Ok(Heard::Exited(0))]);
    }

    #[tokio::test]
    async fn an_output_that_ends_first_is_no_answer() {
        let lost = Err("the connection ended before the program did".to_owned());
        assert_eq!(all(vec![message(1, "a")]).await, [printed("a"), lost.clone()]);
        assert_eq!(all(vec![(true, Bytes::new())]).await, [lost]);
    }

    #[tokio::test]
    async fn an_end_that_names_no_code_is_no_answer() {
        for (status, why) in [
            (r#"{"status":"Failure","reason":"InternalError","message":"no sh"}"#, "no sh"),
            (r#"{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[]}}"#, "its end cannot be read"),
            ("nonsense", "its end cannot be read"),
        ] {
            assert_eq!(all(vec![message(3, status)]).await, [Err(why.to_owned())]);
        }
    }
}

//! The simulated API server behind the faults of a schedule.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tower::Service;

use super::fault::{Crash, Fault};
use super::handle::Faults;
use super::stream::disturbed;
use crate::simulator::engine::Simulator;
use crate::simulator::sandbox::GivenUp;
use crate::simulator::service::{AnswerBody, Incoming};
use crate::simulator::world::{Payload, Reply};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum Broken {
    /// The process of the run has ended here: nothing of it goes on.
    #[error("the process was killed")]
    Crashed,
    #[error("connection reset by peer")]
    Lost,
    #[error(transparent)]
    GivenUp(#[from] GivenUp),
}

/// Whether a request failed because its process was made to end.
#[must_use]
pub fn is_crash(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(Broken::Crashed)) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The way to a cluster on which faults strike.
#[derive(Clone, Debug)]
pub struct FaultyService {
    simulator: Simulator,
    faults: Faults,
}

impl FaultyService {
    pub(super) fn new(simulator: Simulator, faults: Faults) -> Self {
        Self { simulator, faults }
    }
}

impl<B> Service<Request<B>> for FaultyService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<AnswerBody>;
    type Error = Broken;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Broken>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let way = self.clone();
        Box::pin(async move {
            let incoming = Incoming::read(request).await;
            way.send(&incoming).await
        })
    }
}

impl FaultyService {
    async fn send(self, incoming: &Incoming) -> Result<Response<AnswerBody>, Broken> {
        let struck = self.faults.next_request(&incoming.raw).ok_or(Broken::Crashed)?;
        for fault in &struck {
            self.before(fault).await?;
        }
        let is_stale = struck.iter().find_map(|fault| if let Fault::Stale(back) = fault { Some(*back) } else { None });
        let mut reply = match (self.faults.denied(), is_stale) {
            (Some(denied), _) => denied.reply(),
            (None, Some(back)) => incoming.handled(|raw| self.simulator.handle_as_of(raw, back))?,
            (None, None) => self.deliver(incoming, &struck)?,
        };
        for fault in &struck {
            reply = self.after(fault, incoming, reply)?;
        }
        let is_watch = matches!(reply.payload, Payload::Watch(_));
        let is_cut = struck.contains(&Fault::Truncated);
        // Only a text can be cut.
        let answer = if is_cut { Incoming::answer_in_text } else { Incoming::answer };
        let response = answer(incoming, self.simulator.clone(), reply);
        Ok(match (is_watch, is_cut) {
            (true, _) => response.map(|body| disturbed(body, self.faults.clone(), is_cut)),
            (false, true) => truncated(response).await,
            (false, false) => response,
        })
    }

    /// What happens while the request has not arrived yet.
    async fn before(&self, fault: &Fault) -> Result<(), Broken> {
        match fault {
            Fault::Crash(Crash::BeforeSend) => {
                self.faults.dies();
                Err(Broken::Crashed)
            }
            Fault::Lost { delivered: false } => Err(Broken::Lost),
            Fault::Late(time) => {
                self.simulator.pass(*time);
                Ok(())
            }
            Fault::Meanwhile(disturbance) => {
                self.simulator.disturb(disturbance);
                Ok(())
            }
            Fault::Second => {
                if let Some(run) = self.faults.second() {
                    run.await;
                }
                Ok(())
            }
            Fault::Answer(answer) if answer.lasts() => {
                self.faults.denies(*answer);
                Ok(())
            }
            Fault::Crash(_)
            | Fault::Lost { delivered: true }
            | Fault::Twice
            | Fault::Answer(_)
            | Fault::Truncated
            | Fault::Stale(_)
            | Fault::Watch(_)
            | Fault::Journal(_) => Ok(()),
        }
    }

    /// Hands the request over, unless another answer stands in its way.
    fn deliver(&self, incoming: &Incoming, struck: &[Fault]) -> Result<Reply, Broken> {
        let instead = struck.iter().find_map(|fault| match fault {
            Fault::Answer(answer) if !answer.is_committed() => Some(*answer),
            _ => None,
        });
        Ok(match instead {
            Some(answer) => answer.reply(),
            None => incoming.handled(|raw| self.simulator.handle(raw))?,
        })
    }

    /// What becomes of the answer.
    fn after(&self, fault: &Fault, incoming: &Incoming, reply: Reply) -> Result<Reply, Broken> {
        match fault {
            Fault::Crash(Crash::BeforeAnswer) => {
                self.faults.dies();
                Err(Broken::Crashed)
            }
            Fault::Crash(Crash::AfterAnswer) => {
                self.faults.dies();
                Ok(reply)
            }
            Fault::Lost { delivered: true } => Err(Broken::Lost),
            Fault::Twice => {
                incoming.handled(|raw| self.simulator.handle(raw))?;
                Ok(reply)
            }
            Fault::Answer(answer) if answer.is_committed() => Ok(answer.reply()),
            Fault::Crash(Crash::BeforeSend)
            | Fault::Lost { delivered: false }
            | Fault::Late(_)
            | Fault::Answer(_)
            | Fault::Truncated
            | Fault::Stale(_)
            | Fault::Watch(_)
            | Fault::Meanwhile(_)
            | Fault::Second
            | Fault::Journal(_) => Ok(reply),
        }
    }
}

/// The first half of an answer.
async fn truncated(response: Response<AnswerBody>) -> Response<AnswerBody> {
    let (head, body) = response.into_parts();
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let half: Bytes = whole.slice(..whole.len() / 2);
    Response::from_parts(head, Full::new(half).boxed_unsync())
}

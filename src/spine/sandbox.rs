//! The simulated cluster as a `Connection`: the simulator's clock is the clock,
//! and a pause runs it to its next event.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use http::{Request, Response};
use jiff::Timestamp;
use kube::client::Body;
use tower::{Service, ServiceExt as _};

use super::exec::AsAnnotated;
use crate::cluster::interrupt::Interrupted;
use crate::cluster::{Clock, Connection, Entropy, Identity, Interrupt, Pause};
use crate::simulator::{Advance, AnswerBody, GivenUp, Simulator, Waiter};

/// Joins a simulator to a connection. Must be called inside a runtime.
#[must_use]
pub fn simulated(
    simulator: &Simulator,
    name: &str,
    namespace: &str,
    entropy: Arc<dyn Entropy>,
    interrupt: &Interrupt,
) -> Connection {
    let client = client(simulator.service(), namespace);
    Connection {
        exec: Arc::new(AsAnnotated { client: client.clone() }),
        client,
        clock: Arc::new(VirtualClock { simulator: simulator.clone(), interrupt: interrupt.clone() }),
        entropy,
        identity: identity(name),
        namespace: namespace.to_owned(),
        interrupt: interrupt.clone(),
        warnings: crate::cluster::Warnings::default(),
    }
}

/// Asks a simulator, in whatever layers.
pub fn client<S>(service: S, namespace: &str) -> kube::Client
where
    S: Service<Request<Body>, Response = Response<AnswerBody>, Error = GivenUp> + Clone + Send + 'static,
    S::Future: Send,
{
    kube::Client::new(service.map_err(|GivenUp| Interrupted), namespace)
}

/// Told whose turn is waited for; gives up at Ctrl-C.
pub struct Turn<T> {
    pub tell: T,
    pub interrupt: Interrupt,
}

impl<T: Fn(&str) + Send> Waiter for Turn<T> {
    fn waits_for(&mut self, process: u32) {
        (self.tell)(&format!("waiting for process {process}, which is using the same sandbox"));
    }

    fn gives_up(&self) -> bool {
        self.interrupt.is_raised()
    }
}

/// What messages call the sandbox `name`.
pub fn identity(name: &str) -> Identity {
    Identity { name: name.to_owned(), server: "the simulated cluster".to_owned() }
}

struct VirtualClock {
    simulator: Simulator,
    interrupt: Interrupt,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.simulator.now()
    }

    fn pause(&self, at_most: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
        ready(self.passed(at_most)).boxed()
    }

    /// Nobody waits for simulated time, and each look costs real time. A lock has to be
    /// kept meanwhile.
    fn until_next_look(&self, waited: Duration) -> Duration {
        (waited + Duration::from_millis(500)).min(Duration::from_secs(15))
    }
}

impl VirtualClock {
    /// The whole pause, event by event; as on a real cluster, who looks now and
    /// then does not see each.
    fn passed(&self, at_most: Duration) -> Result<Pause, Interrupted> {
        let begin = self.simulator.now();
        let mut outcome = Pause::Idle;
        loop {
            self.interrupt.check()?;
            let left = at_most.saturating_sub(self.simulator.now().duration_since(begin).unsigned_abs());
            if left.is_zero() || self.simulator.advance(left) == Advance::Idle {
                return Ok(outcome);
            }
            outcome = Pause::Passed;
        }
    }
}

/// The clock of somebody who only looks on: time passes as it does outside.
pub fn following(simulator: &Simulator, interrupt: &Interrupt) -> Arc<dyn Clock> {
    Arc::new(FollowingClock {
        simulator: simulator.clone(),
        interrupt: interrupt.clone(),
        last: Mutex::new(Timestamp::now()),
    })
}

struct FollowingClock {
    simulator: Simulator,
    interrupt: Interrupt,
    last: Mutex<Timestamp>,
}

impl Clock for FollowingClock {
    fn now(&self) -> Timestamp {
        self.simulator.now()
    }

    fn pause(&self, at_most: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
        async move {
            self.interrupt.check()?;
            if self.simulator.until_next().is_none() {
                return Ok(Pause::Idle);
            }
            nap(at_most, &self.interrupt).await?;
            let now = Timestamp::now();
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let passed = last.duration_until(now);
            // A clock that was set back stands still until it has caught up.
            if passed.is_positive() {
                *last = now;
                self.simulator.follow(passed.unsigned_abs(), now);
            }
            Ok(Pause::Passed)
        }
        .boxed()
    }
}

#[expect(clippy::disallowed_methods, reason = "who looks on lives in real time")]
async fn nap(how_long: Duration, interrupt: &Interrupt) -> Result<(), Interrupted> {
    tokio::select! {
        () = interrupt.raised() => Err(Interrupted),
        () = tokio::time::sleep(how_long) => Ok(()),
    }
}

//! The simulated cluster as a `Connection`: the simulator's clock is the clock,
//! and a pause runs it to its next event.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use http::Request;
use jiff::Timestamp;
use kube::client::Body;
use tower::ServiceExt;

use crate::cluster::interrupt::Interrupted;
use crate::cluster::{Clock, Connection, Entropy, Identity, Interrupt, Pause};
use crate::simulator::{Advance, GivenUp, Simulator, Waiter};

/// Joins a simulator to a connection. Must be called inside a runtime.
#[must_use]
pub fn simulated(
    simulator: &Simulator,
    name: &str,
    namespace: &str,
    entropy: Arc<dyn Entropy>,
    interrupt: &Interrupt,
) -> Connection {
    let service = ServiceExt::<Request<Body>>::map_err(simulator.service(), |GivenUp| Interrupted);
    Connection {
        client: kube::Client::new(service, namespace),
        clock: Arc::new(VirtualClock { simulator: simulator.clone(), interrupt: interrupt.clone() }),
        entropy,
        identity: identity(name),
        namespace: namespace.to_owned(),
        interrupt: interrupt.clone(),
        warnings: crate::cluster::Warnings::default(),
    }
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
        let paused = self.interrupt.check().map(|()| match self.simulator.advance(at_most) {
            Advance::Passed => Pause::Passed,
            Advance::Idle => Pause::Idle,
        });
        ready(paused).boxed()
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

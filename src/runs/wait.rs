//! Waiting: look, pause, look again, until the goal holds. Only a quorum read
//! decides. On a simulated cluster a pause jumps to the next event, so a wait
//! costs no time and one that can never end says so at once.

use std::future::Future;
use std::time::Duration;

use super::event::{Event, Observer};
use crate::cluster::{Connection, Pause, explain, is_passing};

/// What one look came to.
pub enum Look {
    /// The goal holds; a few words on how.
    Reached(String),
    /// Not yet; why, in a few words.
    NotYet(String),
    /// It will not be reached; whoever looks knows why.
    Given,
}

/// What is waited for and how long at most.
pub struct Goal {
    /// `claim data-web-0`, `pod web-0`.
    pub what: String,
    pub at_most: Duration,
}

/// Why a wait ended without its goal.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    #[error("interrupted while waiting for {what}: {detail}")]
    Interrupted { what: String, detail: String },
    #[error("{what} is not there after {}s: {detail}", after.as_secs())]
    TimedOut { what: String, detail: String, after: Duration },
    #[error("would wait for ever for {what}: {detail}")]
    Idle { what: String, detail: String },
    #[error("cannot read {what}: {cause}")]
    Read { what: String, cause: Box<kube::Error> },
}

/// Looks until the goal holds.
pub async fn until<F, L>(
    goal: Goal,
    connection: &Connection,
    observer: &dyn Observer,
    mut look: F,
) -> Result<(), WaitError>
where
    F: FnMut() -> L,
    L: Future<Output = Result<Look, kube::Error>>,
{
    let Goal { what, at_most } = goal;
    let start = connection.clock.now();
    let waited = || Duration::try_from(connection.clock.now().duration_since(start)).unwrap_or_default();
    let mut said = None;
    let mut idle = false;
    loop {
        let detail = match look().await {
            Ok(Look::Reached(detail)) => {
                observer.event(Event::Reached { what, detail, after: waited() });
                return Ok(());
            }
            Ok(Look::NotYet(detail)) => detail,
            Ok(Look::Given) => return Ok(()),
            Err(_) if connection.interrupt.is_raised() => {
                return Err(WaitError::Interrupted { what, detail: said.unwrap_or_default() });
            }
            // A busy server is no reason to give up; the time-out is.
            Err(cause) if is_passing(&explain(&cause, &connection.identity, "")) => {
                "cannot be read at the moment".to_owned()
            }
            Err(cause) => return Err(WaitError::Read { what, cause: Box::new(cause) }),
        };
        match &said {
            None => observer.event(Event::Waiting { what: what.clone() }),
            Some(last) if *last == detail => {}
            Some(_) => observer.event(Event::Progress { what: what.clone(), detail: detail.clone() }),
        }
        if idle {
            return Err(WaitError::Idle { what, detail });
        }
        said = Some(detail.clone());
        let after = waited();
        if after >= at_most {
            return Err(WaitError::TimedOut { what, detail, after });
        }
        let pause = connection.clock.until_next_look(after).min(at_most.saturating_sub(after));
        match connection.clock.pause(pause).await {
            Ok(Pause::Passed) => {}
            // One more look, which may find why nothing moves any more.
            Ok(Pause::Idle) => idle = true,
            Err(_) => return Err(WaitError::Interrupted { what, detail }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use futures::future::BoxFuture;
    use jiff::Timestamp;
    use kube::core::Status;

    use super::*;
    use crate::cluster::interrupt::Interrupted;
    use crate::cluster::{Clock, Entropy, Identity, Interrupt, Warnings};

    /// A clock that each pause moves on by its whole length.
    struct Jumping(Mutex<Timestamp>);

    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn pause(&self, at_most: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
            *self.0.lock().unwrap() += at_most;
            Box::pin(async { Ok(Pause::Passed) })
        }
    }

    impl Entropy for Jumping {
        fn fill(&self, _: &mut [u8]) {}
    }

    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Observer for Told {
        fn event(&self, event: Event) {
            if let Event::Progress { detail, .. } | Event::Reached { detail, .. } = event {
                self.0.lock().unwrap().push(detail);
            }
        }
    }

    fn refusal(code: u16) -> kube::Error {
        kube::Error::Api(Status { code, ..Status::default() }.boxed())
    }

    /// Waits ten seconds at most for looks that come to this.
    async fn waited(looks: Vec<Result<Look, kube::Error>>) -> (Result<(), WaitError>, Vec<String>) {
        let clock = || Arc::new(Jumping(Mutex::new(Timestamp::UNIX_EPOCH)));
        let unused = tower::service_fn(|_: http::Request<kube::client::Body>| async {
            Err::<http::Response<kube::client::Body>, _>(tower::BoxError::from("not asked here"))
        });
        let connection = Connection {
            client: kube::Client::new(unused, "default"),
            exec: Arc::new(crate::cluster::exec::NoExec),
            clock: clock(),
            entropy: clock(),
            identity: Identity { name: String::new(), server: String::new() },
            namespace: String::new(),
            interrupt: Interrupt::default(),
            warnings: Warnings::default(),
        };
        let told = Told::default();
        let mut looks = VecDeque::from(looks);
        let goal = Goal { what: "pod web-0".to_owned(), at_most: Duration::from_secs(10) };
        let look = || {
            let next = looks.pop_front().unwrap_or_else(|| Ok(Look::NotYet("pending".to_owned())));
            async { next }
        };
        let result = until(goal, &connection, &told, look).await;
        (result, told.0.into_inner().unwrap())
    }

    #[tokio::test]
    async fn a_busy_server_does_not_end_a_wait() {
        let looks =
            vec![Ok(Look::NotYet("pending".to_owned())), Err(refusal(503)), Ok(Look::Reached("ready".to_owned()))];
        let (result, told) = waited(looks).await;
        assert!(result.is_ok());
        assert_eq!(told, ["cannot be read at the moment", "ready"]);
    }

    #[tokio::test]
    async fn a_server_that_says_no_ends_it_at_once() {
        let (result, _) = waited(vec![Err(refusal(403))]).await;
        assert!(matches!(result, Err(WaitError::Read { .. })));
    }

    #[test]
    fn whoever_waits_longer_looks_less_often() {
        let clock = Jumping(Mutex::new(Timestamp::UNIX_EPOCH));
        let pause = |seconds: u64| clock.until_next_look(Duration::from_secs(seconds)).as_millis();
        assert_eq!([0, 8, 32, 80, 600].map(pause), [150, 400, 1_600, 4_000, 5_000]);
    }

    #[tokio::test]
    async fn a_goal_that_is_never_reached_ends_with_the_time_and_the_last_news() {
        let (result, _) = waited(Vec::new()).await;
        let Err(WaitError::TimedOut { detail, after, .. }) = result else { panic!("{result:?}") };
        assert_eq!((detail.as_str(), after), ("pending", Duration::from_secs(10)));
    }
}

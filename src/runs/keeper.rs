//! Keeps the lock of a run alive: no task of its own does it, but whoever is
//! about to write or waits.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::event::{Event, Observer};
use crate::cluster::{Connection, Pause};
use crate::effects::EffectError;
use crate::effects::lock::Lock;
use crate::facts::lock::{Held, LASTS};
use crate::facts::reader::Reader;

/// A lock is renewed when this much of its time has passed.
pub const EVERY: Duration = Duration::from_secs(15);

/// How old a renewal may get while the next one fails: nobody takes a lock
/// before a minute, and a server that is busy now answers a moment later.
const BEARS: Duration = Duration::from_secs(45);

/// The locks that this run holds, with the time of their last renewal.
#[derive(Default)]
pub struct Keeper(Mutex<Vec<(Lock, Timestamp)>>);

impl Keeper {
    /// A lock was taken.
    pub fn holds(&self, lock: Lock, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((lock, now));
    }

    /// Renews what is due. A renewal that fails is tried again with the next call,
    /// as long as the lock surely counts.
    ///
    /// # Errors
    /// A lock is another run's by now, or could not be renewed for too long.
    pub async fn keep(&self, connection: &Connection) -> Result<(), EffectError> {
        let now = connection.clock.now();
        let age = |renewed: &Timestamp| now.duration_since(*renewed).unsigned_abs();
        let due: Vec<(Lock, Timestamp)> = {
            let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.iter().filter(|(_, renewed)| age(renewed) >= EVERY).cloned().collect()
        };
        for (lock, renewed) in due {
            match lock.renew(connection).await {
                Ok(()) => {}
                Err(lost @ (EffectError::Locked { .. } | EffectError::LockLost)) => return Err(lost),
                Err(_) if age(&renewed) < BEARS => continue,
                Err(error) => return Err(error),
            }
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.iter_mut().filter(|(known, _)| *known == lock).for_each(|(_, renewed)| *renewed = now);
        }
        Ok(())
    }

    /// Gives all of them back; one that cannot be given back is over by itself
    /// after a minute.
    pub async fn give_back(&self, connection: &Connection) {
        let held = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (lock, _) in held {
            // One lost answer is no reason to leave it to its end.
            if lock.give_back(connection).await.is_err() {
                let _ = lock.give_back(connection).await;
            }
        }
    }
}

/// How often a lock is looked at that somebody seems to have left.
const LOOK: Duration = Duration::from_secs(5);

/// Watches a lock that another run seems to have left, until it has stood still
/// for as long as a lock counts: two machines need not agree on the time.
///
/// # Errors
/// Somebody keeps it alive, or it cannot be read.
pub async fn outlast(lock: Lock, connection: &Connection, observer: &dyn Observer) -> Result<Lock, EffectError> {
    let reader = Reader::new(connection.client.clone());
    // Pauses are counted, not times compared: clocks are set while one waits.
    let (begin, mut watched) = (connection.clock.now(), Duration::ZERO);
    let mut first = None;
    loop {
        let Some(lease) = reader.get(&lock.object).await? else { return Ok(lock) };
        let holder = Held::read(&lease).filter(|held| held.run != lock.run);
        let Some(holder) = holder else { return Ok(lock) };
        let version = lease["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let Some(known) = &first else {
            if !holder.looks_left(begin) {
                return Err(EffectError::Locked { run: holder.run });
            }
            observer.event(Event::Waiting { what: format!("{}, which run {} may have left", lock.object, holder.run) });
            first = Some(version);
            continue;
        };
        if *known != version {
            return Err(EffectError::Locked { run: holder.run });
        }
        let left = LASTS.saturating_sub(watched);
        if left.is_zero() {
            return Ok(Lock { left: Some(version), ..lock });
        }
        match connection.clock.pause(left.min(LOOK)).await {
            Ok(Pause::Passed) => watched = watched.saturating_add(left.min(LOOK)),
            // Nothing will ever happen here by itself.
            Ok(Pause::Idle) => return Ok(Lock { left: Some(version), ..lock }),
            Err(_) => {
                let why =
                    format!("interrupted while {} was watched, which run {} may have left", lock.object, holder.run);
                return Err(EffectError::Interrupted { why });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;
    use futures::future::{BoxFuture, ready};
    use http::{Method, Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;
    use crate::cluster::interrupt::Interrupted;
    use crate::cluster::{Clock, Entropy, Identity, Interrupt, Warnings};

    /// A clock that somebody sets.
    #[derive(Default)]
    struct Set(Mutex<Timestamp>);

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn pause(&self, _: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
            ready(Ok(Pause::Passed)).boxed()
        }
    }

    impl Entropy for Set {
        fn fill(&self, _: &mut [u8]) {}
    }

    /// Keeps a lock at these seconds after it was taken, where `holder` has it and
    /// its writes are answered with these codes; the last code comes again.
    async fn kept(holder: &'static str, codes: &'static [u16], at: &[i64]) -> Vec<Result<(), String>> {
        let writes = Arc::new(Mutex::new(0));
        let service = tower::service_fn(move |request: Request<Body>| {
            let mut writes = writes.lock().unwrap();
            let code = if request.method() == Method::GET {
                200
            } else {
                *writes += 1;
                codes.get(*writes - 1).or(codes.last()).copied().unwrap_or(200)
            };
            let body = match code {
                200 => json!({ "metadata": { "name": "stateful-web", "uid": "1", "resourceVersion": "1" },
                               "spec": { "holderIdentity": holder } }),
                code => json!({ "kind": "Status", "status": "Failure", "code": code, "reason": "x", "message": "x" }),
            };
            let answer = Response::builder().status(code).body(Body::from(body.to_string().into_bytes()));
            ready(answer.map_err(tower::BoxError::from))
        });
        let clock = Arc::new(Set::default());
        let connection = Connection {
            client: kube::Client::new(service, "default"),
            exec: Arc::new(crate::cluster::exec::NoExec),
            clock: clock.clone(),
            entropy: clock.clone(),
            identity: Identity { name: String::new(), server: String::new() },
            namespace: String::new(),
            interrupt: Interrupt::default(),
            warnings: Warnings::default(),
        };
        let keeper = Keeper::default();
        keeper.holds(Lock::on("web", "default", "ours").unwrap(), Timestamp::UNIX_EPOCH);
        let mut ends = Vec::new();
        for seconds in at {
            *clock.0.lock().unwrap() = Timestamp::from_second(*seconds).unwrap();
            ends.push(keeper.keep(&connection).await.map_err(|error| error.to_string()));
        }
        ends
    }

    #[tokio::test]
    async fn one_renewal_that_fails_is_tried_again() {
        let ends = kept("ours", &[503, 429, 200], &[20, 25, 30, 44, 80]).await;
        assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    }

    #[tokio::test]
    async fn a_lock_that_could_not_be_renewed_for_too_long_is_given_up() {
        let ends = kept("ours", &[503], &[20, 44, 46]).await;
        assert!(ends[0].is_ok() && ends[1].is_ok() && ends[2].is_err(), "{ends:?}");
    }

    #[tokio::test]
    async fn one_that_another_run_has_is_lost_at_once() {
        let ends = kept("another", &[200], &[20]).await;
        assert!(ends[0].as_ref().unwrap_err().contains("another"), "{ends:?}");
    }
}

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

/// The locks that this run holds, with the time of their last renewal.
#[derive(Default)]
pub struct Keeper(Mutex<Vec<(Lock, Timestamp)>>);

impl Keeper {
    /// A lock was taken.
    pub fn holds(&self, lock: Lock, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((lock, now));
    }

    /// Renews what is due.
    ///
    /// # Errors
    /// A lock is another run's by now, or the server cannot be asked.
    pub async fn keep(&self, connection: &Connection) -> Result<(), EffectError> {
        let now = connection.clock.now();
        let is_due = |renewed: &Timestamp| now.duration_since(*renewed).unsigned_abs() >= EVERY;
        let due: Vec<Lock> = {
            let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.iter().filter(|(_, renewed)| is_due(renewed)).map(|(lock, _)| lock.clone()).collect()
        };
        for lock in due {
            lock.renew(connection).await?;
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
                return Err(EffectError::Guarded {
                    code: "interrupted",
                    why: "interrupted while it was watched".to_owned(),
                    hint: "`kubectl stateful runs unlock` removes a lock of a run that is over".to_owned(),
                });
            }
        }
    }
}

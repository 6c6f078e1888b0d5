//! Keeps the lock of a run alive: no task of its own does it, but whoever is
//! about to write or waits.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::cluster::Connection;
use crate::effects::EffectError;
use crate::effects::lock::Lock;

/// A lock is renewed when this much of its time has passed.
const EVERY: Duration = Duration::from_secs(15);

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
            let _ = lock.give_back(connection).await;
        }
    }
}

//! The simulated time follows the real one while a sandbox is served: what is
//! due is done when it is due, by a timer and not by looking again and again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, Either, select};
use futures::pin_mut;
use jiff::Timestamp;

use crate::simulator::engine::Simulator;

/// Real time, which the simulator has none of.
pub trait Pace: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Ends after so long.
    fn nap(&self, how_long: Duration) -> BoxFuture<'static, ()>;
}

/// Even where nothing is due: a command that began before the sandbox was
/// served writes past us, and watches want their bookmarks.
const LONGEST_NAP: Duration = Duration::from_secs(10);
const SHORTEST_NAP: Duration = Duration::from_millis(1);

/// Keeps both times together.
#[derive(Clone)]
pub struct Timekeeper {
    simulator: Simulator,
    pace: Arc<dyn Pace>,
    last: Arc<Mutex<Timestamp>>,
}

impl Timekeeper {
    pub fn new(simulator: Simulator, pace: Arc<dyn Pace>) -> Self {
        let last = Arc::new(Mutex::new(pace.now()));
        Self { simulator, pace, last }
    }

    pub fn pace(&self) -> &Arc<dyn Pace> {
        &self.pace
    }

    /// Lets pass in the cluster what has passed outside since the last time.
    pub fn catch_up(&self) {
        let now = self.pace.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = last.duration_until(now);
        // A clock that was set back stands still until it has caught up.
        if passed.is_positive() {
            *last = now;
            self.simulator.follow(passed.unsigned_abs(), now);
        }
    }

    /// Goes on for ever.
    pub async fn keep(&self) {
        let mut news = self.simulator.news();
        loop {
            self.catch_up();
            news.borrow_and_update();
            let nap = self.simulator.until_next().unwrap_or(LONGEST_NAP).clamp(SHORTEST_NAP, LONGEST_NAP);
            let (nap, change) = (self.pace.nap(nap), news.changed());
            pin_mut!(change);
            match select(nap, change).await {
                Either::Left(_) | Either::Right((Ok(()), _)) => {}
                Either::Right((Err(_), _)) => return,
            }
        }
    }
}

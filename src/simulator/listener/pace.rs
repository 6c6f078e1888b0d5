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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;

    use super::*;
    use crate::simulator::Options;
    use crate::simulator::request::Raw;

    fn send(simulator: &Simulator, method: Method, query: &str, body: &'static str) {
        let (path, query) = ("/api/v1/namespaces/default/configmaps".to_owned(), query.to_owned());
        let content_type = "application/json".to_owned();
        let body = Bytes::from_static(body.as_bytes());
        let reply = simulator.handle(&Raw { method, path, query, content_type, body, ..Raw::default() }).unwrap();
        assert!(reply.code < 300);
    }

    #[test]
    fn a_moment_in_which_nothing_happens_wakes_nobody() {
        let simulator = Simulator::in_memory(Options::default());
        let follow = |millis| simulator.follow(Duration::from_millis(millis), Timestamp::now());
        follow(60_000);
        let mut news = simulator.news();
        news.borrow_and_update();
        for _ in 0..9 {
            follow(100);
            send(&simulator, Method::GET, "", "");
        }
        assert!(!news.has_changed().unwrap());
        follow(200);
        assert!(news.has_changed().unwrap(), "watches are told that time goes on");
    }

    #[test]
    fn what_is_new_and_watches_that_begin_and_end_wake_everybody() {
        let simulator = Simulator::in_memory(Options::default());
        let follow = |millis| simulator.follow(Duration::from_millis(millis), Timestamp::now());
        follow(60_000);
        let mut news = simulator.news();
        let mut is_told = || {
            let told = news.has_changed().unwrap();
            news.borrow_and_update();
            told
        };
        is_told();
        send(&simulator, Method::GET, "watch=true&timeoutSeconds=1", "");
        assert!(is_told(), "it ends by the clock");
        follow(500);
        send(&simulator, Method::POST, "", r#"{"metadata": {"name": "a"}}"#);
        assert!(is_told(), "there is something new");
        follow(400);
        assert!(!is_told());
        follow(150);
        assert!(is_told(), "the watch has ended");
    }
}

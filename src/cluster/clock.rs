//! Our own clock. Waiting code asks the clock to pause and then looks again;
//! on a live cluster that takes real time, on a simulated one the clock jumps
//! to the next event. No other room touches tokio's or the system's time.

use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::interrupt::Interrupted;

/// What a pause came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Time passed; it is worth looking again.
    Passed,
    /// Nothing will ever happen by itself any more (simulated clusters only):
    /// waiting on would be waiting for ever.
    Idle,
}

/// A source of time that a wait can lean on.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Lets at most `at_most` pass.
    ///
    /// # Errors
    /// `Interrupted` as soon as Ctrl-C was pressed.
    fn pause(&self, at_most: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>>;

    /// How long to pause before the next look, after so much waiting: what has come about is
    /// seen a twentieth of the time too late at most, and never five seconds.
    fn until_next_look(&self, waited: Duration) -> Duration {
        (waited / 20).clamp(Duration::from_millis(150), Duration::from_secs(5))
    }

    /// So much of the time that a person takes to answer. On a simulated cluster
    /// none passes meanwhile.
    fn thinking(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

//! Ctrl-C as a value. The signal handler raises it from its own thread;
//! waits and reads notice it, writes that are under way are finished first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Ctrl-C was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Shared by the signal handler and everything that can be interrupted.
#[derive(Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    raised: AtomicBool,
    news: Notify,
}

impl Interrupt {
    pub fn raise(&self) {
        self.shared.raised.store(true, Ordering::SeqCst);
        self.shared.news.notify_waiters();
    }

    /// What was interrupted is over: its last words may be said.
    pub fn lower(&self) {
        self.shared.raised.store(false, Ordering::SeqCst);
    }

    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.shared.raised.load(Ordering::SeqCst)
    }

    /// # Errors
    /// `Interrupted` once the interrupt was raised.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.is_raised() { Err(Interrupted) } else { Ok(()) }
    }

    /// Completes when the interrupt is raised, at once if it already was.
    pub async fn raised(&self) {
        let news = self.shared.news.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        if !self.is_raised() {
            news.await;
        }
    }
}

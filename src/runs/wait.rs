//! Waiting: look, pause, look again, until the goal holds. Only a quorum read
//! decides. On a simulated cluster a pause jumps to the next event, so a wait
//! costs no time and one that can never end says so at once.

use std::future::Future;
use std::time::Duration;

use super::event::{Event, Observer};
use crate::cluster::{Connection, Pause, is_passing};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What one look came to.
pub enum Look {
    /// The goal holds; a few words on how.
    Reached(String),
    /// Not yet; why, in a few words.
    NotYet(String),
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
    let mut pause = FIRST_PAUSE;
    let mut said = None;
    loop {
        let detail = match look().await {
            Ok(Look::Reached(detail)) => {
                observer.event(Event::Reached { what, detail, after: waited() });
                return Ok(());
            }
            Ok(Look::NotYet(detail)) => detail,
            Err(_) if connection.interrupt.is_raised() => {
                return Err(WaitError::Interrupted { what, detail: said.unwrap_or_default() });
            }
            // A busy server is no reason to give up; the time-out is.
            Err(cause) if is_passing(&cause) => "cannot be read at the moment".to_owned(),
            Err(cause) => return Err(WaitError::Read { what, cause: Box::new(cause) }),
        };
        match &said {
            None => observer.event(Event::Waiting { what: what.clone() }),
            Some(last) if *last == detail => {}
            Some(_) => observer.event(Event::Progress { what: what.clone(), detail: detail.clone() }),
        }
        said = Some(detail.clone());
        let after = waited();
        if after >= at_most {
            return Err(WaitError::TimedOut { what, detail, after });
        }
        match connection.clock.pause(pause.min(at_most.saturating_sub(after))).await {
            Ok(Pause::Passed) => pause = (pause * 2).min(LONGEST_PAUSE),
            Ok(Pause::Idle) => return Err(WaitError::Idle { what, detail }),
            Err(_) => return Err(WaitError::Interrupted { what, detail }),
        }
    }
}

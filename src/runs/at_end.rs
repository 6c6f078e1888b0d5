//! What a script wants at the end of its run whatever comes: `always(…)`. After
//! the last call of `run` it is a part of the run like any other, planned,
//! journaled and replayed. After a stop it is done aside: held to the lines that
//! the plan has for it, and written into the journal as something that a
//! `resume` passes over, since the run comes to its end once more then.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::ahead::Approved;
use super::call::Call;
use super::conductor::Conductor;
use super::event::Event;
use super::halt::Halt;
use super::wait::WaitError;
use super::waits::WaitFailed;
use crate::effects::EffectError;

/// How a run that has stopped stands to what it should always do.
#[derive(Default)]
pub enum Aside {
    /// Nothing has stopped it.
    #[default]
    No,
    /// Nothing more may be done, not even that.
    Never,
    /// It has stopped; what was left of its plan, and what is done now.
    Stopped { left: VecDeque<Approved>, label: String },
}

impl Conductor<'_> {
    /// A call was not answered: whether that is what ends the run. What fails
    /// after the end is told, and hides nothing.
    pub fn is_stopped_by(&mut self, call: &Call, why: &Halt) -> bool {
        if let Call::AtEnd { stopped: true, .. } = call {
            return false;
        }
        match &self.aside {
            Aside::Stopped { label, .. } => {
                let failed = Call::AtEndFailed { label: label.clone(), why: why.to_string() };
                if is_the_very_end(why) {
                    self.aside = Aside::Never;
                }
                self.write_down(&failed);
                let more = match why {
                    Halt::Diverged { approved, now } => format!(": approved was `{approved}`, now it is `{now}`"),
                    _ => String::new(),
                };
                self.observer.event(Event::Caution { text: format!("what is always done was not: {why}{more}") });
                false
            }
            Aside::Never => false,
            Aside::No => {
                if is_the_very_end(why) {
                    self.aside = Aside::Never;
                }
                true
            }
        }
    }

    /// Begins what is always done, after a stop: from here on nothing else is.
    ///
    /// # Errors
    /// The run has stopped in a way after which nothing may be written any more.
    pub(super) fn goes_aside(&mut self, label: &str) -> Result<(), Halt> {
        self.connection.interrupt.check().map_err(|_| Halt::Interrupted)?;
        // A copy shows only how far a plan comes, and a journal is followed to its end.
        if self.approved.is_none() || !self.replay.is_empty() || matches!(self.aside, Aside::Never) {
            return Err(Halt::Interrupted);
        }
        if matches!(self.aside, Aside::No) {
            let left = self.approved.take().unwrap_or_default();
            self.aside = Aside::Stopped { left, label: String::new() };
        }
        if let Aside::Stopped { left, label: now } = &mut self.aside {
            label.clone_into(now);
            let own = |line: &&Approved| line.always.as_deref() == Some(label);
            self.approved = Some(left.iter().filter(own).cloned().collect());
        }
        self.rehearsed = None;
        if let Some(journal) = &mut self.journal {
            journal.goes_aside();
        }
        self.tell_at_end(label);
        Ok(())
    }

    /// For an undo, which says so. What stopped the run matters more than a journal that cannot take it.
    fn write_down(&mut self, call: &Call) {
        let now = self.connection.clock.now();
        if let Some(journal) = &mut self.journal {
            let number = journal.next_number();
            let _ = journal.call(number, now, &json!(call), &Value::Null);
        }
    }

    pub(super) fn tell_at_end(&self, label: &str) {
        self.observer.event(Event::Step { title: format!("at the end, always: {label}") });
    }
}

/// After these the run may not write, or nobody knows whether it may: somebody said no, it was
/// interrupted, is another one's by now, is not what its journal says, or cannot write that.
fn is_the_very_end(why: &Halt) -> bool {
    let is_lost = |error: &EffectError| matches!(error, EffectError::Locked { .. } | EffectError::LockLost);
    match why {
        // Who says no, or is not asked, has approved nothing of it.
        Halt::Interrupted | Halt::Replay { .. } | Halt::Journal(_) | Halt::Declined | Halt::Unasked { .. } => true,
        Halt::Effect { error, .. } => is_lost(error),
        Halt::Wait(why) => {
            matches!(why, WaitFailed::Lock(_) | WaitFailed::Wait(WaitError::Interrupted { .. }))
        }
        Halt::Guard { .. }
        | Halt::Unassumed { .. }
        | Halt::EffectInPhase { .. }
        | Halt::Undeclared { .. }
        | Halt::Diverged { .. }
        | Halt::Read(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_no_nothing_more_is_written_and_after_a_guard_what_is_always_done() {
        assert!(is_the_very_end(&Halt::Declined) && is_the_very_end(&Halt::Interrupted));
        let diverged = Halt::Diverged { approved: "a".to_owned(), now: "b".to_owned() };
        assert!(!is_the_very_end(&diverged));
    }
}

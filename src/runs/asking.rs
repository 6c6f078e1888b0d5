//! What is asked before an effect: the name of a set before data is destroyed
//! or its last member goes; and programs in pods, as a run starts them: at most
//! once each, and with the lock of the run kept alive while they run.

use std::time::Duration;

use jiff::Timestamp;

use super::call::Call;
use super::conductor::Conductor;
use super::event::Event;
use super::halt::Halt;
use super::keeper::EVERY;
use super::waits::Waits;
use crate::effects::exec::Exec;
use crate::effects::scale::Scale;
use crate::effects::{Done, Effect, EffectError, NoSecrets, Ready};
use crate::facts::mark::Mark;

/// The flag that answers whether a command of unknown end is run once more.
pub const RUN_AGAIN: &str = "--run-again";

/// The flag by which an undo leaves out what the script has said for it.
pub const LEAVE_OUT: &str = "--leave-out";

/// The flag by which a person answers for the application.
pub const NO_APP_CHECK: &str = "--no-app-check";

/// The question about such a command.
#[must_use]
pub fn twice(exec: &Exec) -> String {
    let (pod, command) = (&exec.pod, exec.command.shown());
    format!("`{command}` was started in {pod}, and nobody knows how it ended; run it again?")
}

/// How long a name counts that somebody has typed.
const COUNTS: Duration = Duration::from_hours(1);

impl Conductor<'_> {
    /// Asks, and keeps the lock while somebody thinks about the answer.
    pub(super) async fn ask(&self, question: &str, typed: Option<&str>, flag: Option<&str>) -> Result<bool, Halt> {
        let mut answer = (self.answerer)(question, typed, flag);
        let interrupted = self.connection.interrupt.raised();
        tokio::pin!(interrupted);
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return answer,
                () = &mut interrupted => return Err(Halt::Interrupted),
                () = self.connection.clock.thinking(EVERY) => {
                    // A lock that was lost stops the next effect: nobody is cut off in the middle of a word.
                    let _ = self.keeper.keep(self.connection).await;
                }
            }
        }
    }

    /// A question was answered with yes.
    pub(super) fn was_typed(&mut self, call: &Call, at: Timestamp) {
        if let Call::Confirm { typed: Some(text), .. } = call {
            self.typed.insert(text.clone(), at);
        }
    }

    /// What nothing brings back, and the end of the last member, need the name
    /// of the set, typed by somebody before (H-50). What was typed long ago was
    /// typed about another cluster: it is asked for once more. Whether somebody
    /// was asked: then all that was read before is to be read anew.
    pub(super) async fn is_asked_for(&mut self, effect: &Effect, ready: &Ready) -> Result<bool, Halt> {
        let before = ready.before.as_deref();
        let (set, what) = if ready.preview.holds() {
            return Ok(false);
        } else if effect.destroys().is_some() {
            (before.and_then(Mark::read).map(|mark| mark.set), "its data would go for good")
        } else if let Effect::GiveUp(given) = effect {
            (Some(given.set.clone()), "nothing would bring it back")
        } else if let Effect::Scale(Scale { to: 0, set, .. }) = effect {
            (Some(set.object.name.clone()), "no member would be left")
        } else {
            return Ok(false);
        };
        // A volume that names no set is for its own guard to judge.
        let Some(set) = set else { return Ok(false) };
        let now = self.connection.clock.now();
        match self.typed.get(&set) {
            None => {
                let error = EffectError::Guarded {
                    code: "name-not-typed",
                    why: format!("{what}, and nobody has typed `{set}` before"),
                    hint: "let the runbook ask first: confirm(\"go on?\", #{ typed: p.set.name })".to_owned(),
                };
                Err(Halt::effect(effect, error))
            }
            Some(at) if now.duration_since(*at).unsigned_abs() < COUNTS => Ok(false),
            Some(at) => {
                let question = format!("{}: {what}, and `{set}` was typed at {at:.0}; go on?", effect.object());
                if !self.ask(&question, Some(&set), None).await? {
                    return Err(Halt::Declined);
                }
                self.typed.insert(set, now);
                Ok(true)
            }
        }
    }

    /// A command whose end nobody heard is not simply run a second time.
    pub(super) async fn not_twice(&mut self, exec: &Exec) -> Result<(), Halt> {
        if self.unanswered.take().is_none_or(|started| started != *exec) {
            return Ok(());
        }
        if self.ask(&twice(exec), None, Some(RUN_AGAIN)).await? { Ok(()) } else { Err(Halt::Declined) }
    }
}

/// The one write; the lock is kept while a program runs.
pub(super) async fn perform(effect: &Effect, ready: Ready, waits: &Waits<'_>) -> Result<Done, EffectError> {
    let (connection, observer) = (waits.connection, waits.observer);
    let Effect::Exec(exec) = effect else { return effect.perform(ready, connection, &NoSecrets).await };
    let (what, begin) = (format!("the command in {}", exec.pod), connection.clock.now());
    observer.event(Event::Waiting { what: what.clone() });
    let keep = async || waits.keeper.keep(connection).await;
    let done = exec.run(&ready, connection, keep).await?;
    let after = connection.clock.now().duration_since(begin).unsigned_abs();
    observer.event(Event::Reached { what, detail: "said yes".to_owned(), after });
    Ok(done)
}

/// What an effect without success may have changed all the same.
pub(super) fn perhaps(object: &str, error: &EffectError) -> Option<String> {
    match error {
        EffectError::AnswerLost { .. } => Some(format!("{object} (perhaps: the answer was lost)")),
        EffectError::SaidNo { .. } => Some(format!("{object} (the command ran in it)")),
        EffectError::Unanswered { .. } => Some(format!("{object} (perhaps: the command may have run in it)")),
        _ => None,
    }
}

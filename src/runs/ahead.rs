//! What the server says to a step before its first write: all effects that the
//! plan has for it are sent as dry runs, so that what admission, a quota or lost
//! rights would refuse in the middle of a step is found while it is still whole.

use std::collections::VecDeque;

use super::conductor::Conductor;
use super::halt::Halt;
use super::plan::{Line, Plan};
use super::rehearsal::is_refusal;
use crate::effects::{Effect, EffectError};

/// A line of the approved plan that a run is held to.
#[derive(Clone, Debug, PartialEq)]
pub struct Approved {
    pub fingerprint: String,
    /// None in plans of earlier versions, and of what is said for an undo.
    pub effect: Option<Effect>,
    /// What is always done, if it is a part of that.
    pub always: Option<String>,
    /// How many steps have begun before it.
    step: usize,
}

/// The effects of a plan, in their order.
#[must_use]
pub fn approved(plan: &Plan) -> VecDeque<Approved> {
    let (mut steps, mut always) = (0, None);
    let mut lines = VecDeque::new();
    for line in &plan.lines {
        match line {
            Line::Step { .. } => steps += 1,
            Line::AtEnd { label } => (steps, always) = (steps + 1, Some(label.clone())),
            Line::Phase { .. } => always = None,
            Line::Effect { .. }
            | Line::Wait { .. }
            | Line::Caution { .. }
            | Line::Note { .. }
            | Line::Question { .. }
            | Line::Always { .. }
            | Line::Undo { .. }
            | Line::Query { .. }
            | Line::Output { .. } => {}
        }
        let Some(fingerprint) = line.to_hold() else { continue };
        let effect = if let Line::Effect { effect, .. } = line { effect.as_deref().cloned() } else { None };
        lines.push_back(Approved { fingerprint, effect, always: always.clone(), step: steps });
    }
    lines
}

impl Conductor<'_> {
    /// Once for each step, directly before its first effect.
    ///
    /// # Errors
    /// The server would not take one of the effects. What it cannot judge yet is
    /// no reason to stop: it judges the write itself.
    pub(super) async fn rehearse_step(&mut self) -> Result<(), Halt> {
        let Some(approved) = &self.approved else { return Ok(()) };
        let Some(step) = approved.front().map(|next| next.step) else { return Ok(()) };
        if self.rehearsed.replace(step) == Some(step) {
            return Ok(());
        }
        for effect in approved.iter().take_while(|line| line.step == step).filter_map(|line| line.effect.as_ref()) {
            if matches!(effect, Effect::Exec(_)) {
                continue;
            }
            self.connection.interrupt.check().map_err(|_| Halt::Interrupted)?;
            self.keeper.keep(self.connection).await.map_err(|error| Halt::effect(effect, error))?;
            match effect.rehearse(self.connection).await {
                Err(EffectError::Api(error)) if is_refusal(&error) => {
                    return Err(Halt::effect(effect, EffectError::Api(error)));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

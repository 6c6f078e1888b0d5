//! Questions to the programs in pods: `member.query(…)`. A plan runs nothing in a
//! pod: what is assumed stands in for the answer, unless somebody lets the plan
//! ask the real pods.

use super::call::Call;
use super::conductor::Conductor;
use super::event::Event;
use super::halt::Halt;
use super::plan::Line;
use crate::cluster::Connection;
use crate::effects::EffectError;
use crate::effects::exec::Exec;

/// The flag by which plans ask real pods.
pub const ALLOW_QUERIES: &str = "--allow-queries";

impl Conductor<'_> {
    /// The answer, as the script gets it.
    pub(super) async fn query(&self, exec: &Exec, assume: Option<&str>) -> Result<String, Halt> {
        let is_plan = self.approved.is_none();
        match (is_plan, self.asks, assume) {
            (false, _, _) => self.asked(exec, self.connection).await,
            (true, Some(real), _) => self.asked(exec, real).await,
            (true, None, Some(text)) => Ok(text.to_owned()),
            (true, None, None) => Err(Halt::Unassumed { pod: exec.pod.name.clone(), command: exec.command.shown() }),
        }
    }

    async fn asked(&self, exec: &Exec, connection: &Connection) -> Result<String, Halt> {
        let (what, begin) = (format!("the answer of {}", exec.pod), connection.clock.now());
        self.observer.event(Event::Waiting { what: what.clone() });
        let keep = async || -> Result<(), EffectError> { self.keeper.keep(self.connection).await };
        let answer = exec.query(connection, keep).await;
        let answer = answer.map_err(|error| Halt::Effect { object: exec.pod.to_string(), error: Box::new(error) })?;
        let after = connection.clock.now().duration_since(begin).unsigned_abs();
        // Nobody knows what is in it: it is no event.
        self.observer.event(Event::Reached { what, detail: "is there".to_owned(), after });
        Ok(answer)
    }

    /// How a call stands in the plan.
    pub(super) fn line(&self, call: &Call) -> Option<Line> {
        let Call::Query { exec, assume } = call else { return Line::of(call) };
        let assumed = assume.clone().filter(|_| self.approved.is_none() && self.asks.is_none());
        Some(Line::Query { pod: exec.pod.name.clone(), command: exec.command.shown(), assumed })
    }
}

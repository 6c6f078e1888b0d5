//! `always(label, || …)`: what is done at the end of `run`, whether that came
//! to its end or not. The last that was said is the first that is done, so that
//! each finds what it was said about.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{AST, Dynamic, Engine, EvalAltResult, FnPtr, Scope};

use super::super::bridge::Bridge;
use super::super::engine::thrown;
use super::super::error::{ScriptError, Trouble};
use crate::runs::call::Call;

/// What was said so far.
#[derive(Clone, Default)]
pub struct Always(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    all: Vec<(String, FnPtr)>,
    /// The end has come: nothing that is said now would be done.
    is_over: bool,
}

/// Puts an error of Rhai into words.
type Failed<'a> = &'a dyn Fn(Box<EvalAltResult>) -> ScriptError;

impl Always {
    pub(super) fn register(&self, engine: &mut Engine, bridge: &Bridge) {
        let (all, bridge) = (self.clone(), bridge.clone());
        engine.register_fn("always", move |label: &str, work: FnPtr| all.add(label, work, &bridge));
    }

    /// Whether `run` has come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.said().is_over
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, label: &str, work: FnPtr, bridge: &Bridge) -> Result<(), Box<EvalAltResult>> {
        if self.said().is_over {
            return Err(thrown(format!("`{label}` is said too late"), "say it before the end of `run(p)`"));
        }
        if self.said().all.iter().any(|(known, _)| known == label) {
            return Err(thrown(format!("`{label}` is said twice"), "give each `always(…)` a name of its own"));
        }
        bridge.ask(Call::Always { label: label.to_owned() })?;
        self.said().all.push((label.to_owned(), work));
        Ok(())
    }

    /// Does all of it, after `run` came to this end. What fails first is what is
    /// told; what is left is done all the same, as after a stop.
    pub(in crate::runbook) fn at_end(
        &self,
        mut ran: Result<(), ScriptError>,
        engine: &Engine,
        ast: &AST,
        bridge: &Bridge,
        failed: Failed<'_>,
    ) -> Result<(), ScriptError> {
        let all = std::mem::take(&mut self.said().all);
        self.said().is_over = true;
        for (label, work) in all.into_iter().rev() {
            let stopped = ran.is_err();
            if let Err(why) = bridge.ask(Call::AtEnd { label: label.clone(), stopped }) {
                return ran.and(Err(failed(why)));
            }
            // As a function of the script, so that it knows the constants.
            let values: Vec<Dynamic> = work.curry().to_vec();
            let did = engine.call_fn::<Dynamic>(&mut Scope::new(), ast, work.fn_name(), values);
            let did = did.map(drop).map_err(failed);
            match did {
                Err(why) if stopped && why.trouble() != Trouble::Cancelled => {
                    let why = why.message().to_owned();
                    if bridge.ask(Call::AtEndFailed { label, why }).is_err() {
                        return ran;
                    }
                }
                // A call without an answer was told where it was asked.
                Err(_) if stopped => {}
                Err(why) => ran = Err(why),
                Ok(()) => {}
            }
        }
        ran
    }
}

//! A script on its own thread, and its calls carried out here, one by one.

use std::thread::Builder;

use crate::error::Failure;
use crate::runbook::bridge::bridge;
use crate::runbook::error::ScriptError;
use crate::runbook::script::Runbook;
use crate::runs::conductor::Conductor;
use crate::runs::halt::Halt;
use crate::wizard::parameter::Answers;

/// Bytes of stack for a script; the deepest that the engine allows takes less.
const STACK: usize = 16 << 20;

/// Why a script did not come to its end.
pub enum Stopped {
    Halt(Halt),
    Script(ScriptError),
    Thread(std::io::Error),
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Self::Thread(error)
    }
}

/// Plays all phases of `runbook` with `conductor`.
///
/// # Errors
/// See `Stopped`.
pub async fn play(runbook: &Runbook, answers: &Answers, conductor: &mut Conductor<'_>) -> Result<(), Stopped> {
    let (script_side, mut calls) = bridge(conductor.run.as_str(), &conductor.connection.namespace);
    let (runbook, answers) = (runbook.clone(), answers.clone());
    let interrupt = conductor.connection.interrupt.clone();
    let cancel = std::sync::Arc::new(move || interrupt.is_raised());
    let script = Builder::new()
        .name("runbook".to_owned())
        .stack_size(STACK)
        .spawn(move || runbook.play(&answers, &script_side, cancel))?;
    let mut halt = None;
    while let Some(asked) = calls.recv().await {
        match conductor.answer(asked.call.clone()).await {
            Ok(value) => asked.answer(value),
            // Without an answer the script ends, but for what it always does.
            Err(why) if conductor.is_stopped_by(&asked.call, &why) => halt = Some(why),
            Err(_) => {}
        }
    }
    let ended = script.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    match halt {
        Some(halt) => Err(Stopped::Halt(halt)),
        None => ended.map_err(Stopped::Script),
    }
}

/// The failure for a thread that cannot be had.
pub fn no_thread(why: &std::io::Error) -> Failure {
    Failure::failed("no-thread", format!("the system gives no thread to run a script on: {why}"))
}

//! The spine: parse, make the connection, call the verb, report. It joins
//! `cluster` or `simulator` to the other rooms and does no work of its own.

mod capture;
mod complete;
mod connect;
mod copies;
mod dispatch;
mod doctor;
mod exec;
mod nobody;
mod order;
mod parse;
#[cfg(test)]
pub(crate) mod remedies;
mod sandbox;
mod sandboxes;
mod screen;
mod serve;
pub mod specimen;
mod trials;
mod values;
mod watch;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::cluster::{Interrupt, silence_logs};
use crate::commands::completion::{COMPLETER, HIDDEN_VERB};
use crate::error::Failure;
use crate::report::output::Output;
use crate::report::{failure, terminal};
use crate::runbook::thread::on_script_thread;
use crate::runs::event::{Event, Observer as _, Told};
use crate::runs::places::Places;

pub use copies::OnSimulator;
use parse::Stop;
pub use sandbox::simulated;
use screen::TerminalScreen;
pub use trials::SimulatedClusters;

/// Runs the program with these words (the program's own name first).
#[must_use]
pub fn run(words: Vec<OsString>) -> ExitCode {
    silence_logs();
    if let Some(rest) = completion_words(&words) {
        return complete::answer(rest);
    }
    let places = Places::from_env(|name| std::env::var_os(name));
    // Help and usage errors need no thread, no signal handler and no screen.
    let parsed = match parse::parse(&words, places.as_ref()) {
        Ok(parsed) => parsed,
        Err(Stop::Show(text)) => {
            let shown = Output::of_process().write(&text);
            return finish(shown.or_else(|error| error.into_failure().map_or(Ok(()), Err)));
        }
        Err(Stop::Failed(failure)) => return refused(&words, failure),
    };
    let interrupt = Interrupt::default();
    let screen = match prepare(parsed.global.events.as_deref(), &interrupt) {
        Ok(screen) => screen,
        Err(failure) => return finish(Err(failure)),
    };
    let result = on_script_thread(|| dispatch::dispatch(words, parsed, places, &screen, &interrupt));
    let ended = Event::ended(&result);
    screen.event(ended);
    drop(screen);
    terminal::restore();
    result.map_or_else(|failure| ExitCode::from(failure.kind.exit_code()), |()| ExitCode::SUCCESS)
}

/// The way out is prepared before anything can go wrong.
fn prepare(events: Option<&str>, interrupt: &Interrupt) -> Result<TerminalScreen, Failure> {
    terminal::install_panic_hook(|| vec!["hint: the same command again finishes what was begun".to_owned()]);
    let interrupt = interrupt.clone();
    terminal::install_interrupt(move || interrupt.raise())?;
    TerminalScreen::of_process(events)
}

/// The end of words that cannot be run, told where they ask for it.
fn refused(words: &[OsString], failure: Failure) -> ExitCode {
    match order::events(words).map(|events| TerminalScreen::of_process(Some(events))) {
        Some(Ok(screen)) => {
            let code = failure.kind.exit_code();
            screen.event(Event::ended(&Err(failure)));
            ExitCode::from(code)
        }
        Some(Err(_)) | None => finish(Err(failure)),
    }
}

/// The words to complete, if the program was called for that: under kubectl's
/// name for the completer, or with the hidden verb.
fn completion_words(words: &[OsString]) -> Option<&[OsString]> {
    let (program, rest) = words.split_first()?;
    if Path::new(program).file_stem().is_some_and(|stem| stem == COMPLETER) {
        return Some(rest);
    }
    let (verb, rest) = rest.split_first()?;
    (verb == HIDDEN_VERB).then_some(rest)
}

/// The end where there is no screen yet.
fn finish(result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else { return ExitCode::SUCCESS };
    let mut output = Output::of_process();
    if !failure.message.is_empty() {
        output.tell(&failure::render(&Told::from(&failure), &output.messages));
    }
    ExitCode::from(failure.kind.exit_code())
}

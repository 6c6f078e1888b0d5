//! What ends a program from outside or by a bug: Ctrl-C, termination, a lost
//! terminal, a panic. Each leaves the terminal as it was found.

use std::io::{self, Write as _};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use super::guard::{break_off, is_awaited, leave, question_stands, restore};
use crate::error::Failure;
use crate::report::escape::escape;

/// Handles SIGINT, SIGTERM and SIGHUP (Ctrl-C and closing elsewhere), once per
/// process. While a question stands the process leaves at once, if no work is
/// under way. Otherwise the first signal calls `on_interrupt`, which lets the
/// work stop in order, and the second leaves at once.
///
/// # Errors
/// The system refused the handler.
pub fn install_interrupt(on_interrupt: impl Fn() + Send + 'static) -> Result<(), Failure> {
    let raised = AtomicBool::new(false);
    let handler = move || {
        let idle = question_stands() && !is_awaited();
        if idle || raised.swap(true, Ordering::SeqCst) {
            leave();
        }
        break_off();
        on_interrupt();
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Failure::failed("no-signal-handler", format!("cannot handle Ctrl-C: {error}")))
}

/// Lets a file that has reached its size limit (`ulimit -f`) fail like a full
/// disk, with an error that says so; by default the system kills the process in
/// the middle of its work. Must be called inside a tokio runtime.
pub fn survive_size_limits() {
    #[cfg(unix)]
    {
        let number = rustix::process::Signal::XFSZ.as_raw();
        // Nobody listens: to have the signal handled at all is what matters. Where
        // that is refused, the system's default stays.
        drop(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(number)));
    }
}

/// Before a panic ends the process: puts the terminal back and says what to do
/// next. `last_words` are whole lines, such as how to resume a run.
pub fn install_panic_hook(last_words: impl Fn() -> Vec<String> + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |info| {
        restore();
        let what = info.payload_as_str().unwrap_or("no message");
        let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
        let mut text = format!("error: this is a bug in kubectl-stateful: {}{place}\n", escape(what));
        for line in last_words() {
            text.push_str(&escape(&line));
            text.push('\n');
        }
        let _ = io::stderr().write_all(text.as_bytes());
    }));
}

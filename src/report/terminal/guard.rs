//! Whether a question stands, and the way back from it. One lock guards all
//! changes of the terminal: who leaves the process keeps it, so that nothing
//! can make the terminal raw again behind his back.

use std::io::{self, Write as _};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::modes::{self, Modes};
use crate::error::Kind;

/// Pasted text arrives between marks from here on (xterm's mode 2004).
const PASTE_ON: &[u8] = b"\x1b[?2004h";
/// Pasted text is plain again, the cursor is there, colours are off.
const AS_BEFORE: &[u8] = b"\x1b[?2004l\x1b[?25h\x1b[0m";

static STATE: Mutex<Option<Raw>> = Mutex::new(None);
static CHANGED: AtomicBool = AtomicBool::new(false);
static AWAITED: AtomicBool = AtomicBool::new(false);

/// A terminal that was made raw.
struct Raw {
    modes: Modes,
    /// It understands escape codes.
    redraws: bool,
}

/// A question stands while this lives; dropping it puts the terminal back.
pub struct Standing(());

impl Standing {
    /// Makes the terminal raw. `redraws`: it understands escape codes.
    ///
    /// # Errors
    /// Standard input is no terminal, or it went away.
    pub fn begin(redraws: bool) -> io::Result<Self> {
        let mut state = lock();
        if state.is_none() {
            *state = Some(Raw { modes: modes::enter()?, redraws });
        }
        if redraws {
            write(PASTE_ON);
        }
        Ok(Self(()))
    }

    /// Drops what was typed and not read.
    pub fn drain(&self) {
        let _state = lock();
        // What cannot be drained will be read; nothing else depends on it.
        let _ = modes::drain();
    }

    /// The next byte of input.
    #[cfg(unix)]
    pub fn next(&self) -> io::Result<u8> {
        modes::next()
    }

    /// The next byte if it follows at once, as the rest of an arrow key does.
    #[cfg(unix)]
    pub fn soon(&self) -> io::Result<Option<u8>> {
        lock().as_ref().map_or(Ok(None), |raw| modes::soon(&raw.modes))
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back as it was found. Does nothing if no question stands:
/// touching a terminal from the background would stop the process.
pub fn restore() {
    put_back(&mut lock());
}

/// Ends a question from outside: what is told next begins on a line of its own.
pub fn break_off() {
    let mut state = lock();
    let Some(redraws) = state.as_ref().map(|raw| raw.redraws) else { return };
    put_back(&mut state);
    write(if redraws { b"\x1b[J\r\n" } else { b"\n" });
}

/// Whether a question stands.
#[must_use]
pub fn question_stands() -> bool {
    lock().is_some()
}

/// Work goes on while a question stands, as long as this lives: an interrupt is
/// told to it instead of ending the process.
pub struct Awaited(());

impl Awaited {
    #[must_use]
    pub fn begin() -> Self {
        AWAITED.store(true, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        AWAITED.store(false, Ordering::SeqCst);
    }
}

/// Whether work goes on while a question stands.
#[must_use]
pub fn is_awaited() -> bool {
    AWAITED.load(Ordering::SeqCst)
}

/// Something was changed in the cluster: leaving in a hurry is from now on
/// "stopped part-way" and no longer "interrupted before anything was changed".
pub fn note_change() {
    CHANGED.store(true, Ordering::SeqCst);
}

/// Leaves the process at once, with the terminal as it was found.
pub fn leave() -> ! {
    let mut state = lock();
    put_back(&mut state);
    let kind = if CHANGED.load(Ordering::SeqCst) { Kind::Partial } else { Kind::Interrupted };
    process::exit(i32::from(kind.exit_code()))
}

fn put_back(state: &mut Option<Raw>) {
    if let Some(raw) = state.take() {
        if raw.redraws {
            write(AS_BEFORE);
        }
        // A terminal that went away needs nothing put back.
        let _ = modes::put_back(&raw.modes);
    }
}

fn write(bytes: &[u8]) {
    let mut stderr = io::stderr();
    let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
}

fn lock() -> MutexGuard<'static, Option<Raw>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

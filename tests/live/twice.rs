//! What depends on how busy the machine is may be played a second time. That is
//! never silent, and it is for few tests only.

#![expect(clippy::print_stderr, reason = "libtest_mimic lets no test that passes say anything")]

use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Failed;

/// More second plays than this are no accident.
const MOST: usize = 3;

static SECOND_PLAYS: AtomicUsize = AtomicUsize::new(0);

/// The first outcome, or that of a second play if it was a failure.
pub fn or_again(
    name: &str,
    first: Result<(), Failed>,
    again: impl FnOnce() -> Result<(), Failed>,
) -> Result<(), Failed> {
    let Err(first) = first else { return Ok(()) };
    let first = first.message().unwrap_or("it failed").to_owned();
    SECOND_PLAYS.fetch_add(1, Ordering::Relaxed);
    eprintln!("`{name}` is played a second time, since the first time\n{first}");
    again().map_err(|second| {
        let second = second.message().unwrap_or("it failed");
        format!("the first time\n{first}\nthe second time\n{second}").into()
    })
}

/// Whether so many tests had to be played twice that something is wrong.
pub fn were_too_many() -> bool {
    let count = SECOND_PLAYS.load(Ordering::Relaxed);
    if count > MOST {
        eprintln!("{count} tests were played a second time; no more than {MOST} may be");
    }
    count > MOST
}

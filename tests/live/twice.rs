//! What depends on how busy the machine is may be played a second time. That is
//! never silent, and it is for few tests only.

#![expect(clippy::print_stderr, reason = "libtest_mimic lets no test that passes say anything")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use libtest_mimic::Failed;

/// More second plays than this, of almost 400 tests that may have one, are no accident.
const MOST: usize = 10;

static SECOND_PLAYS: AtomicUsize = AtomicUsize::new(0);

/// First plays are side by side; no other of these tests goes on beside a second play.
static STAGE: RwLock<()> = RwLock::new(());

/// The outcome of the first play, or that of the second if the first failed.
pub fn or_again(
    name: &str,
    first: impl FnOnce() -> Result<(), Failed>,
    again: impl FnOnce() -> Result<(), Failed>,
) -> Result<(), Failed> {
    let Err(first) = side_by_side(first) else { return Ok(()) };
    let first = first.message().unwrap_or("it failed").to_owned();
    SECOND_PLAYS.fetch_add(1, Ordering::Relaxed);
    eprintln!("`{name}` is played a second time, since the first time\n{first}");
    let _alone = STAGE.write().unwrap_or_else(PoisonError::into_inner);
    again().map_err(|second| {
        let second = second.message().unwrap_or("it failed");
        format!("the first time\n{first}\nthe second time\n{second}").into()
    })
}

fn side_by_side(play: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    let _shared = STAGE.read().unwrap_or_else(PoisonError::into_inner);
    play()
}

/// Whether so many tests had to be played twice that something is wrong; it is
/// told how many.
pub fn were_too_many() -> bool {
    let count = SECOND_PLAYS.load(Ordering::Relaxed);
    eprintln!("{count} tests were played a second time; no more than {MOST} may be");
    count > MOST
}

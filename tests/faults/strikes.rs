//! Many schedules, played side by side: all of them on demand
//! (`KUBECTL_STATEFUL_RANDOM`), otherwise those beside writes, or some of them,
//! drawn by a seed.

use std::sync::Mutex;
use std::time::Instant;

use kubectl_stateful::simulator::faults::{Fault, Length, Point, Schedule, Strike};
use kubectl_stateful::simulator::oracles::Violation;

use crate::first::First;

/// Of what went wrong, so much is told.
const MOST: usize = 12;

pub fn everywhere() -> bool {
    std::env::var_os("KUBECTL_STATEFUL_RANDOM").is_some()
}

/// A number that somebody has set for this run of the tests.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// One schedule for one run.
pub type Single<'a> = (&'a First, Schedule);

/// Every single fault out of some beside a write, or at all requests of it.
pub fn beside_writes(first: &First, takes: impl Fn(&Strike) -> bool) -> Vec<Single<'_>> {
    let at_requests = Length { requests: first.length.requests, ..Length::default() };
    let is_beside = |strike: &Strike| matches!(strike.at, Point::Request(number) if everywhere() || first.turning.contains(&number));
    let all = Schedule::singles(at_requests, &first.cast);
    let all = all.filter(|schedule| is_beside(&schedule.0[0]) && takes(&schedule.0[0]));
    all.map(|schedule| (first, schedule)).collect()
}

/// So many of them, unless somebody wants all.
pub fn some<T>(mut all: Vec<T>, count: usize) -> Vec<T> {
    if !everywhere() {
        fastrand::Rng::with_seed(number("KUBECTL_STATEFUL_SEED").unwrap_or(1)).shuffle(&mut all);
        all.truncate(count);
    }
    all
}

/// Plays these; how many there were.
///
/// # Panics
/// One broke something: each is told that did.
pub fn singles(all: Vec<Single<'_>>) -> usize {
    judged(all, |(first, schedule)| (format!("{:?} {schedule:?}", first.goal), first.lives(schedule)))
}

/// The same for whatever breaks nothing.
pub fn judged<T: Send>(all: Vec<T>, play: impl Fn(T) -> (String, Vec<Violation>) + Sync) -> usize {
    let broken = Mutex::new(Vec::new());
    let count = side_by_side(all, |one| {
        let (what, found) = play(one);
        if !found.is_empty() {
            let found: Vec<String> = found.iter().map(Violation::to_string).collect();
            broken.lock().unwrap().push(format!("{what}\n    {}", found.join("\n    ")));
        }
    });
    let broken = broken.into_inner().unwrap();
    let shown = broken.iter().take(MOST).cloned().collect::<Vec<_>>().join("\n");
    assert!(broken.is_empty(), "{} of {count}:\n{shown}", broken.len());
    count
}

/// Plays all of these on two threads; how many there were.
pub fn side_by_side<T: Send>(mut all: Vec<T>, play: impl Fn(T) + Sync) -> usize {
    let (count, begun) = (all.len(), Instant::now());
    let half = all.split_off(count / 2);
    let some = |some: Vec<T>| some.into_iter().for_each(&play);
    std::thread::scope(|threads| {
        threads.spawn(|| some(half));
        some(all);
    });
    if everywhere() {
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = count as f64 / minutes;
        #[expect(clippy::print_stderr, reason = "a figure for whoever asked for all of them")]
        {
            eprintln!("{count} schedules, {rate:.0} in a minute");
        }
    }
    count
}

pub fn comes_from_others(fault: &Fault) -> bool {
    matches!(fault, Fault::Meanwhile(_) | Fault::Second)
}

//! How many fault schedules two threads play in a minute: drawn pairs of faults
//! against the shipped scale-down, each judged by the oracles, as the tests
//! play them. Nothing is run beside it: the aim is a number of its own.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends by panicking")]
#![expect(dead_code, reason = "the tests use the rest of these")]

#[path = "../tests/faults/ends.rs"]
mod ends;
#[path = "../tests/faults/first.rs"]
mod first;
#[path = "../tests/faults/lives.rs"]
mod lives;
#[path = "../tests/faults/program.rs"]
mod program;
#[path = "../tests/faults/stage.rs"]
mod stage;
#[path = "../tests/faults/strikes.rs"]
mod strikes;
#[path = "../tests/support/unattended.rs"]
mod unattended;

use std::process::ExitCode;
use std::time::Instant;

use first::{First, Goal};
use kubectl_stateful::simulator::faults::Schedule;
use strikes::judged;

/// In a minute, on two cores.
const AIM: f64 = 10_000.0;

fn main() -> ExitCode {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(2_000);
    let first = First::new(Goal::Retired);
    let begin = Instant::now();
    let played = judged((1..=count).collect(), |seed: u64| {
        let schedule = Schedule::drawn(seed, 2, first.length, &first.cast);
        (format!("{seed}: {schedule:?}"), first.lives(schedule))
    });
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = played as f64 / begin.elapsed().as_secs_f64() * 60.0;
    println!("{} {played} schedules, {rate:.0} in a minute", if rate >= AIM { "ok  " } else { "MISS" });
    if rate >= AIM { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

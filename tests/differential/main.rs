//! The golden half of the differential lane: the corpus is played against the
//! simulated cluster and must give the answers of the real API server. No Go,
//! no processes; the live half plays the same corpus against a real one.

mod canonical;
mod corpus;
mod join;
mod known;
mod kubectl;
mod scenarios;
mod simulated;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the harness is shared; the simulator needs no processes")]
mod support;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let tests =
        [canonical::tests(), corpus::tests(), scenarios::tests(), known::tests(), kubectl::tests(), simulated::tests()];
    let tests = tests.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

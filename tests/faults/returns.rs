//! What is taken back under faults: an undo of a whole run, struck at its
//! requests like a run is, and one of a run that a fault has left half-way.
//!
//! Beside writes in every test run, and some of what others do; at all requests
//! and all of it on demand (`KUBECTL_STATEFUL_RANDOM`).

use kubectl_stateful::simulator::faults::{Fault, Point, Schedule};

use crate::first::{First, Goal};
use crate::strikes::{beside_writes, comes_from_others, judged, number, singles, some};

/// What others do, drawn for each goal; all of it on demand.
const RIVALS: usize = 12;

/// Pairs of a fault in the run and one in its undo, for each goal.
const PAIRS: usize = 12;

#[test]
fn an_undo_is_carried_to_its_end_whatever_befalls_a_request() {
    let firsts = Goal::UNDOABLE.map(First::taking_back);
    let beside = |first| beside_writes(first, |strike| !comes_from_others(&strike.fault));
    let runs = singles(firsts.iter().flat_map(beside).collect());
    assert!(runs >= 25 * 20, "{runs}");
}

#[test]
fn whatever_others_do_beside_a_write_of_an_undo_breaks_nothing() {
    let firsts = Goal::UNDOABLE.map(First::taking_back);
    let beside = |first| some(beside_writes(first, |strike| matches!(strike.fault, Fault::Meanwhile(_))), RIVALS);
    let runs = singles(firsts.iter().flat_map(beside).collect());
    assert!(runs >= firsts.len() * RIVALS, "{runs}");
}

/// A fault in the run, wherever it leaves it, and another one while that is
/// taken back.
#[test]
fn what_was_left_half_way_is_taken_back_whatever_befalls_that() {
    let firsts = Goal::UNDOABLE.map(|goal| (First::new(goal), First::taking_back(goal)));
    let count = number("KUBECTL_STATEFUL_RANDOM").map_or(PAIRS, |count| usize::try_from(count).unwrap());
    let mut rng = fastrand::Rng::with_seed(number("KUBECTL_STATEFUL_SEED").unwrap_or(1));
    let mut pairs = Vec::new();
    for (first, back) in &firsts {
        let ones = beside_writes(first, |strike| !comes_from_others(&strike.fault));
        let others = Fault::at_requests(&back.cast);
        for _ in 0..count {
            let at = Point::Request(rng.u64(1..=back.length.requests));
            let other = Schedule::one(at, others[rng.usize(..others.len())].clone());
            let pair = [ones[rng.usize(..ones.len())].1.clone(), other];
            // An old world beside a half-done run may stop an undo by name for good: not settled yet.
            if !matches!(pair[1].0[0].fault, Fault::Stale(_)) {
                pairs.push((first, pair));
            }
        }
    }
    judged(pairs, |(first, pair)| (format!("{:?} {pair:?}", first.goal), first.returns(pair)));
}

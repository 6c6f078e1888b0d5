//! The program's own scale-down under every single fault at every request: the
//! shipped runbook, its conductor, its journal, resumed until it ends, and taken
//! back again. What the careful one by hand is held to, this is held to; and so
//! is what destroys and what restores.
//!
//! Beside writes in every test run; at all requests, and for all pairs of kills,
//! on demand (`KUBECTL_STATEFUL_RANDOM`).

use std::sync::atomic::{AtomicUsize, Ordering};

use kubectl_stateful::simulator::faults::{Crash, Fault, Point, Schedule, Strike};

use crate::first::{First, Goal};
use crate::program::Later;
use crate::strikes::{beside_writes, comes_from_others, everywhere, judged, number, side_by_side, singles, some};

/// Pairs of kills of a test run.
const DRAWN: usize = 24;

/// Drawn schedules of a test run; more on demand.
const SEEDS: u64 = 60;

/// What others do, drawn for each goal; all of it on demand.
const RIVALS: usize = 16;

/// Requests of a second life that are struck at least.
const LOOK_BACK: u64 = 16;

fn under_every_single_fault(goal: Goal) -> usize {
    let first = First::new(goal);
    singles(beside_writes(&first, |strike| !comes_from_others(&strike.fault)))
}

#[test]
fn the_runbook_takes_one_member_away_and_keeps_its_data() {
    let first = First::new(Goal::Retired);
    assert_eq!(first.plan.effects(), 5, "{:?}", first.plan.fingerprints());
    let found = first.lives(Schedule::default());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_single_fault_of_a_request_breaks_nothing() {
    let runs = under_every_single_fault(Goal::Retired);
    assert!(runs >= 8 * 20, "{runs}");
}

#[test]
fn nor_does_it_where_the_set_deletes_claims_itself() {
    let runs = under_every_single_fault(Goal::RetiredFromDeletingSet);
    assert!(runs >= 6 * 20, "{runs}");
}

#[test]
fn nor_while_data_are_destroyed_with_their_members() {
    let runs = under_every_single_fault(Goal::Destroyed);
    assert!(runs >= 10 * 20, "{runs}");
}

#[test]
fn nor_while_claims_go_whose_volumes_nobody_protects() {
    let runs = under_every_single_fault(Goal::GivenUp);
    assert!(runs >= 5 * 20, "{runs}");
}

#[test]
fn nor_while_something_is_done_at_the_end_whatever_comes() {
    let runs = under_every_single_fault(Goal::Always);
    assert!(runs >= 5 * 20, "{runs}");
}

#[test]
fn what_is_always_done_is_done_by_a_resume_wherever_the_run_was_killed() {
    let first = First::new(Goal::Always);
    let crashes: Vec<_> = (1..=first.length.requests).flat_map(|request| first.crashes(request)).collect();
    let runs = side_by_side(crashes, |strike| {
        assert_eq!(first.dies(&Schedule(vec![strike.clone()]), &[Later::Resume]), 1);
        assert_eq!(first.dies(&Schedule(vec![strike]), &[Later::Undo]), 1);
    });
    assert!(runs >= 30, "{runs}");
}

#[test]
fn nor_while_they_are_purged_later() {
    let runs = under_every_single_fault(Goal::Purged);
    assert!(runs >= 3 * 20, "{runs}");
}

#[test]
fn nor_while_they_are_restored() {
    let runs = under_every_single_fault(Goal::Restored);
    assert!(runs >= 8 * 20, "{runs}");
}

#[test]
fn nor_while_claims_stay() {
    let runs = under_every_single_fault(Goal::Kept);
    assert!(runs >= 4 * 20, "{runs}");
}

#[test]
fn whatever_others_do_beside_a_write_breaks_nothing() {
    let firsts = Goal::ALL.map(First::new);
    let beside = |first| some(beside_writes(first, |strike| matches!(strike.fault, Fault::Meanwhile(_))), RIVALS);
    let all: Vec<_> = firsts.iter().flat_map(beside).collect();
    let runs = singles(all);
    assert!(runs >= Goal::ALL.len() * RIVALS, "{runs}");
}

/// Two faults, also such that strike between requests, while actors look.
#[test]
fn drawn_pairs_of_faults_anywhere_break_nothing() {
    let first = First::new(Goal::Retired);
    assert!(first.length.ticks > 20, "{:?}", first.length);
    let start = number("KUBECTL_STATEFUL_SEED").unwrap_or(1);
    let seeds = (start..start + number("KUBECTL_STATEFUL_RANDOM").unwrap_or(SEEDS)).collect();
    judged(seeds, |seed| {
        let schedule = Schedule::drawn(seed, 2, first.length, &first.cast);
        (format!("KUBECTL_STATEFUL_SEED={seed}: {schedule:?}"), first.lives(schedule))
    });
}

/// Killed at every request, and taken back.
#[test]
fn a_killed_run_is_taken_back_wherever_it_was_killed() {
    let first = First::new(Goal::Retired);
    let crashes = (1..=first.length.requests).flat_map(|request| first.crashes(request)).collect();
    let runs = side_by_side(crashes, |strike| {
        assert_eq!(first.dies(&Schedule(vec![strike]), &[Later::Undo]), 1);
    });
    assert!(runs >= 45, "{runs}");
}

/// A claim that was deleted without anybody having heard of it is lost as well, whether its volume may be
/// read or not.
#[test]
fn what_was_given_up_is_named_by_an_undo_wherever_the_run_was_killed() {
    for goal in [Goal::GivenUp, Goal::GivenUpUnread] {
        let first = First::new(goal);
        let crashes = (1..=first.length.requests).flat_map(|request| first.crashes(request)).collect();
        let runs = side_by_side(crashes, |strike| {
            assert_eq!(first.dies(&Schedule(vec![strike]), &[Later::Undo]), 1);
        });
        assert!(runs >= 30, "{goal:?}: {runs}");
    }
}

/// Two kills: one in the first life and one in the second, which goes on or
/// takes back.
fn killed_twice(first: &First, then: [Later; 2]) {
    let requests = first.length.requests;
    let first_kills = (1..=requests).flat_map(|request| first.crashes(request));
    let mut pairs: Vec<[Strike; 2]> = first_kills
        .flat_map(|one| {
            let Point::Request(at) = one.at else { return Vec::new() };
            // What is left of the run, and what it takes to take it back.
            let left = if everywhere() { requests - at + LOOK_BACK } else { LOOK_BACK };
            let second = (at + 1..=at + left).flat_map(|request| first.crashes(request));
            second.map(|other| [one.clone(), other]).collect()
        })
        .collect();
    if !everywhere() {
        fastrand::Rng::with_seed(1).shuffle(&mut pairs);
        pairs.truncate(DRAWN);
    }
    let twice = AtomicUsize::new(0);
    let runs = side_by_side(pairs, |pair| {
        let deaths = first.dies(&Schedule(pair.to_vec()), &then);
        twice.fetch_add(deaths / 2, Ordering::Relaxed);
    });
    let twice = twice.into_inner();
    assert!(twice * 3 > runs, "of {runs} only {twice} died a second time");
}

#[test]
fn a_run_killed_twice_is_resumed() {
    killed_twice(&First::new(Goal::Retired), [Later::Resume, Later::Resume]);
}

#[test]
fn a_killed_run_whose_undo_is_killed_is_undone() {
    killed_twice(&First::new(Goal::Retired), [Later::Undo, Later::Undo]);
}

#[test]
fn a_run_killed_twice_is_undone_in_the_end() {
    killed_twice(&First::new(Goal::Retired), [Later::Resume, Later::Undo]);
}

/// A whole run, and an undo of it killed at every request.
#[test]
fn an_undo_that_was_killed_anywhere_is_carried_on() {
    for goal in [Goal::Retired, Goal::RetiredFromDeletingSet] {
        let first = First::new(goal);
        // After the run there is as much again.
        let after = first.length.requests + 1..;
        let mut runs = 0;
        for request in after.step_by(if everywhere() { 1 } else { 3 }) {
            let strike = Strike { at: Point::Request(request), fault: Fault::Crash(Crash::BeforeAnswer) };
            if first.dies(&Schedule(vec![strike]), &[Later::Undo, Later::Undo]) == 0 {
                break;
            }
            runs += 1;
        }
        assert!(runs >= 8, "{goal:?}: {runs}");
    }
}

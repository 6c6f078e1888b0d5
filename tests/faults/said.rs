//! What a script says for an undo, under kills: wherever the run or its undo
//! ended, what was stopped is started again, and no command is run twice unless
//! somebody says so.

use std::sync::Arc;

use kubectl_stateful::simulator::faults::{Schedule, Strike};
use kubectl_stateful::simulator::oracles::Watcher;

use crate::asked::{Fate, Pods};
use crate::first::{First, Goal, claims};
use crate::program::{Later, disk, forget_last_words};
use crate::strikes::side_by_side;

/// No command: all say yes.
const NONE: (usize, Fate) = (usize::MAX, Fate::Yes);

/// One life, which is killed where the strike says, and its undos; how often it died.
fn undone(first: &First, strike: Option<&Strike>, fate: (usize, Fate)) -> usize {
    let (mut stage, disk) = (first.stage.fork(), disk());
    let what = format!("{strike:?} {fate:?}");
    let faults = stage.faults(Schedule(strike.into_iter().cloned().collect()));
    let pods = Pods::of(&stage.simulator, &faults, fate);
    stage.exec = Some(Arc::new(pods.clone()));
    let mut confirmed = first.confirmed.clone();
    confirmed.made.extend(claims());
    let watcher = Watcher::on(&stage.simulator, confirmed).following(&faults);
    let (mut result, mut deaths) = (first.begin(&stage, &faults, disk.path()), 0);
    for turn in 0..4 {
        let code = result.as_ref().err().map(|failure| failure.code);
        let is_over = turn > 0 && !faults.is_dead() && (code.is_none() || code == Some("no-run"));
        if faults.is_dead() {
            deaths += 1;
            forget_last_words(disk.path(), &first.plan.run);
        }
        faults.revive();
        if is_over {
            break;
        }
        let then = if code == Some("not-confirmed") { Later::UndoAndRunAgain } else { Later::Undo };
        let before = pods.fates("start");
        result = first.later(&stage, &faults, disk.path(), then);
        let is_unknown = before.last().is_some_and(|fate| matches!(fate, Fate::Unheard | Fate::Killed));
        let is_again = pods.fates("start").len() > before.len();
        assert!(!(is_unknown && is_again && then == Later::Undo), "{what}: run twice, and nobody said so");
    }
    assert!(result.as_ref().is_ok_and(|()| true) || pods.fates("stop").is_empty(), "{what}: {result:?}");
    stage.rest();
    let (stops, starts) = (pods.fates("stop"), pods.fates("start"));
    let was_stopped = first.done.is_some() || !stops.is_empty();
    let said_yes = starts.iter().filter(|fate| **fate == Fate::Yes).count();
    assert_eq!(said_yes, usize::from(was_stopped), "{what}: {stops:?} {starts:?}");
    assert_eq!(first.is_taken_back(&stage), Ok(()), "{what}");
    assert!(watcher.found().is_empty(), "{what}: {:#?}", watcher.found());
    deaths
}

#[test]
fn a_run_killed_anywhere_is_taken_back_with_what_it_has_said() {
    let first = First::new(Goal::Said);
    let crashes: Vec<_> = (1..=first.length.requests).flat_map(|request| first.crashes(request)).collect();
    let runs = side_by_side(crashes, |strike| assert_eq!(undone(&first, Some(&strike), NONE), 1));
    assert!(runs >= 20, "{runs}");
    for fate in [Fate::Unheard, Fate::Killed, Fate::No] {
        undone(&first, None, (0, fate));
    }
}

#[test]
fn a_run_killed_anywhere_is_taken_back_with_the_scales_that_it_has_said() {
    let first = First::new(Goal::SaidScales);
    let crashes: Vec<_> = (1..=first.length.requests).flat_map(|request| first.crashes(request)).collect();
    let runs = side_by_side(crashes, |strike| assert_eq!(undone(&first, Some(&strike), NONE), 1));
    assert!(runs >= 12, "{runs}");
}

#[test]
fn an_undo_killed_anywhere_in_its_scales_is_carried_on_and_runs_nothing_twice() {
    let first = First::taking_back(Goal::SaidScales);
    let crashes: Vec<_> = (1..=first.length.requests).flat_map(|request| first.crashes(request)).collect();
    let runs = side_by_side(crashes, |strike| assert_eq!(undone(&first, Some(&strike), NONE), 1));
    assert!(runs >= 20, "{runs}");
    for fate in [Fate::Unheard, Fate::Killed, Fate::No, Fate::Refused] {
        undone(&first, None, (0, fate));
    }
}

#[test]
fn an_undo_killed_anywhere_is_carried_on_and_runs_nothing_twice() {
    let first = First::taking_back(Goal::Said);
    let crashes: Vec<_> = (1..=first.length.requests).flat_map(|request| first.crashes(request)).collect();
    let runs = side_by_side(crashes, |strike| assert_eq!(undone(&first, Some(&strike), NONE), 1));
    assert!(runs >= 12, "{runs}");
    for fate in [Fate::Unheard, Fate::Killed, Fate::No, Fate::Refused] {
        undone(&first, None, (0, fate));
    }
}

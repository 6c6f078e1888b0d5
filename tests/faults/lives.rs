//! A run over all of its lives: struck, killed, gone on with or taken back, and
//! judged by the oracles.

use std::path::Path;
use std::time::Duration;

use kubectl_stateful::simulator::faults::{Answer, Disturbance, Fault, Faults, Point, Schedule, Seen, Strike};
use kubectl_stateful::simulator::oracles::{Ended, Rule, Violation, Watcher, honesty, idempotence, progress};

use crate::ends::is_unlocked;
use crate::first::{First, Goal, claims};
use crate::program::{Later, disk, ended, forget_last_words};
use crate::stage::{SET, Stage};

/// Attempts after the last fault.
const ATTEMPTS: usize = 4;

/// Whether somebody else has changed something by it, for good.
fn is_of_others(strike: &Strike) -> bool {
    matches!(strike.fault, Fault::Meanwhile(_) | Fault::Second)
}

/// Who sees an old world may well stop, by name.
fn misleads(strike: &Strike) -> bool {
    matches!(strike.fault, Fault::Stale(_))
}

/// How far the clock of the cluster was turned back.
fn turned_back(faults: &Faults) -> Duration {
    let back = |strike: &Strike| match strike.fault {
        Fault::Meanwhile(Disturbance::Jump(time)) if time.is_negative() => time.unsigned_abs(),
        _ => Duration::ZERO,
    };
    faults.struck().iter().map(back).sum()
}

/// Whether somebody has changed the set at a request after which it was looked at no more.
fn comes_after_the_last_look(faults: &Faults) -> bool {
    let is_look = |seen: &Seen| seen.method == "GET" && seen.path == SET;
    let last = (1..).zip(faults.seen()).filter(|(_, seen)| is_look(seen)).map(|(number, _)| number).max();
    let is_later = |strike: &Strike| matches!(strike.at, Point::Request(number) if Some(number) > last);
    faults.struck().iter().any(|strike| is_of_others(strike) && is_later(strike))
}

/// Where nobody else has touched the cluster, nothing but the goal will do.
fn reached(alone: bool, ends: &[Ended]) -> Option<Violation> {
    let is_short = alone && ends.last() != Some(&Ended::Done);
    is_short.then(|| Violation { rule: Rule::Progress, what: format!("nobody was in the way: {ends:?}") })
}

/// L3 for one that says that it is done.
fn honest(is_so: Result<(), String>) -> Option<Violation> {
    let why = is_so.err()?;
    honesty(&Ended::Done, false).map(|found| Violation { what: format!("{}: {why}", found.what), ..found })
}

impl First {
    /// One run under a schedule, with its resumes; what was broken.
    pub fn lives(&self, schedule: Schedule) -> Vec<Violation> {
        let (stage, folder) = (self.stage.fork(), disk());
        let alone = !schedule.0.iter().any(is_of_others);
        // A run has written down what it saw, and an undo looks again.
        let is_misled = schedule.0.iter().any(misleads);
        let looks_again = is_misled && self.done.is_some();
        let faults = stage.faults(schedule);
        let watcher = Watcher::on(&stage.simulator, self.confirmed.clone()).following(&faults);
        let first = self.begin(&stage, &faults, folder.path());
        let mut ends = vec![self.ended(&first)];
        if faults.is_dead() {
            forget_last_words(folder.path(), &self.plan.run);
            ends = vec![Ended::Lost("killed".to_owned())];
        }
        faults.stop();
        // Who turns the cluster's clock back makes everybody wait until it is that time again.
        stage.simulator.pass(turned_back(&faults));
        for _ in 0..ATTEMPTS {
            match ends.last() {
                Some(Ended::Lost(_)) => {}
                // What it saw is over.
                Some(Ended::Stopped(_)) if alone && looks_again && ends.len() == 1 => {}
                Some(Ended::Stopped(_) | Ended::Done) | None => break,
            }
            faults.revive();
            ends.push(self.ended(&self.later(&stage, &faults, folder.path(), self.further())));
        }
        stage.rest();
        let mut found: Vec<Violation> = progress(&ends, ATTEMPTS + 1).into_iter().collect();
        found.extend(reached(alone && (looks_again || !is_misled), &ends));
        if ends.last() == Some(&Ended::Done) {
            // What others do after the last look at the set is not the run's.
            let is_excused = comes_after_the_last_look(&faults);
            found.extend(honest(if is_excused { Ok(()) } else { self.is_reached(&stage) }));
            found.extend(self.once_more(&stage, &faults, folder.path(), self.further()));
        }
        found.extend(watcher.found());
        found
    }

    /// What goes on with what is done.
    fn once_more(&self, stage: &Stage, faults: &Faults, disk: &Path, what: Later) -> Option<Violation> {
        let before = faults.seen().len();
        let _ = self.later(stage, faults, disk, what);
        idempotence(&faults.seen()[before..])
    }

    /// One run that is killed wherever the schedule says, and after each death
    /// goes on with the next of `then`, the last of which is left alone; how
    /// often it died.
    ///
    /// # Panics
    /// It does not come to the end that it should.
    pub fn dies(&self, schedule: &Schedule, then: &[Later]) -> usize {
        self.dies_before(schedule, then, |_| ())
    }

    /// The same; `look` is told of the cluster after each death.
    pub fn dies_before(&self, schedule: &Schedule, then: &[Later], mut look: impl FnMut(&Stage)) -> usize {
        let (stage, folder) = (self.stage.fork(), disk());
        let faults = stage.faults(schedule.clone());
        let mut confirmed = self.confirmed.clone();
        confirmed.made.extend(claims());
        let watcher = Watcher::on(&stage.simulator, confirmed).following(&faults);
        let mut result = self.begin(&stage, &faults, folder.path());
        let mut deaths = 0;
        for (index, what) in then.iter().enumerate() {
            if faults.is_dead() {
                deaths += 1;
                look(&stage);
                forget_last_words(folder.path(), &self.plan.run);
            }
            if index + 1 == then.len() {
                faults.stop();
            }
            faults.revive();
            result = self.later(&stage, &faults, folder.path(), *what);
        }
        let gives_up = matches!(self.goal, Goal::GivenUp | Goal::GivenUpUnread) && then.last() == Some(&Later::Undo);
        let is_known = result.as_ref().is_err_and(|failure| failure.code == "data-destroyed");
        assert!(result.is_ok() || gives_up && is_known, "{schedule:?} {then:?}: {result:?}");
        stage.rest();
        match then.last() {
            Some(Later::Undo | Later::UndoAndRunAgain) => {
                assert_eq!(self.is_taken_back(&stage), Ok(()), "{schedule:?} {then:?}");
                assert_eq!(self.is_named(&stage, &result), Ok(()), "{schedule:?} {then:?}");
            }
            Some(Later::Resume | Later::ResumeAndRunAgain | Later::Replan) | None => {
                assert_eq!(self.is_reached(&stage), Ok(()), "{schedule:?} {then:?}");
                assert_eq!(is_unlocked(&stage), Ok(()), "{schedule:?} {then:?}");
                let more = self.once_more(&stage, &faults, folder.path(), Later::Resume);
                assert_eq!(more, None, "{schedule:?} {then:?}");
            }
        }
        let found = watcher.found();
        assert!(found.is_empty(), "{schedule:?} {then:?}: {found:#?}");
        deaths
    }

    /// A run that ends as the first schedule says, and is taken back while the
    /// second one strikes, as often as it takes; what was broken.
    ///
    /// # Panics
    /// Nobody else was in the way, and it is not taken back.
    pub fn returns(&self, schedules: [Schedule; 2]) -> Vec<Violation> {
        let (stage, folder) = (self.stage.fork(), disk());
        let alone = !schedules.iter().flat_map(|schedule| &schedule.0).any(is_of_others);
        let [first, second] = schedules.map(|schedule| stage.faults(schedule));
        let mut confirmed = self.confirmed.clone();
        confirmed.made.extend(claims());
        let watcher = Watcher::on(&stage.simulator, confirmed).following(&first).following(&second);
        let _ = self.begin(&stage, &first, folder.path());
        if first.is_dead() {
            forget_last_words(folder.path(), &self.plan.run);
        }
        let mut ends = Vec::new();
        for turn in 0..=ATTEMPTS {
            let result = self.later(&stage, &second, folder.path(), Later::Undo);
            let end = match &result {
                // Whoever was killed while it gave its lock back has said nothing.
                _ if second.is_dead() => Ended::Lost("killed".to_owned()),
                // Nothing gives back what is gone; and where nothing was begun, there is no run.
                Err(failure) if ["data-destroyed", "no-run"].contains(&failure.code) => Ended::Done,
                result => ended(result),
            };
            if second.is_dead() {
                forget_last_words(folder.path(), &self.plan.run);
            }
            ends.push(end.clone());
            second.stop();
            second.revive();
            // What was seen wrongly is over after the first.
            let goes_on = matches!(end, Ended::Lost(_)) || alone && turn == 0 && end != Ended::Done;
            if !goes_on {
                break;
            }
        }
        stage.rest();
        let mut found: Vec<Violation> = progress(&ends, ATTEMPTS + 1).into_iter().collect();
        found.extend(reached(alone, &ends));
        // What others have deleted is not there to be put back.
        let stands = stage.get(SET)["metadata"]["uid"] == self.stage.get(SET)["metadata"]["uid"];
        // Who has lost its rights in the end leaves its lock, which is over after a minute.
        let denies = |strike: &Strike| matches!(strike.fault, Fault::Answer(Answer::Unauthorized | Answer::Forbidden));
        let may_stay = second.struck().iter().any(denies);
        if ends.last() == Some(&Ended::Done) {
            let back = self.is_taken_back(&stage);
            let is_excused = !stands || may_stay && is_unlocked(&stage).is_err();
            found.extend(honest(if is_excused { Ok(()) } else { back }));
            found.extend(self.once_more(&stage, &second, folder.path(), Later::Undo));
        }
        found.extend(watcher.found());
        found
    }
}

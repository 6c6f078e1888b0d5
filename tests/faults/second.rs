//! Two of the program at once: a second command comes in at a request of the
//! first, from its beginning to its end, as fast as it can or after the first
//! has slept for so long that its lock counts no more.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubectl_stateful::simulator::Simulator;
use kubectl_stateful::simulator::faults::{Fault, Faults, Point, Schedule};
use kubectl_stateful::simulator::oracles::{Ended, Rule, Violation, Watcher, progress};

use crate::ends::is_unlocked;
use crate::first::{First, Goal, claims};
use crate::program::{Later, Program, disk, ended};
use crate::stage::Stage;
use crate::strikes::{everywhere, judged, some};

/// Attempts of the first after the second is through.
const ATTEMPTS: usize = 4;

/// Meetings of a test run for each command; all of them on demand.
const DRAWN: usize = 14;

/// What the second command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    /// The same once more, planned when it comes.
    Same,
    /// The member is retired.
    Retire,
    /// The run at work is to go on.
    Resume,
    /// The run at work is to be taken back.
    Undo,
}

/// A first command, and a second one that comes in at one of its requests.
#[derive(Clone, Copy, Debug)]
struct Meeting {
    command: Command,
    at: u64,
    /// How long the first had slept.
    slept: Duration,
}

/// Plans and runs something, on a machine of its own.
fn elsewhere(program: &Program, stage: &Stage) -> Ended {
    let begun = program.plan(stage).and_then(|plan| {
        let way = || stage.simulator.client();
        program.begin(stage, &way, disk().path(), &plan)
    });
    ended(&begun)
}

/// Has the second command come in where the schedule says; how it ended.
fn second(
    first: &First,
    meeting: Meeting,
    (simulator, faults, disk): (&Simulator, &Faults, &std::path::Path),
) -> Arc<Mutex<Option<Ended>>> {
    let ends = Arc::new(Mutex::new(None));
    let (end, simulator, disk) = (Arc::clone(&ends), simulator.clone(), disk.to_owned());
    let (same, run) = (first.program.clone(), first.plan.run.clone());
    faults.set_second(Box::new(move || {
        let (end, simulator, disk) = (Arc::clone(&end), simulator.clone(), disk.clone());
        let (same, run) = (same.clone(), run.clone());
        // A runtime cannot be waited for inside of another one.
        let work = move || {
            simulator.pass(meeting.slept);
            let stage = Stage::of(simulator);
            let again = |what| ended(&same.later(&stage, &|| stage.simulator.client(), &disk, &run, what));
            let how = match meeting.command {
                Command::Same => elsewhere(&same, &stage),
                Command::Retire => elsewhere(&Program::scale_down(1, "retire"), &stage),
                Command::Resume => again(Later::Resume),
                Command::Undo => again(Later::Undo),
            };
            *end.lock().unwrap() = Some(how);
        };
        Box::pin(async move { std::thread::spawn(work).join().unwrap() })
    }));
    ends
}

/// Both commands, and then the first until it ends; what was broken.
fn meet(first: &First, meeting: Meeting) -> (String, Vec<Violation>) {
    let (stage, disk) = (first.stage.fork(), disk());
    let faults = stage.faults(Schedule::one(Point::Request(meeting.at), Fault::Second));
    let mut confirmed = first.confirmed.clone();
    confirmed.made.extend(claims());
    let watcher = Watcher::on(&stage.simulator, confirmed).following(&faults);
    let second = second(first, meeting, (&stage.simulator, &faults, disk.path()));
    let mut ends = vec![first.ended(&first.begin(&stage, &faults, disk.path()))];
    for _ in 0..ATTEMPTS {
        if !matches!(ends.last(), Some(Ended::Lost(_))) {
            break;
        }
        ends.push(first.ended(&first.later(&stage, &faults, disk.path(), first.further())));
    }
    stage.rest();
    let second = second.lock().unwrap().clone();
    let what = format!("{:?} {meeting:?}: first {ends:?}, second {second:?}", first.goal);
    let mut found: Vec<Violation> = progress(&ends, ATTEMPTS + 1).into_iter().collect();
    let mut broken = |rule, what: &str| found.push(Violation { rule, what: what.to_owned() });
    if second.is_none() {
        broken(Rule::Progress, "the second never came");
    }
    if let Err(why) = first.is_reached(&stage) {
        if ends.last() == Some(&Ended::Done) {
            broken(Rule::Honesty, &format!("the first says done, and is not: {why}"));
        }
        // One of the two has it.
        if meeting.command == Command::Same {
            broken(Rule::Progress, &format!("neither came to the end of it: {why}"));
        }
    }
    if let Err(why) = is_unlocked(&stage) {
        broken(Rule::Progress, &why);
    }
    found.extend(watcher.found());
    (what, found)
}

/// A second command at every request, or beside writes.
fn at_every_request(first: &First, command: Command, sleeps: &[Duration]) -> usize {
    let mut all = Vec::new();
    for at in 1..=first.length.requests {
        if everywhere() || first.turning.contains(&at) {
            all.extend(sleeps.iter().map(|slept| Meeting { command, at, slept: *slept }));
        }
    }
    judged(some(all, DRAWN), |meeting| meet(first, meeting))
}

const AWAKE: Duration = Duration::ZERO;
const ASLEEP: Duration = Duration::from_mins(2);

#[test]
fn the_same_command_twice_at_once_breaks_nothing() {
    for goal in [Goal::Retired, Goal::Kept, Goal::Destroyed, Goal::Restored] {
        let runs = at_every_request(&First::new(goal), Command::Same, &[AWAKE, ASLEEP]);
        assert!(runs >= 4, "{goal:?}: {runs}");
    }
}

#[test]
fn a_run_that_is_resumed_or_undone_while_it_is_at_work_goes_on() {
    let first = First::new(Goal::Retired);
    for command in [Command::Resume, Command::Undo] {
        let runs = at_every_request(&first, command, &[AWAKE, ASLEEP]);
        assert!(runs >= 14, "{command:?}: {runs}");
    }
}

#[test]
fn what_is_taken_back_is_not_retired_again_meanwhile() {
    for goal in [Goal::Retired, Goal::Restored] {
        let runs = at_every_request(&First::taking_back(goal), Command::Retire, &[AWAKE, ASLEEP]);
        assert!(runs >= 8, "{goal:?}: {runs}");
    }
}

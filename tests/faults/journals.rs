//! A journal that cannot be written, at each of its lines, by a run and by its
//! undo: nothing happens that is not on disk before, and it goes on from there.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kubectl_stateful::error::Failure;
use kubectl_stateful::runs::pen::Pen;
use kubectl_stateful::simulator::faults::{Crash, Fault, Faults, Point, Schedule, Strike};
use kubectl_stateful::simulator::oracles::{Ended, Rule, Violation, Watcher};

use crate::ends::is_unlocked;
use crate::first::{First, Goal, claims};
use crate::program::{Later, copy, disk, forget_last_words};
use crate::stage::Stage;
use crate::strikes::{judged, some};

/// What befalls a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    /// From here on there is no room but what was kept back.
    Full,
    /// From here on nothing can be written.
    ReadOnly,
    /// Half of it gets there, and the disk says so.
    Torn,
    /// The process ends in the middle of it.
    Cut,
    /// The process ends before it.
    Unwritten,
}

impl Bad {
    const ALL: [Self; 5] = [Self::Full, Self::ReadOnly, Self::Torn, Self::Cut, Self::Unwritten];
}

/// Lines that were begun, and the half of one that a dead process has left.
#[derive(Clone, Default)]
struct Written {
    lines: Arc<AtomicU64>,
    half: Arc<Mutex<Vec<u8>>>,
}

/// Lets this line go wrong in this way.
fn pen(bad: Option<(Bad, u64)>, folder: &Path, faults: &Faults, written: &Written) -> Pen {
    let (reserve, faults, written) = (folder.join("reserve"), faults.clone(), written.clone());
    Pen::new(move |file, bytes| {
        let line = written.lines.fetch_add(1, Ordering::SeqCst) + 1;
        let plainly = |file: &mut fs::File| file.write_all(bytes);
        let Some((bad, from)) = bad.filter(|(_, from)| line >= *from) else { return plainly(file) };
        let half = &bytes[..bytes.len() / 2];
        match bad {
            Bad::Full if reserve.exists() => Err(io::ErrorKind::StorageFull.into()),
            Bad::ReadOnly => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            Bad::Torn if line == from => file.write_all(half).and(Err(io::ErrorKind::Other.into())),
            Bad::Full | Bad::Torn => plainly(file),
            Bad::Cut | Bad::Unwritten => {
                if bad == Bad::Cut && line == from {
                    half.clone_into(&mut written.half.lock().unwrap());
                }
                faults.dies();
                Err(io::ErrorKind::Other.into())
            }
        }
    })
}

/// One run or undo with a bad line, then what goes on with it or takes it back;
/// what was broken.
fn lives(first: &First, bad: Bad, line: u64, then: Later) -> Vec<Violation> {
    let (mut stage, disk, written) = (first.stage.fork(), disk(), Written::default());
    let faults = stage.faults(Schedule::default());
    let folder = disk.path().join("state/runs").join(&first.plan.run);
    stage.pen = pen(Some((bad, line)), &folder, &faults, &written);
    let mut confirmed = first.confirmed.clone();
    confirmed.made.extend(claims());
    let watcher = Watcher::on(&stage.simulator, confirmed).following(&faults);
    let begun = first.begin(&stage, &faults, disk.path());
    let mut found = Vec::new();
    // Nobody says that all is well whose last line is not on disk.
    if bad != Bad::Full && bad != Bad::Torn && begun.is_ok() {
        found.push(broken(Rule::Honesty, "says done, and nobody will know"));
    }
    found.extend(begun.as_ref().err().and_then(|failure| is_lie(failure, &faults)));
    let half = written.half.lock().unwrap().clone();
    if !half.is_empty() {
        let mut file = fs::OpenOptions::new().append(true).open(folder.join("journal.jsonl")).unwrap();
        file.write_all(&half).unwrap();
    }
    faults.revive();
    stage.pen = Pen::default();
    let ended =
        if begun.is_ok() && then == Later::Resume { Ok(()) } else { first.later(&stage, &faults, disk.path(), then) };
    stage.rest();
    let what = format!("{begun:?}, then {ended:?}");
    if first.ended(&ended) != Ended::Done && !ended.is_err_and(|failure| failure.code == "data-destroyed") {
        found.push(broken(Rule::Progress, &what));
    }
    let is_there = match then {
        Later::Resume | Later::ResumeAndRunAgain | Later::Replan => first.is_reached(&stage),
        Later::Undo | Later::UndoAndRunAgain => first.is_taken_back(&stage),
    };
    found.extend(is_there.err().map(|why| broken(Rule::Honesty, &format!("{what}: {why}"))));
    found.extend(is_unlocked(&stage).err().map(|why| broken(Rule::Progress, &why)));
    found.extend(watcher.found());
    found
}

fn broken(rule: Rule, what: &str) -> Violation {
    Violation { rule, what: what.to_owned() }
}

/// Whether it says that nothing was changed, and something was.
fn is_lie(failure: &Failure, faults: &Faults) -> Option<Violation> {
    let writes = |path: &str| !path.contains("/leases") && !path.ends_with("reviews");
    let seen = faults.seen();
    let mut changed = seen.iter().filter(|seen| seen.method != "GET" && !seen.query.contains("dryRun"));
    let is_lie = failure.message.contains("nothing was changed") && changed.any(|seen| writes(&seen.path));
    is_lie.then(|| broken(Rule::Honesty, &failure.to_string()))
}

/// How many lines it writes when nothing is wrong.
fn lines(first: &First) -> u64 {
    let (mut stage, written) = (first.stage.fork(), Written::default());
    let faults = stage.faults(Schedule::default());
    let disk = disk();
    stage.pen = pen(None, disk.path(), &faults, &written);
    let _ = first.begin(&stage, &faults, disk.path());
    written.lines.load(Ordering::SeqCst)
}

/// Every bad line, gone on with in each of these ways.
fn at_every_line(first: &First, then: &[Later], at_most: usize) -> usize {
    let lines = lines(first);
    let all = (1..=lines).flat_map(|line| Bad::ALL.map(|bad| (bad, line)));
    let all: Vec<_> = all.flat_map(|(bad, line)| then.iter().map(move |then| (bad, line, *then))).collect();
    let words = |bad, line, then| format!("{:?}: {bad:?} at line {line} of {lines}, then {then:?}", first.goal);
    judged(some(all, at_most), |(bad, line, then)| (words(bad, line, then), lives(first, bad, line, then)))
}

#[test]
fn a_run_whose_journal_fails_at_any_line_goes_on_or_is_taken_back() {
    let runs = at_every_line(&First::new(Goal::Retired), &[Later::Resume, Later::Undo], 60);
    assert!(runs >= 60, "{runs}");
    for goal in [Goal::Destroyed, Goal::Restored] {
        let runs = at_every_line(&First::new(goal), &[Later::Resume, Later::Undo], 24);
        assert!(runs >= 24, "{goal:?}: {runs}");
    }
}

#[test]
fn an_undo_whose_journal_fails_at_any_line_goes_on() {
    for goal in [Goal::Retired, Goal::RetiredFromDeletingSet, Goal::Restored] {
        let runs = at_every_line(&First::taking_back(goal), &[Later::Undo], 24);
        assert!(runs >= 24, "{goal:?}: {runs}");
    }
}

/// The folder goes away under a run that works on it.
#[test]
fn nobody_says_done_whose_folder_is_gone() {
    let first = First::new(Goal::Retired);
    for line in 1..=lines(&first) {
        let (mut stage, disk) = (first.stage.fork(), disk());
        let faults = stage.faults(Schedule::default());
        let folder = disk.path().join("state/runs").join(&first.plan.run);
        let count = AtomicU64::new(0);
        stage.pen = Pen::new(move |file, bytes| {
            if count.fetch_add(1, Ordering::SeqCst) + 1 == line {
                fs::remove_dir_all(&folder).unwrap();
            }
            file.write_all(bytes)
        });
        let watcher = Watcher::on(&stage.simulator, first.confirmed.clone()).following(&faults);
        let begun = first.begin(&stage, &faults, disk.path());
        let failure = begun.expect_err("its journal is nowhere");
        assert_eq!(failure.code, "no-journal", "{line}: {failure}");
        assert_eq!(is_lie(&failure, &faults), None, "{line}");
        assert_eq!((is_unlocked(&stage), watcher.found()), (Ok(()), Vec::new()), "{line}");
    }
}

/// A line that is missing or changed is damage: nothing is done on the word of
/// what stands around it.
#[test]
fn a_journal_with_a_line_missing_or_changed_is_not_gone_on_with() {
    let first = First::new(Goal::Retired);
    let (stage, whole) = (first.stage.fork(), disk());
    let last = *first.turning.last().unwrap();
    let killed = Strike { at: Point::Request(last), fault: Fault::Crash(Crash::AfterAnswer) };
    let faults = stage.faults(Schedule(vec![killed]));
    let _ = first.begin(&stage, &faults, whole.path());
    forget_last_words(whole.path(), &first.plan.run);
    let file = |disk: &Path| disk.join("state/runs").join(&first.plan.run).join("journal.jsonl");
    let text = fs::read_to_string(file(whole.path())).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() > 20, "{}", lines.len());
    for index in 0..lines.len() - 1 {
        let without = [&lines[..index], &lines[index + 1..]].concat();
        let changed = lines[index].replacen('2', "3", 1);
        let other = [&lines[..index], &[changed.as_str()], &lines[index + 1..]].concat();
        for damaged in [without, other] {
            for then in [Later::Resume, Later::Undo] {
                let (stage, disk) = (Stage::of(stage.simulator.fork()), disk());
                copy(whole.path(), disk.path());
                fs::write(file(disk.path()), format!("{}\n", damaged.join("\n"))).unwrap();
                let faults = stage.faults(Schedule::default());
                let refused = first.later(&stage, &faults, disk.path(), then);
                assert_eq!(refused.map_err(|failure| failure.code), Err("run-unreadable"), "{index} {then:?}");
                let writes = faults.seen().iter().filter(|seen| seen.method != "GET").count();
                assert_eq!(writes, 0, "{index} {then:?}");
            }
        }
    }
}

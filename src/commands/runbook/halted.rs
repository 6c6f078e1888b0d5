//! The failure that a stopped runbook ends with: what happened, what has
//! changed by then, and what to type next.

use super::play::{Stopped, no_thread};
use crate::cluster::failure::explain;
use crate::commands::Context;
use crate::commands::refused::of_runbook;
use crate::effects::EffectError;
use crate::error::{Failure, Kind};
use crate::runs::call::Phase;
use crate::runs::conductor::Conductor;
use crate::runs::halt::Halt;
use crate::runs::id::RunId;
use crate::runs::plan::{Line, SAID};
use crate::runs::querying::ALLOW_QUERIES;
use crate::runs::reads::ReadError;
use crate::runs::wait::WaitError;
use crate::runs::waits::WaitFailed;

/// It stopped on the copy: nothing was changed.
pub fn while_planning(stopped: Stopped, lines: &[Line], context: &Context<'_>) -> Failure {
    let mut failure = match stopped {
        // The copy is of this moment: nobody has taken it away meanwhile.
        Stopped::Halt(Halt::Effect { object, error }) if matches!(*error, EffectError::Vanished) => {
            Failure::refused("no-such-object", format!("there is no `{object}`"))
        }
        other => failure(other, context),
    };
    let last = lines.iter().rev().find_map(|line| match line {
        Line::Step { title } => Some(title.clone()),
        Line::AtEnd { label } => Some(label.clone()),
        _ => None,
    });
    let place = last.map(|title| format!(" (while playing `{title}` on a copy)")).unwrap_or_default();
    let what = failure.message.trim_end_matches("; nothing was changed");
    failure.message = format!("{what}{place}; nothing was changed");
    if failure.kind == Kind::Failed {
        failure.kind = Kind::Refused;
    }
    failure
}

/// It stopped on the cluster itself; `anew` is the command that begins it anew.
pub fn while_running(stopped: Stopped, conductor: &Conductor<'_>, anew: &str, context: &Context<'_>) -> Failure {
    let mut failure = failure(stopped, context);
    if conductor.changed.is_empty() {
        if !failure.message.contains("nothing was changed") {
            failure.message.push_str("; nothing was changed");
        }
        return failure;
    }
    if conductor.phase == Phase::Verify && failure.kind != Kind::Interrupted {
        failure.kind = Kind::Problems;
        failure.message = format!("done, but {}", failure.message);
        return failure;
    }
    if failure.kind != Kind::Diverged {
        failure.kind = Kind::Partial;
    }
    // Whoever interrupts a script between two calls does not know what was changed by then.
    failure.message.truncate(failure.message.trim_end_matches("; nothing was changed").len());
    let run = conductor.run.as_str();
    let ours = |words: String| context.as_given().ours(&words);
    let mut failure = conductor.changed.iter().fold(failure, |failure, object| failure.changed(object.as_str()));
    if failure.code == FATE_NOT_AS_SHOWN {
        return undone_first(failure, run, anew, context);
    }
    let again = if failure.kind == Kind::Diverged { " --replan" } else { "" };
    failure = failure.hint(ours(format!("resume {run}{again}")));
    if BY_OTHERS.contains(&failure.code) {
        failure = failure.hint(format!("or leave the run as it is, and plan anew: {anew}"));
    }
    failure.hint(format!("or take it back: {}", ours(format!("undo {run}"))))
}

/// No new plan could be made for the rest: where the run itself stands in the
/// way of that, one that begins anew is not held to what it has read.
pub fn while_replanning(mut failure: Failure, run: &RunId, anew: &str, context: &Context<'_>) -> Failure {
    if failure.kind == Kind::Interrupted {
        return failure;
    }
    if failure.code == FATE_NOT_AS_SHOWN {
        return undone_first(failure, run.as_str(), anew, context);
    }
    // What says to plan the rest anew has just been done.
    failure.hints.retain(|hint| !hint.contains("--replan"));
    failure
        .hint(format!("or leave the run as it is, and plan anew: {anew}"))
        .hint(format!("or take it back: {}", context.as_given().ours(&format!("undo {run}"))))
}

/// What was shown and approved is a part of the run: no resume changes that.
fn undone_first(failure: Failure, run: &str, anew: &str, context: &Context<'_>) -> Failure {
    failure.hint(context.as_given().ours(&format!("undo {run}"))).hint(format!("then plan it anew: {anew}"))
}

/// The run would do what nobody has seen: that is in its journal, and stays there.
const FATE_NOT_AS_SHOWN: &str = "fate-not-as-shown";

/// Somebody else has changed the set or its claims: a run that is held to what it has
/// read may not come to another end for as long as that stands.
const BY_OTHERS: [&str; 4] = ["changed-meanwhile", "diverged", "member-wanted", "many-at-once"];

fn failure(stopped: Stopped, context: &Context<'_>) -> Failure {
    match stopped {
        Stopped::Thread(why) => no_thread(&why),
        Stopped::Script(error) => error.into(),
        Stopped::Halt(halt) => halted(halt, context),
    }
}

fn halted(halt: Halt, context: &Context<'_>) -> Failure {
    match halt {
        Halt::Interrupted => Failure { message: "interrupted".to_owned(), ..Failure::interrupted() },
        Halt::Guard { message } => Failure::refused("guard", message),
        Halt::Declined => Failure::failed("declined", "declined"),
        Halt::Unasked { question, flag } => {
            Failure::refused("not-confirmed", format!("nobody can be asked: {question}"))
                .hint(format!("`{flag}` answers it"))
        }
        halt @ Halt::Unassumed { .. } => Failure::refused("not-assumed", halt.to_string())
            .hint("say it in the script: member.query([…], #{ assume: \"0\" })")
            .hint(format!("or let the plan ask the real pod: `{ALLOW_QUERIES}`")),
        Halt::Effect { object, error } => of_runbook(&object, &error, context),
        halt @ (Halt::EffectInPhase { .. } | Halt::Undeclared { .. }) => {
            Failure::usage("effect-refused", halt.to_string())
                .hint("what a runbook changes stands in `RUNBOOK.effects`, and happens in `run`")
        }
        Halt::Diverged { approved, now } => {
            let what = both_sides(&approved, &now, "now it is");
            let what = format!("the next effect is not the approved one: approved was {what}");
            Failure::new(Kind::Diverged, "diverged", what)
        }
        Halt::Replay { recorded, asked } => {
            let what = format!("the script asks for `{asked:?}` where it asked for `{recorded:?}` before");
            Failure::new(Kind::Diverged, "replay-differs", what)
        }
        Halt::Wait(error) => waited(error, context),
        Halt::Read(error) => unread(error, context),
        Halt::Journal(why) => Failure::failed("no-journal", format!("the run's journal cannot be written: {why}"))
            .hint("make room there, or set XDG_STATE_HOME to a folder that can be written"),
    }
}

/// A fingerprint (`verb namespace/Kind/name uid change`) without what only the program compares.
pub fn in_words(fingerprint: &str) -> String {
    if fingerprint.starts_with(SAID) {
        return fingerprint.to_owned();
    }
    let mut parts = fingerprint.splitn(4, ' ');
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(verb), Some(object), Some(_), Some(change)] if object.contains('/') => {
            let change = change.rsplit_once(" #").map_or(change, |(shown, _)| shown);
            format!("{verb} {} {change}", object.trim_start_matches('/')).trim_end().to_owned()
        }
        _ => fingerprint.to_owned(),
    }
}

/// What was planned and what it would be now. Where the words are the same, something else differs.
pub fn both_sides(planned: &str, now: &str, then: &str) -> String {
    let uid = |line: &str| line.split(' ').nth(2).unwrap_or_default().to_owned();
    let (before, after) = (in_words(planned), in_words(now));
    let why = match () {
        () if before != after => "",
        () if uid(planned) != uid(now) => ", but of another object that has its name by now",
        () => ", but with other values that no line has room for: `-o json` shows them",
    };
    format!("`{before}`, {then} `{after}`{why}")
}

const STATUS: &str = "`kubectl stateful status` and `kubectl stateful doctor` say what holds it";

fn waited(error: WaitFailed, context: &Context<'_>) -> Failure {
    match error {
        WaitFailed::Changed(how) => Failure::refused("changed-meanwhile", how),
        WaitFailed::Lock(error) => of_runbook("the lock", &error, context),
        WaitFailed::Read(error) => unread(error, context),
        WaitFailed::Wait(error) => match error {
            WaitError::Interrupted { .. } => Failure { message: error.to_string(), ..Failure::interrupted() },
            WaitError::TimedOut { .. } => {
                Failure::failed("timed-out", error.to_string()).hint(context.as_given().led(STATUS))
            }
            WaitError::Idle { .. } => {
                Failure::failed("waits-for-ever", error.to_string()).hint(context.as_given().led(STATUS))
            }
            WaitError::Read { cause, what } => {
                explain(&cause, &context.connection.identity, &format!("reading {what}"))
            }
        },
    }
}

fn unread(error: ReadError, context: &Context<'_>) -> Failure {
    match error {
        ReadError::NoSet(_) => Failure::failed("no-set", error.to_string()),
        ReadError::TooMuch { .. } => Failure::refused("too-much", error.to_string())
            .hint("take those that are wanted: k8s::list(kind, #{ labels: \"app=web\" })"),
        ReadError::SetDeleting(_) => Failure::refused("set-deleting", error.to_string()),
        ReadError::SetReplaced(_) => Failure::new(Kind::Diverged, "diverged", error.to_string()),
        ReadError::Api(error) => explain(&error, &context.connection.identity, "reading the cluster"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_a_line_without_its_uid() {
        let line = "scale default/StatefulSet/web 0f1e .spec.replicas 3 → 2";
        assert_eq!(in_words(line), "scale default/StatefulSet/web .spec.replicas 3 → 2");
        assert_eq!(in_words("protect /PersistentVolume/disk 0f1e "), "protect PersistentVolume/disk");
        assert_eq!(in_words("nothing more"), "nothing more");
        assert_eq!(
            in_words("patch d/ConfigMap/c 0f1e .data.a 1 → 2 #0123456789ab"),
            "patch d/ConfigMap/c .data.a 1 → 2"
        );
    }

    #[test]
    fn two_lines_with_the_same_words_are_told_apart() {
        let [one, other, long] = ["a b/c 1 .d 1 → 2 #aa", "a b/c 2 .d 1 → 2 #aa", "a b/c 1 .d 1 → 2 #bb"];
        assert!(both_sides(one, other, "now").ends_with("of another object that has its name by now"));
        assert!(both_sides(one, long, "now").contains("other values"));
        assert_eq!(both_sides(one, "nothing more", "now"), "`a b/c .d 1 → 2`, now `nothing more`");
    }
}

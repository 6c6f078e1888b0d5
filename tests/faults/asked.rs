//! Members whose applications are asked before they go: the command is never
//! heard to its end, says no, or dies with its pod; and requests fail around it.
//! Nobody goes whose application has not said yes, and nothing is run twice
//! unless somebody says so.

use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, ready};
use futures::stream::iter;
use futures::{FutureExt as _, StreamExt as _};
use kubectl_stateful::cluster::exec::{Exec, ExecError, Heard, Output, Program as Command};
use kubectl_stateful::simulator::Simulator;
use kubectl_stateful::simulator::faults::{Disturbance, Fault, Faults, Rival, Schedule};
use kubectl_stateful::simulator::oracles::{Ended, Rule, Violation, Watcher};

use crate::ends::is_unlocked;
use crate::first::{First, Goal, claims};
use crate::program::{Later, disk, forget_last_words};
use crate::strikes::{beside_writes, comes_from_others, judged, some};

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Yes,
    No,
    /// It is not started.
    Refused,
    /// It says yes, and nobody hears it.
    Unheard,
    /// Its pod goes while it runs.
    PodDies,
    /// The process that listens ends while it runs.
    Killed,
}

/// Everything that was run in pods: one command meets its fate, and all others
/// say yes.
#[derive(Clone)]
pub struct Pods {
    simulator: Simulator,
    faults: Faults,
    fate: Fate,
    /// How many commands there are before it.
    at: usize,
    started: Arc<Mutex<Vec<(String, Fate)>>>,
}

impl Pods {
    /// Those of a cluster, which is seen through these faults.
    pub fn of(simulator: &Simulator, faults: &Faults, (at, fate): (usize, Fate)) -> Self {
        Self { simulator: simulator.clone(), faults: faults.clone(), fate, at, started: Arc::default() }
    }

    /// How the commands of this name ended.
    pub fn fates(&self, name: &str) -> Vec<Fate> {
        let started = self.started.lock().unwrap();
        started.iter().filter(|(of, _)| of.ends_with(name)).map(|(_, fate)| *fate).collect()
    }

    fn fate_of(&self, program: &Command) -> Fate {
        let mut started = self.started.lock().unwrap();
        let fate = if started.len() == self.at { self.fate } else { Fate::Yes };
        started.push((format!("{}: {}", program.pod, program.words.join(" ")), fate));
        fate
    }

    /// Whether the application of a member has said yes.
    fn may_go(&self, pod: &str) -> bool {
        self.started.lock().unwrap().iter().any(|(of, fate)| of.starts_with(pod) && *fate == Fate::Yes)
    }

    fn runs(&self) -> usize {
        self.started.lock().unwrap().iter().filter(|(_, fate)| *fate != Fate::Refused).count()
    }
}

impl Exec for Pods {
    fn start<'a>(&'a self, program: &'a Command) -> BoxFuture<'a, Result<Output, ExecError>> {
        let lost = |why: &str| Err(ExecError::Lost(why.to_owned()));
        let said = |code| Ok(Heard::Exited(code));
        let heard = match self.fate_of(program) {
            Fate::Yes => vec![said(0)],
            Fate::No => vec![Ok(Heard::Printed("not yet".into())), said(1)],
            Fate::Refused => {
                let status = kube::core::Status::failure("no", "Forbidden").with_code(403);
                return ready(Err(ExecError::Refused(Box::new(kube::Error::Api(Box::new(status)))))).boxed();
            }
            Fate::Unheard => vec![lost("the connection ended before the program did")],
            Fate::PodDies => {
                let act = Rival::Evict { pod: program.pod.clone() };
                self.simulator.disturb(&Disturbance::Rival { namespace: program.namespace.clone(), act });
                vec![lost("the container is gone")]
            }
            Fate::Killed => {
                self.faults.dies();
                vec![lost("killed")]
            }
        };
        ready(Ok(iter(heard).boxed())).boxed()
    }
}

/// One run whose first command meets this fate under a schedule, with what goes
/// on with it; what was broken.
fn lives(first: &First, fate: Fate, schedule: Schedule, then: Later) -> (String, Vec<Violation>) {
    let (mut stage, disk) = (first.stage.fork(), disk());
    let what = format!("{fate:?} {schedule:?} {then:?}");
    let faults = stage.faults(schedule);
    let pods = Pods::of(&stage.simulator, &faults, (0, fate));
    stage.exec = Some(Arc::new(pods.clone()));
    let mut confirmed = first.confirmed.clone();
    confirmed.made.extend(claims());
    let watcher = Watcher::on(&stage.simulator, confirmed).following(&faults);
    let (early, asked) = (Arc::new(Mutex::new(false)), pods.clone());
    let seen = Arc::clone(&early);
    stage.simulator.on_commit(Box::new(move |commit| {
        let replicas = |set: Option<&Arc<serde_json::Value>>| set.and_then(|set| set["spec"]["replicas"].as_u64());
        let (before, after) = (replicas(commit.before.as_ref()), replicas(commit.after.as_ref()));
        let goes = commit.kind.kind == "StatefulSet" && after < before;
        *seen.lock().unwrap() |= goes && !asked.may_go("web-1");
    }));
    let mut ends = Vec::new();
    let mut found = Vec::new();
    let mut result = first.begin(&stage, &faults, disk.path());
    for _ in 0..6 {
        let code = result.as_ref().err().map(|failure| failure.code);
        let runs = pods.runs();
        if faults.is_dead() {
            forget_last_words(disk.path(), &first.plan.run);
            ends.push(Ended::Lost("killed".to_owned()));
        } else {
            ends.push(first.ended(&result));
        }
        let is_over = ends.last() == Some(&Ended::Done);
        faults.stop();
        faults.revive();
        if is_over {
            break;
        }
        // Somebody has looked, and says so.
        let then = match code {
            Some("not-confirmed") => Later::ResumeAndRunAgain,
            // The pod that comes back is another one than the plan has named.
            Some("diverged") if fate == Fate::PodDies => Later::Replan,
            _ => then,
        };
        result = first.later(&stage, &faults, disk.path(), then);
        let is_unknown = matches!(fate, Fate::Unheard | Fate::PodDies | Fate::Killed) && runs == 1;
        if is_unknown && then == Later::Resume && pods.runs() > runs {
            found.push(broken(Rule::Idempotence, "run twice, and nobody said so"));
        }
        stage.simulator.pass(std::time::Duration::from_mins(2));
    }
    stage.rest();
    let is_there = match then {
        Later::Resume | Later::ResumeAndRunAgain | Later::Replan => first.is_reached(&stage),
        Later::Undo | Later::UndoAndRunAgain => first.is_taken_back(&stage),
    };
    if ends.last() != Some(&Ended::Done) || is_there.is_err() {
        found.push(broken(Rule::Progress, &format!("{ends:?} {is_there:?}")));
    }
    if *early.lock().unwrap() {
        found.push(broken(Rule::Surprise, "a member goes whose application has not said yes"));
    }
    found.extend(is_unlocked(&stage).err().map(|why| broken(Rule::Progress, &why)));
    found.extend(watcher.found());
    (format!("{what} {ends:?}"), found)
}

fn broken(rule: Rule, what: &str) -> Violation {
    Violation { rule, what: what.to_owned() }
}

#[test]
fn whatever_becomes_of_a_command_its_run_goes_on_or_is_taken_back() {
    let first = First::new(Goal::Asked);
    let fates = [Fate::Yes, Fate::No, Fate::Refused, Fate::Unheard, Fate::PodDies, Fate::Killed];
    let all: Vec<_> = fates.into_iter().flat_map(|fate| [(fate, Later::Resume), (fate, Later::Undo)]).collect();
    // What is done is not taken back here.
    let all = all.into_iter().filter(|(fate, then)| *fate != Fate::Yes || *then == Later::Resume).collect();
    judged(all, |(fate, then)| lives(&first, fate, Schedule::default(), then));
}

#[test]
fn nor_is_any_member_taken_unasked_whatever_befalls_a_request_besides() {
    let first = First::new(Goal::Asked);
    let all = beside_writes(&first, |strike| {
        !comes_from_others(&strike.fault) && !matches!(strike.fault, Fault::Stale(_) | Fault::Journal(_))
    });
    let fates = [Fate::Yes, Fate::Unheard];
    let all: Vec<_> = all.into_iter().flat_map(|(_, schedule)| fates.map(|fate| (schedule.clone(), fate))).collect();
    assert!(all.len() >= 300, "{}", all.len());
    let runs = judged(some(all, 80), |(schedule, fate)| lives(&first, fate, schedule, Later::Resume));
    assert!(runs >= 80, "{runs}");
}

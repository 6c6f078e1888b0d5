//! The program's own scale-down under every single fault at every request: the
//! shipped runbook, its conductor, its journal, resumed until it ends, and taken
//! back again. What the careful one by hand is held to, this is held to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use kubectl_stateful::cluster::{Connection, Entropy, Interrupt};
use kubectl_stateful::commands::flags::Format;
use kubectl_stateful::commands::runbook::flags::{PlanFormat, RunFlags};
use kubectl_stateful::commands::runbook::{carry_out, planning, resume, undo};
use kubectl_stateful::commands::{Context, screen::Screen};
use kubectl_stateful::error::{Failure, Kind};
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runs::event::{Event, Observer};
use kubectl_stateful::runs::places::Places;
use kubectl_stateful::runs::plan::Plan;
use kubectl_stateful::simulator::faults::{Cast, Fault, Faults, Length, Point, Schedule, Strike};
use kubectl_stateful::simulator::oracles::{Confirmed, Ended, Violation, Watcher, honesty, idempotence, progress};
use kubectl_stateful::wizard::parameter::{Answer, Answers};
use kubectl_stateful::wizard::question::{Abandoned, Ask, Question, Reply};
use kubectl_stateful::{OnSimulator, simulated};
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::{SET, Stage, TEMPLATES, VOLUMES, claim};

/// Attempts after the last fault.
const ATTEMPTS: usize = 4;

/// Nobody to ask, and nobody who listens.
struct Nobody;

impl Ask for Nobody {
    fn can_ask(&self) -> bool {
        false
    }

    fn ask(&self, _: &Question<'_>) -> Result<Reply, Abandoned> {
        Err(Abandoned)
    }
}

impl Observer for Nobody {
    fn event(&self, _: Event) {}
}

impl Screen for Nobody {
    fn print(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn document(&self, _: &str, _: Format) -> Result<(), Failure> {
        Ok(())
    }

    fn show(&self, _: &str) {}

    fn plan(&self, _: &Plan, _: Option<PlanFormat>) -> Result<(), Failure> {
        Ok(())
    }

    fn labelled(&self, _: &[(String, String)]) -> Result<(), Failure> {
        Ok(())
    }
}

struct Zero;

impl Entropy for Zero {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// The disk of one run.
fn disk() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn connection(stage: &Stage, client: Option<kube::Client>) -> Connection {
    let plain = simulated(&stage.simulator, "sandbox", "default", Arc::new(Zero), &Interrupt::default());
    match client {
        Some(client) => Connection { client, ..plain },
        None => plain,
    }
}

/// Something that the program does on a cluster, with files of its own.
async fn with<T>(connection: &Connection, disk: &Path, act: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
    let places = Places { state: disk.join("state"), config: disk.join("config") };
    let context = Context {
        connection,
        copies: &OnSimulator,
        screen: &Nobody,
        places: &places,
        namespace_given: false,
        connection_words: Vec::new(),
    };
    act(&context).await
}

fn flags() -> RunFlags {
    RunFlags { yes: true, ..RunFlags::default() }
}

fn answers(to: i64) -> Answers {
    let mut answers = Answers::new();
    answers.insert("set".to_owned(), Answer::Text("web".to_owned()));
    answers.insert("replicas".to_owned(), Answer::Int(to));
    answers.insert("claims".to_owned(), Answer::Text("retire".to_owned()));
    answers.insert("settle".to_owned(), Answer::Text("2s".to_owned()));
    answers.insert("at_most".to_owned(), Answer::Text("10m".to_owned()));
    answers.insert("no_app_check".to_owned(), Answer::Bool(true));
    answers
}

/// How it ended, as it would tell: a refusal by name is a stop, what was lost
/// on the way can be resumed.
fn ended(result: &Result<(), Failure>) -> Ended {
    match result {
        Ok(()) => Ended::Done,
        Err(failure) if is_lost(failure) => Ended::Lost(failure.to_string()),
        Err(failure) => Ended::Stopped(failure.code.to_owned()),
    }
}

fn is_lost(failure: &Failure) -> bool {
    let named = [
        "answer-lost",
        "request-failed",
        "undecodable",
        "expired",
        "too-many-requests",
        "unavailable",
        "timeout",
        "connection-lost",
        "unreachable",
        "no-journal",
        "interrupted",
        "timed-out",
        "server-error",
        "server-refused",
        "forbidden",
        "unauthorized",
        "conflict",
        "locked",
    ];
    failure.kind != Kind::Diverged && named.contains(&failure.code) || failure.code.contains("server")
}

/// A killed process writes no last words: what stands behind the last line that
/// it could write is taken off the journal.
fn forget_last_words(disk: &Path, run: &str) {
    let path = disk.join(format!("state/runs/{run}/journal.jsonl"));
    let Ok(text) = fs::read_to_string(&path) else { return };
    let mut lines: Vec<&str> = text.lines().collect();
    let is_last_word = |line: &&str| {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        line["state"] == "failed" || line["state"] == "ended"
    };
    while lines.last().is_some_and(is_last_word) {
        lines.pop();
    }
    lines.push("");
    fs::write(&path, lines.join("\n")).unwrap();
}

/// A cluster before the run, and the run that nothing struck.
struct First {
    stage: Stage,
    runbook: Runbook,
    plan: Plan,
    confirmed: Confirmed,
    cast: Cast,
    length: Length,
    turning: BTreeSet<u64>,
}

impl First {
    fn new() -> Self {
        let stage = Stage::new(2);
        let runbook = Runbook::shipped("scale-down").unwrap();
        let folder = disk();
        let plan = stage.runtime.block_on(async {
            let connection = connection(&stage, None);
            with(&connection, folder.path(), async |context| planning::plan(&runbook, &answers(1), context).await).await
        });
        let plan = plan.unwrap();
        let mut confirmed = stage.plan(1);
        confirmed.ours.insert("kubectl-stateful".to_owned());
        confirmed.made.insert(("Lease".to_owned(), "default".to_owned(), "stateful-web".to_owned()));
        let mut first = Self {
            cast: stage.cast(),
            stage,
            runbook,
            plan,
            confirmed,
            length: Length::default(),
            turning: BTreeSet::new(),
        };
        let home = first.stage.get("/api/v1/namespaces/default/pods/web-1")["spec"]["nodeName"].clone();
        first.cast.nodes.retain(|node| home == node.as_str());
        first.cast.claims.retain(|claim| claim.starts_with("data"));
        first.cast.volumes.truncate(1);
        let recorded = first.stage.fork();
        let faults = recorded.faults(Schedule::default());
        let folder = disk();
        let result = first.begin(&recorded, &faults, folder.path());
        assert_eq!(ended(&result), Ended::Done, "{result:?}");
        first.length = faults.length();
        // What others do after the last check, while the lock is given back, is not the run's.
        let writes =
            (1..).zip(faults.seen()).filter(|(_, seen)| seen.method != "GET" && !seen.path.contains("/leases"));
        first.turning = writes.flat_map(|(number, _)| [number - 1, number]).collect();
        first
    }

    fn begin(&self, stage: &Stage, faults: &Faults, disk: &Path) -> Result<(), Failure> {
        stage.runtime.block_on(async {
            let connection = connection(stage, Some(faults.client(&stage.simulator)));
            with(&connection, disk, async |context| {
                carry_out::begin(&self.runbook, &answers(1), self.plan.clone(), &flags(), context).await
            })
            .await
        })
    }

    fn later(&self, stage: &Stage, faults: &Faults, disk: &Path, undoes: bool) -> Result<(), Failure> {
        stage.runtime.block_on(async {
            let connection = connection(stage, Some(faults.client(&stage.simulator)));
            with(&connection, disk, async |context| {
                let (run, flags) = (Some(self.plan.run.as_str()), flags());
                if undoes { undo(run, &flags, context).await } else { resume(run, &flags, context).await }
            })
            .await
        })
    }

    /// The same set stands with one member, and the claims of the other are gone.
    fn is_reached(&self, stage: &Stage) -> bool {
        let is_there = |template: &&str| stage.get(&claim(template, 1))["metadata"]["uid"].is_string();
        let (set, meta) = (stage.get(SET), self.stage.get(SET)["metadata"].clone());
        let stands = set["metadata"]["uid"] == meta["uid"] && set["metadata"]["deletionTimestamp"].is_null();
        stands && set["spec"]["replicas"] == 1 && !TEMPLATES.iter().any(is_there)
    }

    /// Two members again, each claim on the volume that it had, as it was.
    fn is_back(&self, stage: &Stage) -> Result<(), String> {
        if stage.get(SET)["spec"]["replicas"] != 2 {
            return Err("the set has not its members back".to_owned());
        }
        for template in TEMPLATES {
            let volume = |stage: &Stage| stage.get(&claim(template, 1))["spec"]["volumeName"].clone();
            let (before, after) = (volume(&self.stage), volume(stage));
            if before != after {
                return Err(format!("claim {template} has {after} and not {before}"));
            }
            let found = stage.get(&format!("{VOLUMES}/{}", after.as_str().unwrap_or_default()));
            if found["spec"]["persistentVolumeReclaimPolicy"] != "Delete" || found["status"]["phase"] != "Bound" {
                return Err(format!("volume of {template} is {} {}", found["spec"], found["status"]));
            }
            if !found["metadata"]["labels"]["kubectl-stateful/retired"].is_null() {
                return Err(format!("volume of {template} is still marked"));
            }
        }
        Ok(())
    }

    /// One run with its resumes; what was broken, and how often others won a race.
    fn lives(&self, schedule: Schedule) -> (Vec<Violation>, usize) {
        let (stage, folder) = (self.stage.fork(), disk());
        // Who sees an old world may well stop, by name.
        let misled = |fault: &Fault| matches!(fault, Fault::Meanwhile(_) | Fault::Second | Fault::Stale(_));
        let alone = !schedule.0.iter().any(|strike| misled(&strike.fault));
        let faults = stage.faults(schedule);
        let watcher = Watcher::on(&stage.simulator, self.confirmed.clone()).following(&faults);
        let first = self.begin(&stage, &faults, folder.path());
        let mut ends = vec![ended(&first)];
        if faults.is_dead() {
            forget_last_words(folder.path(), &self.plan.run);
            ends = vec![Ended::Lost("killed".to_owned())];
        }
        faults.stop();
        for _ in 0..ATTEMPTS {
            if ends.last().is_some_and(|end| !matches!(end, Ended::Lost(_))) {
                break;
            }
            faults.revive();
            ends.push(ended(&self.later(&stage, &faults, folder.path(), false)));
        }
        stage.rest();
        let mut found: Vec<Violation> = progress(&ends, ATTEMPTS + 1).into_iter().collect();
        // Nobody else has touched the cluster: nothing but the goal will do.
        assert!(!alone || ends.last() == Some(&Ended::Done), "nobody was in the way: {:?} {ends:?}", faults.struck());
        if ends.last() == Some(&Ended::Done) {
            found.extend(honesty(&Ended::Done, self.is_reached(&stage)));
            let before = faults.seen().len();
            let _ = self.later(&stage, &faults, folder.path(), false);
            found.extend(idempotence(&faults.seen()[before..]));
        }
        found.extend(watcher.found());
        (found, watcher.races().len())
    }
}

/// Every single fault out of some at every request.
fn singles(first: &First, takes: impl Fn(&Strike) -> bool) -> usize {
    assert!(first.length.requests >= 15, "{:?}", first.length);
    let at_requests = Length { requests: first.length.requests, ..Length::default() };
    let mut runs = 0;
    for schedule in Schedule::singles(at_requests, &first.cast).filter(|schedule| takes(&schedule.0[0])) {
        let (found, _) = first.lives(schedule.clone());
        assert!(found.is_empty(), "{schedule:?}: {found:#?}");
        runs += 1;
    }
    runs
}

#[test]
fn the_runbook_takes_one_member_away_and_keeps_its_data() {
    let first = First::new();
    assert_eq!(first.plan.effects(), 5, "{:?}", first.plan.fingerprints());
    let (found, _) = first.lives(Schedule::default());
    assert!(found.is_empty(), "{found:#?}");
}

/// Beside writes; at all requests on demand (`KUBECTL_STATEFUL_RANDOM`).
#[test]
fn every_single_fault_of_a_request_breaks_nothing() {
    let (first, everywhere) = (First::new(), std::env::var_os("KUBECTL_STATEFUL_RANDOM").is_some());
    let runs = singles(&first, |strike| {
        let is_beside = matches!(strike.at, Point::Request(number) if everywhere || first.turning.contains(&number));
        is_beside && !matches!(strike.fault, Fault::Meanwhile(_) | Fault::Second)
    });
    assert!(runs >= 8 * 20, "{runs}");
}

#[test]
fn whatever_others_do_beside_a_write_breaks_nothing() {
    let (first, everywhere) = (First::new(), std::env::var_os("KUBECTL_STATEFUL_RANDOM").is_some());
    let runs = singles(&first, |strike| {
        let is_beside = matches!(strike.at, Point::Request(number) if everywhere || first.turning.contains(&number));
        is_beside && matches!(strike.fault, Fault::Meanwhile(_))
    });
    assert!(runs >= 8 * 20, "{runs}");
}

/// Killed at every request, in three moments each, and taken back.
#[test]
fn a_killed_run_is_taken_back_wherever_it_was_killed() {
    let first = First::new();
    let at_requests = Length { requests: first.length.requests, ..Length::default() };
    let crashes = |schedule: &Schedule| matches!(schedule.0[0].fault, Fault::Crash(_));
    let mut runs = 0;
    for schedule in Schedule::singles(at_requests, &first.cast).filter(crashes) {
        let (stage, folder) = (first.stage.fork(), disk());
        let faults = stage.faults(schedule.clone());
        let claims = TEMPLATES.map(|template| format!("{template}-web-1"));
        let mut confirmed = first.confirmed.clone();
        confirmed.made.extend(claims.map(|claim| ("PersistentVolumeClaim".to_owned(), "default".to_owned(), claim)));
        let watcher = Watcher::on(&stage.simulator, confirmed).following(&faults);
        let _ = first.begin(&stage, &faults, folder.path());
        assert!(faults.is_dead(), "{schedule:?}");
        forget_last_words(folder.path(), &first.plan.run);
        faults.stop();
        faults.revive();
        // The lock of the killed run is its own.
        let undone = first.later(&stage, &faults, folder.path(), true);
        assert!(undone.is_ok(), "{schedule:?}: {undone:?}");
        stage.rest();
        let found = watcher.found();
        assert!(found.is_empty(), "{schedule:?}: {found:#?}");
        assert_eq!(first.is_back(&stage), Ok(()), "{schedule:?}");
        runs += 1;
    }
    assert!(runs >= 3 * 15, "{runs}");
}

//! Clusters for the tests of runbooks: each a simulator with a set, and a home
//! of its own for the journals. Nobody sits at the screen.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Method, Request};
use kube::client::Body;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::copies::OnSimulator;
use super::nobody::{Counted, Nobody};
use super::sandbox::{client, simulated};
use super::specimen;
use crate::cluster::exec::{ExecError, Output, Program};
use crate::cluster::{Connection, Exec, Interrupt};
use crate::commands::Context;
use crate::commands::runbook::flags::{ApprovalFlags, RunFlags};
use crate::commands::runbook::{carry_out, planning, resume, undo};
use crate::effects::Guards;
use crate::error::Failure;
use crate::runbook::script::Runbook;
use crate::runbook::trial::{Cluster, Clusters, Given, Played, Struck};
use crate::runs::folder::{RunFolder, State};
use crate::runs::pen::Pen;
use crate::runs::places::Places;
use crate::runs::plan::{Line, Plan};
use crate::simulator::controllers::kubelet::{EXEC_EXIT, EXEC_PRINTS};
use crate::simulator::{Options, Simulator};
use crate::wizard::parameter::Parameter;

/// How often a run is resumed that was interrupted once.
const ATTEMPTS: usize = 3;

/// Until nothing happens any more.
const REST: Duration = Duration::from_mins(10);

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

/// Makes simulated clusters.
pub struct SimulatedClusters;

impl Clusters for SimulatedClusters {
    fn cluster(&self, replicas: u32) -> Arc<dyn Cluster> {
        let simulator = Simulator::in_memory(Options { seed: 7, ..Options::default() });
        let stage = Stage::on(simulator);
        // What is wrong with it shows in the first thing that a test does.
        let _ = futures::executor::block_on(stage.simulator.create_by_hand(SETS, &specimen::set(replicas)));
        stage.simulator.pass(REST);
        Arc::new(stage)
    }
}

struct Stage {
    simulator: Simulator,
    home: std::io::Result<TempDir>,
    /// How many commands there were: each draws other numbers.
    commands: AtomicU64,
    ran: Ran,
}

/// What was run in the pods of a cluster.
#[derive(Clone, Default)]
struct Ran(Arc<Mutex<Vec<String>>>);

impl Ran {
    fn all(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs programs and remembers them.
struct Remembered {
    inner: Arc<dyn Exec>,
    ran: Ran,
}

impl Exec for Remembered {
    fn start<'a>(&'a self, program: &'a Program) -> BoxFuture<'a, Result<Output, ExecError>> {
        self.ran.all().push(format!("{}: {}", program.pod, program.words.join(" ")));
        self.inner.start(program)
    }
}

/// At which write somebody interrupts a command, and how many there were.
#[derive(Clone, Default)]
struct Strike {
    at: Option<usize>,
    writes: Arc<AtomicUsize>,
    interrupt: Interrupt,
}

impl Strike {
    fn sees(&self, request: &Request<Body>) {
        let uri = request.uri().to_string();
        if request.method() == Method::GET || uri.contains("dryRun") || uri.contains("accessreviews") {
            return;
        }
        if Some(self.writes.fetch_add(1, Ordering::SeqCst)) == self.at {
            self.interrupt.raise();
        }
    }
}

impl Stage {
    fn on(simulator: Simulator) -> Self {
        Self { simulator, home: specimen::home(), commands: AtomicU64::new(0), ran: Ran::default() }
    }

    fn connection(&self, strike: &Strike) -> Connection {
        let entropy = Arc::new(Counted(self.commands.fetch_add(1, Ordering::SeqCst)));
        let (strike, inner) = (strike.clone(), self.simulator.service());
        let connection = simulated(&self.simulator, "test", "default", entropy, &strike.interrupt);
        let service = tower::service_fn(move |request: Request<Body>| {
            strike.sees(&request);
            inner.clone().oneshot(request)
        });
        let exec = Arc::new(Remembered { inner: Arc::clone(&connection.exec), ran: self.ran.clone() });
        Connection { client: client(service, "default"), exec, ..connection }
    }

    /// Something that the program does.
    fn command<T>(
        &self,
        strike: &Strike,
        act: impl AsyncFnOnce(&Context<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let home = self.home.as_ref().map_err(no_room)?.path();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|why| no_room(&why))?.block_on(async {
            let connection = self.connection(strike);
            let context = Context {
                connection: &connection,
                copies: &OnSimulator,
                screen: &Nobody,
                places: &Places { state: home.join("state"), config: home.join("config") },
                guards: Guards::default(),
                pen: Pen::default(),
                namespace_given: false,
                connection_words: Vec::new(),
            };
            act(&context).await
        })
    }

    /// Plans and runs; the plan, if there is one.
    fn run(&self, asked: &Asked<'_>, strike: &Strike) -> Result<(Option<Plan>, Result<(), Failure>), String> {
        let answers = planning::answers(&asked.book.header.parameters, &asked.with_defaults())?;
        let mut planned = None;
        let ended = self.command(strike, async |context| {
            let plan = planning::plan(asked.book, &answers, &asked.flags, context).await?;
            planned = Some(plan.clone());
            carry_out::begin(asked.book, &answers, plan, &asked.flags, context).await
        });
        Ok((planned, ended))
    }

    /// What must come out the same: everything but the names that the cluster makes up.
    fn picture(&self) -> BTreeSet<String> {
        self.simulator.pass(REST);
        self.simulator.objects().iter().filter_map(|object| told(object)).collect()
    }

    /// A run that is interrupted at one write, and resumed; what it came to, if
    /// that is something else.
    fn differs(&self, asked: &Asked<'_>, at: usize, expected: &BTreeSet<String>) -> Result<Option<String>, String> {
        let stage = Self::on(self.simulator.fork());
        let strike = Strike { at: Some(at), ..Strike::default() };
        let mut ended = stage.run(asked, &strike)?.1;
        for _ in 0..ATTEMPTS {
            // Whoever types the next command has not interrupted it.
            let Err(failure) = &ended else { break };
            let plain = Strike::default();
            ended = if failure.code == "no-run" {
                // Nothing was written before it was interrupted.
                stage.run(asked, &plain)?.1
            } else {
                stage.command(&plain, async |context| resume(None, &asked.flags, context).await)
            };
        }
        let is_same = ended.is_ok() && stage.picture() == *expected;
        Ok((!is_same).then(|| format!("at write {at}: {}", words(&ended))))
    }
}

/// A runbook with its parameters.
struct Asked<'a> {
    book: &'a Runbook,
    given: &'a Given,
    flags: RunFlags,
}

impl<'a> Asked<'a> {
    fn new(book: &'a Runbook, given: &'a Given, confirm: Option<&str>) -> Result<Self, String> {
        let known: Vec<String> = book.header.parameters.iter().map(Parameter::key).collect();
        if let Some(unknown) = given.keys().find(|key| !known.contains(key)) {
            return Err(format!("`{}` has no parameter `{unknown}`", book.name));
        }
        Ok(Self { book, given, flags: flags(confirm) })
    }

    fn with_defaults(&self) -> Given {
        let defaults = self.book.header.parameters.iter();
        let defaults = defaults.filter_map(|known| Some((known.key(), json!(known.value.as_ref()?))));
        defaults.chain(self.given.clone()).collect()
    }
}

/// Whoever tests says yes to everything, and types this name.
fn flags(confirm: Option<&str>) -> RunFlags {
    let confirm = confirm.map(str::to_owned);
    RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, confirm, ..ApprovalFlags::default() })
}

/// The code and the words of an end.
fn told_end(ended: Result<(), Failure>) -> (String, String) {
    match ended {
        Ok(()) => ("done".to_owned(), String::new()),
        Err(failure) => (failure.code.to_owned(), failure.message),
    }
}

impl Cluster for Stage {
    fn play(&self, book: &Runbook, given: &Given, confirm: Option<&str>) -> Result<Played, String> {
        let (plan, ended) = self.run(&Asked::new(book, given, confirm)?, &Strike::default())?;
        let lines = || plan.iter().flat_map(|plan| &plan.lines);
        let (effects, warnings) = (lines().filter_map(effect).collect(), lines().filter_map(warning).collect());
        let (ended, message) = told_end(ended);
        Ok(Played { ended, message, effects, warnings })
    }

    fn undo(&self, confirm: Option<&str>) -> (String, String) {
        told_end(self.command(&Strike::default(), async |context| {
            let is_left = |run: &RunFolder| !matches!(run.lines(), Ok(lines) if RunFolder::state(&lines) == undone());
            let last = RunFolder::all(&context.places.runs()).into_iter().find(is_left);
            undo(last.as_ref().map(|run| run.id.as_str()), &flags(confirm), context).await
        }))
    }

    fn ran(&self) -> Vec<String> {
        self.ran.all().clone()
    }

    fn interrupt_everywhere(&self, book: &Runbook, given: &Given, confirm: Option<&str>) -> Result<Struck, String> {
        let asked = Asked::new(book, given, confirm)?;
        let (whole, strike) = (Self::on(self.simulator.fork()), Strike::default());
        whole.run(&asked, &strike)?.1.map_err(|failure| failure.to_string())?;
        let (expected, schedules) = (whole.picture(), strike.writes.load(Ordering::SeqCst));
        let mut diverged = Vec::new();
        for at in 0..schedules {
            diverged.extend(self.differs(&asked, at, &expected)?);
        }
        Ok(Struck { schedules, diverged })
    }

    fn claims(&self) -> Vec<String> {
        let objects = self.simulator.objects();
        let claims = objects.iter().filter(|object| object["kind"] == "PersistentVolumeClaim");
        let names: BTreeSet<&str> = claims.filter_map(|claim| claim["metadata"]["name"].as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn volumes(&self, phase: &str) -> usize {
        let is_it = |object: &Arc<Value>| object["kind"] == "PersistentVolume" && object["status"]["phase"] == phase;
        self.simulator.objects().iter().filter(|object| is_it(object)).count()
    }

    fn replicas(&self) -> u64 {
        let objects = self.simulator.objects();
        let set = objects.iter().find(|object| object["kind"] == "StatefulSet");
        set.and_then(|set| set["spec"]["replicas"].as_u64()).unwrap_or_default()
    }

    fn answers(&self, pod: &str, prints: &str, code: i64) -> Result<(), String> {
        let knobs = json!({ EXEC_PRINTS: prints, EXEC_EXIT: code.to_string() });
        let path = format!("/api/v1/namespaces/default/pods/{pod}");
        let body = json!({ "metadata": { "annotations": knobs } });
        futures::executor::block_on(self.simulator.merge_by_hand(&path, &body))
    }
}

fn undone() -> State {
    State::Ended("undone".to_owned())
}

fn effect(line: &Line) -> Option<String> {
    match line {
        Line::Effect { verb, object, fingerprint, .. } if !fingerprint.is_empty() => Some(format!("{verb} {object}")),
        _ => None,
    }
}

fn warning(line: &Line) -> Option<String> {
    match line {
        Line::Caution { text } => Some(text.clone()),
        _ => None,
    }
}

fn words(ended: &Result<(), Failure>) -> String {
    ended.as_ref().map_or_else(ToString::to_string, |()| "done, with another outcome".to_owned())
}

fn told(object: &Value) -> Option<String> {
    let (meta, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
    Some(match object["kind"].as_str()? {
        "PersistentVolumeClaim" => format!("claim {} {}", meta["name"], status["phase"]),
        "PersistentVolume" => {
            let (held, policy) = (&spec["claimRef"]["name"], &spec["persistentVolumeReclaimPolicy"]);
            format!("volume of {held} {policy} {} {}", status["phase"], meta["labels"])
        }
        "StatefulSet" => format!("set {} {}", spec["replicas"], status["readyReplicas"]),
        "Lease" => format!("lease {}", meta["name"]),
        _ => return None,
    })
}

fn no_room(why: &std::io::Error) -> Failure {
    Failure::failed("no-room", format!("a test has no place to run: {why}"))
}

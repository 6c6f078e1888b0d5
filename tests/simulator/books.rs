//! Runbooks as the program runs them, on a simulated cluster with one set: what
//! a plan asks the cluster, how a run stops, and how it goes on.

mod always;
mod approvals;
mod checks;
mod data;
mod gone;
mod halves;
mod harm;
mod kept;
mod later;
mod left_out;
mod locks;
mod objects;
mod queries;
mod replans;
mod scripts;
mod undos;
mod unprotected;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Command;
use http::{Method, Request, Response};
use kubectl_stateful::cluster::{Connection, Exec, Interrupt};
use kubectl_stateful::commands::Context;
use kubectl_stateful::commands::runbook::{self, Intent, command};
use kubectl_stateful::effects::Guards;
use kubectl_stateful::error::Failure;
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runbook::thread::on_script_thread;
use kubectl_stateful::runs::folder::RunFolder;
use kubectl_stateful::runs::pen::Pen;
use kubectl_stateful::runs::places::Places;
use kubectl_stateful::runs::plan::Plan;
use kubectl_stateful::simulator::{AnswerBody, Options, Simulator};
use kubectl_stateful::{OnSimulator, simulated, specimen};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::support::{get, post};
use crate::unattended::{Seeded, Unattended};

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

/// Called right before each write that counts, with its method and path.
type Meddler = dyn Fn(&Simulator, &Method, &str) + Send + Sync;

/// Whether somebody's admission refuses a request, with its method and path.
type Admission = dyn Fn(&Method, &str) -> bool + Send + Sync;

/// A cluster with the set `web`, and somebody's home.
pub struct Stage {
    pub simulator: Simulator,
    pub home: TempDir,
    meddler: Arc<Meddler>,
    /// The same right before each look at a lock.
    watcher: Arc<Meddler>,
    /// The same right before each look at which cluster it is.
    visitor: Arc<Meddler>,
    admission: Arc<Admission>,
    interrupt: Interrupt,
    /// Who runs programs in its pods, if not the simulator.
    exec: Option<Arc<dyn Exec>>,
    /// How many commands there were: each draws other numbers.
    commands: AtomicU64,
}

/// What a command came to.
pub struct Said {
    pub result: Result<(), Failure>,
    pub plan: Option<Plan>,
    pub text: String,
}

impl Said {
    #[track_caller]
    pub fn done(self) -> Self {
        assert!(self.result.is_ok(), "{:?}\n{}", self.result, self.text);
        self
    }

    #[track_caller]
    pub fn failed(self, code: &str, exit: u8) -> Failure {
        let failure = self.result.expect_err("it is refused");
        assert_eq!((failure.code, failure.kind.exit_code()), (code, exit), "{failure}");
        failure
    }
}

impl Stage {
    /// `web` with this many ready members, two claims each.
    pub fn new(replicas: u32) -> Self {
        Self::without(replicas, &[])
    }

    /// The same for somebody who has not got these rights.
    pub fn without(replicas: u32, denied: &[(&str, &str)]) -> Self {
        let deny = denied.iter().map(|(verb, what)| ((*verb).to_owned(), (*what).to_owned())).collect();
        let simulator = Simulator::in_memory(Options { seed: 7, deny, ..Options::default() });
        post(&simulator, SETS, &specimen::set(replicas)).ok();
        simulator.pass(Duration::from_mins(10));
        assert_eq!(get(&simulator, &format!("{SETS}/web")).ok()["status"]["readyReplicas"], replicas);
        Self::on(simulator)
    }

    fn on(simulator: Simulator) -> Self {
        let nobody = Arc::new(|_: &Simulator, _: &Method, _: &str| ());
        let (meddler, watcher, visitor, commands) = (nobody.clone(), nobody.clone(), nobody, AtomicU64::default());
        let admission = Arc::new(|_: &Method, _: &str| false);
        let interrupt = Interrupt::default();
        Self {
            simulator,
            home: specimen::home().unwrap(),
            meddler,
            watcher,
            visitor,
            admission,
            interrupt,
            exec: None,
            commands,
        }
    }

    /// The same cluster once more, with a home of its own; what happens there stays there.
    pub fn fork(&self) -> Self {
        Self::on(self.simulator.fork())
    }

    /// The same with a copy of that home: what was run before can go on in both.
    pub fn fork_with_runs(&self) -> Self {
        let fork = self.fork();
        copy(self.home.path(), fork.home.path());
        fork
    }

    /// Ctrl-C is this one.
    pub fn interrupted_by(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Somebody who does this right before each write.
    pub fn with_meddler(mut self, act: impl Fn(&Simulator, &Method, &str) + Send + Sync + 'static) -> Self {
        self.meddler = Arc::new(act);
        self
    }

    /// Somebody who does this right before each look at a lock.
    pub fn with_watcher(mut self, act: impl Fn(&Simulator, &Method, &str) + Send + Sync + 'static) -> Self {
        self.watcher = Arc::new(act);
        self
    }

    /// Somebody who does this right before each look at which cluster it is: a
    /// command has read what it is about by then.
    pub fn with_visitor(mut self, act: impl Fn(&Simulator, &Method, &str) + Send + Sync + 'static) -> Self {
        self.visitor = Arc::new(act);
        self
    }

    /// Somebody's admission refuses what this says, also as a dry run.
    pub fn refusing(mut self, refuses: impl Fn(&Method, &str) -> bool + Send + Sync + 'static) -> Self {
        self.admission = Arc::new(refuses);
        self
    }

    /// The numbers of replicas that `web` gets from here on.
    pub fn sizes(&self) -> Arc<Mutex<Vec<u64>>> {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sizes);
        self.simulator.on_commit(Box::new(move |commit| {
            let size = |set: &Option<Arc<Value>>| set.as_ref().and_then(|set| set["spec"]["replicas"].as_u64());
            let (before, after) = (size(&commit.before), size(&commit.after));
            if let (true, Some(after)) = (commit.kind.kind == "StatefulSet" && before != after, after) {
                seen.lock().unwrap().push(after);
            }
        }));
        sizes
    }

    /// The runs on this disk, the newest first.
    pub fn runs(&self) -> Vec<String> {
        RunFolder::all(&self.home.path().join("state/runs")).into_iter().map(|run| run.id.to_string()).collect()
    }

    pub fn get(&self, path: &str) -> Value {
        get(&self.simulator, path).ok()
    }

    /// `scale web` with these further words.
    pub fn scale(&self, words: &[&str]) -> Said {
        let words = [&["scale", "web", "--yes", "--no-app-check"], words].concat();
        self.run(async |context| {
            let matches = global(command::scale()?).try_get_matches_from(words).expect("the words are right");
            runbook::scale(&matches, context).await
        })
    }

    /// `run` with this runbook and these further words.
    pub fn play(&self, book: &Runbook, words: &[&str]) -> Said {
        let words = [&["run", book.name.as_str()], words].concat();
        self.run(async |context| {
            let known = std::iter::once((book.name.as_str(), &book.header));
            let command = global(command::with_runbooks(command::run(), known)?);
            let matches = command.try_get_matches_from(words).expect("the words are right");
            let (_, matches) = matches.subcommand().expect("a runbook was named");
            runbook::go(book, ["run", ""], Intent::Run, matches, context).await
        })
    }

    /// The same with a runbook of one's own about a set, which has these effects.
    pub fn play_own(&self, effects: &[&str], functions: &str, words: &[&str]) -> Said {
        let set = r#"#{ name: "set", type: "statefulset", positional: true, prompt: "Set", help: "The set." }"#;
        let source = format!(
            "const RUNBOOK = #{{ api: 1, summary: \"own\", effects: {effects:?}, params: [{set}] }};\n{functions}"
        );
        self.play(&Runbook::from_source("own".to_owned(), source).expect("it compiles"), words)
    }

    /// Something that the program does.
    pub fn run(&self, act: impl AsyncFnOnce(&Context<'_>) -> Result<(), Failure> + Send) -> Said {
        let screen = Unattended::default();
        let result = on_script_thread(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let connection = self.connection();
                let places = Places { state: self.home.path().join("state"), config: self.home.path().join("config") };
                let context = Context {
                    connection: &connection,
                    copies: &OnSimulator,
                    screen: &screen,
                    places: &places,
                    guards: Guards::default(),
                    pen: Pen::default(),
                    namespace_given: false,
                    connection_words: vec!["--context".to_owned(), "here".to_owned()],
                };
                act(&context).await
            })
        });
        let kept = screen.into_kept();
        Said { result, plan: kept.plan, text: kept.text }
    }

    pub fn connection(&self) -> Connection {
        let entropy = Arc::new(Seeded::new(self.commands.fetch_add(1, Ordering::SeqCst)));
        let mut connection = simulated(&self.simulator, "here", "default", entropy, &self.interrupt);
        let (inner, behind) = (self.simulator.service(), self.simulator.clone());
        let (meddler, watcher) = (Arc::clone(&self.meddler), Arc::clone(&self.watcher));
        let (visitor, admission) = (Arc::clone(&self.visitor), Arc::clone(&self.admission));
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let (inner, behind) = (inner.clone(), behind.clone());
            let (meddler, watcher) = (Arc::clone(&meddler), Arc::clone(&watcher));
            let (visitor, admission) = (Arc::clone(&visitor), Arc::clone(&admission));
            async move {
                let uri = request.uri().to_string();
                if admission(request.method(), &uri) {
                    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403,
                        "reason": "Forbidden", "message": "admission webhook \"hook.example\" denied the request"});
                    let refused = Response::builder().status(403).header("content-type", "application/json");
                    let body = http_body_util::Full::from(status.to_string());
                    return Ok(refused.body(AnswerBody::new(body)).unwrap());
                }
                if request.method() != Method::GET && !uri.contains("dryRun") && !uri.contains("accessreviews") {
                    let method = request.method().clone();
                    // What it sends needs a runtime of its own.
                    std::thread::spawn(move || meddler(&behind, &method, &uri)).join().unwrap();
                } else if uri.contains("/leases/") {
                    std::thread::spawn(move || watcher(&behind, &Method::GET, &uri)).join().unwrap();
                } else if uri.contains("/namespaces/kube-system") {
                    std::thread::spawn(move || visitor(&behind, &Method::GET, &uri)).join().unwrap();
                }
                inner.oneshot(request).await
            }
        });
        connection.client = kube::Client::new(service, "default");
        connection.exec = self.exec.clone().unwrap_or(connection.exec);
        connection
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

/// The flags that every command has.
pub fn global(command: Command) -> Command {
    command.arg(clap::Arg::new("namespace").short('n').global(true))
}

//! The program itself on a simulated cluster: a shipped runbook is planned, run,
//! resumed and undone, with a journal on a disk of its own and nobody at the
//! screen.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kubectl_stateful::cluster::{Connection, Interrupt};
use kubectl_stateful::commands::Context;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{carry_out, planning, replan, resume, undo};
use kubectl_stateful::effects::Guards;
use kubectl_stateful::error::{Failure, Kind};
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runs::places::Places;
use kubectl_stateful::runs::plan::Plan;
use kubectl_stateful::simulator::oracles::Ended;
use kubectl_stateful::wizard::parameter::{Answer, Answers};
use kubectl_stateful::{OnSimulator, simulated};
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::Stage;
use crate::unattended::{Seeded, Unattended};

/// What is known under these names may be tried again: nothing stands in the way.
const PASSING: [&str; 18] = [
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

/// Makes a client, with or without trouble on its way to the cluster.
pub type Way<'a> = &'a dyn Fn() -> kube::Client;

/// One runbook with its answers and the guards that it is held to.
#[derive(Clone)]
pub struct Program {
    pub runbook: Runbook,
    pub answers: Answers,
    pub guards: Guards,
}

/// What is done with a run that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    Resume,
    /// The same, and a command of which nobody knows how it ended is run once more.
    ResumeAndRunAgain,
    /// The same by a new plan for what is left.
    Replan,
    Undo,
    /// The same, and a command of which nobody knows how it ended is run once more.
    UndoAndRunAgain,
}

impl Program {
    /// The shipped runbook of this name, about `web`.
    pub fn named(name: &str) -> Self {
        let runbook = Runbook::shipped(name).unwrap();
        Self { runbook, answers: Answers::new(), guards: Guards::default() }
            .with("set", Answer::Text("web".to_owned()))
            .with("at_most", Answer::Text("10m".to_owned()))
    }

    /// A runbook of somebody's own that scales `web`.
    pub fn own(functions: &str) -> Self {
        let set = r#"#{ name: "set", type: "statefulset", positional: true, prompt: "Set", help: "The set." }"#;
        let header = format!(
            r#"#{{ api: 1, summary: "own", effects: ["scale", "protect", "exec", "apply", "create", "patch", "delete"], params: [{set}] }}"#
        );
        let source = format!("const RUNBOOK = {header};\n{functions}");
        let runbook = Runbook::from_source("own".to_owned(), source).unwrap();
        Self { runbook, answers: Answers::new(), guards: Guards::default() }.with("set", Answer::Text("web".to_owned()))
    }

    /// Fewer members.
    pub fn scale_down(to: i64, claims: &str) -> Self {
        Self::named("scale-down")
            .with("replicas", Answer::Int(to))
            .with("claims", Answer::Text(claims.to_owned()))
            .with("settle", Answer::Text("2s".to_owned()))
            .with("unprotected", Answer::Bool(false))
    }

    /// The same without anything that keeps the volumes.
    pub fn unprotected(to: i64, claims: &str) -> Self {
        Self::scale_down(to, claims).with("unprotected", Answer::Bool(true))
    }

    pub fn with(mut self, name: &str, answer: Answer) -> Self {
        if self.runbook.header.parameters.iter().any(|parameter| parameter.name == name) {
            self.answers.insert(name.to_owned(), answer);
        }
        self
    }

    pub fn without_guard(mut self, code: &str) -> Self {
        self.guards = self.guards.without(code);
        self
    }

    pub fn plan(&self, stage: &Stage) -> Result<Plan, Failure> {
        let act = async |context: &Context<'_>| planning::plan(&self.runbook, &self.answers, &flags(), context).await;
        self.at(stage, &|| stage.simulator.client(), disk().path(), act)
    }

    /// Runs a plan.
    pub fn begin(&self, stage: &Stage, way: Way<'_>, disk: &Path, plan: &Plan) -> Result<(), Failure> {
        self.at(stage, way, disk, async |context| {
            carry_out::begin(&self.runbook, &self.answers, plan.clone(), &flags(), context).await
        })
    }

    pub fn later(&self, stage: &Stage, way: Way<'_>, disk: &Path, run: &str, what: Later) -> Result<(), Failure> {
        self.at(stage, way, disk, async |context| match what {
            Later::Resume => resume(Some(run), &flags(), context).await,
            Later::ResumeAndRunAgain => resume(Some(run), &again(), context).await,
            Later::Replan => replan(Some(run), &again(), context).await,
            Later::Undo => undo(Some(run), &flags(), context).await,
            Later::UndoAndRunAgain => undo(Some(run), &again(), context).await,
        })
    }

    fn at<T>(&self, stage: &Stage, way: Way<'_>, disk: &Path, act: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
        let _inside = stage.runtime.enter();
        let plain = simulated(&stage.simulator, "sandbox", "default", Arc::new(Seeded::new(0)), &Interrupt::default());
        let exec = stage.exec.clone().unwrap_or_else(|| Arc::clone(&plain.exec));
        let connection = Connection { client: stage.seen(way()), exec, ..plain };
        let places = Places { state: disk.join("state"), config: disk.join("config") };
        let context = Context {
            connection: &connection,
            copies: &OnSimulator,
            screen: &Unattended::default(),
            places: &places,
            guards: self.guards.clone(),
            pen: stage.pen.clone(),
            namespace_given: false,
            connection_words: Vec::new(),
        };
        stage.runtime.block_on(act(&context))
    }
}

fn flags() -> RunFlags {
    RunFlags::from(ApprovalFlags {
        yes: true,
        no_app_check: true,
        confirm: Some("web".to_owned()),
        ..ApprovalFlags::default()
    })
}

fn again() -> RunFlags {
    RunFlags { run_again: true, ..flags() }
}

/// The disk of one run.
pub fn disk() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Puts what is on one disk on another one, too.
pub fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// How it ended, as it would tell: a refusal by name is a stop, what was lost
/// on the way can be resumed.
pub fn ended(result: &Result<(), Failure>) -> Ended {
    match result {
        Ok(()) => Ended::Done,
        Err(failure) if is_lost(failure) => Ended::Lost(failure.to_string()),
        Err(failure) => Ended::Stopped(failure.code.to_owned()),
    }
}

fn is_lost(failure: &Failure) -> bool {
    failure.kind != Kind::Diverged && PASSING.contains(&failure.code) || failure.code.contains("server")
}

/// A killed process writes no last words: what stands behind the last line that
/// it could write is taken off the journal.
pub fn forget_last_words(disk: &Path, run: &str) {
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

//! A plan: the runbook is played on a copy of the namespace, with the same code
//! that runs it later.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;

use futures::FutureExt as _;
use futures::future::ready;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::flags::RunFlags;
use super::halted;
use super::place::Place;
use super::play::play;
use crate::commands::screen::Screen;
use crate::commands::{Context, capture};
use crate::error::Failure;
use crate::facts::reader::Reader;
use crate::facts::snapshot::Configuration;
use crate::runbook::script::Runbook;
use crate::runs::conductor::Conductor;
use crate::runs::event::{Event, Observer};
use crate::runs::halt::Halt;
use crate::runs::id::RunId;
use crate::runs::plan::Plan;
use crate::runs::record::Record;
use crate::wizard::check::check;
use crate::wizard::parameter::{Answer, Answers, Parameter};

/// Of a plan being made one sees how far it is; what is said in it stands in its lines.
pub(super) struct HowFar<'a>(pub &'a dyn Screen);

impl Observer for HowFar<'_> {
    fn event(&self, event: Event) {
        if let Event::Step { title: at } | Event::Effect { object: at, .. } = event {
            self.0.event(Event::Planning { at });
        }
    }
}

impl Drop for HowFar<'_> {
    fn drop(&mut self) {
        self.0.event(Event::Planned);
    }
}

/// Plays the runbook on a copy of the namespace as it is now.
///
/// # Errors
/// A guard said no, the script failed, or the namespace cannot be read: nothing
/// was changed.
pub async fn plan(
    runbook: &Runbook,
    answers: &Answers,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<Plan, Failure> {
    let connection = context.connection;
    let mut random = [0; 4];
    connection.entropy.fill(&mut random);
    let run = RunId::new(connection.clock.now(), random);
    rest(runbook, answers, (&run, VecDeque::new()), flags, context).await
}

/// The same of a run that has done these calls already: what is left of it.
///
/// # Errors
/// As `plan`.
pub async fn rest(
    runbook: &Runbook,
    answers: &Answers,
    (run, done): (&RunId, VecDeque<Record>),
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<Plan, Failure> {
    let connection = context.connection;
    let mut taken = capture::take_with(context, Configuration::taken_if(runbook.has_general_words())).await?;
    let copy = context.copies.copy(&mut taken, connection);
    let yes = |_: &str, _: Option<&str>, _: Option<&str>| ready(Ok::<_, Halt>(true)).boxed_local();
    let how_far = HowFar(context.screen);
    let mut conductor = Conductor::new(&copy, &how_far, run.clone(), &runbook.header.effects, &yes);
    conductor.guards = context.guards.clone();
    let is_rest = !done.is_empty();
    conductor.replay = done;
    conductor.asks = flags.allow_queries.then_some(connection);
    let played = play(runbook, answers, &mut conductor).await;
    let lines = conductor.lines.split_off(conductor.replayed);
    played.map_err(|stopped| halted::while_planning(stopped, &lines, context))?;
    let needs = std::mem::take(&mut conductor.needs);
    let Place { cluster_uid, namespace_uid, .. } = Place::here(connection).await?;
    // The copy says what would happen, the cluster whether it lets that happen.
    let (rights, dry_runs) = needs.ask(connection).await;
    let by = Reader::new(connection.client.clone()).whoami().await;
    connection.interrupt.check().map_err(|_| Failure::interrupted())?;
    Ok(Plan {
        api_version: "kubectl-stateful/v1".to_owned(),
        kind: "Plan".to_owned(),
        run: run.to_string(),
        rest: is_rest,
        runbook: runbook.name.clone(),
        script: runbook.digest(),
        parameters: parameters(answers),
        cluster: connection.identity.name.clone(),
        cluster_uid,
        namespace: connection.namespace.clone(),
        namespace_uid,
        lines,
        not_simulated: taken.gaps.iter().map(ToString::to_string).collect(),
        unknown: taken.unread.iter().map(|kind| kind.plural.to_owned()).collect(),
        by,
        rights,
        dry_runs,
    })
}

/// The answers as they stand in files.
pub fn parameters(answers: &Answers) -> Map<String, Value> {
    let plain = |(name, answer): (&String, &Answer)| Some((name.replace('_', "-"), json!(answer)));
    answers.iter().filter_map(plain).collect()
}

/// A plan that was written with `--out`, with its script.
///
/// # Errors
/// The file cannot be read, or its script is not the one that was planned.
pub fn read(path: &Path) -> Result<(Plan, Runbook), Failure> {
    let failed = |why: String| Failure::usage("bad-plan", format!("cannot use `{}`: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|why| failed(why.to_string()))?;
    let saved: Saved = serde_json::from_str(&text).map_err(|why| failed(why.to_string()))?;
    let runbook = Runbook::from_source(saved.plan.runbook.clone(), saved.source)?;
    if runbook.digest() != saved.plan.script {
        return Err(failed("its script is not the one that was planned".to_owned())
            .hint("make a new plan: kubectl stateful plan RUNBOOK --out FILE"));
    }
    Ok((saved.plan, runbook))
}

#[derive(Deserialize)]
struct Saved {
    plan: Plan,
    source: String,
}

/// The answers that a plan was made with.
///
/// # Errors
/// One of them does not fit its parameter.
pub fn answers(parameters: &[Parameter], saved: &Map<String, Value>) -> Result<Answers, String> {
    let mut answers = Answers::new();
    for parameter in parameters {
        let Some(value) = saved.get(&parameter.key()) else { continue };
        let answer = match value {
            Value::Array(items) => Answer::List(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            Value::String(text) => check(&parameter.kind, text)?,
            other => check(&parameter.kind, &other.to_string())?,
        };
        answers.insert(parameter.name.clone(), answer);
    }
    Ok(answers)
}

/// Writes a plan with its script to a file, whole or not at all.
///
/// # Errors
/// The file cannot be written.
pub fn save(plan: &Plan, runbook: &Runbook, path: &Path) -> Result<(), Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::failed("cannot-save", format!("cannot write `{}`: {why}", path.display()))
            .hint("choose another file with `--out FILE`")
    };
    let document = json!({ "plan": plan, "source": runbook.source });
    let text = serde_json::to_string_pretty(&document).map_err(|why| failed(&why))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|why| failed(&why))?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_data()).map_err(|why| failed(&why))?;
    file.persist(path).map_err(|why| failed(&why.error))?;
    Ok(())
}

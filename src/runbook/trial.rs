//! The tests beside a runbook, in its own language: each `test_…()` of
//! `NAME_test.rhai` plays it on simulated clusters. Where these come from is not
//! known here.
//!
//! `cluster(3)` is a cluster with a set `web` of so many members. `play("NAME",
//! #{ … })` plans and runs a runbook there and gives `#{ ended, message,
//! effects, warnings }`;
//! `undo()` takes the last run back, `ran()` is what was run in pods by then;
//! `interrupt_everywhere` does it once more for each of its writes, interrupts it
//! there, resumes it, and says in how many cases it came out otherwise.

use std::sync::Arc;

use rhai::{AST, Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, Scope};
use serde_json::Value;

use super::diagnostics::{self, Script};
use super::engine::{Cancel, Notes, engine, thrown};
use super::error::ScriptError;
use super::script::Runbook;
use super::thread::on_script_thread;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// The parameters of a runbook, in the words of files.
pub type Given = serde_json::Map<String, Value>;

/// Makes clusters.
pub trait Clusters: Send + Sync {
    /// One with a set `web` of so many ready members, of two claims each.
    fn cluster(&self, replicas: u32) -> Arc<dyn Cluster>;
}

/// A cluster of a test.
pub trait Cluster: Send + Sync {
    /// Plans and runs a runbook; `confirm` is the name that somebody types.
    ///
    /// # Errors
    /// The parameters are none of its.
    fn play(&self, book: &Runbook, given: &Given, confirm: Option<&str>) -> Result<Played, String>;

    /// The same for each of its writes, interrupted there and resumed.
    ///
    /// # Errors
    /// The same, or it does not come to its end when nobody interrupts it.
    fn interrupt_everywhere(&self, book: &Runbook, given: &Given, confirm: Option<&str>) -> Result<Struck, String>;

    /// Takes the last run back that is not undone; how that ended, in a code and in words.
    fn undo(&self, confirm: Option<&str>) -> (String, String);

    /// Everything that was run in pods so far, `pod: words`.
    fn ran(&self) -> Vec<String>;

    /// The names of its claims, sorted.
    fn claims(&self) -> Vec<String>;

    /// How many volumes are in this phase.
    fn volumes(&self, phase: &str) -> usize;

    /// How many members the set wants.
    fn replicas(&self) -> u64;

    /// What programs in a pod print from here on, and the code that they end with.
    ///
    /// # Errors
    /// There is no such pod.
    fn answers(&self, pod: &str, prints: &str, code: i64) -> Result<(), String>;
}

/// What became of a run.
pub struct Played {
    /// `done`, or the code of its failure.
    pub ended: String,
    pub message: String,
    /// `verb Kind/name` of each line of its plan that changes something.
    pub effects: Vec<String>,
    /// What its plan warns of.
    pub warnings: Vec<String>,
}

/// What became of many.
pub struct Struck {
    /// How often it was interrupted.
    pub schedules: usize,
    /// Those that came out otherwise.
    pub diverged: Vec<String>,
}

/// A cluster as a test sees it.
#[derive(Clone)]
struct World {
    cluster: Arc<dyn Cluster>,
    own: Arc<Runbook>,
}

/// The tests of one runbook.
pub struct Tests {
    engine: Engine,
    ast: AST,
    file: String,
    text: String,
}

impl Tests {
    /// What stands in a file.
    ///
    /// # Errors
    /// It does not compile.
    pub fn read(
        own: &Runbook,
        (file, text): (String, String),
        clusters: Arc<dyn Clusters>,
        cancel: Cancel,
    ) -> Result<Self, ScriptError> {
        on_script_thread(|| {
            let mut engine = engine(cancel, &Notes::default());
            register(&mut engine, own, clusters);
            let ast = diagnostics::compile(&engine, &Script { name: &file, text: &text })?;
            Ok(Self { engine, ast, file, text })
        })
    }

    /// Where they stand.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The names of the tests, in the order of the file.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let tests = self.ast.iter_functions().filter(|known| known.params.is_empty());
        let mut names: Vec<String> = tests.map(|known| known.name.to_owned()).collect();
        names.retain(|name| name.starts_with("test_"));
        names.sort_by_key(|name| self.text.find(&format!("fn {name}(")));
        names
    }

    /// Runs one of them.
    ///
    /// # Errors
    /// It failed.
    pub fn run(&self, name: &str) -> Result<(), ScriptError> {
        let script = Script { name: &self.file, text: &self.text };
        on_script_thread(|| {
            let ended = self.engine.call_fn::<Dynamic>(&mut Scope::new(), &self.ast, name, ());
            ended.map(drop).map_err(|why| diagnostics::from_eval(&script, *why, &[]))
        })
    }
}

fn register(engine: &mut Engine, own: &Runbook, clusters: Arc<dyn Clusters>) {
    let own = Arc::new(own.clone());
    engine
        .register_type_with_name::<World>("cluster")
        .register_fn("cluster", move |replicas: i64| -> Outcome<World> {
            let replicas = u32::try_from(replicas).map_err(|_| thrown("a cluster has some members", ""))?;
            Ok(World { cluster: clusters.cluster(replicas), own: Arc::clone(&own) })
        })
        .register_fn("play", |world: &mut World, name: &str, given: Map| world.play(name, given))
        .register_fn("interrupt_everywhere", |world: &mut World, name: &str, given: Map| {
            world.interrupt_everywhere(name, given)
        })
        .register_fn("undo", |world: &mut World| world.undo(Map::new()))
        .register_fn("undo", |world: &mut World, given: Map| world.undo(given))
        .register_fn("ran", |world: &mut World| list(world.cluster.ran()))
        .register_fn("claims", |world: &mut World| list(world.cluster.claims()))
        .register_fn("volumes", |world: &mut World, phase: &str| number(world.cluster.volumes(phase)))
        .register_fn("replicas", |world: &mut World| i64::try_from(world.cluster.replicas()).unwrap_or(i64::MAX))
        .register_fn("answers", |world: &mut World, pod: &str, prints: &str, code: i64| -> Outcome<()> {
            world.cluster.answers(pod, prints, code).map_err(|why| thrown(why, ""))
        })
        .register_fn("assert", |holds: bool, message: ImmutableString| -> Outcome<()> {
            if holds { Ok(()) } else { Err(thrown(message.as_str(), "")) }
        });
}

impl World {
    /// The runbook that is tested, or a shipped one.
    fn book(&self, name: &str) -> Outcome<Runbook> {
        let is_own = self.own.name == name || stem(&self.own.name) == name;
        let found = if is_own { Some((*self.own).clone()) } else { Runbook::shipped(name) };
        let hint = format!("the one that is tested here is `{}`", stem(&self.own.name));
        found.ok_or_else(|| thrown(format!("no runbook `{name}`"), &hint))
    }

    fn play(&self, name: &str, given: Map) -> Outcome<Map> {
        let (book, (given, confirm)) = (self.book(name)?, parameters(given)?);
        let played = self.cluster.play(&book, &given, confirm.as_deref()).map_err(|why| thrown(why, ""))?;
        let Played { ended, message, effects, warnings } = played;
        let (effects, warnings) = (list(effects).into(), list(warnings).into());
        Ok(map([("ended", ended.into()), ("message", message.into()), ("effects", effects), ("warnings", warnings)]))
    }

    fn undo(&self, given: Map) -> Outcome<Map> {
        let (given, confirm) = parameters(given)?;
        if let Some(unknown) = given.keys().next() {
            return Err(thrown(format!("an undo has no parameter `{unknown}`"), "known is `confirm`"));
        }
        let (ended, message) = self.cluster.undo(confirm.as_deref());
        Ok(map([("ended", ended.into()), ("message", message.into())]))
    }

    fn interrupt_everywhere(&self, name: &str, given: Map) -> Outcome<Map> {
        let (book, (given, confirm)) = (self.book(name)?, parameters(given)?);
        let struck = self.cluster.interrupt_everywhere(&book, &given, confirm.as_deref());
        let Struck { schedules, diverged } = struck.map_err(|why| thrown(why, ""))?;
        Ok(map([("schedules", number(schedules).into()), ("diverged", list(diverged).into())]))
    }
}

/// `./my-scale.rhai` is `my-scale`.
fn stem(name: &str) -> &str {
    std::path::Path::new(name).file_stem().and_then(std::ffi::OsStr::to_str).unwrap_or(name)
}

/// The parameters, and beside them the name that somebody types.
fn parameters(mut given: Map) -> Outcome<(Given, Option<String>)> {
    let confirm = given.remove("confirm").map(|name| name.to_string());
    let one = |(name, value): (rhai::Identifier, Dynamic)| -> Outcome<(String, Value)> {
        Ok((name.replace('_', "-"), rhai::serde::from_dynamic(&value)?))
    };
    Ok((given.into_iter().map(one).collect::<Outcome<Given>>()?, confirm))
}

fn map<const N: usize>(fields: [(&str, Dynamic); N]) -> Map {
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn list(texts: Vec<String>) -> Array {
    texts.into_iter().map(Dynamic::from).collect()
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

//! Random scripts of requests about one kind, played on the real API server
//! and in the simulator; the answers must be the same. A script that finds a
//! difference is shortened as long as it still does, and is printed as an
//! entry of the corpus, to be saved as a file there.
//!
//! `KUBECTL_STATEFUL_RANDOM=500 KUBECTL_STATEFUL_SEED=7 cargo test --test live
//! random` plays the scripts of 500 seeds from 7 on.

mod script;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use kubectl_stateful::objects::yaml;
use kubectl_stateful::simulator::{Options, Simulator};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::canonical::differences;
use crate::support::corpus::Entry;
use crate::world::World;
use crate::{ensure, needs_tools, plane};

/// How many scripts there are when nobody asks for more.
const SCRIPTS: u64 = 120;

/// How many are played at the same time.
const SIDE_BY_SIDE: u64 = 8;

/// Differences of one script that are shown.
const SHOWN: usize = 5;

/// Longer than any watch of a script is to last.
const A_WHILE: Duration = Duration::from_secs(30);

pub fn tests() -> Vec<Trial> {
    vec![
        needs_tools("random_scripts_are_answered_alike", |namespace| {
            let first = number("KUBECTL_STATEFUL_SEED")?.unwrap_or(1);
            let seeds = first..first + number("KUBECTL_STATEFUL_RANDOM")?.unwrap_or(SCRIPTS);
            let found = played(&namespace, seeds.clone())?;
            let count = seeds.end - seeds.start;
            tell(&format!("{count} random scripts, seeds {}..{}: {} differ", seeds.start, seeds.end, found.len()));
            ensure(found.is_empty(), || {
                let entries: Vec<String> = found.into_values().collect();
                format!(
                    "{} of {count} scripts differ; each is an entry for tests/corpus/:\n\n{}",
                    entries.len(),
                    entries.join("\n")
                )
            })
        }),
        Trial::test("a_random_script_has_the_same_history_twice", same_history_twice),
    ]
}

/// A line for whoever runs the tests.
#[expect(clippy::print_stdout, reason = "whoever plays many scripts wants to know how many and which")]
pub fn tell(line: &str) {
    println!("{line}");
}

/// A number from the environment.
pub fn number(name: &str) -> Result<Option<u64>, String> {
    match std::env::var(name) {
        Ok(text) => text.parse().map(Some).map_err(|_| format!("{name} is no number: `{text}`")),
        Err(_) => Ok(None),
    }
}

/// What was found, by seed.
fn played(namespace: &str, seeds: Range<u64>) -> Result<BTreeMap<u64, String>, Failed> {
    let (next, found) = (AtomicU64::new(seeds.start), Mutex::new(BTreeMap::new()));
    let kinds = script::kinds()?;
    let (next, found, kinds) = (&next, &found, &kinds);
    let work = |number: u64| -> Result<(), Failed> {
        let lane =
            Lane { world: World::on(plane::bare()?, &format!("{namespace}-{number}"))?, played: AtomicU64::new(0) };
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return Ok(());
            }
            if let Some(entry) = lane.check(seed, script::script(&mut Rng::with_seed(seed), kinds))? {
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(seed, entry);
            }
        }
    };
    thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = (0..SIDE_BY_SIDE).map(|number| scope.spawn(move || work(number))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a worker panicked".into())))
    })?;
    Ok(std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner)))
}

struct Lane {
    world: World,
    /// Each play has a namespace of its own.
    played: AtomicU64,
}

impl Lane {
    /// The shortest form of this script that is answered differently, if it is.
    fn check(&self, seed: u64, mut steps: Vec<Value>) -> Result<Option<String>, Failed> {
        let mut found = match self.differences(&steps) {
            Ok(found) if found.is_empty() => return Ok(None),
            Ok(found) => found,
            Err(error) if is_a_panic_of_theirs(&error, &steps) => return Ok(None),
            Err(error) => return Err(format!("seed {seed}: {error}").into()),
        };
        let mut at = steps.len();
        while at > 0 {
            at -= 1;
            let mut shorter = steps.clone();
            shorter.remove(at);
            // What cannot be played without a step needs it.
            if let Ok(still) = self.differences(&shorter)
                && !still.is_empty()
            {
                (steps, found) = (shorter, still);
            }
        }
        let mut text = format!("# KUBECTL_STATEFUL_SEED={seed}\n");
        for line in found.iter().take(SHOWN) {
            writeln!(text, "# {line}")?;
        }
        let entry = json!({"proves": format!("script {seed} is answered alike"), "steps": steps});
        Ok(Some(text + yaml::to_yaml(&entry).as_str()))
    }

    fn differences(&self, steps: &[Value]) -> Result<Vec<String>, String> {
        let entry = entry(steps)?;
        let number = self.played.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("{}-{number}", self.world.namespace);
        let place = place(&namespace);
        self.world.runtime.block_on(async {
            self.world.api.create(&place).await?;
            let real = entry.play(&self.world.client, &namespace, &|| ()).await?;
            self.world
                .api
                .send(crate::support::api::Method::Delete, &format!("/api/v1/namespaces/{namespace}"), None)
                .await?;
            let ours = simulated(&entry, &namespace).await?.0;
            Ok(differences(&without_structs(real), &without_structs(ours)))
        })
    }
}

/// The real server panics over a strategic merge patch with a merge key that is
/// a list, and drops the connection. Any other lost connection is a failure.
fn is_a_panic_of_theirs(error: &str, steps: &[Value]) -> bool {
    let number = error.split_once("step ").and_then(|(_, rest)| rest.split(':').next()?.parse::<usize>().ok());
    let step = number.and_then(|number| steps.get(number.checked_sub(1)?));
    error.contains("SendRequest") && step.is_some_and(|step| step["type"] == "application/strategic-merge-patch+json")
}

/// Of a refused change of a pod the server also shows the difference, in the
/// form of its own Go structs; that is among the known differences.
fn without_structs(answers: Value) -> Value {
    const END: &str = "if it was previously negative)";
    match answers {
        Value::String(text) => match text.split_once(END) {
            Some((before, _)) => format!("{before}{END}").into(),
            None => text.into(),
        },
        Value::Array(items) => items.into_iter().map(without_structs).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, without_structs(value))).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

fn entry(steps: &[Value]) -> Result<Entry, String> {
    serde_json::from_value(json!({"proves": "", "steps": steps})).map_err(|error| error.to_string())
}

fn place(namespace: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
}

/// The simulator's answers, and all that is left.
async fn simulated(entry: &Entry, namespace: &str) -> Result<(Value, Simulator), String> {
    // Later than all times in scripts, as on the real server.
    let start = Timestamp::from_second(1_893_456_000).map_err(|error| error.to_string())?;
    let options = Options { seed: 1, start, ..Options::default() };
    let simulator = Simulator::with_controllers(options, Vec::new());
    let client = simulator.client();
    Api::new(client.clone(), "live-test").create(&place(namespace)).await?;
    let pass = || {
        simulator.advance(A_WHILE);
    };
    let answers = entry.play(&client, namespace, &pass).await?;
    Ok((answers, simulator))
}

/// Nothing here is made canonical: not even a UID may differ.
fn same_history_twice() -> Result<(), Failed> {
    let kinds = script::kinds()?;
    let runtime = crate::support::api::runtime()?;
    for seed in 1..=SCRIPTS {
        let entry = entry(&script::script(&mut Rng::with_seed(seed), &kinds))?;
        let history = || -> Result<String, String> {
            let (answers, simulator) = runtime.block_on(simulated(&entry, "here"))?;
            Ok(format!("{answers}\n{:#?}\n{:?}", simulator.request_log(), simulator.objects()))
        };
        let (one, other) = (history()?, history()?);
        ensure(one == other, || format!("seed {seed} has two histories:\n{one}\n{other}"))?;
    }
    Ok(())
}

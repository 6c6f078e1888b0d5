//! Each scenario over time in a fresh simulated cluster, with its own
//! controllers and virtual time.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kubectl_stateful::simulator::{Advance, Simulator};
use libtest_mimic::{Failed, Trial};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::api::{Api, runtime};
use crate::support::scenario::{self, Change, Plane, Scenario, Stage};
use crate::{join, known};

/// There must never be fewer scenarios than this.
const FEWEST: usize = 326;

/// How long nothing may happen after the last rest.
const AFTERWARDS: Duration = Duration::from_mins(10);

const NAMESPACE: &str = "namespace-of-the-scenario";

pub fn tests() -> Vec<Trial> {
    match scenario::scenarios() {
        Ok(scenarios) => {
            let count = scenarios.len();
            let played = scenarios
                .into_iter()
                .map(|scenario| Trial::test(format!("scenario::{}", scenario.name), move || play(&scenario)));
            let counted = Trial::test(format!("there_are_{count}_scenarios_and_at_least_{FEWEST}"), move || {
                if count < FEWEST { Err("scenarios are missing".into()) } else { Ok(()) }
            });
            played.chain([counted]).collect()
        }
        Err(reason) => vec![Trial::test("the_scenarios_can_be_read", || Err(reason.into()))],
    }
}

fn play(scenario: &Scenario) -> Result<(), Failed> {
    let mut stage = Simulated::of(if scenario.plane == Plane::Gated { join::gated() } else { join::simulator() })?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    stage.wait(stage.api.create(&namespace)).map_err(String::from)?;
    let played = scenario.play(&mut stage, NAMESPACE)?;
    if scenario.ends() {
        stage.stays_as_it_is()?;
    }
    known::check(&scenario.name, &played, scenario.compare(&played)?)?;
    Ok(())
}

/// A simulated cluster as a stage.
struct Simulated {
    simulator: Simulator,
    begun: Timestamp,
    runtime: Runtime,
    api: Api,
    commits: Arc<Mutex<Vec<Arc<Change>>>>,
}

impl Simulated {
    fn of(simulator: Simulator) -> Result<Self, String> {
        let commits = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&commits);
        simulator.on_commit(Box::new(move |commit| {
            let Some(object) = commit.after.as_ref().or(commit.before.as_ref()) else { return };
            let change = Change { kind: commit.kind, object: object.as_ref().clone(), gone: commit.after.is_none() };
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(change));
        }));
        let runtime = runtime()?;
        let api = Api::new(runtime.block_on(async { simulator.client() }), "scenario");
        Ok(Self { begun: simulator.now(), simulator, runtime, api, commits })
    }

    /// Fails if anything but an event comes of a long time without requests.
    fn stays_as_it_is(&mut self) -> Result<(), String> {
        let end = self.now() + AFTERWARDS;
        while self.now() < end && self.pass() {
            let news = self.news()?;
            if let Some(change) = news.iter().find(|change| change.kind.kind != "Event") {
                let (kind, name) = (change.kind.kind, &change.object["metadata"]["name"]);
                let what = if change.gone { "is deleted" } else { "changes" };
                return Err(format!("after the end, {kind} {name} {what} by itself: {}", change.object));
            }
        }
        Ok(())
    }
}

impl Stage for Simulated {
    fn api(&self) -> &Api {
        &self.api
    }

    fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    fn news(&mut self) -> Result<Vec<Arc<Change>>, String> {
        let mut commits = mem::take(&mut *self.commits.lock().unwrap_or_else(PoisonError::into_inner));
        commits.retain(|change| scenario::RECORDED.contains(&change.kind.kind));
        Ok(commits)
    }

    fn wakes(&self) -> bool {
        false
    }

    fn pass(&mut self) -> bool {
        self.simulator.advance(Duration::from_secs(1)) == Advance::Passed
    }

    fn now(&self) -> Duration {
        self.begun.duration_until(self.simulator.now()).unsigned_abs()
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn believes_golden(&self) -> bool {
        false
    }

    fn has_races(&self) -> bool {
        false
    }
}

//! The scenarios over time on the real control plane: what comes of them must
//! be the golden form. With `UPDATE_GOLDEN=1` it becomes the golden form.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::history::History;
use crate::support::api::{Api, Method, path_of};
use crate::support::control_plane::ControlPlane;
use crate::support::corpus;
use crate::support::scenario::{self, Change, Plane, Scenario, Stage};
use crate::world::World;
use crate::{idle, plane, twice};

/// Held by those that are played one after another.
static ALONE: Mutex<()> = Mutex::new(());

pub fn tests() -> Vec<Trial> {
    match scenario::scenarios() {
        Ok(scenarios) => {
            let orphans = scenario::orphans(&scenarios);
            let mut trials: Vec<Trial> = scenarios.into_iter().map(trial).collect();
            trials.push(Trial::test("each_golden_form_has_a_scenario", move || none_of(orphans)));
            trials
        }
        Err(reason) => vec![Trial::test("the_scenarios_can_be_read", || Err(reason.into()))],
    }
}

fn none_of(orphans: Result<Vec<String>, String>) -> Result<(), Failed> {
    let orphans = orphans?;
    if orphans.is_empty() { Ok(()) } else { Err(format!("golden forms without a scenario: {orphans:?}").into()) }
}

fn trial(scenario: Scenario) -> Trial {
    idle(format!("scenario::{}", scenario.name), move |namespace| {
        let _alone = (scenario.plane == Plane::Alone).then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner));
        let world = |namespace: &str| {
            let world = World::on(control_plane(&scenario)?, namespace)?;
            if scenario.plane == Plane::Alone {
                with_its_default_class(&world)?;
            }
            Ok::<_, String>(world)
        };
        let first = || play(&scenario, &world(&namespace)?);
        if is_recording() {
            return first();
        }
        // Whether a cluster has come to rest is a guess, which a busy machine can
        // make wrong: what differs must differ twice.
        twice::or_again(&scenario.name, first, || play(&scenario, &world(&format!("{namespace}-again"))?))
    })
}

fn control_plane(scenario: &Scenario) -> Result<Arc<ControlPlane>, String> {
    match scenario.plane {
        Plane::Shared => plane::get(),
        Plane::Alone => plane::for_one_alone(),
        Plane::Gated => plane::gated(),
    }
}

/// Whatever a play that stopped half-way has left.
fn with_its_default_class(world: &World) -> Result<(), String> {
    const MARK: &str = "storageclass.kubernetes.io/is-default-class";
    for class in world.list("StorageClass")? {
        let name = class["metadata"]["name"].as_str().unwrap_or_default();
        let wanted = if name == "standard" { json!("true") } else { Value::Null };
        if class["metadata"]["annotations"][MARK] != wanted {
            world.merge_patch("StorageClass", name, &json!({"metadata": {"annotations": {MARK: wanted}}}))?;
        }
    }
    Ok(())
}

fn is_recording() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|wish| wish == "1")
}

fn play(scenario: &Scenario, world: &World) -> Result<(), Failed> {
    let updates = is_recording();
    let patience = match (updates, scenario.ends()) {
        (true, true) => 10,
        (true, false) => 3,
        // A rest ends as soon as it is the golden one; controllers that were refused wait ever longer.
        (false, _) => 45,
    };
    let patience = Duration::from_secs(patience);
    let api = Api::new(world.client.clone(), "scenario");
    let history = match scenario.plane {
        Plane::Shared => plane::history(),
        Plane::Alone => plane::history_alone(),
        Plane::Gated => plane::history_gated(),
    };
    let mut stage = Real { world, api, history: history?, heard: 0, begun: Instant::now(), patience };
    let played = scenario.play(&mut stage, &world.namespace)?;
    world.runtime.block_on(world.api.send(Method::Delete, &path_of("StorageClass", "", &world.namespace), None)).ok();
    if updates {
        scenario.write_golden(&played)?;
    }
    Ok(corpus::report(&scenario.name, scenario.compare(&played)?)?)
}

/// The real control plane as a stage.
struct Real<'a> {
    world: &'a World,
    api: Api,
    history: Arc<History>,
    /// How much of the history has been heard.
    heard: usize,
    begun: Instant,
    patience: Duration,
}

impl Stage for Real<'_> {
    fn api(&self) -> &Api {
        &self.api
    }

    fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.world.runtime.block_on(answer)
    }

    fn news(&mut self) -> Result<Vec<Arc<Change>>, String> {
        let news = self.history.since(self.heard)?;
        self.heard += news.len();
        Ok(news)
    }

    fn wakes(&self) -> bool {
        true
    }

    fn pass(&mut self) -> bool {
        thread::sleep(Duration::from_millis(30));
        true
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn believes_golden(&self) -> bool {
        !is_recording()
    }

    fn has_races(&self) -> bool {
        true
    }
}

//! The control planes of this binary, each started by the first test that needs
//! it and stopped after the last: whole ones, with the actors that play their
//! nodes and disks, and bare API servers to which nobody writes but the test.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::history::History;
use crate::kubelet;
use crate::support::actors::Actors;
use crate::support::control_plane::ControlPlane;
use crate::support::seed::CLOUD;
use kubectl_stateful::simulator::controllers::all::DISK;
use kubectl_stateful::simulator::controllers::attacher::Attacher;
use kubectl_stateful::simulator::controllers::kubelet::{Kubelet, PlayedNodes};
use kubectl_stateful::simulator::controllers::provisioner::Provisioner;
use kubectl_stateful::simulator::controllers::resizer::Resizer;

/// Actors stop before what they act upon: fields drop in this order.
struct Running {
    _actors: Option<Actors>,
    plane: Arc<ControlPlane>,
}

/// A start that failed is not tried again: the other tests get its reason.
type Shared = Mutex<Option<Result<Running, String>>>;

static WHOLE: Shared = Mutex::new(None);
static CHANGING: Shared = Mutex::new(None);
static STUCK: Shared = Mutex::new(None);
static BARE: Shared = Mutex::new(None);
static FORGETFUL: Shared = Mutex::new(None);
static ALONE: Shared = Mutex::new(None);
static GATED: Shared = Mutex::new(None);
static PROGRAMS: OnceLock<Result<(), String>> = OnceLock::new();
static HISTORY: Mutex<Option<Result<Arc<History>, String>>> = Mutex::new(None);
static HISTORY_ALONE: Mutex<Option<Result<Arc<History>, String>>> = Mutex::new(None);
static HISTORY_GATED: Mutex<Option<Result<Arc<History>, String>>> = Mutex::new(None);

fn locked(shared: &'static Shared) -> MutexGuard<'static, Option<Result<Running, String>>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn plane_of(shared: &'static Shared, start: fn() -> Result<Running, String>) -> Result<Arc<ControlPlane>, String> {
    match locked(shared).get_or_insert_with(start) {
        Ok(running) => Ok(Arc::clone(&running.plane)),
        Err(reason) => Err(reason.clone()),
    }
}

fn whole() -> Result<Running, String> {
    with_actors(ControlPlane::start()?)
}

fn with_actors(plane: ControlPlane) -> Result<Running, String> {
    let plane = Arc::new(plane);
    let actors = Actors::start(
        &plane,
        vec![
            Box::new(Attacher::new(DISK)),
            Box::new(Attacher::new(CLOUD)),
            Box::new(Kubelet::new(PlayedNodes::All)),
            Box::new(Provisioner::new(DISK)),
            Box::new(Resizer::new(DISK)),
        ],
    )?;
    Ok(Running { _actors: Some(actors), plane })
}

/// The whole one.
pub fn get() -> Result<Arc<ControlPlane>, String> {
    plane_of(&WHOLE, whole)
}

/// The whole one, with programs in its pods.
pub fn with_programs() -> Result<Arc<ControlPlane>, String> {
    let plane = get()?;
    PROGRAMS.get_or_init(|| kubelet::serve(&plane)).clone().map(|()| plane)
}

/// Another whole one, for what changes the nodes: the scheduler counts them in
/// its messages, which others compare.
pub fn with_nodes_that_change() -> Result<Arc<ControlPlane>, String> {
    plane_of(&CHANGING, whole)
}

/// A third, on which nodes come, are closed and are lost.
pub fn for_stuck_states() -> Result<Arc<ControlPlane>, String> {
    plane_of(&STUCK, whole)
}

/// A fourth, for one test at a time: its default class may be changed.
pub fn for_one_alone() -> Result<Arc<ControlPlane>, String> {
    plane_of(&ALONE, whole)
}

/// A fifth, where `rollingUpdate.maxUnavailable` of a set counts.
pub fn gated() -> Result<Arc<ControlPlane>, String> {
    plane_of(&GATED, || with_actors(ControlPlane::start_gated()?))
}

/// What happens on the whole one, recorded since this was first asked for.
pub fn history() -> Result<Arc<History>, String> {
    recorded(&HISTORY, get)
}

/// What happens on the one for one test at a time.
pub fn history_alone() -> Result<Arc<History>, String> {
    recorded(&HISTORY_ALONE, for_one_alone)
}

/// What happens on the one where `maxUnavailable` counts.
pub fn history_gated() -> Result<Arc<History>, String> {
    recorded(&HISTORY_GATED, gated)
}

fn recorded(
    history: &'static Mutex<Option<Result<Arc<History>, String>>>,
    plane: fn() -> Result<Arc<ControlPlane>, String>,
) -> Result<Arc<History>, String> {
    let plane = plane()?;
    let mut history = history.lock().unwrap_or_else(PoisonError::into_inner);
    history.get_or_insert_with(|| History::record(&plane)).clone()
}

/// The bare one.
pub fn bare() -> Result<Arc<ControlPlane>, String> {
    plane_of(&BARE, || Ok(Running { _actors: None, plane: Arc::new(ControlPlane::start_bare()?) }))
}

/// A bare one that forgets old revisions within seconds.
pub fn forgetful() -> Result<Arc<ControlPlane>, String> {
    plane_of(&FORGETFUL, || Ok(Running { _actors: None, plane: Arc::new(ControlPlane::start_forgetful()?) }))
}

/// Ends everything and waits for it. Should this not be reached, the end of
/// the process does the same.
pub fn stop() {
    for plane in [&WHOLE, &CHANGING, &STUCK, &ALONE, &GATED, &BARE, &FORGETFUL] {
        drop(locked(plane).take());
    }
}

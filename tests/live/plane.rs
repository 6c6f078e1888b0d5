//! The one control plane of this binary, with the actors that play its nodes
//! and disks: started by the first test that needs it, stopped after the last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::support::actors::Actors;
use crate::support::control_plane::ControlPlane;
use kubectl_stateful::simulator::controllers::all::DISK;
use kubectl_stateful::simulator::controllers::kubelet::{Kubelet, PlayedNodes};
use kubectl_stateful::simulator::controllers::provisioner::Provisioner;
use kubectl_stateful::simulator::controllers::resizer::Resizer;

/// Actors stop before what they act upon: fields drop in this order.
struct Running {
    _actors: Actors,
    plane: Arc<ControlPlane>,
}

/// A start that failed is not tried again: the other tests get its reason.
static SHARED: Mutex<Option<Result<Running, String>>> = Mutex::new(None);

fn shared() -> MutexGuard<'static, Option<Result<Running, String>>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn get() -> Result<Arc<ControlPlane>, String> {
    match shared().get_or_insert_with(start) {
        Ok(running) => Ok(Arc::clone(&running.plane)),
        Err(reason) => Err(reason.clone()),
    }
}

fn start() -> Result<Running, String> {
    let plane = Arc::new(ControlPlane::start()?);
    let actors = Actors::start(
        &plane,
        vec![Box::new(Kubelet::new(PlayedNodes::All)), Box::new(Provisioner::new(DISK)), Box::new(Resizer::new(DISK))],
    )?;
    Ok(Running { _actors: actors, plane })
}

/// Ends everything and waits for it. Should this not be reached, the end of
/// the process does the same.
pub fn stop() {
    drop(shared().take());
}

//! Copies of a namespace to plan on: what was read, on a simulator of their own.

use std::sync::Arc;

use serde_json::Value;

use super::exec::Assumed;
use super::sandbox::simulated;
use crate::cluster::{Connection, Entropy};
use crate::commands::context::Copies;
use crate::facts::snapshot::Snapshot;
use crate::simulator::{Origin, Original, Simulator};

/// A plan is the same for the same cluster, so its copy has always the same seed.
const SEED: u64 = 1;

/// Makes copies on simulators.
pub struct OnSimulator;

/// Nothing on a copy is drawn by lot.
struct Nothing;

impl Entropy for Nothing {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

impl Copies for OnSimulator {
    fn copy(&self, taken: &mut Snapshot, connection: &Connection) -> Connection {
        let objects = std::mem::take(&mut taken.objects);
        let simulator = Simulator::copy_of(original(taken, objects, connection), SEED);
        let name = &connection.identity.name;
        let copy = simulated(&simulator, name, &connection.namespace, Arc::new(Nothing), &connection.interrupt);
        Connection { exec: Arc::new(Assumed), ..copy }
    }
}

/// What was read, and the objects of it, as a simulator takes them.
pub fn original(taken: &Snapshot, objects: Vec<Value>, connection: &Connection) -> Original {
    Original {
        origin: Origin {
            cluster: connection.identity.name.clone(),
            namespace: connection.namespace.clone(),
            at: taken.at.unwrap_or_else(|| connection.clock.now()),
            version: taken.version.clone(),
        },
        objects,
        unread: taken.not_read().map(|kind| kind.kind.to_owned()).collect(),
    }
}

//! What faults do to a cluster from the side: others write, actors stall or
//! come up again, the clock jumps, old states are shown.

use super::Simulator;
use super::state::State;
use crate::simulator::controllers::all::of as actors_of;
use crate::simulator::faults::{Actor, Disturbance};
use crate::simulator::recent::Recent;
use crate::simulator::request::Raw;
use crate::simulator::sandbox::GivenUp;
use crate::simulator::world::Reply;

/// Asked before each look of an actor: what happens just then.
pub type TickHook = Box<dyn FnMut() -> Vec<Disturbance> + Send>;

impl Simulator {
    /// Has this asked before each further look of an actor. It is called under
    /// the simulator's lock and must not call the simulator.
    pub fn on_tick(&self, hook: TickHook) {
        self.state().tick_hook = Some(hook);
    }

    /// The same cluster once more, in memory and with the usual actors; what
    /// happens in one of them from here on does not happen in the other.
    #[must_use]
    pub fn fork(&self) -> Self {
        let state = self.state();
        let actors = actors_of(&state.world);
        let mut world = state.world.clone();
        world.log = Recent::default();
        let fork = Self::of_world(world, actors, None, state.lags.clone());
        fork.state().queue = state.queue.clone();
        fork
    }

    /// Lets something happen now.
    pub fn disturb(&self, disturbance: &Disturbance) {
        let mut state = self.state();
        // Trouble with a file is told by the next request, as by `advance`.
        if let Err(error) = state.framed(|state| state.disturb(disturbance)) {
            state.trouble = Some(error);
        }
    }

    /// Answers a read from so many revisions ago, as far as is remembered;
    /// anything else as ever.
    pub(in crate::simulator) fn handle_as_of(&self, raw: &Raw, back: u64) -> Result<Reply, GivenUp> {
        if raw.method != http::Method::GET || raw.query.contains("watch=") {
            return self.handle(raw);
        }
        // Of an old state nobody keeps account of who uses what.
        let raw = &Raw { looked_for: None, ..raw.clone() };
        let mut state = self.state();
        let then = state.world.store.as_of(state.world.store.revision().saturating_sub(back));
        let now = std::mem::replace(&mut state.world.store, then);
        let reply = state.world.handle(raw);
        state.world.store = now;
        Ok(reply)
    }
}

impl State {
    pub(super) fn disturb(&mut self, disturbance: &Disturbance) {
        let now = self.world.now;
        match disturbance {
            Disturbance::Rival { namespace, act } => {
                for request in act.requests(&self.world.store, namespace) {
                    // A rival who is refused has done nothing.
                    let _ = self.world.answer_actor(&request);
                }
            }
            Disturbance::Stalled { actor, time } => {
                if let (Some(index), Ok(until)) = (self.index_of(*actor), now.checked_add(*time)) {
                    self.queue.stall(index, until);
                }
            }
            Disturbance::Restarted { actor } => {
                if let Some(index) = self.index_of(*actor) {
                    self.queue.restart(index, now);
                }
            }
            Disturbance::Behind { actor, revisions } => {
                self.lags.fall_behind(actor.name(), *revisions, self.world.store.revision());
            }
            Disturbance::Jump(time) => self.world.now = now.checked_add(*time).unwrap_or(now),
        }
    }

    fn index_of(&self, actor: Actor) -> Option<usize> {
        self.controllers.iter().position(|known| known.name() == actor.name())
    }

    /// What is planned for just before a look.
    pub(super) fn before_look(&mut self) {
        if let Some(mut hook) = self.tick_hook.take() {
            for disturbance in hook() {
                self.disturb(&disturbance);
            }
            self.tick_hook = Some(hook);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;
    use serde_json::{Value, json};

    use super::*;
    use crate::objects::looked_for::LookedFor;
    use crate::simulator::Options;
    use crate::simulator::world::Payload;

    #[test]
    fn a_read_of_an_old_state_is_whole_whatever_is_looked_for() {
        let simulator = Simulator::with_controllers(Options::default(), Vec::new());
        let raw = |method, body: &Value, looked_for| Raw {
            method,
            path: "/api/v1/namespaces/default/pods".to_owned(),
            content_type: "application/json".to_owned(),
            looked_for,
            body: Bytes::from(body.to_string()),
            ..Raw::default()
        };
        let volume = json!({"name": "v", "persistentVolumeClaim": {"claimName": "x"}});
        let spec = json!({"containers": [{"name": "c", "image": "i"}], "volumes": [volume]});
        let made = simulator.handle(&raw(Method::POST, &json!({"metadata": {"name": "p"}, "spec": spec}), None));
        assert_eq!(made.unwrap().code, 201);
        let looked_for = Some(LookedFor::PodsWith(vec!["x".to_owned()]));
        let listed = simulator.handle_as_of(&raw(Method::GET, &Value::Null, looked_for), 0).unwrap();
        let Payload::List(list) = listed.payload else { panic!("no list") };
        assert_eq!(list.objects[0]["metadata"]["name"], "p");
    }
}

//! The cluster with its actors, its file and who listens: what happens in one
//! request, and when time passes.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::disturb::TickHook;
use crate::simulator::actors;
use crate::simulator::controllers::Controller;
use crate::simulator::lags::Lags;
use crate::simulator::options::{Advance, CommitHook};
use crate::simulator::queue::{Concern, Queue};
use crate::simulator::recent::Recent;
use crate::simulator::sandbox::{OpenError, Sandbox};
use crate::simulator::store::{Commit, Store};
use crate::simulator::world::World;

/// More looks than this at one moment mean that an actor never comes to rest.
const MOST_LOOKS: usize = 100_000;
/// When an actor that was behind looks again.
const CATCH_UP: Duration = Duration::from_millis(50);

/// The cluster and everything that makes it go on.
pub(super) struct State {
    pub(super) world: World,
    pub(super) controllers: Vec<Box<dyn Controller>>,
    pub(super) queue: Queue,
    pub(super) file: Option<Sandbox>,
    pub(super) hooks: Vec<CommitHook>,
    pub(super) refused: Recent,
    /// How many of the world's fresh commits the actors have been told of.
    pub(super) told: usize,
    pub(super) lags: Lags,
    /// What went wrong with the file while time passed: the next request tells.
    pub(super) trouble: Option<OpenError>,
    /// Asked before each look of an actor.
    pub(super) tick_hook: Option<TickHook>,
    /// When watches end, for whoever waits in real time.
    pub(super) alarms: BTreeSet<Timestamp>,
    /// When watches were last told that time goes on.
    pub(super) chimed: Timestamp,
}

impl State {
    /// Runs an action between taking in what other processes wrote and putting
    /// on disk what it changed itself.
    pub(super) fn framed<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> Result<T, OpenError> {
        let guard = match &mut self.file {
            Some(file) => {
                let (guard, has_news) = file.enter(&mut self.world)?;
                if has_news {
                    self.queue.everything_changed(self.world.now);
                }
                Some(guard)
            }
            None => None,
        };
        let done = action(self);
        let fresh = std::mem::take(&mut self.world.fresh);
        let told = std::mem::take(&mut self.told);
        if let Some(file) = &mut self.file {
            if let Err(error) = file.append(&fresh, self.world.now) {
                // What is not on disk did not happen.
                file.reload(&mut self.world)?;
                // Nor did it for the actors that have looked at it.
                self.queue.everything_changed(self.world.now);
                return Err(error);
            }
            file.shorten(&self.world);
        }
        drop(guard);
        for commit in &fresh {
            for hook in &mut self.hooks {
                hook(commit);
            }
        }
        let news = fresh.get(told..).unwrap_or_default();
        wake(&mut self.queue, &self.controllers, &self.world.store, news, self.world.now);
        Ok(done)
    }

    /// Lets this time pass with all that happens in it. If an actor never comes
    /// to rest it ends there, and is told among the refused writes.
    pub(super) fn pass(&mut self, elapsed: Duration) {
        let end = self.world.now.checked_add(elapsed).unwrap_or(self.world.now);
        let (mut moment, mut looks) = (self.world.now, 0);
        while self.world.now < end && looks <= MOST_LOOKS {
            self.advance(self.world.now.duration_until(end).unsigned_abs());
            looks = if self.world.now > moment { 0 } else { looks + 1 };
            moment = self.world.now;
        }
        if looks > MOST_LOOKS {
            self.refused
                .extend([format!("time stands still at {moment}: after {MOST_LOOKS} looks no actor came to rest")]);
        }
        self.alarms = self.alarms.split_off(&self.world.now);
    }

    pub(super) fn advance(&mut self, at_most: Duration) -> Advance {
        let limit = self.world.now.checked_add(at_most).unwrap_or(self.world.now);
        let next = self.queue.next();
        let Some((at, actor)) = next.filter(|(at, _)| *at <= limit) else {
            self.world.now = limit;
            self.world.expire_events();
            return if next.is_some() { Advance::Passed } else { Advance::Idle };
        };
        self.world.now = self.world.now.max(at);
        let before = self.world.fresh.len();
        self.world.expire_events();
        self.before_look();
        let look = self.queue.take(actor, self.world.now);
        let Some(controller) = self.controllers.get(actor) else {
            return Advance::Passed;
        };
        let seen = self.lags.seen(controller.name(), self.world.store.revision());
        let (mut looked, refused) = actors::run(&mut self.world, controller.as_ref(), look, seen);
        if seen.is_some() {
            let again = self.world.now.checked_add(CATCH_UP).ok();
            for looked in &mut looked {
                looked.wake = looked.wake.into_iter().chain(again).min();
            }
        }
        self.queue.looked(actor, looked);
        self.refused.extend(refused);
        let news = self.world.fresh.get(before..).unwrap_or_default();
        wake(&mut self.queue, &self.controllers, &self.world.store, news, self.world.now);
        self.told = self.world.fresh.len();
        Advance::Passed
    }
}

/// Has the actors look that mind one of the commits, at what it concerns.
fn wake(queue: &mut Queue, actors: &[Box<dyn Controller>], view: &Store, commits: &[Commit], now: Timestamp) {
    for commit in commits.iter().filter(|commit| !matches!(commit.kind.kind, "Event" | "Lease")) {
        let change = commit.change();
        queue.changed(now, |index| match actors.get(index) {
            Some(actor) if actor.minds(&change) => match actor.keyed() {
                Some(keyed) => keyed.concerned(view, &change).map_or(Concern::Everything, Concern::These),
                None => Concern::Everything,
            },
            Some(_) | None => Concern::Nothing,
        });
    }
}

//! The simulator as the rest of the program holds it: requests and the clock
//! come in here, one at a time. Around each stands the same frame: take the
//! file's lock and other processes' news, act, put it on disk, announce it.

mod disturb;
mod state;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use state::State;

use super::clock::held_back;
use super::controllers::Controller;
use super::controllers::all::{of as actors_of, with_features};
use super::custom::Definition;
use super::import::{Origin, Original, world_to_plan_on};
use super::lags::Lags;
use super::options::{Advance, CommitHook, Options, Waiter};
use super::queue::Queue;
use super::recent::Recent;
use super::request::Raw;
use super::sandbox::{GivenUp, OpenError, Sandbox};
use super::seed;
use super::service::SimulatorService;
use super::sizes::Sizes;
use super::status::Refusal;
use super::watch::WatchStart;
use super::world::{Payload, Reply, World};

/// A simulated cluster. Clones are the same cluster.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    /// Rises with each commit and each step of the clock, for watches.
    news: watch::Sender<u64>,
}

/// How often watches are told of the time where nothing else happens.
const CHIME: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_CATCH_UP: Duration = Duration::from_hours(1);
/// How many commits a copy remembers: nobody watches it, and the old versions of
/// a large namespace are more than all that is in it.
const OF_A_COPY: usize = 20;

impl fmt::Debug for Simulator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Simulator").finish_non_exhaustive()
    }
}

impl Simulator {
    /// A fresh cluster in memory with all actors.
    #[must_use]
    pub fn in_memory(options: Options) -> Self {
        let actors = with_features(options.features);
        Self::with_controllers(options, actors)
    }

    /// A fresh cluster in memory with these actors.
    #[must_use]
    pub fn with_controllers(options: Options, controllers: Vec<Box<dyn Controller>>) -> Self {
        let mut world = World::new(options.seed, options.start, options.deny);
        world.features = options.features;
        seed::fill(&mut world);
        let lags = Lags::new(options.seed, options.lags);
        Self::of_world(world, controllers, None, lags)
    }

    /// A copy of a live namespace in memory, to plan on. Time begins when it was read.
    #[must_use]
    pub fn copy_of(original: Original, seed: u64) -> Self {
        let mut world = world_to_plan_on(original, seed);
        world.store.remember(OF_A_COPY);
        let actors = actors_of(&world);
        Self::of_world(world, actors, None, Lags::default())
    }

    /// Makes a sandbox of a copy, in a file that must not exist yet.
    ///
    /// # Errors
    /// See `OpenError`.
    pub fn found(
        path: &Path,
        original: Original,
        now_real: Timestamp,
        waiter: Option<Box<dyn Waiter>>,
    ) -> Result<(), OpenError> {
        Sandbox::found(path, original, now_real, waiter)
    }

    /// The sandbox in this file, created when absent, with all actors.
    /// `waiter` is told the process that keeps it locked for long.
    ///
    /// # Errors
    /// See `OpenError`.
    pub fn open(path: &Path, now_real: Timestamp, waiter: Option<Box<dyn Waiter>>) -> Result<Self, OpenError> {
        let (file, world, elapsed) = Sandbox::open(path, now_real, waiter)?;
        let actors = actors_of(&world);
        Self::go_on(file, world, elapsed, now_real, actors)
    }

    /// The sandbox in this file with these actors. Its clock moves on by the
    /// real time since it was last opened, at most an hour.
    ///
    /// # Errors
    /// See `OpenError`.
    pub fn open_with_controllers(
        path: &Path,
        now_real: Timestamp,
        controllers: Vec<Box<dyn Controller>>,
        waiter: Option<Box<dyn Waiter>>,
    ) -> Result<Self, OpenError> {
        let (file, world, elapsed) = Sandbox::open(path, now_real, waiter)?;
        Self::go_on(file, world, elapsed, now_real, controllers)
    }

    fn go_on(
        file: Sandbox,
        world: World,
        elapsed: Duration,
        now_real: Timestamp,
        controllers: Vec<Box<dyn Controller>>,
    ) -> Result<Self, OpenError> {
        let simulator = Self::of_world(world, controllers, Some(file), Lags::default());
        let now = simulator.now();
        simulator.catch_up(held_back(elapsed.min(LONGEST_CATCH_UP), now, now_real))?;
        Ok(simulator)
    }

    fn of_world(world: World, controllers: Vec<Box<dyn Controller>>, file: Option<Sandbox>, caches: Lags) -> Self {
        let lags = controllers.iter().enumerate().map(|(place, actor)| actor.notices_after(place)).collect();
        let (queue, chimed) = (Queue::new(lags, world.now), world.now);
        let state = State {
            world,
            controllers,
            queue,
            file,
            hooks: Vec::new(),
            refused: Recent::default(),
            told: 0,
            lags: caches,
            trouble: None,
            tick_hook: None,
            alarms: BTreeSet::new(),
            chimed,
        };
        Self { inner: Arc::new(Inner { state: Mutex::new(state), news: watch::Sender::new(0) }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client of this cluster. Must be called inside a runtime.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.service(), "default")
    }

    /// The cluster as a tower service, for a client or a listener.
    #[must_use]
    pub fn service(&self) -> SimulatorService {
        SimulatorService::new(self.clone())
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.state().world.now
    }

    /// What defines a custom kind, or the kind of its lists.
    pub(super) fn definition_of(&self, api_version: &str, kind: &str) -> Option<Arc<Definition>> {
        let group = api_version.split_once('/')?.0;
        let state = self.state();
        let mut definitions = state.world.store.definitions().of_group(group);
        definitions.find(|known| known.name == kind || known.list_name == kind).cloned()
    }

    /// Where this cluster was copied from, if it was.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        self.state().world.origin.clone()
    }

    /// One line for each of the last requests: method, path and query, status, hash of the body.
    #[must_use]
    pub fn request_log(&self) -> Vec<String> {
        self.state().world.log.lines()
    }

    /// All objects, by kind, namespace and name.
    #[must_use]
    pub fn objects(&self) -> Vec<Arc<serde_json::Value>> {
        self.state().world.store.everything().cloned().collect()
    }

    /// Writes of actors that were refused, for tests.
    #[must_use]
    pub fn refused_writes(&self) -> Vec<String> {
        self.state().refused.lines()
    }

    /// How much is held, for tests and benches: it must not grow with what was
    /// said to the cluster, only with what is in it.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let state = self.state();
        let store = &state.world.store;
        Sizes {
            objects: store.everything().count(),
            events: store.everything().filter(|object| object["kind"] == "Event").count(),
            history: store.history_len(),
            log: state.world.log.len(),
            refused: state.refused.len(),
            alarms: state.alarms.len(),
        }
    }

    /// Has each further commit told to this hook.
    pub fn on_commit(&self, hook: CommitHook) {
        self.state().hooks.push(hook);
    }

    /// Lets time pass: to the next event within `at_most`, or `at_most`.
    /// Trouble with the sandbox's file is left for the next request to tell.
    pub fn advance(&self, at_most: Duration) -> Advance {
        let mut state = self.state();
        let advance = state.framed(|state| state.advance(at_most)).unwrap_or_else(|error| {
            state.trouble = Some(error);
            Advance::Passed
        });
        drop(state);
        self.inner.news.send_modify(|count| *count = count.wrapping_add(1));
        advance
    }

    fn catch_up(&self, elapsed: Duration) -> Result<(), OpenError> {
        self.state().framed(|state| state.pass(elapsed))
    }

    /// Lets so much time pass (at most an hour) with all that happens in it,
    /// because it has passed outside, where it is `real` now. Trouble is left for
    /// the next request, as by `advance`.
    pub fn follow(&self, passed: Duration, real: Timestamp) {
        let mut state = self.state();
        if let Some(file) = &mut state.file {
            file.is_open_at(real);
        }
        let passed = held_back(passed.min(LONGEST_CATCH_UP), state.world.now, real);
        self.let_pass(state, passed);
    }

    /// Lets this time pass, with all that happens in it.
    pub fn pass(&self, time: Duration) {
        self.let_pass(self.state(), time);
    }

    fn let_pass(&self, mut state: MutexGuard<'_, State>, time: Duration) {
        let (before, alarm) = (state.world.store.revision(), state.alarms.first().copied());
        if let Err(error) = state.framed(|state| state.pass(time)) {
            state.trouble = Some(error);
        }
        let is_due = alarm.is_some_and(|alarm| alarm <= state.world.now);
        let is_news = is_due || state.world.store.revision() != before;
        self.announce(state, is_news);
    }

    /// Wakes watches, and whoever waits for what comes next: at news, and now and
    /// then, since watches tell of the time as well.
    fn announce(&self, mut state: MutexGuard<'_, State>, is_news: bool) {
        let now = state.world.now;
        if is_news || now.duration_since(state.chimed) >= CHIME {
            state.chimed = now;
            drop(state);
            self.inner.news.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// How long it is until something happens by itself; `None` if nothing will.
    #[must_use]
    pub fn until_next(&self) -> Option<Duration> {
        let state = self.state();
        let next = state.queue.next().map(|(at, _)| at);
        let next = next.into_iter().chain(state.alarms.first().copied()).min()?;
        Some(state.world.now.duration_until(next).unsigned_abs())
            .filter(|_| next > state.world.now)
            .or(Some(Duration::ZERO))
    }

    pub(super) fn handle(&self, raw: &Raw) -> Result<Reply, GivenUp> {
        let mut state = self.state();
        let before = state.world.store.revision();
        let reply = match state.trouble.take() {
            Some(trouble) => Err(trouble),
            None => state.framed(|state| state.world.handle(raw)),
        };
        let mut is_news = state.world.store.revision() != before;
        if let Ok(Reply { payload: Payload::Watch(watch), .. }) = &reply {
            let now = state.world.now;
            state.alarms = state.alarms.split_off(&now);
            state.alarms.extend(watch.ends());
            is_news = true;
        }
        self.announce(state, is_news);
        match reply {
            Err(OpenError::GivenUp(why)) => Err(why),
            Err(error @ OpenError::Gone { .. }) => Ok(Reply::refusal(Refusal::removed(&error.to_string()))),
            Err(error) => Ok(Reply::refusal(Refusal::broken(&error.to_string()))),
            Ok(reply) => Ok(reply),
        }
    }

    /// The news channel and the next lines of a watch; `None` at its end.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.inner.news.subscribe()
    }

    pub(super) fn watch_more(&self, watch: &mut WatchStart) -> Option<Vec<serde_json::Value>> {
        let state = self.state();
        watch.more(&state.world.store, state.world.now)
    }
}

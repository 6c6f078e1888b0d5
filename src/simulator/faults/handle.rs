//! A schedule at work: it counts what goes by and says what strikes there.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;

use super::fault::{Answer, Fault, JournalFault};
use super::schedule::{Length, Point, Schedule, Strike};
use super::service::FaultyService;
use crate::simulator::engine::Simulator;
use crate::simulator::request::Raw;

/// A request of the run, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub body: Bytes,
    /// How many revisions old the state is that a read is answered from.
    pub stale: u64,
}

/// Told of each request before it arrives.
pub type RequestHook = Box<dyn FnMut(&Seen) + Send>;

/// A second run of the program, from its first request to its last.
pub type SecondRun = Box<dyn Fn() -> BoxFuture<'static, ()> + Send>;

/// Faults on the way of one run, over all of its lives. Clones are the same.
#[derive(Clone)]
pub struct Faults {
    progress: Arc<Mutex<Progress>>,
}

struct Progress {
    pending: Vec<Strike>,
    struck: Vec<Strike>,
    length: Length,
    is_dead: bool,
    /// The answer to everything from now on.
    denied: Option<Answer>,
    seen: Vec<Seen>,
    second: Option<SecondRun>,
    hook: Option<RequestHook>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Faults").field("struck", &self.struck()).finish_non_exhaustive()
    }
}

impl Faults {
    /// Faults of a run on this cluster. Those that strike at looks of its
    /// actors are counted from now on.
    #[must_use]
    pub fn on(simulator: &Simulator, schedule: Schedule) -> Self {
        let progress = Progress {
            pending: schedule.0,
            struck: Vec::new(),
            length: Length::default(),
            is_dead: false,
            denied: None,
            seen: Vec::new(),
            second: None,
            hook: None,
        };
        let faults = Self { progress: Arc::new(Mutex::new(progress)) };
        let ticking = faults.clone();
        simulator.on_tick(Box::new(move || {
            let struck = ticking.next(|length| &mut length.ticks, Point::Tick);
            struck
                .into_iter()
                .filter_map(|fault| match fault {
                    Fault::Meanwhile(disturbance) => Some(disturbance),
                    // The others need a request.
                    Fault::Crash(_)
                    | Fault::Lost { .. }
                    | Fault::Twice
                    | Fault::Late(_)
                    | Fault::Answer(_)
                    | Fault::Truncated
                    | Fault::Stale(_)
                    | Fault::Watch(_)
                    | Fault::Second
                    | Fault::Journal(_) => None,
                })
                .collect()
        }));
        faults
    }

    /// What `Fault::Second` runs.
    pub fn set_second(&self, run: SecondRun) {
        self.progress().second = Some(run);
    }

    /// Has each further request told to this hook.
    pub fn on_request(&self, hook: RequestHook) {
        self.progress().hook = Some(hook);
    }

    /// The cluster behind the faults, for a client.
    #[must_use]
    pub fn service(&self, simulator: &Simulator) -> FaultyService {
        FaultyService::new(simulator.clone(), self.clone())
    }

    /// A client whose requests the faults strike. Must be called inside a runtime.
    #[must_use]
    pub fn client(&self, simulator: &Simulator) -> kube::Client {
        kube::Client::new(self.service(simulator), "default")
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the run's process has ended by a crash.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.progress().is_dead
    }

    /// A new process goes on: with rights again, and counting on.
    pub fn revive(&self) {
        let mut progress = self.progress();
        progress.is_dead = false;
        progress.denied = None;
    }

    /// No further fault strikes.
    pub fn stop(&self) {
        self.progress().pending.clear();
    }

    /// What has struck so far.
    #[must_use]
    pub fn struck(&self) -> Vec<Strike> {
        self.progress().struck.clone()
    }

    /// What has gone by so far: the length of a run that nothing struck.
    #[must_use]
    pub fn length(&self) -> Length {
        self.progress().length
    }

    /// The requests that were sent.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.progress().seen.clone()
    }

    /// What keeps the next line of the journal from the disk. Asked by whoever
    /// writes one, once for each line.
    #[must_use]
    pub fn next_line(&self) -> Option<JournalFault> {
        self.next(|length| &mut length.lines, Point::Line).into_iter().find_map(|fault| match fault {
            Fault::Journal(fault) => Some(fault),
            Fault::Crash(_)
            | Fault::Lost { .. }
            | Fault::Twice
            | Fault::Late(_)
            | Fault::Answer(_)
            | Fault::Truncated
            | Fault::Stale(_)
            | Fault::Watch(_)
            | Fault::Meanwhile(_)
            | Fault::Second => None,
        })
    }

    /// What strikes the next request; `None` if there is nobody left to send it.
    pub(super) fn next_request(&self, raw: &Raw) -> Option<Vec<Fault>> {
        let mut progress = self.progress();
        if progress.is_dead {
            return None;
        }
        let struck = progress.next(|length| &mut length.requests, Point::Request);
        let stale = struck.iter().find_map(|fault| if let Fault::Stale(back) = fault { Some(*back) } else { None });
        let seen = Seen {
            method: raw.method.to_string(),
            path: raw.path.clone(),
            query: raw.query.clone(),
            body: raw.body.clone(),
            stale: stale.unwrap_or(0),
        };
        if let Some(hook) = &mut progress.hook {
            hook(&seen);
        }
        progress.seen.push(seen);
        Some(struck)
    }

    pub(super) fn next_event(&self) -> Vec<Fault> {
        self.next(|length| &mut length.events, Point::Event)
    }

    fn next(&self, counter: fn(&mut Length) -> &mut u64, point: fn(u64) -> Point) -> Vec<Fault> {
        self.progress().next(counter, point)
    }

    /// The run's process ends here: nothing of it arrives any more.
    pub fn dies(&self) {
        self.progress().is_dead = true;
    }

    pub(super) fn denies(&self, answer: Answer) {
        self.progress().denied = Some(answer);
    }

    pub(super) fn denied(&self) -> Option<Answer> {
        self.progress().denied
    }

    pub(super) fn second(&self) -> Option<BoxFuture<'static, ()>> {
        self.progress().second.as_ref().map(|run| run())
    }
}

impl Progress {
    fn next(&mut self, counter: fn(&mut Length) -> &mut u64, point: fn(u64) -> Point) -> Vec<Fault> {
        let count = counter(&mut self.length);
        *count = count.saturating_add(1);
        let here = point(*count);
        let struck: Vec<Strike> = self.pending.extract_if(.., |strike| strike.at == here).collect();
        self.struck.extend(struck.iter().cloned());
        struck.into_iter().map(|strike| strike.fault).collect()
    }
}

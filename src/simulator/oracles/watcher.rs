//! The oracles at work on one cluster: each commit is judged as it comes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::Violation;
use super::identity::identity;
use super::safety::{Blame, data_loss, doomed_claim, is_made, surprise};
use super::secrecy::Secrets;
use super::there::{There, uid};
use crate::simulator::engine::Simulator;
use crate::simulator::faults::{Faults, Seen};
use crate::simulator::store::Commit;

/// What somebody was shown and said yes to, and who is who.
#[derive(Clone, Debug, Default)]
pub struct Confirmed {
    /// Field managers of the run.
    pub ours: BTreeSet<String>,
    /// Field managers of other people; what they destroy is theirs to answer for.
    pub others: BTreeSet<String>,
    /// UIDs of all objects that were shown as touched, and of those that it has made.
    pub shown: BTreeSet<String>,
    /// Objects that were shown as made: kind, namespace, name.
    pub made: BTreeSet<(String, String, String)>,
    /// UIDs of volumes whose data was given up.
    pub volumes: BTreeSet<String>,
    pub secrets: Secrets,
}

/// Watches a cluster. Clones are the same watcher.
#[derive(Clone, Debug)]
pub struct Watcher {
    seen: Arc<Mutex<Watched>>,
}

#[derive(Debug)]
struct Watched {
    confirmed: Confirmed,
    there: There,
    blame: Blame,
    found: Vec<Violation>,
    races: Vec<Violation>,
}

impl Watcher {
    /// Judges every further commit of this cluster.
    #[must_use]
    pub fn on(simulator: &Simulator, confirmed: Confirmed) -> Self {
        let mut there = There::default();
        for object in simulator.objects() {
            there.put(object);
        }
        let begun = Watched { confirmed, there, blame: Blame::default(), found: Vec::new(), races: Vec::new() };
        let watcher = Self { seen: Arc::new(Mutex::new(begun)) };
        let hooked = watcher.clone();
        simulator.on_commit(Box::new(move |commit| hooked.lock().judge(commit)));
        watcher
    }

    /// Judges every further request of this run, too, and learns from them what
    /// the run could know.
    #[must_use]
    pub fn following(self, faults: &Faults) -> Self {
        let hooked = self.clone();
        faults.on_request(Box::new(move |request| hooked.lock().take_in(request)));
        self
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was broken so far, in order.
    #[must_use]
    pub fn found(&self) -> Vec<Violation> {
        self.lock().found.clone()
    }

    /// Claims that others wanted again between the last look of the run and their
    /// deletion. No precondition can prevent that, since a claim does not change
    /// when a pod begins to use it; D1 judges that no data is lost even so.
    #[must_use]
    pub fn races(&self) -> Vec<Violation> {
        self.lock().races.clone()
    }
}

impl Watched {
    fn judge(&mut self, commit: &Commit) {
        self.blame.take(commit);
        let confirmed = &self.confirmed;
        if let Some((doomed, set)) = doomed_claim(&self.there, commit, confirmed) {
            let is_race = self.blame.is_race(&set, confirmed);
            if is_race { self.races.push(doomed) } else { self.found.push(doomed) }
        }
        let found = [
            data_loss(&self.there, &self.blame, commit, confirmed),
            surprise(commit, confirmed),
            confirmed.secrets.stored(commit),
        ];
        self.found.extend(found.into_iter().flatten());
        // What it has made itself it may touch again.
        if let Some(made) = commit.after.as_deref().filter(|_| is_made(commit, confirmed)) {
            let made = uid(made).to_owned();
            self.confirmed.shown.insert(made);
        }
        self.there.take(commit);
    }

    fn take_in(&mut self, request: &Seen) {
        self.blame.looks(request);
        self.found.extend(identity(request, &self.confirmed));
    }
}

impl Confirmed {
    /// Shows these objects.
    #[must_use]
    pub fn showing<'a>(mut self, objects: impl IntoIterator<Item = &'a Value>) -> Self {
        let uids = objects.into_iter().filter_map(|object| object["metadata"]["uid"].as_str());
        self.shown.extend(uids.map(str::to_owned));
        self
    }
}

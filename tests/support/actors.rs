//! Nodes and disks of a real API server. The same pure actors that live in the
//! simulator (kubelet, attacher, provisioner, resizer) look at the real cluster and
//! have their writes sent, each as its own field manager and from its own background
//! thread, so that none waits for the writes of another. The threads stop when
//! this is dropped.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubectl_stateful::simulator::controllers::play::{self, Sender};
use kubectl_stateful::simulator::controllers::{Controller, Part, Step, Target, View, Write};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::api::{Api, Method, Refusal, path_of, runtime};
use super::control_plane::ControlPlane;
use super::credentials::User;

/// How long an actor looks away between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The same when it has had nothing to do for many looks: the planes that wait
/// for their tests leave the machine to the others.
const LONG_PAUSE: Duration = Duration::from_millis(500);

/// As many looks.
const IDLE: usize = 50;

/// Whether there is anything to do an actor may see in what another one has listed, if that is
/// no older than this and than its own last write: lists are the most that a control plane
/// does for these tests. It acts on what it has listed itself.
const FRESH: Duration = Duration::from_millis(200);

/// Actors at work; dropping it sends them home.
pub struct Actors {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Actors {
    /// Lets `actors` play against `plane` until the result is dropped.
    pub fn start(plane: &ControlPlane, actors: Vec<Box<dyn Controller>>) -> Result<Self, String> {
        let file = File::create(plane.log("actors")).map_err(|error| format!("actors' log: {error}"))?;
        let log = Arc::new(Mutex::new(Log { file, last: String::new() }));
        let lists = Arc::new(Lists::default());
        let mut started = Self { stop: Arc::new(AtomicBool::new(false)), threads: Vec::new() };
        for actor in actors {
            let thread = started.play(plane, actor, Arc::clone(&log), Arc::clone(&lists))?;
            started.threads.push(thread);
        }
        Ok(started)
    }

    fn play(
        &self,
        plane: &ControlPlane,
        actor: Box<dyn Controller>,
        log: Arc<Mutex<Log>>,
        lists: Arc<Lists>,
    ) -> Result<JoinHandle<()>, String> {
        let runtime = runtime()?;
        let client = runtime.block_on(plane.client(User::Admin))?;
        let api = Api::new(client, actor.name());
        let stop = Arc::clone(&self.stop);
        let work = move || {
            let (mut idle, mut wrote) = (0, Instant::now());
            while !stop.load(Ordering::SeqCst) {
                let has_acted = look(&runtime, &api, actor.as_ref(), &log, (&lists, wrote));
                idle = if has_acted { 0 } else { idle + 1 };
                if has_acted {
                    wrote = Instant::now();
                }
                thread::sleep(if idle < IDLE { PAUSE } else { LONG_PAUSE });
            }
        };
        thread::Builder::new().name("actor".to_owned()).spawn(work).map_err(|error| format!("actor: {error}"))
    }
}

impl Drop for Actors {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

/// What was refused, beside the logs of the servers: a lost race is normal and
/// passes, anything else is for a failing test to show.
struct Log {
    file: File,
    /// A refusal that comes at every look is written once.
    last: String,
}

fn note(log: &Mutex<Log>, actor: &str, refusal: &Refusal) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    if log.last != refusal.message {
        log.last.clone_from(&refusal.message);
        writeln!(log.file, "{} {actor}: {}", Timestamp::now(), refusal.message).ok();
    }
}

/// One look and what follows from it, if anything does. A look that failed half-way is worth
/// nothing: an actor must not take "could not be read" for "is not there".
fn look(
    runtime: &Runtime,
    api: &Api,
    actor: &dyn Controller,
    log: &Mutex<Log>,
    (lists, wrote): (&Lists, Instant),
) -> bool {
    let oldest = Instant::now().checked_sub(FRESH).map_or(wrote, |fresh| fresh.max(wrote));
    let view_since = |oldest| {
        let (seen, failed) = (RefCell::default(), RefCell::default());
        LiveView { runtime, api, lists, oldest, took: Cell::new(false), seen, failed }
    };
    let acts = |passes: &[Step]| passes.iter().any(|pass| !pass.parts.is_empty());
    let mut view = view_since(oldest);
    let mut passes = actor.passes(&view, Timestamp::now());
    if acts(&passes) && view.took.get() {
        view = view_since(Instant::now());
        passes = actor.passes(&view, Timestamp::now());
    }
    if let Some(refusal) = view.failed.borrow().as_ref() {
        note(log, api.manager(), refusal);
        return true;
    }
    let mut hand = Hand { view: &view, actor, log };
    for pass in &passes {
        play::play(&pass.parts, &mut hand);
    }
    acts(&passes)
}

/// An actor's way to the server.
struct Hand<'a> {
    view: &'a LiveView<'a>,
    actor: &'a dyn Controller,
    log: &'a Mutex<Log>,
}

impl Sender for Hand<'_> {
    fn send(&mut self, write: &Write) -> Result<(), String> {
        let LiveView { runtime, api, .. } = self.view;
        let sent = runtime.block_on(apply(api, self.view, write));
        sent.map_err(|refusal| {
            note(self.log, api.manager(), &refusal);
            refusal.message
        })
    }

    fn refused(&mut self, rest: &[Part], refusals: &[play::Refusal]) {
        for record in self.actor.refused(self.view, rest, refusals) {
            self.send(&record).ok();
        }
    }
}

/// What the actors of a plane have listed last, by kind, and when they asked for it.
#[derive(Default)]
struct Lists(Mutex<HashMap<String, (Instant, Arc<Listed>)>>);

impl Lists {
    fn since(&self, kind: &str, oldest: Instant) -> Option<Arc<Listed>> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.get(kind).filter(|(asked, _)| *asked >= oldest).map(|(_, listed)| Arc::clone(listed))
    }

    fn keep(&self, kind: &str, asked: Instant, listed: &Arc<Listed>) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.insert(kind.to_owned(), (asked, Arc::clone(listed)));
    }
}

/// Reads what the actor asks for, once per look.
struct LiveView<'a> {
    runtime: &'a Runtime,
    api: &'a Api,
    lists: &'a Lists,
    /// What was asked for before is too old.
    oldest: Instant,
    /// Whether it has taken what another one has listed.
    took: Cell<bool>,
    seen: RefCell<HashMap<String, Arc<Listed>>>,
    failed: RefCell<Option<Refusal>>,
}

/// All objects of a kind, and each by namespace and name.
#[derive(Default)]
struct Listed {
    all: Vec<Arc<Value>>,
    named: HashMap<(String, String), Arc<Value>>,
}

impl Listed {
    fn of(items: Vec<Value>) -> Self {
        let all: Vec<Arc<Value>> = items.into_iter().map(Arc::new).collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = |item: &Value| (text(&item["metadata"]["namespace"]), text(&item["metadata"]["name"]));
        let named = all.iter().map(|item| (key(item), Arc::clone(item))).collect();
        Self { all, named }
    }
}

impl View for LiveView<'_> {
    fn list(&self, kind: &str) -> Vec<Arc<Value>> {
        self.read(kind);
        self.seen.borrow().get(kind).map(|listed| listed.all.clone()).unwrap_or_default()
    }

    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.read(kind);
        self.cached(kind, namespace, name)
    }
}

async fn apply(api: &Api, view: &LiveView<'_>, write: &Write) -> Result<(), Refusal> {
    let path = |target: &Target| path_of(&target.kind, &target.namespace, &target.name);
    let sent = match write {
        Write::Create(object) => api.create(object).await,
        Write::Patch { target, patch } => api.send(Method::MergePatch, &path(target), Some(&**patch)).await,
        Write::PatchStatus { target, patch } => {
            api.send(Method::MergePatch, &format!("{}/status", path(target)), Some(&**patch)).await
        }
        Write::Bind { target, node } => {
            let binding = json!({
                "apiVersion": "v1", "kind": "Binding",
                "metadata": {"name": target.name, "namespace": target.namespace},
                "target": {"apiVersion": "v1", "kind": "Node", "name": node},
            });
            api.send(Method::Post, &format!("{}/binding", path(target)), Some(&binding)).await
        }
        Write::Finalize(namespace) => {
            let path = format!("/api/v1/namespaces/{}/finalize", namespace["metadata"]["name"].as_str().unwrap_or(""));
            api.send(Method::Put, &path, Some(namespace)).await
        }
        Write::Delete { target, uid, grace, dependents } => {
            let mut options =
                json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid.as_str()}});
            if let Some(seconds) = grace {
                options["gracePeriodSeconds"] = (*seconds).into();
            }
            if let Some(dependents) = dependents {
                options["propagationPolicy"] = dependents.to_string().into();
            }
            api.send(Method::Delete, &path(target), Some(&options)).await
        }
        Write::Event { target, kind, reason, message } => {
            api.create(&event(api, view, target, &kind.to_string(), reason, message)).await
        }
    };
    sent.map(drop)
}

/// Cluster-scoped objects have their events in `default`, as kubelet's and
/// the binder's have.
fn event(api: &Api, view: &LiveView<'_>, target: &Target, kind: &str, reason: &str, message: &str) -> Value {
    let namespace = if target.namespace.is_empty() { "default" } else { &target.namespace };
    let about = view.cached(&target.kind, &target.namespace, &target.name).unwrap_or_default();
    let now = Timestamp::now();
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"generateName": format!("{}.", target.name), "namespace": namespace},
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": target.kind, "namespace": target.namespace,
            "name": target.name, "uid": about["metadata"]["uid"],
            "resourceVersion": about["metadata"]["resourceVersion"],
        },
        "type": kind, "reason": reason, "message": message, "count": 1,
        "source": {"component": api.manager()}, "reportingComponent": api.manager(),
        "firstTimestamp": seconds(now), "lastTimestamp": seconds(now),
    })
}

/// Kubernetes takes these two times in whole seconds only.
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl LiveView<'_> {
    /// Lists a kind unless that was done during this look.
    fn read(&self, kind: &str) {
        if self.seen.borrow().contains_key(kind) {
            return;
        }
        let listed = match self.lists.since(kind, self.oldest) {
            Some(listed) => {
                self.took.set(true);
                listed
            }
            None => self.ask(kind),
        };
        self.seen.borrow_mut().insert(kind.to_owned(), listed);
    }

    fn ask(&self, kind: &str) -> Arc<Listed> {
        let asked = Instant::now();
        match self.runtime.block_on(self.api.list(kind, "")) {
            Ok(items) => {
                let listed = Arc::new(Listed::of(items));
                self.lists.keep(kind, asked, &listed);
                listed
            }
            Err(refusal) => {
                self.failed.replace(Some(refusal));
                Arc::default()
            }
        }
    }

    /// An object that was listed during this look.
    fn cached(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let seen = self.seen.borrow();
        seen.get(kind)?.named.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }
}

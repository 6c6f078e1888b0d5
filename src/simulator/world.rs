//! The cluster's state and the one door through which everything changes it.
//! Clients and actors come in through `handle`; what a request changes is
//! collected in `fresh` until the engine has put it on disk and announced it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::access::{self, Rights};
use super::admission::Features;
use super::custom::Version;
use super::discovery;
use super::identity;
use super::import::Origin;
use super::listing::Listing;
use super::logs;
use super::query::Query;
use super::reads;
use super::recent::Recent;
use super::request::{Action, Call, ObjectCall, Page, Part, Raw, parse};
use super::status::{Body, Refusal};
use super::store::{Commit, Store};
use super::watch::WatchStart;
use crate::objects::kinds::ApiKind;

/// An answer that is ready to be sent.
#[derive(Debug)]
pub struct Reply {
    pub code: u16,
    pub payload: Payload,
    /// Texts of `Warning` headers.
    pub warnings: Vec<String>,
}

/// The kinds of bodies.
#[derive(Debug)]
pub enum Payload {
    Json(Value),
    /// As it is stored.
    Object(Arc<Value>),
    List(Listing),
    Text(String),
    /// A stream of events that begins here.
    Watch(Box<WatchStart>),
}

impl Reply {
    #[must_use]
    pub fn json(code: u16, body: Value) -> Self {
        Self { code, payload: Payload::Json(body), warnings: Vec::new() }
    }

    #[must_use]
    pub fn object(code: u16, object: &Arc<Value>) -> Self {
        Self { code, payload: Payload::Object(Arc::clone(object)), warnings: Vec::new() }
    }

    #[must_use]
    pub fn text(code: u16, body: &str) -> Self {
        Self { code, payload: Payload::Text(body.to_owned()), warnings: Vec::new() }
    }

    /// Custom objects are shown in the version that was asked for.
    fn in_version(&mut self, version: &Version) {
        match &self.payload {
            Payload::Object(object) => self.payload = Payload::Json(Value::clone(object)),
            Payload::List(list) => self.payload = Payload::Json(list.body()),
            Payload::Json(_) | Payload::Text(_) | Payload::Watch(_) => {}
        }
        let Payload::Json(body) = &mut self.payload else { return };
        let is_one = |object: &Value| object["kind"] == version.kind_name.as_str();
        if is_one(body) {
            version.show(body);
        }
        let items = body.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
        items.filter(|item| is_one(item)).for_each(|item| version.show(item));
    }

    pub(super) fn refusal(refusal: Refusal) -> Self {
        let payload = match refusal.body {
            Body::Status(status) => Payload::Json(status),
            Body::Text(text) => Payload::Text(text),
        };
        Self { code: refusal.code, payload, warnings: refusal.warnings }
    }
}

/// The state of a simulated cluster.
#[derive(Clone, Debug)]
pub struct World {
    pub store: Store,
    /// Virtual time.
    pub now: Timestamp,
    pub seed: u64,
    /// Refused (verb, resource) pairs, such as `("delete", "persistentvolumes")`.
    pub denied: Vec<(String, String)>,
    /// Of a copy of a live namespace.
    pub origin: Option<Origin>,
    /// The kinds of which something that was copied has fields that the schema has
    /// not: those of others need not be looked for. `None` where nobody knows.
    pub newer: Option<BTreeSet<&'static str>>,
    /// Of a cluster that is no copy.
    pub features: Features,
    /// Commits of the request under way.
    pub fresh: Vec<Commit>,
    /// One line per request.
    pub log: Recent,
}

/// In whose name old events go.
const EXPIRY: &str = "etcd";

/// Larger bodies are refused, as on the real server.
const LARGEST_BODY: usize = 3 * 1024 * 1024;

const ENDPOINTS: &str = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

impl World {
    #[must_use]
    pub fn new(seed: u64, now: Timestamp, denied: Vec<(String, String)>) -> Self {
        Self {
            store: Store::default(),
            now,
            seed,
            denied,
            origin: None,
            newer: None,
            features: Features::default(),
            fresh: Vec::new(),
            log: Recent::default(),
        }
    }

    /// Answers a client's request and notes it in the request log.
    pub fn handle(&mut self, raw: &Raw) -> Reply {
        let reply = self.answer(raw).unwrap_or_else(Reply::refusal);
        let query = if raw.query.is_empty() { String::new() } else { format!("?{}", raw.query) };
        let hash = if raw.body.is_empty() { String::new() } else { format!(" {}", identity::body_hash(&raw.body)) };
        self.log.push(format!("{} {}{query} {}{hash}", raw.method, raw.path, reply.code));
        reply
    }

    /// Answers an actor, whom rights do not bind.
    ///
    /// # Errors
    /// The `Refusal` that a real server would send.
    pub fn answer_actor(&mut self, raw: &Raw) -> Result<Reply, Refusal> {
        match parse(raw, &self.store)? {
            Call::Objects(call) => self.objects(raw, &call),
            Call::Page(_) | Call::Review(..) => Err(Refusal::no_resource()),
        }
    }

    fn answer(&mut self, raw: &Raw) -> Result<Reply, Refusal> {
        if raw.body.len() > LARGEST_BODY {
            return Err(Refusal::too_large());
        }
        match parse(raw, &self.store)? {
            Call::Page(page) => {
                if let Some(user) = raw.user.as_ref().filter(|_| page != Page::NoLimitRanges) {
                    self.rights().check_path(user, raw.method.as_str(), &raw.path)?;
                }
                Ok(discovery::answer(&page, &self.store))
            }
            Call::Review(review, namespace) => access::answer(&self.rights(), review, &namespace, raw, self.now),
            Call::Objects(call) => {
                self.rights().check(raw.user.as_ref(), &call)?;
                self.objects(raw, &call)
            }
        }
    }

    fn objects(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        let kind = call.kind;
        let warning = self.store.version_of(kind).and_then(|(_, version)| version.warning.clone());
        // That there is something better is told with refusals, too.
        let warnings: Vec<String> =
            warning.into_iter().chain((kind.kind == "Endpoints").then(|| ENDPOINTS.to_owned())).collect();
        match self.dispatch(raw, call) {
            Ok(mut reply) => {
                reply.warnings.splice(..0, warnings);
                if let Some((_, version)) = self.store.version_of(kind) {
                    reply.in_version(version);
                }
                let is_write = !matches!(call.action, Action::Get | Action::List | Action::Watch);
                if is_write && !self.store.definitions().is_empty() {
                    self.look_after_definitions();
                }
                Ok(reply)
            }
            Err(refusal) => Err(refusal.after_warnings(warnings)),
        }
    }

    fn dispatch(&mut self, raw: &Raw, call: &ObjectCall) -> Result<Reply, Refusal> {
        match call.action {
            Action::Get if call.part == Part::Log => logs::answer(&self.store, raw, call, self.now),
            Action::Get => reads::get(&self.store, call),
            Action::List => reads::list(&self.store, call, raw.looked_for.as_ref()),
            Action::Watch => Ok(reads::watch(&self.store, call, self.now)),
            Action::Create if call.part == Part::Binding => self.bind(raw, call),
            Action::Create if call.part == Part::Eviction => self.evict(raw, call),
            Action::Create => self.create(raw, call),
            Action::Update if call.part == Part::Scale => self.scale(raw, call, None),
            Action::Patch(kind) if call.part == Part::Scale => self.scale(raw, call, Some(kind)),
            Action::Update => self.update(raw, call),
            Action::Patch(kind) => self.patch(raw, call, kind),
            Action::Delete => self.delete(raw, call),
            Action::DeleteCollection => self.delete_collection(raw, call),
        }
    }

    /// Whether objects of a kind may have fields that the schema has not: such come
    /// with a copy alone, since every write drops what it does not know.
    pub(super) fn has_newer(&self, kind: &ApiKind) -> bool {
        let is_seen = self.newer.as_ref().is_none_or(|kinds| kinds.contains(kind.kind));
        self.origin.is_some() && !kind.is_custom() && is_seen
    }

    pub(super) fn rights(&self) -> Rights<'_> {
        Rights { store: &self.store, denied: &self.denied }
    }

    /// The revision that the next commit will have.
    #[must_use]
    pub fn next_revision(&self) -> u64 {
        self.store.revision().saturating_add(1)
    }

    /// Takes out the events that are an hour old, as a real cluster does.
    pub(super) fn expire_events(&mut self) {
        for event in self.store.expired_events(self.now) {
            let Some(kind) = ApiKind::named("Event") else { return };
            let text = |name: &str| event["metadata"][name].as_str().unwrap_or_default().to_owned();
            self.commit(Commit {
                revision: self.next_revision(),
                at: self.now,
                kind,
                namespace: text("namespace"),
                name: text("name"),
                before: Some(event),
                after: None,
                by: EXPIRY.to_owned(),
            });
        }
    }

    /// Takes in a commit.
    pub(super) fn commit(&mut self, commit: Commit) {
        self.fresh.push(commit.clone());
        self.store.put(commit);
    }
}

/// Who a write is noted under: `fieldManager`, else the user agent's first word.
#[must_use]
pub fn manager(query: &Query, raw: &Raw) -> String {
    let agent = raw.user_agent.split('/').next().unwrap_or_default();
    let name = if query.field_manager.is_empty() { agent } else { &query.field_manager };
    if name.is_empty() { "unknown".to_owned() } else { name.chars().take(128).collect() }
}

/// The `Status` of a success.
#[must_use]
pub fn success() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
}

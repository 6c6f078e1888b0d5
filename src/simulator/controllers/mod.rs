//! The actors of a cluster: controllers, scheduler, kubelet, attacher,
//! provisioner, resizer. Each is a pure function from what it sees to the writes
//! it wants and the time at which it wants to look again. The simulator applies
//! the writes through its own request handling; the live tests drive the kubelet,
//! attacher, provisioner and resizer against a real API server with the same
//! functions.

mod amount;
mod opaque;
mod pass;
mod selector;
mod taints;

pub mod play;

pub(in crate::simulator) mod fields;

pub mod all;
pub mod attach_detach;
pub mod attacher;
pub mod attachments;
pub mod binder;
pub mod disruption;
pub mod endpoints;
pub mod ephemeral;
pub mod garbage;
pub mod kubelet;
pub(in crate::simulator) mod migrated;
pub mod namespaces;
pub mod node_lifecycle;
pub mod pod_garbage;
pub mod protection;
pub mod provisioner;
pub mod quotas;
pub mod resizer;
pub mod scheduler;
pub mod stateful_set;
pub mod taint_eviction;

#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod world;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use self::fields::Fields;
use self::play::Refusal;
use self::stateful_set::Standing;
use crate::objects::kinds::{ApiKind, KINDS};

/// What an actor may look at. Lists are sorted by namespace and name.
pub trait View {
    /// All objects of a kind (`"Pod"`, `"PersistentVolumeClaim"`, …), each
    /// complete with `apiVersion` and `kind`.
    fn list(&self, kind: &str) -> Vec<Arc<Value>>;

    /// One object; `namespace` is empty for cluster-scoped kinds.
    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>>;

    /// The kinds that custom resource definitions made.
    fn custom_kinds(&self) -> Vec<&'static ApiKind> {
        Vec::new()
    }

    /// Whether there was such a custom kind, and its definition is gone.
    fn is_gone(&self, _kind: &str) -> bool {
        false
    }

    /// The kinds of all objects but Events.
    fn kinds(&self) -> Vec<&'static ApiKind> {
        KINDS.iter().filter(|known| known.kind != "Event").chain(self.custom_kinds()).collect()
    }

    /// The objects of a namespaced kind in one namespace.
    fn list_in(&self, kind: &str, namespace: &str) -> Vec<Arc<Value>> {
        let mut all = self.list(kind);
        all.retain(|object| object["metadata"]["namespace"] == namespace);
        all
    }

    /// The objects that name this UID among their owners, Events aside.
    fn dependents(&self, uid: &str) -> Vec<Arc<Value>> {
        let mut all: Vec<Arc<Value>> = self.kinds().iter().flat_map(|known| self.list(known.kind)).collect();
        all.retain(|object| object.owners().iter().any(|owner| owner["uid"] == uid));
        all
    }

    /// The pods that mount a claim.
    fn pods_with(&self, namespace: &str, claim: &str) -> Vec<Arc<Value>> {
        let mut all = self.list_in("Pod", namespace);
        all.retain(|pod| attachments::mounts(pod, claim));
        all
    }

    /// What the pods of a namespace say to their sets, in the order of a list.
    fn standings(&self, namespace: &str) -> Vec<Arc<Standing>> {
        self.list_in("Pod", namespace).iter().map(|pod| Arc::new(Standing::of(pod))).collect()
    }

    /// Whether any claim in a namespace has an owner.
    fn has_owned_claims(&self, namespace: &str) -> bool {
        self.list_in("PersistentVolumeClaim", namespace).iter().any(|claim| !claim.owners().is_empty())
    }

    /// The attachments of a volume.
    fn attachments_of(&self, volume: &str) -> Vec<Arc<Value>> {
        let mut all = self.list(attachments::KIND);
        all.retain(|held| held["spec"]["source"]["persistentVolumeName"] == volume);
        all
    }

    /// The attachments to a node.
    fn attachments_to(&self, node: &str) -> Vec<Arc<Value>> {
        let mut all = self.list(attachments::KIND);
        all.retain(|held| held["spec"]["nodeName"] == node);
        all
    }

    /// The pods that were put on a node; those on none, if its name is empty.
    fn pods_on(&self, node: &str) -> Vec<Arc<Value>> {
        let mut all = self.list("Pod");
        all.retain(|pod| pod.text("/spec/nodeName") == node);
        all
    }

    /// The first of these addresses that no pod has.
    fn first_free(&self, mut addresses: &mut dyn Iterator<Item = String>) -> Option<String> {
        let pods = self.list("Pod");
        let taken: BTreeSet<&str> = pods.iter().map(|pod| pod.text("/status/podIP")).collect();
        Iterator::find(&mut addresses, |address| !taken.contains(address.as_str()))
    }

    /// The events whose name says that they are about an object of this name,
    /// in this namespace: Kubernetes names them `NAME.SUFFIX`.
    fn events_named(&self, namespace: &str, name: &str) -> Vec<Arc<Value>> {
        let mut all = self.list_in("Event", namespace);
        all.retain(|event| {
            let rest = event["metadata"]["name"].as_str().and_then(|held| held.strip_prefix(name));
            rest.is_some_and(|rest| rest.starts_with('.'))
        });
        all
    }
}

/// What a commit did to one object.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub kind: &'a str,
    /// The manager that wrote it.
    pub by: &'a str,
    /// `None` for a new object.
    pub before: Option<&'a Value>,
    /// `None` for a removed object.
    pub after: Option<&'a Value>,
}

impl Change<'_> {
    /// The place of the object.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        self.after.or(self.before).map(Fields::target)
    }

    /// A node has told of its volumes, and nothing else of it is different: what
    /// only those mind who attach them.
    fn is_of_volumes_alone(&self) -> bool {
        let (Some(before), Some(after)) = (self.before, self.after) else { return false };
        let lists = ["/status/volumesInUse", "/status/volumesAttached"];
        let parts = [
            "/spec",
            "/status/conditions",
            "/status/allocatable",
            "/status/capacity",
            "/metadata/labels",
            "/metadata/annotations",
        ];
        self.kind == "Node"
            && lists.iter().any(|list| before.pointer(list) != after.pointer(list))
            && parts.iter().all(|part| before.pointer(part) == after.pointer(part))
    }
}

/// Which object, as an actor names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub kind: String,
    /// Empty for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
}

/// One write that an actor asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// POST of a complete object (`apiVersion`, `kind`, `metadata`, …).
    Create(Value),
    /// JSON merge patch of the object itself.
    Patch { target: Target, patch: Value },
    /// JSON merge patch of its `status` subresource.
    PatchStatus { target: Target, patch: Value },
    /// The `binding` subresource of a pod: puts it on a node.
    Bind { target: Target, node: String },
    /// PUT of the `finalize` subresource of a namespace: the whole object, with
    /// the finalizers that are left.
    Finalize(Value),
    /// DELETE with the UID as precondition. `grace` of `None` takes the
    /// object's own grace period; `Some(0)` removes a pod at once. `dependents`
    /// of `None` leaves it to the object's finalizers what becomes of those.
    Delete { target: Target, uid: String, grace: Option<u32>, dependents: Option<Dependents> },
    /// An Event object about `target` (type `Normal` or `Warning`).
    Event { target: Target, kind: EventType, reason: String, message: String },
}

/// When the dependents of a deleted object go: the propagation policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// After it.
    Background,
    /// Before it.
    Foreground,
    /// Not at all.
    Orphan,
}

impl fmt::Display for Dependents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        })
    }
}

/// The two types that Kubernetes gives its Event objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    Normal,
    Warning,
}

impl fmt::Display for EventType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        })
    }
}

/// A part of a pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Write(Write),
    /// Some that do not depend on each other. A refused write ends its own one
    /// alone; what comes after the batch is sent if all of them were.
    Batch(Vec<Vec<Part>>),
}

/// What one look came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// In the order in which they are to be sent, up to the first that is
    /// refused.
    pub parts: Vec<Part>,
    /// Look again at this time even if nothing changes.
    pub wake: Option<Timestamp>,
}

impl From<Vec<Write>> for Step {
    fn from(writes: Vec<Write>) -> Self {
        Self { parts: writes.into_iter().map(Part::Write).collect(), wake: None }
    }
}

/// An actor: it looks after each change that it minds and at its `wake` time,
/// until it asks for nothing more.
pub trait Controller: Send + Sync {
    /// The real component's name, used as field manager and in events
    /// (`statefulset-controller`, `kubelet`, …).
    fn name(&self) -> &'static str;

    fn step(&self, view: &dyn View, now: Timestamp) -> Step;

    /// How long it takes to notice a change, in this place of the list of all:
    /// the first one 10 ms, each further one a millisecond longer.
    fn notices_after(&self, place: usize) -> Duration {
        Duration::from_millis(10_u64.saturating_add(u64::try_from(place).unwrap_or(u64::MAX)))
    }

    /// Whether a change can give this actor something to do. Saying yes in vain
    /// only costs a look; an actor that was refused a write looks again some time
    /// after any change, later with each refusal (`queue`).
    fn minds(&self, change: &Change<'_>) -> bool {
        !matches!(change.kind, "Event" | "Lease")
    }

    /// What `step` asks, cut into passes that do not depend on each other: a
    /// refused write ends its own pass, and the others go on. Whoever applies
    /// writes should prefer this to `step`, or one object that can never be
    /// written (a quota) keeps all others from being looked after.
    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        vec![self.step(view, now)]
    }

    /// Itself, if it looks at its objects one by one.
    fn keyed(&self) -> Option<&dyn Keyed> {
        None
    }

    /// What the component does when the first of `rest` (the refused part and
    /// what would have followed it) was refused: it records why, or does what is
    /// left to do all the same. Events that exist already are left out, so that
    /// a refusal that lasts comes to rest.
    fn refused(&self, _view: &dyn View, _rest: &[Part], _refusals: &[Refusal]) -> Vec<Write> {
        Vec::new()
    }
}

/// An actor that looks at one object at a time, as the real controllers work
/// through their queues: what a change costs does not grow with the cluster.
pub trait Keyed {
    /// All objects that it looks after, in the order of a look at everything.
    fn keys(&self, view: &dyn View) -> Vec<Target>;

    /// Which objects a change that it minds concerns; `None` for all.
    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>>;

    /// The passes about one object, which may be gone.
    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step>;

    /// The passes of a look at everything.
    fn all_passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.keys(view).iter().flat_map(|target| self.passes_about(view, target, now)).collect()
    }
}

//! What an actor is.

use std::time::Duration;

use jiff::Timestamp;

use super::play::Refusal;
use super::{Change, Part, Step, Target, View, Write};

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

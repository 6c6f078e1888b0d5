//! The controller that attaches volumes to the nodes of their pods and detaches
//! them when no pod there needs them and the node has given them up. A node that
//! is lost gives up nothing: its volumes are taken from it six minutes later, or
//! at once when somebody says that it is out of service. A volume for one node
//! is attached nowhere else before. (The work itself is the attacher's.)

mod attach;
mod concerns;
mod detach;
mod listed;

use jiff::Timestamp;
use serde_json::Value;

use super::attachments::{KIND, holds, needs_volumes};
use super::fields::{Fields, targets};
use super::{Change, Controller, Keyed, Step, Target, View};

/// `persistentvolume-attach-detach-controller`, as it signs its events.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttachDetach;

impl Controller for AttachDetach {
    fn name(&self) -> &'static str {
        "attachdetach-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        let differs = |told: fn(&Value) -> bool| change.before.is_some_and(told) != change.after.is_some_and(told);
        match change.kind {
            "Pod" => differs(needs_volumes),
            "PersistentVolumeClaim" => differs(|claim| claim.phase() == "Bound"),
            KIND => true,
            "Node" => concerns::of_node(change),
            _ => false,
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for AttachDetach {
    /// What can be detached comes first.
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        [targets(&view.list(KIND)), targets(&view.list("Pod")), targets(&view.list("Node"))].concat()
    }

    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        Some(concerns::concerned(view, change))
    }

    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step> {
        let Some(object) = view.get(&target.kind, &target.namespace, &target.name) else { return Vec::new() };
        let pass = match target.kind.as_str() {
            "Pod" => attach::attach(view, &object),
            "Node" => listed::list(view, &object),
            _ => detach::look_after(view, &object, now),
        };
        pass.if_any()
    }
}

/// Whether two versions of an attachment differ in whether it holds.
fn has_turned(change: &Change<'_>) -> bool {
    change.before.is_some_and(holds) != change.after.is_some_and(holds)
}

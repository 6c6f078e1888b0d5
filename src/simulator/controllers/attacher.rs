//! An attacher, as an external one works beside a driver: it does what
//! attachments ask for. Its finalizers keep an attachment until the volume is
//! detached, and a volume while it is attached anywhere.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::attachments::{KIND, volume_of};
use super::fields::{Fields, targets};
use super::kubelet::AS_CAPTURED;
use super::migrated::driver_and_handle;
use super::provisioner::driver_of;
use super::{Change, Controller, Keyed, Step, Target, View};

/// On an attachment of a copy, in `AS_CAPTURED`: it was not detached there
/// either. One that was not attached goes when it is deleted.
pub(in crate::simulator) const DETACHING: &str = "detaching";

/// The attacher of one driver, or of all.
#[derive(Clone, Debug)]
pub struct Attacher {
    driver: Option<String>,
}

impl Attacher {
    /// An attacher for the driver of `provisioner`.
    pub fn new(provisioner: &str) -> Self {
        Self { driver: Some(driver_of(provisioner).to_owned()) }
    }

    /// An attacher for every driver.
    pub fn of_all() -> Self {
        Self { driver: None }
    }

    fn is(&self, driver: &str) -> bool {
        self.driver.as_ref().is_none_or(|own| own == driver)
    }
}

impl Controller for Attacher {
    fn name(&self) -> &'static str {
        "external-attacher"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            KIND => change.after.or(change.before).is_some_and(|held| self.is(held.text("/spec/attacher"))),
            "PersistentVolume" => change.after.is_some_and(Fields::terminating),
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

impl Keyed for Attacher {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        let mut ending = view.list("PersistentVolume");
        ending.retain(|volume| volume.terminating());
        [targets(&view.list(KIND)), targets(&ending)].concat()
    }

    /// An attachment that is gone lets its volume go.
    fn concerned(&self, _view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let volume_of = |attachment: &Value| Target {
            kind: "PersistentVolume".to_owned(),
            namespace: String::new(),
            name: attachment.text("/spec/source/persistentVolumeName").to_owned(),
        };
        match (change.after, change.before) {
            (None, Some(gone)) if change.kind == KIND => Some(vec![volume_of(gone)]),
            _ => Some(change.target().into_iter().collect()),
        }
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let Some(object) = view.get(&target.kind, &target.namespace, &target.name) else { return Vec::new() };
        let pass = match target.kind.as_str() {
            KIND if !self.is(object.text("/spec/attacher")) || is_left(&object) => return Vec::new(),
            KIND if object.terminating() => detach(&object),
            KIND => attach(view, &object),
            _ => self.release(view, &object),
        };
        pass.if_any()
    }
}

impl Attacher {
    /// Lets a volume go that is on its way out and attached nowhere.
    fn release(&self, view: &dyn View, volume: &Value) -> Step {
        let mut step = Step::default();
        let Some((driver, _)) = driver_and_handle(volume) else { return step };
        let finalizer = finalizer(driver);
        let is_left = volume.annotation(AS_CAPTURED).is_some();
        if self.is(driver)
            && !is_left
            && volume.terminating()
            && volume.has_finalizer(&finalizer)
            && !is_attached(view, volume)
        {
            step.patch_unchanged(
                volume,
                json!({ "metadata": { "finalizers": volume.finalizers_without(&finalizer) } }),
            );
        }
        step
    }
}

/// Whether there is any attachment of a volume.
pub(super) fn is_attached(view: &dyn View, volume: &Value) -> bool {
    !view.attachments_of(volume.name()).is_empty()
}

/// Whether an attachment stays as it was when it was copied.
fn is_left(attachment: &Value) -> bool {
    attachment.annotation(AS_CAPTURED).is_some_and(|told| told == DETACHING || !attachment.terminating())
}

fn attach(view: &dyn View, attachment: &Value) -> Step {
    let mut step = Step::default();
    if attachment["status"]["attached"] == true {
        return step;
    }
    // A volume that is on its way out is attached nowhere any more.
    let Some(volume) = volume_of(view, attachment).filter(|volume| !volume.terminating()) else { return step };
    let finalizer = finalizer(attachment.text("/spec/attacher"));
    for object in [&*volume, attachment] {
        if !object.has_finalizer(&finalizer) {
            let mut finalizers = object.items("/metadata/finalizers").to_vec();
            finalizers.push(json!(finalizer));
            step.patch_unchanged(object, json!({ "metadata": { "finalizers": finalizers } }));
        }
    }
    step.patch_status(attachment, json!({ "attached": true }));
    step
}

fn detach(attachment: &Value) -> Step {
    let mut step = Step::default();
    let finalizer = finalizer(attachment.text("/spec/attacher"));
    if attachment.has_finalizer(&finalizer) {
        let left = attachment.finalizers_without(&finalizer);
        step.patch_unchanged(attachment, json!({ "metadata": { "finalizers": left } }));
    }
    step
}

/// The finalizer of a driver's attacher, whose name is made fit for a label.
fn finalizer(driver: &str) -> String {
    let plain = driver.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "-");
    let end = if plain.ends_with('-') { "X" } else { "" };
    format!("external-attacher/{plain}{end}")
}

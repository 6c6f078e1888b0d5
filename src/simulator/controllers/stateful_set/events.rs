//! What the controller tells about its sets (SS-105), in the texts of 1.36.

use serde_json::Value;

use super::Pass;
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::pass::told;
use crate::simulator::controllers::{EventType, Target, View, Write};

/// The verb as the texts write it.
fn title(verb: &str) -> &'static str {
    match verb {
        "create" => "Create",
        "update" => "Update",
        _ => "Delete",
    }
}

pub(super) fn pod_done(pass: &mut Pass, verb: &str, pod: &str) {
    let verb = title(verb);
    let message = format!("{verb} Pod {pod} in StatefulSet {} successful", pass.set.name);
    pass.step.event(pass.set.object, EventType::Normal, &format!("Successful{verb}"), message);
}

pub(super) fn claim_done(pass: &mut Pass, claim: &str, pod: &str) {
    let message = format!("Create Claim {claim} Pod {pod} in StatefulSet {} success", pass.set.name);
    pass.step.event(pass.set.object, EventType::Normal, "SuccessfulCreate", message);
}

/// A failure that the controller finds before it asks the server.
pub(super) fn pod_failed(pass: &mut Pass, verb: &str, pod: &str, error: &str) {
    let verb = title(verb);
    let message = format!("{verb} Pod {pod} in StatefulSet {} failed error: {error}", pass.set.name);
    let reason = format!("Failed{verb}");
    pass.step.event_once(pass.view, pass.set.object, EventType::Warning, &reason, message);
}

/// Why the server would not take a pod whose set has too long a name: the
/// revision label does not fit (SS-07).
pub(super) fn too_long(pod: &Value, revision: &str) -> Option<String> {
    (revision.len() > 63).then(|| {
        format!(
            "Pod {:?} is invalid: metadata.labels: Invalid value: {revision:?}: must be no more than 63 bytes",
            pod.name()
        )
    })
}

/// The events for a write that the server refused: the success that the pass
/// would have told of next becomes a failure. A name that is taken is not told
/// (SS-04).
pub(super) fn refused(view: &dyn View, rest: &[Write], error: &str) -> Vec<Write> {
    let refused_claim = match rest.first() {
        Some(Write::Create(object)) if object.kind() == "PersistentVolumeClaim" => Some(object.name()),
        Some(Write::Create(_) | Write::Patch { .. } | Write::Delete { .. }) => None,
        Some(Write::PatchStatus { .. } | Write::Bind { .. } | Write::Finalize(_) | Write::Event { .. }) | None => {
            return Vec::new();
        }
    };
    if error.contains("already exists") {
        return Vec::new();
    }
    let mut failures = Vec::new();
    if let Some(claim) = refused_claim {
        failures.extend(failure(view, rest, " Claim ", error).map(|event| with_for(event, claim)));
    }
    let pod_error =
        refused_claim.map_or_else(|| error.to_owned(), |claim| format!("failed to create PVC {claim}: {error}"));
    failures.extend(failure(view, rest, " Pod ", &pod_error));
    failures
        .into_iter()
        .filter(|event| match event {
            Write::Event { target, reason, message, .. } => !view
                .get(&target.kind, &target.namespace, &target.name)
                .is_some_and(|set| told(view, &set, reason, message)),
            Write::Create(_)
            | Write::Patch { .. }
            | Write::PatchStatus { .. }
            | Write::Bind { .. }
            | Write::Finalize(_)
            | Write::Delete { .. } => true,
        })
        .collect()
}

/// The first success event about a claim or a pod in `rest`, turned round.
fn failure(view: &dyn View, rest: &[Write], subject: &str, error: &str) -> Option<Write> {
    rest.iter().find_map(|write| {
        let Write::Event { target, reason, message, .. } = write else { return None };
        let verb = reason.strip_prefix("Successful")?;
        let about = message.strip_prefix(verb).filter(|about| about.starts_with(subject))?;
        let set: &Target = target;
        view.get(&set.kind, &set.namespace, &set.name)?;
        let about = about.trim_end_matches(" successful").trim_end_matches(" success");
        Some(Write::Event {
            target: target.clone(),
            kind: EventType::Warning,
            reason: format!("Failed{verb}"),
            message: format!("{verb}{about} failed error: {error}"),
        })
    })
}

/// The failure text names the pod with a `for` that the success text lacks.
fn with_for(event: Write, claim: &str) -> Write {
    match event {
        Write::Event { target, kind, reason, message } => {
            let message = message.replacen(&format!("Claim {claim} Pod"), &format!("Claim {claim} for Pod"), 1);
            Write::Event { target, kind, reason, message }
        }
        other @ (Write::Create(_)
        | Write::Patch { .. }
        | Write::PatchStatus { .. }
        | Write::Bind { .. }
        | Write::Finalize(_)
        | Write::Delete { .. }) => other,
    }
}

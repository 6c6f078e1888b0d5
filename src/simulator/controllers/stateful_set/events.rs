//! What the controller tells about its sets (SS-105), in the texts of 1.36.

use serde_json::Value;

use super::Pass;
use super::set::Set;
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::pass::told;
use crate::simulator::controllers::play::Refusal;
use crate::simulator::controllers::{EventType, Part, Step, View, Write};

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

pub(super) fn claim_done(set: &Set, step: &mut Step, claim: &str, pod: &str) {
    let message = format!("Create Claim {claim} Pod {pod} in StatefulSet {} success", set.name);
    step.event(set.object, EventType::Normal, "SuccessfulCreate", message);
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

/// What follows from a refusal. The success that the pass would have told of
/// next becomes a failure; a name that is taken is not told (SS-04). The claims
/// of a pod that could not be made get their owners all the same.
pub(super) fn refused(view: &dyn View, rest: &[Part], refusals: &[Refusal]) -> Vec<Write> {
    if refusals.iter().all(|refusal| refusal.error.contains("already exists")) {
        return Vec::new();
    }
    let error = all_errors(refusals);
    let failed = |subject| failure(view, rest, subject, &error);
    match rest.first() {
        Some(Part::Write(Write::Create(object))) if object.kind() == "Pod" => {
            patches(rest).into_iter().chain(failed(Subject::Pod)).collect()
        }
        Some(Part::Write(Write::Create(_))) => failed(Subject::Claim).into_iter().collect(),
        Some(Part::Write(Write::Patch { .. } | Write::Delete { .. })) => failed(Subject::Pod).into_iter().collect(),
        Some(Part::Batch(units)) if units.iter().flatten().next().is_some_and(makes_claim) => {
            let errors = refusals.iter().map(of_claim).collect::<Vec<_>>();
            failure(view, rest, Subject::Pod, &all_errors(&errors)).into_iter().collect()
        }
        // What befell a single pod of a batch has been told.
        Some(
            Part::Batch(_)
            | Part::Write(Write::PatchStatus { .. } | Write::Bind { .. } | Write::Finalize(_) | Write::Event { .. }),
        )
        | None => Vec::new(),
    }
}

/// What an event is about beside the set.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    Claim,
    Pod,
}

fn makes_claim(part: &Part) -> bool {
    matches!(part, Part::Write(Write::Create(object)) if object.kind() == "PersistentVolumeClaim")
}

fn of_claim(refusal: &Refusal) -> Refusal {
    let mut refusal = refusal.clone();
    if let Write::Create(claim) = &refusal.write {
        refusal.error = format!("failed to create PVC {}: {}", claim.name(), refusal.error);
    }
    refusal
}

/// One text, or a list of them.
fn all_errors(refusals: &[Refusal]) -> String {
    let errors: Vec<&str> = refusals.iter().map(|refusal| refusal.error.as_str()).collect();
    match errors.as_slice() {
        [only] => (*only).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}

fn patches(rest: &[Part]) -> Vec<Write> {
    let writes = rest.iter().filter_map(|part| match part {
        Part::Write(write @ Write::Patch { .. }) => Some(write.clone()),
        Part::Write(_) | Part::Batch(_) => None,
    });
    writes.collect()
}

/// The first success event about a claim or a pod in `rest`, turned round,
/// unless that has been told.
fn failure(view: &dyn View, rest: &[Part], subject: Subject, error: &str) -> Option<Write> {
    let (target, reason, message) = rest.iter().find_map(|part| {
        let Part::Write(Write::Event { target, reason, message, .. }) = part else { return None };
        let verb = reason.strip_prefix("Successful")?;
        let about = message.strip_prefix(verb)?.trim_end_matches(" successful").trim_end_matches(" success");
        let about = match subject {
            // The text of the failure has a word more.
            Subject::Claim => about.starts_with(" Claim ").then(|| about.replacen(" Pod ", " for Pod ", 1)),
            Subject::Pod => about.starts_with(" Pod ").then(|| about.to_owned()),
        }?;
        Some((target.clone(), format!("Failed{verb}"), format!("{verb}{about} failed error: {error}")))
    })?;
    let set = view.get(&target.kind, &target.namespace, &target.name)?;
    let is_known = told(view, &set, &reason, &message);
    (!is_known).then_some(Write::Event { target, kind: EventType::Warning, reason, message })
}

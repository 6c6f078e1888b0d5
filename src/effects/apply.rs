//! Server-side apply of one whole object that a wizard made.
//!
//! Guards: an object of that name which our field manager has never touched is
//! somebody else's and is refused; so is a set that would lose claims. Undo: delete what was created (by UID), or
//! put back what was there.

use std::sync::Arc;

use serde_json::Value;

use super::difference::{Difference, differences, unmet};
use super::error::EffectError;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::ready::{Done, Ready};
use super::request::{self, FIELD_MANAGER, Mode};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// Apply `manifest` as `object`.
#[derive(Clone, Debug, PartialEq)]
pub struct Apply {
    pub object: ObjectRef,
    pub manifest: Value,
}

impl Apply {
    pub(super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let before = Reader::new(connection.client.clone()).get(&self.object).await?;
        refuse_foreign(before.as_deref())?;
        let dry_run = request::apply(&connection.client, &self.object, &self.manifest, Mode::DryRun).await;
        let after = dry_run.map_err(|error| self.unchangeable(error, before.as_deref()))?;
        refuse_loss(before.as_deref(), &after)?;
        refuse_headless(&self.manifest, &after)?;
        let change = match &before {
            None => Change::New,
            Some(before) => match differences(before, &after) {
                found if found.is_empty() => Change::Unchanged,
                found => Change::Changed(found),
            },
        };
        Ok(Ready { preview: Preview::of(change, before.as_deref(), Arc::unwrap_or_clone(after)), before })
    }

    /// A change that the server does not allow is told with the fields that
    /// differ, since its own words name those that do not matter.
    fn unchangeable(&self, error: kube::Error, before: Option<&Value>) -> EffectError {
        match (error, before) {
            (kube::Error::Api(status), Some(before)) if status.code == 422 => {
                let differences = unmet(before, &self.manifest);
                EffectError::Unchangeable { message: status.message.clone(), differences }
            }
            (error, _) => error.into(),
        }
    }

    pub(super) async fn perform(&self, ready: Ready, connection: &Connection) -> Result<Done, EffectError> {
        if ready.preview.holds() {
            return Ok(Done { outcome: Outcome::Unchanged, created: None, after: ready.preview.after.into() });
        }
        let body = exactly_this_one(&self.manifest, ready.before.as_deref());
        let after = match request::apply(&connection.client, &self.object, &body, Mode::Real).await {
            Err(kube::Error::Api(status)) if ready.before.is_some() && is_overtaken(&status) => {
                return Err(EffectError::Overtaken);
            }
            sent => sent.map_err(EffectError::of_write)?,
        };
        if ready.before.is_some() {
            return Ok(Done { outcome: Outcome::Changed, created: None, after });
        }
        // Nothing can ask the server to apply only what is not there yet.
        refuse_foreign_part(&after)?;
        let created = after["metadata"]["uid"].as_str().map(str::to_owned);
        Ok(Done { outcome: Outcome::Created, created, after })
    }
}

/// Refuses to scale a set down whose claims would be deleted with their members,
/// whoever has set that policy: nothing could bring the data back.
fn refuse_loss(before: Option<&Value>, after: &Value) -> Result<(), EffectError> {
    let replicas = |set: &Value| set["spec"]["replicas"].as_u64();
    let deletes = after["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Delete";
    match (before.and_then(replicas), replicas(after)) {
        (Some(from), Some(to)) if deletes && to < from => Err(EffectError::ClaimsWouldGo { from, to }),
        _ => Ok(()),
    }
}

/// A headless Service never gets an address: the server keeps it headless
/// without a word, and what was asked for is not what would be there.
pub(super) fn refuse_headless(manifest: &Value, after: &Value) -> Result<(), EffectError> {
    let is_headless = |service: &Value| service["spec"]["clusterIP"] == "None";
    if manifest["kind"] != "Service" || is_headless(manifest) || !is_headless(after) {
        return Ok(());
    }
    let path = ".spec.clusterIP".to_owned();
    Err(EffectError::Unchangeable {
        message: "is headless, and a headless Service cannot get an address".to_owned(),
        differences: vec![Difference { path, from: after["spec"]["clusterIP"].clone(), to: Value::Null }],
    })
}

/// The manifest with the UID and version of the object that was looked at: any
/// other one is refused by the server.
pub(super) fn exactly_this_one(manifest: &Value, before: Option<&Value>) -> Value {
    let mut body = manifest.clone();
    if let Some(before) = before {
        for field in ["uid", "resourceVersion"] {
            body["metadata"][field] = before["metadata"][field].clone();
        }
    }
    body
}

/// A precondition did not hold; a conflict over fields names its managers.
pub(super) fn is_overtaken(status: &kube::core::Status) -> bool {
    let causes = status.details.as_ref().map_or(&[][..], |details| &details.causes);
    status.code == 409 && causes.iter().all(|cause| cause.reason != "FieldManagerConflict")
}

/// Refuses an object that another tool made, and one that is on its way out:
/// what is applied to it goes with it.
pub(super) fn refuse_foreign(before: Option<&Value>) -> Result<(), EffectError> {
    let Some(before) = before else { return Ok(()) };
    if !before["metadata"]["deletionTimestamp"].is_null() {
        return Err(EffectError::Terminating);
    }
    let managers = managers(before);
    if managers.contains(&FIELD_MANAGER) {
        return Ok(());
    }
    let mut owners: Vec<_> = managers.iter().map(|manager| format!("`{manager}`")).collect();
    owners.dedup();
    if owners.is_empty() {
        owners.push("somebody else".to_owned());
    }
    Err(EffectError::Foreign { owners })
}

/// Who has written fields of the object other than its status.
pub(super) fn managers(object: &Value) -> Vec<&str> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    entries
        .filter(|entry| entry["subresource"].as_str().is_none_or(str::is_empty))
        .filter_map(|entry| entry["manager"].as_str())
        .collect()
}

/// What was to be new holds fields of another tool, which was quicker.
pub(super) fn refuse_foreign_part(after: &Value) -> Result<(), EffectError> {
    match managers(after).into_iter().find(|manager| *manager != FIELD_MANAGER) {
        Some(other) => Err(EffectError::Merged { owner: other.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn managed_by(managers: &[(&str, &str)]) -> Value {
        let entries: Vec<_> =
            managers.iter().map(|(manager, sub)| json!({ "manager": manager, "subresource": sub })).collect();
        json!({ "metadata": { "managedFields": entries } })
    }

    #[test]
    fn an_object_of_another_tool_is_refused_with_its_name() {
        let error = refuse_foreign(Some(&managed_by(&[("helm", "")]))).unwrap_err();
        assert_eq!(error.to_string(), "exists already and was made by `helm`");
    }

    #[test]
    fn our_own_object_may_be_applied_again_also_when_others_touched_it() {
        assert!(refuse_foreign(Some(&managed_by(&[("kubectl-edit", ""), (FIELD_MANAGER, "")]))).is_ok());
        assert!(refuse_foreign(None).is_ok());
    }

    #[test]
    fn a_new_object_with_fields_of_another_tool_was_not_new() {
        assert!(
            refuse_foreign_part(&managed_by(&[(FIELD_MANAGER, ""), ("kube-controller-manager", "status")])).is_ok()
        );
        let merged = refuse_foreign_part(&managed_by(&[(FIELD_MANAGER, ""), ("helm", "")]));
        assert!(matches!(merged, Err(EffectError::Merged { owner }) if owner == "helm"));
    }

    #[test]
    fn members_that_would_take_their_data_with_them_are_refused() {
        let set = |replicas: u64, policy: &str| {
            json!({ "spec": { "replicas": replicas,
                              "persistentVolumeClaimRetentionPolicy": { "whenScaled": policy } } })
        };
        let refused = refuse_loss(Some(&set(3, "Retain")), &set(1, "Delete"));
        assert!(matches!(refused, Err(EffectError::ClaimsWouldGo { from: 3, to: 1 })));
        assert!(refuse_loss(Some(&set(3, "Delete")), &set(1, "Retain")).is_ok());
        assert!(refuse_loss(Some(&set(1, "Delete")), &set(3, "Delete")).is_ok());
        assert!(refuse_loss(None, &set(3, "Delete")).is_ok());
    }

    #[test]
    fn a_service_that_would_stay_headless_is_told() {
        let service = |address: Value| json!({ "kind": "Service", "spec": { "clusterIP": address } });
        let (headless, plain) = (service(json!("None")), service(Value::Null));
        assert!(matches!(refuse_headless(&plain, &headless), Err(EffectError::Unchangeable { .. })));
        assert!(refuse_headless(&headless, &headless).is_ok());
        assert!(refuse_headless(&plain, &service(json!("10.0.0.7"))).is_ok());
    }

    #[test]
    fn only_the_object_that_was_looked_at_is_written() {
        let before = json!({ "metadata": { "uid": "u", "resourceVersion": "7", "labels": {} }, "spec": 1 });
        let manifest = json!({ "metadata": { "name": "web" }, "spec": 2 });
        assert_eq!(
            exactly_this_one(&manifest, Some(&before)),
            json!({ "metadata": { "name": "web", "uid": "u", "resourceVersion": "7" }, "spec": 2 })
        );
        assert_eq!(exactly_this_one(&manifest, None), manifest);
    }

    #[test]
    fn an_object_that_is_being_deleted_is_refused() {
        let going = json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } });
        assert!(matches!(refuse_foreign(Some(&going)), Err(EffectError::Terminating)));
    }

    #[test]
    fn a_controller_that_only_writes_status_is_not_an_owner() {
        let error = refuse_foreign(Some(&managed_by(&[("kube-controller-manager", "status")]))).unwrap_err();
        assert_eq!(error.to_string(), "exists already and was made by somebody else");
    }
}

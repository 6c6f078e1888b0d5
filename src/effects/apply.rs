//! Server-side apply of one whole object that a wizard made.
//!
//! Guard: an object of that name which our field manager has never touched is
//! somebody else's and is refused. Undo: delete what was created (by UID), or
//! put back what was there.

use serde_json::{Value, json};

use super::difference::changed_paths;
use super::effect::{Done, EffectError, Preview};
use super::outcome::{Change, Outcome};
use super::request::{self, FIELD_MANAGER, Mode};
use crate::cluster::Connection;
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// Apply `manifest` as `object`.
#[derive(Clone, Debug)]
pub struct Apply {
    pub object: ObjectRef,
    pub manifest: Value,
}

impl Apply {
    pub(super) async fn preview(&self, connection: &Connection) -> Result<Preview, EffectError> {
        let before = Reader::new(connection.client.clone()).get(&self.object).await?;
        refuse_foreign(before.as_ref())?;
        let after = request::apply(&connection.client, &self.object, &self.manifest, Mode::DryRun).await?;
        let change = match before {
            None => Change::New,
            Some(before) => match changed_paths(&before, &after) {
                paths if paths.is_empty() => Change::Unchanged,
                paths => Change::Changed(paths),
            },
        };
        Ok(Preview { change, warnings: Vec::new() })
    }

    pub(super) async fn perform(&self, connection: &Connection) -> Result<Done, EffectError> {
        let before = Reader::new(connection.client.clone()).get(&self.object).await?;
        refuse_foreign(before.as_ref())?;
        let after = request::apply(&connection.client, &self.object, &self.manifest, Mode::Real)
            .await
            .map_err(EffectError::of_write)?;
        Ok(match before {
            None => Done {
                outcome: Outcome::Created,
                undo: json!({ "delete": self.object.path(), "uid": after["metadata"]["uid"] }),
            },
            Some(before) if before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"] => {
                Done { outcome: Outcome::Unchanged, undo: Value::Null }
            }
            Some(before) => Done { outcome: Outcome::Changed, undo: json!({ "replace": before }) },
        })
    }
}

/// Refuses an object that another tool made, and one that is on its way out:
/// what is applied to it goes with it.
fn refuse_foreign(before: Option<&Value>) -> Result<(), EffectError> {
    let Some(before) = before else { return Ok(()) };
    if !before["metadata"]["deletionTimestamp"].is_null() {
        return Err(EffectError::Terminating);
    }
    let managers: Vec<_> = before["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|entry| entry["subresource"].as_str().is_none_or(str::is_empty))
        .filter_map(|entry| entry["manager"].as_str())
        .collect();
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

#[cfg(test)]
mod tests {
    use super::*;

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

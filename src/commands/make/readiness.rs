//! What to wait for after the writes: for each replica its claims and then its
//! pod, in the order in which the controller makes them. Reasons for a delay
//! are read from the objects and from their newest event that tells of trouble.

use std::time::Duration;

use serde_json::Value;

use crate::cluster::Connection;
use crate::facts::event::{Event, newest};
use crate::facts::ordinals::{Ordinal, claim_name};
use crate::facts::reader::Reader;
use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::runs::event::Observer;
use crate::runs::wait::{Goal, Look, WaitError, until};

/// Waits until all claims and pods of the set are there.
pub async fn wait_for_set(
    manifest: &Value,
    at_most: Duration,
    connection: &Connection,
    reader: &Reader,
    observer: &dyn Observer,
) -> Result<(), WaitError> {
    let name = manifest["metadata"]["name"].as_str().unwrap_or("");
    let namespace = manifest["metadata"]["namespace"].as_str().unwrap_or(&connection.namespace);
    let Some(set) = reference("StatefulSet", namespace, name) else { return Ok(()) };
    let start = manifest["spec"]["ordinals"]["start"].as_u64().unwrap_or(0);
    let replicas = manifest["spec"]["replicas"].as_u64().unwrap_or(1);
    let templates: Vec<_> = manifest["spec"]["volumeClaimTemplates"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|template| template["metadata"]["name"].as_str())
        .collect();
    let member = Member { set, reader };
    for ordinal in start..start.saturating_add(replicas) {
        for template in &templates {
            let claim = claim_name(template, name, Ordinal(ordinal));
            let goal = Goal { what: format!("claim {claim}"), at_most };
            let look = || member.look("PersistentVolumeClaim", &claim, |_, claim| claim_state(claim));
            until(goal, connection, observer, look).await?;
        }
        let pod = format!("{name}-{ordinal}");
        let goal = Goal { what: format!("pod {pod}"), at_most };
        let look = || member.look("Pod", &pod, |set, pod| pod_state(set, pod, ordinal));
        until(goal, connection, observer, look).await?;
    }
    Ok(())
}

/// Waits until a claim on its own is bound.
pub async fn wait_for_claim(
    claim: &ObjectRef,
    at_most: Duration,
    connection: &Connection,
    reader: &Reader,
    observer: &dyn Observer,
) -> Result<(), WaitError> {
    let goal = Goal { what: format!("claim {}", claim.name), at_most };
    let look = || async {
        Ok(match claim_state(reader.get(claim).await?.as_deref()) {
            State::Reached(detail) => Look::Reached(detail),
            State::NotYet(detail) => Look::NotYet(detail),
            State::Unknown(fallback) => Look::NotYet(fallback.to_owned()),
        })
    };
    until(goal, connection, observer, look).await
}

/// A state is reached with these words, or not yet with these, or not yet and
/// the newest event may know why.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Reached(String),
    NotYet(String),
    Unknown(&'static str),
}

/// Looks at what belongs to one set.
struct Member<'a> {
    set: ObjectRef,
    reader: &'a Reader,
}

impl Member<'_> {
    async fn look(
        &self,
        kind: &str,
        name: &str,
        state: impl Fn(&Value, Option<&Value>) -> State,
    ) -> Result<Look, kube::Error> {
        let Some(object) = reference(kind, &self.set.namespace, name) else {
            return Ok(Look::NotYet("unknown kind".to_owned()));
        };
        let Some(set) = self.reader.get(&self.set).await? else {
            return Ok(Look::NotYet("its StatefulSet is gone".to_owned()));
        };
        let found = self.reader.get(&object).await?;
        Ok(match state(&set, found.as_deref()) {
            State::Reached(detail) => Look::Reached(detail),
            State::NotYet(detail) => Look::NotYet(detail),
            State::Unknown(fallback) => {
                // What could not even be made is told about the set.
                let news = self.newest_trouble(found.as_deref().unwrap_or(&set)).await;
                Look::NotYet(news.unwrap_or_else(|| fallback.to_owned()))
            }
        })
    }

    /// The newest event that tells of trouble with an object. Not being able to
    /// read events is no reason to stop a wait.
    async fn newest_trouble(&self, object: &Value) -> Option<String> {
        let uid = object["metadata"]["uid"].as_str()?;
        let events = self.reader.events_about(uid, &self.set.namespace).await.ok()?;
        let events: Vec<_> = events.iter().filter_map(Event::read).collect();
        newest(&events, uid, tells_of_trouble).map(|event| event.message.clone())
    }
}

/// A claim that no volume fits is told in a `Normal` event.
fn tells_of_trouble(event: &Event) -> bool {
    event.warning || event.reason == "FailedBinding"
}

fn is_terminating(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

fn claim_state(claim: Option<&Value>) -> State {
    let Some(claim) = claim else { return State::Unknown("not created yet") };
    if is_terminating(claim) {
        return State::NotYet("being deleted".to_owned());
    }
    match claim["status"]["phase"].as_str() {
        Some("Bound") => {
            let volume = claim["spec"]["volumeName"].as_str().unwrap_or("?");
            let size = claim["status"]["capacity"]["storage"].as_str().unwrap_or("?");
            State::Reached(format!("bound to {volume} ({size})"))
        }
        Some("Lost") => State::NotYet("lost: its volume is gone or belongs to another claim".to_owned()),
        _ => State::Unknown("pending"),
    }
}

/// Ready counts only for the pod that this set means: not for one of an earlier
/// set that is still stopping, nor for one that the rollout will replace.
fn pod_state(set: &Value, pod: Option<&Value>, ordinal: u64) -> State {
    let Some(pod) = pod else { return State::Unknown("not created yet") };
    if is_terminating(pod) {
        return State::NotYet("an earlier pod of that name is stopping".to_owned());
    }
    let mut owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    if !owners.any(|owner| owner["uid"] == set["metadata"]["uid"]) {
        return State::NotYet("an earlier pod of that name is not the set's".to_owned());
    }
    if is_outdated(set, pod, ordinal) {
        return State::NotYet("not replaced yet by one of the new revision".to_owned());
    }
    let conditions = || pod["status"]["conditions"].as_array().into_iter().flatten();
    if conditions().any(|each| each["type"] == "Ready" && each["status"] == "True") {
        return State::Reached("ready".to_owned());
    }
    let statuses = ["initContainerStatuses", "containerStatuses"];
    let waiting = statuses
        .iter()
        .filter_map(|list| pod["status"][*list].as_array())
        .flatten()
        .find_map(|status| status["state"]["waiting"]["reason"].as_str().map(|reason| (reason, status)));
    if let Some((reason, status)) = waiting {
        let message = status["state"]["waiting"]["message"].as_str().unwrap_or("");
        return State::NotYet(if message.is_empty() { reason.to_owned() } else { format!("{reason}: {message}") });
    }
    let unscheduled = conditions().find(|each| each["type"] == "PodScheduled" && each["status"] == "False");
    match unscheduled.and_then(|each| each["message"].as_str()) {
        Some(message) => State::NotYet(message.to_owned()),
        None if pod["status"]["phase"] == "Running" => State::NotYet("running, not ready".to_owned()),
        None => State::Unknown("pending"),
    }
}

/// The controller has not seen the newest spec, or is going to replace the pod.
fn is_outdated(set: &Value, pod: &Value, ordinal: u64) -> bool {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    if number(&set["status"]["observedGeneration"]) < number(&set["metadata"]["generation"]) {
        return true;
    }
    let strategy = &set["spec"]["updateStrategy"];
    strategy["type"] != "OnDelete"
        && ordinal >= number(&strategy["rollingUpdate"]["partition"])
        && pod["metadata"]["labels"]["controller-revision-hash"] != set["status"]["updateRevision"]
}

fn reference(kind: &str, namespace: &str, name: &str) -> Option<ObjectRef> {
    let kind = ApiKind::named(kind)?;
    Some(ObjectRef { kind, namespace: namespace.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set() -> Value {
        json!({ "metadata": { "uid": "set", "generation": 2 },
                "spec": { "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } } },
                "status": { "observedGeneration": 2, "updateRevision": "web-new" } })
    }

    fn pod() -> Value {
        json!({ "metadata": { "ownerReferences": [{ "uid": "set" }],
                              "labels": { "controller-revision-hash": "web-new" } },
                "status": { "conditions": [{ "type": "Ready", "status": "True" }] } })
    }

    fn changed(mut object: Value, pointer: &str, value: Value) -> Value {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[field] = value;
        object
    }

    #[test]
    fn only_the_ready_pod_that_the_set_means_ends_a_wait() {
        assert_eq!(pod_state(&set(), Some(&pod()), 0), State::Reached("ready".to_owned()));
        let stopping = changed(pod(), "/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"));
        let of_another = changed(pod(), "/metadata/ownerReferences/0/uid", json!("earlier"));
        let old = changed(pod(), "/metadata/labels/controller-revision-hash", json!("web-old"));
        for pod in [&stopping, &of_another, &old] {
            assert!(matches!(pod_state(&set(), Some(pod), 0), State::NotYet(_)), "{pod}");
        }
        let unseen = changed(set(), "/status/observedGeneration", json!(1));
        assert!(matches!(pod_state(&unseen, Some(&pod()), 0), State::NotYet(_)));
        assert_eq!(pod_state(&set(), None, 0), State::Unknown("not created yet"));
    }

    #[test]
    fn a_pod_that_the_rollout_leaves_alone_may_be_of_an_old_revision() {
        let old = changed(pod(), "/metadata/labels/controller-revision-hash", json!("web-old"));
        let held_back = changed(set(), "/spec/updateStrategy/rollingUpdate/partition", json!(1));
        assert_eq!(pod_state(&held_back, Some(&old), 0), State::Reached("ready".to_owned()));
        assert!(matches!(pod_state(&held_back, Some(&old), 1), State::NotYet(_)));
        let by_hand = changed(set(), "/spec/updateStrategy/type", json!("OnDelete"));
        assert_eq!(pod_state(&by_hand, Some(&old), 0), State::Reached("ready".to_owned()));
    }

    #[test]
    fn a_bound_claim_that_is_being_deleted_is_not_there() {
        let claim = json!({ "spec": { "volumeName": "pv" },
                            "status": { "phase": "Bound", "capacity": { "storage": "1Gi" } },
                            "metadata": { "deletionTimestamp": null } });
        assert_eq!(claim_state(Some(&claim)), State::Reached("bound to pv (1Gi)".to_owned()));
        let going = changed(claim, "/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"));
        assert_eq!(claim_state(Some(&going)), State::NotYet("being deleted".to_owned()));
    }
}

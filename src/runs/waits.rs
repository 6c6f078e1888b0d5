//! The waits of a runbook. Each is a question that a quorum read answers; the
//! lock of the run is kept alive while it stands.

use std::time::Duration;

use serde_json::Value;

use super::event::Observer;
use super::keeper::Keeper;
use super::reads::{ReadError, reference, same_set};
use super::wait::{Goal, Look, WaitError, until};
use crate::cluster::Connection;
use crate::effects::{EffectError, Target};
use crate::facts::ordinals::{Ordinal, pod_name};
use crate::facts::reader::{Reader, is_forbidden, is_missing};
use crate::facts::volume::Volume;
use crate::facts::words::VolumePhase;
use crate::objects::kinds::ObjectRef;

/// Why a wait ended badly.
#[derive(Debug, thiserror::Error)]
pub enum WaitFailed {
    #[error("{0}")]
    Wait(#[from] WaitError),
    /// Somebody else changed what was waited for.
    #[error("{0}")]
    Changed(String),
    #[error("the lock {0}")]
    Lock(#[source] EffectError),
    #[error("{0}")]
    Read(#[from] ReadError),
}

impl WaitFailed {
    /// What it is to an undo: Ctrl-C, a lock that was lost, or what `code` names.
    pub(super) fn for_undo(self, code: &'static str, hint: &str) -> EffectError {
        match self {
            Self::Wait(WaitError::Interrupted { .. }) => EffectError::Interrupted { why: self.to_string() },
            Self::Lock(error) => error,
            Self::Wait(_) | Self::Changed(_) | Self::Read(_) => {
                EffectError::Guarded { code, why: self.to_string(), hint: hint.to_owned() }
            }
        }
    }
}

/// What all waits need.
pub struct Waits<'a> {
    pub connection: &'a Connection,
    pub observer: &'a dyn Observer,
    pub keeper: &'a Keeper,
}

/// What a look found besides "reached" and "not yet".
enum Found {
    Look(Look),
    Changed(String),
}

impl Waits<'_> {
    fn reader(&self) -> Reader {
        Reader::new(self.connection.client.clone())
    }

    /// Looks until the goal holds, keeping the lock.
    async fn until<L>(&self, what: String, at_most: u64, look: impl Fn(Reader) -> L) -> Result<Value, WaitFailed>
    where
        L: Future<Output = Result<Found, kube::Error>>,
    {
        let changed = std::sync::Mutex::new(None::<WaitFailed>);
        let goal = Goal { what, at_most: Duration::from_secs(at_most) };
        let (look, changed_in) = (&look, &changed);
        let waited = until(goal, self.connection, self.observer, || async move {
            if let Err(lost) = self.keeper.keep(self.connection).await {
                return Ok(end(changed_in, WaitFailed::Lock(lost)));
            }
            Ok(match look(self.reader()).await? {
                Found::Look(look) => look,
                Found::Changed(how) => end(changed_in, WaitFailed::Changed(how)),
            })
        })
        .await;
        let changed = changed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        match changed {
            Some(changed) => Err(changed),
            None => Ok(waited.map(|()| Value::Null)?),
        }
    }

    /// Until the member is gone and nothing hangs on what it had.
    pub async fn gone(
        &self,
        set: &Target,
        ordinal: u64,
        claims: &[Target],
        volumes: &[Target],
        at_most: u64,
    ) -> Result<Value, WaitFailed> {
        let pod = pod_name(&set.object.name, Ordinal(ordinal));
        let (pod, set) = (&pod, set);
        self.until(format!("pod {pod}"), at_most, |reader| async move {
            let now = match same_set(&reader, set).await {
                Ok(now) => now,
                Err(ReadError::Api(error)) => return Err(*error),
                Err(changed) => return Ok(Found::Changed(changed.to_string())),
            };
            if now.range.contains(Ordinal(ordinal)) {
                let replicas = now.range.replicas;
                return Ok(Found::Changed(format!(
                    "somebody has scaled `{}` to {replicas}: it wants member {ordinal} again",
                    now.meta.name
                )));
            }
            if let Some(found) = reader.get(&reference("Pod", &set.object.namespace, pod)).await? {
                return Ok(not_yet(&staying(&found)));
            }
            if let Some(user) = user_of(&reader, &set.object.namespace, claims).await? {
                return Ok(not_yet(&format!("pod {user} uses its claim")));
            }
            if let Some(node) = attached_to(&reader, volumes).await? {
                return Ok(not_yet(&format!("its volume is attached to node {node}")));
            }
            Ok(Found::Look(Look::Reached("gone".to_owned())))
        })
        .await
    }

    /// Until the set has so many ready members.
    pub async fn ready(&self, set: &Target, replicas: u64, at_most: u64) -> Result<Value, WaitFailed> {
        self.until(format!("set {}", set.object.name), at_most, |reader| async move {
            let now = match same_set(&reader, set).await {
                Ok(now) => now,
                Err(ReadError::Api(error)) => return Err(*error),
                Err(changed) => return Ok(Found::Changed(changed.to_string())),
            };
            if now.range.replicas != replicas {
                let found = now.range.replicas;
                return Ok(Found::Changed(format!("somebody has scaled `{}` to {found}", now.meta.name)));
            }
            let settled = now.is_observed() && now.status.replicas == replicas && now.status.ready == replicas;
            Ok(if settled {
                Found::Look(Look::Reached(format!("{replicas} of {replicas} ready")))
            } else {
                not_yet(&format!("{} of {replicas} ready", now.status.ready))
            })
        })
        .await
    }

    /// The set must keep its size for a while (H-07).
    pub async fn settle(&self, set: &Target, replicas: u64, seconds: u64) -> Result<Value, WaitFailed> {
        let clock = &self.connection.clock;
        let end = clock.now().checked_add(Duration::from_secs(seconds)).unwrap_or(jiff::Timestamp::MAX);
        loop {
            let now = same_set(&self.reader(), set).await?;
            if now.range.replicas != replicas {
                let found = now.range.replicas;
                return Err(WaitFailed::Changed(format!("somebody has scaled `{}` to {found}", now.meta.name)));
            }
            let left = Duration::try_from(end.duration_since(clock.now())).unwrap_or_default();
            if left.is_zero() {
                return Ok(Value::Null);
            }
            self.keeper.keep(self.connection).await.map_err(WaitFailed::Lock)?;
            // A simulated clock that has nothing more to do has stood still long enough.
            match clock.pause(left.min(Duration::from_secs(1))).await {
                Ok(crate::cluster::Pause::Passed) => {}
                Ok(crate::cluster::Pause::Idle) => return Ok(Value::Null),
                Err(_) => {
                    let what = "the set to stand still".to_owned();
                    return Err(WaitError::Interrupted { what, detail: String::new() }.into());
                }
            }
        }
    }

    /// Until the claim is gone and its volume Released.
    pub async fn released(&self, claim: &Target, volume: &Target, at_most: u64) -> Result<Value, WaitFailed> {
        let what = format!("claim {}", claim.object.name);
        self.until(what, at_most, |reader| async move {
            let there = reader.get(&claim.object).await?;
            match there {
                Some(found) if found["metadata"]["uid"] == claim.uid.as_str() => {
                    let holders = &found["metadata"]["finalizers"];
                    return Ok(not_yet(&format!("held by {}", words(holders))));
                }
                Some(_) => {
                    return Ok(Found::Changed(format!(
                        "a new claim `{}` was made: somebody has scaled the set up",
                        claim.object.name
                    )));
                }
                None => {}
            }
            let found = reader.get(&volume.object).await?;
            let Some(found) = found.as_deref().and_then(Volume::read) else {
                return Ok(Found::Changed(format!("volume `{}` is gone", volume.object.name)));
            };
            Ok(if found.phase == VolumePhase::Released {
                Found::Look(Look::Reached(format!("gone, volume {} is kept", found.meta.name)))
            } else {
                not_yet(&format!("volume {} is {}", found.meta.name, found.phase.as_str()))
            })
        })
        .await
    }

    /// Until the claim is gone; its volume may not be ours to look at.
    pub async fn claim_gone(&self, claim: &Target, at_most: u64) -> Result<Value, WaitFailed> {
        let what = format!("claim {}", claim.object.name);
        self.until(what, at_most, |reader| async move {
            Ok(match reader.get(&claim.object).await? {
                Some(found) if found["metadata"]["uid"] == claim.uid.as_str() => {
                    not_yet(&format!("held by {}", words(&found["metadata"]["finalizers"])))
                }
                Some(_) => Found::Changed(format!(
                    "a new claim `{}` was made: somebody has scaled the set up",
                    claim.object.name
                )),
                None => Found::Look(Look::Reached("gone".to_owned())),
            })
        })
        .await
    }

    /// Until a deleted object is gone. One of its name that nobody deletes is another one.
    pub async fn object_gone(&self, object: &ObjectRef, at_most: u64) -> Result<Value, WaitFailed> {
        self.until(object.to_string(), at_most, |reader| async move {
            let found = reader.get(object).await?;
            Ok(match found.filter(|found| !found["metadata"]["deletionTimestamp"].is_null()) {
                Some(found) => not_yet(&format!("held by {}", words(&found["metadata"]["finalizers"]))),
                None => Found::Look(Look::Reached("gone".to_owned())),
            })
        })
        .await
    }

    /// Until the claim is bound to exactly this volume.
    pub async fn bound(&self, claim: &ObjectRef, volume: &Target, at_most: u64) -> Result<Value, WaitFailed> {
        let what = format!("claim {}", claim.name);
        self.until(what, at_most, |reader| async move {
            let Some(found) = reader.get(claim).await? else {
                return Ok(Found::Changed(format!("claim `{}` is gone again", claim.name)));
            };
            let phase = found["status"]["phase"].as_str().unwrap_or("Pending");
            Ok(match (phase, found["spec"]["volumeName"].as_str()) {
                ("Bound", Some(name)) if name == volume.object.name => {
                    Found::Look(Look::Reached(format!("bound to {name}")))
                }
                ("Bound", _) => Found::Changed(format!("claim `{}` was bound to another volume", claim.name)),
                _ => not_yet(phase),
            })
        })
        .await
    }

    /// Until the volume is gone; what lies at `stays` is nobody's to take away.
    pub async fn purged(&self, volume: &Target, stays: Option<&str>, at_most: u64) -> Result<Value, WaitFailed> {
        let what = format!("volume {}", volume.object.name);
        self.until(what, at_most, |reader| async move {
            let found = reader.get(&volume.object).await?;
            Ok(match found.filter(|found| found["metadata"]["uid"] == volume.uid.as_str()) {
                None => Found::Look(Look::Reached(match stays {
                    None => "gone with its data".to_owned(),
                    Some(place) => format!("its object is gone, what is at {place} stays"),
                })),
                Some(found) if found["status"]["phase"] == "Failed" => {
                    let why = found["status"]["message"].as_str().unwrap_or("no reason given");
                    Found::Changed(format!("volume `{}` could not be deleted: {why}", volume.object.name))
                }
                Some(found) => not_yet(found["status"]["phase"].as_str().unwrap_or_default()),
            })
        })
        .await
    }
}

fn not_yet(why: &str) -> Found {
    Found::Look(Look::NotYet(why.to_owned()))
}

/// The wait is over without its goal: the reason is kept beside it.
fn end(reason: &std::sync::Mutex<Option<WaitFailed>>, why: WaitFailed) -> Look {
    *reason.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(why);
    Look::Given
}

/// Why a pod is still there, as far as it says so itself.
fn staying(pod: &Value) -> String {
    let meta = &pod["metadata"];
    match meta["finalizers"].as_array() {
        Some(held) if !held.is_empty() && !meta["deletionTimestamp"].is_null() => {
            format!("still there, held by {}", words(&meta["finalizers"]))
        }
        Some(_) | None => "still there".to_owned(),
    }
}

fn words(list: &Value) -> String {
    let words: Vec<_> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if words.is_empty() { "nobody".to_owned() } else { words.join(", ") }
}

/// A pod that uses one of the claims.
async fn user_of(reader: &Reader, namespace: &str, claims: &[Target]) -> Result<Option<String>, kube::Error> {
    if claims.is_empty() {
        return Ok(None);
    }
    let users = reader.pods_with(namespace, &names(claims)).await?;
    Ok(users.into_iter().next().map(|pod| pod.meta.name))
}

/// The node that one of the volumes is attached to; what may not be read is not waited for.
async fn attached_to(reader: &Reader, volumes: &[Target]) -> Result<Option<String>, kube::Error> {
    if volumes.is_empty() {
        return Ok(None);
    }
    match reader.attachments_of(&names(volumes)).await {
        Err(error) if is_forbidden(&error) || is_missing(&error) => Ok(None),
        found => Ok(found?.into_iter().next().map(|attachment| attachment.node)),
    }
}

fn names(targets: &[Target]) -> Vec<String> {
    targets.iter().map(|target| target.object.name.clone()).collect()
}

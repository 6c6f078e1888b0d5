//! Guards before a set loses a member.

use std::sync::Arc;

use serde_json::Value;

use super::{Guard, Refusal, refusal};
use crate::effects::error::EffectError;
use crate::facts::autoscaler::Autoscaler;
use crate::facts::budget::Budget;
use crate::facts::claim::Claim;
use crate::facts::mark::Mark;
use crate::facts::ordinals::{OrdinalRange, claim_names};
use crate::facts::reader::{Reader, is_forbidden, is_missing};
use crate::facts::set::Set;
use crate::facts::words::{RetentionPolicy, Strategy};
use crate::objects::kinds::{ApiKind, ObjectRef};

/// The set and who else has a say in its size.
pub struct SetScene {
    set: Set,
    /// `None`: they may not be read.
    autoscalers: Option<Vec<Autoscaler>>,
    /// `None`: they may not be read.
    budgets: Option<Vec<Budget>>,
    /// How many members stay.
    to: u64,
    /// Claims that would go with their members and could not be given back.
    unprotected: Vec<Unprotected>,
}

pub(super) const GUARDS: &[Guard<SetScene>] = &[
    Guard { code: "set-deleting", source: "H-35", check: deleting },
    Guard { code: "many-at-once", source: "H-31", check: many },
    Guard { code: "set-owned", source: "H-03", check: owned },
    Guard { code: "autoscaler-fights", source: "H-01", check: autoscaled },
    Guard { code: "controller-behind", source: "H-32", check: behind },
    Guard { code: "when-scaled-deletes", source: "H-12", check: deletes },
    Guard { code: "budget-forbids", source: "H-04", check: over_budget },
    Guard { code: "members-unready", source: "H-24", check: unready },
    Guard { code: "rollout-in-progress", source: "H-26", check: rolling },
];

impl SetScene {
    pub(in crate::effects) async fn read(set: Set, to: u64, reader: &Reader) -> Result<Self, EffectError> {
        let autoscalers = known(reader, "HorizontalPodAutoscaler", &set, Autoscaler::read).await?;
        let budgets = known(reader, "PodDisruptionBudget", &set, Budget::read).await?;
        let unprotected = match set.when_scaled {
            RetentionPolicy::Delete => unprotected(&set, to, reader).await?,
            RetentionPolicy::Retain | RetentionPolicy::Other(_) => Vec::new(),
        };
        Ok(Self { set, autoscalers, budgets, to, unprotected })
    }
}

/// A claim that nothing brings back once it is gone.
struct Unprotected {
    claim: String,
    /// Its volume stays, but does not say whose data it holds.
    is_kept: bool,
}

/// The claims of the members that would go whose volumes are not `Retain`, or
/// are and do not bear the mark of exactly this claim.
async fn unprotected(set: &Set, to: u64, reader: &Reader) -> Result<Vec<Unprotected>, EffectError> {
    let range = OrdinalRange::new(set.range.start.saturating_add(to), set.range.replicas.saturating_sub(to));
    let mut found = Vec::new();
    for name in claim_names(&set.meta.name, &set.template_names(), range, usize::MAX) {
        let Some(claim) = get(reader, "PersistentVolumeClaim", &set.meta.namespace, &name).await? else { continue };
        let Some(volume) = Claim::read(&claim).and_then(|claim| claim.volume_name) else { continue };
        let volume = get(reader, "PersistentVolume", "", &volume).await?.unwrap_or_default();
        let is_kept = volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain";
        let uid = claim["metadata"]["uid"].as_str().unwrap_or_default();
        let is_ours = Mark::read(&volume).is_some_and(|mark| mark.is_of(&name, uid));
        if !is_kept || !is_ours {
            found.push(Unprotected { claim: name, is_kept });
        }
    }
    Ok(found)
}

async fn get(reader: &Reader, kind: &str, namespace: &str, name: &str) -> Result<Option<Arc<Value>>, EffectError> {
    let kind = ApiKind::named(kind).ok_or(EffectError::Vanished)?;
    let object = ObjectRef { kind, namespace: namespace.to_owned(), name: name.to_owned() };
    Ok(reader.get(&object).await?)
}

/// What there is of a kind beside a set.
async fn known<T>(
    reader: &Reader,
    kind: &str,
    set: &Set,
    read: fn(&Value) -> Option<T>,
) -> Result<Option<Vec<T>>, EffectError> {
    match ApiKind::named(kind) {
        Some(kind) => if_allowed(reader.list_as(kind, &set.meta.namespace, None, read).await),
        None => Ok(None),
    }
}

/// A list; `None` if it may not be read, and empty where the kind is not served.
pub(super) fn if_allowed<T>(list: Result<Vec<T>, kube::Error>) -> Result<Option<Vec<T>>, EffectError> {
    match list {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_missing(&error) => Ok(Some(Vec::new())),
        Err(error) if is_forbidden(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn deleting(scene: &SetScene) -> Option<Refusal> {
    scene.set.meta.deleting?;
    Some(refusal("the set is being deleted", "wait until it is gone; its claims stay unless its policy says otherwise"))
}

fn many(scene: &SetScene) -> Option<Refusal> {
    let going = scene.set.range.replicas.saturating_sub(scene.to);
    if going <= 1 {
        return None;
    }
    Some(refusal(
        format!("{going} members at once would go"),
        "let them go one by one, and wait for each: `kubectl stateful runbook show scale-down`",
    ))
}

fn owned(scene: &SetScene) -> Option<Refusal> {
    let owner = scene.set.meta.controller()?;
    Some(refusal(
        format!("{} `{}` controls the set and would take the change back", owner.kind, owner.name),
        format!("change the number of replicas in {} `{}`", owner.kind, owner.name),
    ))
}

fn autoscaled(scene: &SetScene) -> Option<Refusal> {
    let scaler = scene.autoscalers.iter().flatten().find(|scaler| scaler.scales(&scene.set))?;
    let name = &scaler.meta.name;
    Some(refusal(
        format!("HorizontalPodAutoscaler `{name}` sets the number of replicas ({} to {})", scaler.least, scaler.most),
        format!("delete the autoscaler `{name}`, or let it do the scaling, and try again"),
    ))
}

fn behind(scene: &SetScene) -> Option<Refusal> {
    if scene.set.is_observed() {
        return None;
    }
    Some(refusal("its controller has not seen the last change yet", "look at `kubectl stateful status`, and try again"))
}

fn deletes(scene: &SetScene) -> Option<Refusal> {
    let Unprotected { claim, is_kept } = scene.unprotected.first()?;
    let loss = if *is_kept { ", and its volume does not say whose data it holds" } else { " with its data" };
    Some(refusal(
        format!("its retention policy `whenScaled: Delete` would delete claim `{claim}`{loss}"),
        "`kubectl stateful scale` does without: `--claims retire` protects the volumes first, `--when-scaled retain` changes \
         the policy of the set. Before an undo set `whenScaled` to `Retain` yourself",
    ))
}

/// Kubernetes asks budgets only when pods are evicted; who scales down means the same by them.
fn over_budget(scene: &SetScene) -> Option<Refusal> {
    let covers = |budget: &&Budget| budget.covers(&scene.set.pod_labels);
    let least = |budget: &Budget| budget.least_of(scene.to).filter(|least| *least > scene.to);
    let mut budgets = scene.budgets.iter().flatten().filter(covers);
    let (budget, least) = budgets.find_map(|budget| Some((budget, least(budget)?)))?;
    let name = &budget.meta.name;
    Some(refusal(
        format!("PodDisruptionBudget `{name}` wants {least} members available, and {} would be left", scene.to),
        format!(
            "lower it first, if that is meant: kubectl edit poddisruptionbudget {name} -n {}",
            budget.meta.namespace
        ),
    ))
}

fn unready(scene: &SetScene) -> Option<Refusal> {
    let (ready, replicas) = (scene.set.status.ready, scene.set.range.replicas);
    if ready >= replicas {
        return None;
    }
    Some(refusal(
        format!("{ready} of {replicas} members are ready, and a member that is not freezes or hides a scale-down"),
        format!("`kubectl stateful status {}` says which and why", scene.set.meta.name),
    ))
}

fn rolling(scene: &SetScene) -> Option<Refusal> {
    let status = &scene.set.status;
    let settled = status.update_revision.is_empty() || status.current_revision == status.update_revision;
    // A partition and `OnDelete` leave two revisions side by side for good.
    if settled || scene.set.partition > 0 || scene.set.strategy != Strategy::RollingUpdate {
        return None;
    }
    Some(refusal("a rollout is in progress", "wait until `kubectl rollout status` says that it is complete"))
}

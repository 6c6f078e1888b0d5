//! The reads of a runbook: quorum reads, answered with what a script needs and
//! with the UIDs that its effects will be held to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{ClaimAnswer, MemberAnswer, RetiredAnswer, SetAnswer};
use crate::effects::Target;
use crate::effects::create_claim::CreateClaim;
use crate::effects::purge::is_provisioned;
use crate::facts::claim::Claim;
use crate::facts::mark::RETIRED;
use crate::facts::ordinals::{Ordinal, claim_member, pod_name};
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::set::Set;
use crate::facts::volume::Volume;
use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::objects::withheld::ASSUMED;

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("there is no StatefulSet `{0}`")]
    NoSet(String),
    #[error("StatefulSet `{0}` was replaced by another one of its name")]
    SetReplaced(String),
    #[error("StatefulSet `{0}` is being deleted")]
    SetDeleting(String),
    #[error("the {count} {kind} of the namespace are too much for one answer")]
    TooMuch { kind: &'static str, count: usize },
    #[error("{0}")]
    Api(#[from] Box<kube::Error>),
}

impl From<kube::Error> for ReadError {
    fn from(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

/// A reference to an object of a kind that this program knows.
pub fn reference(kind: &str, namespace: &str, name: &str) -> ObjectRef {
    let Some(kind) = ApiKind::named(kind) else { unreachable!("every kind that is named here is in the list") };
    let namespace = if kind.namespaced { namespace.to_owned() } else { String::new() };
    ObjectRef { kind, namespace, name: name.to_owned() }
}

/// The set of this name.
pub async fn set(reader: &Reader, namespace: &str, name: &str) -> Result<SetAnswer, ReadError> {
    let found = reader.get(&reference("StatefulSet", namespace, name)).await?;
    let found = found.ok_or_else(|| ReadError::NoSet(name.to_owned()))?;
    if !found["metadata"]["deletionTimestamp"].is_null() {
        return Err(ReadError::SetDeleting(name.to_owned()));
    }
    answer(&found).ok_or_else(|| ReadError::NoSet(name.to_owned()))
}

fn answer(found: &Value) -> Option<SetAnswer> {
    let set = Set::read(found)?;
    Some(SetAnswer {
        target: Target::of(ApiKind::named("StatefulSet")?, found)?,
        replicas: set.range.replicas,
        start: set.range.start,
        ready: set.status.ready,
        templates: set.template_names(),
        management: set.management.as_str().to_owned(),
        when_scaled: set.when_scaled.as_str().to_owned(),
        when_deleted: set.when_deleted.as_str().to_owned(),
    })
}

/// The set with exactly this UID, which is to stay.
pub async fn same_set(reader: &Reader, target: &Target) -> Result<Set, ReadError> {
    let name = || target.object.name.clone();
    let found = reader.get(&target.object).await?.ok_or_else(|| ReadError::NoSet(name()))?;
    let set = Set::read(&found).ok_or_else(|| ReadError::NoSet(name()))?;
    match set.meta.deleting {
        _ if set.meta.uid != target.uid => Err(ReadError::SetReplaced(name())),
        Some(_) => Err(ReadError::SetDeleting(name())),
        None => Ok(set),
    }
}

/// The members from this ordinal on, the highest first.
pub async fn members(reader: &Reader, target: &Target, from: u64) -> Result<Vec<MemberAnswer>, ReadError> {
    let set = same_set(reader, target).await?;
    let namespace = target.object.namespace.as_str();
    let mut claims: BTreeMap<u64, Vec<ClaimAnswer>> = BTreeMap::new();
    for claim in claims_of(reader, &set, namespace).await? {
        claims.entry(claim.ordinal).or_default().push(claim);
    }
    let first = set.range.start.max(from);
    let member = |ordinal: u64| MemberAnswer {
        ordinal,
        pod: pod_name(&set.meta.name, Ordinal(ordinal)),
        claims: claims.remove(&ordinal).unwrap_or_default(),
    };
    Ok((first..set.range.end()).rev().map(member).collect())
}

/// The claims that the set made for ordinals outside of its range.
pub async fn leftovers(reader: &Reader, target: &Target) -> Result<Vec<ClaimAnswer>, ReadError> {
    let set = same_set(reader, target).await?;
    let claims = claims_of(reader, &set, &target.object.namespace).await?;
    Ok(claims.into_iter().filter(|claim| !set.range.contains(Ordinal(claim.ordinal))).collect())
}

/// All claims with the name of one of a set's, by ordinal and template.
async fn claims_of(reader: &Reader, set: &Set, namespace: &str) -> Result<Vec<ClaimAnswer>, ReadError> {
    let templates = set.template_names();
    let Some(kind) = ApiKind::named("PersistentVolumeClaim") else { return Ok(Vec::new()) };
    let of_the_set = |object: &Value| {
        let (template, ordinal) = claim_member(&set.meta.name, &templates, object["metadata"]["name"].as_str()?)?;
        let claim = Claim::read(object)?;
        let size = claim.size().to_owned();
        Some((template.to_owned(), ordinal.0, Target::of(kind, object)?, claim.volume_name, size))
    };
    let mut found = reader.list_as(kind, namespace, None, of_the_set).await?;
    found.sort_by_key(|(template, ordinal, ..)| (*ordinal, templates.iter().position(|known| known == template)));
    let volumes = volumes(reader, None).await?;
    let answer = |(template, ordinal, claim, volume, size): (String, u64, Target, Option<String>, String)| {
        let volume = volume.and_then(|name| volumes.get(&name));
        ClaimAnswer {
            template,
            ordinal,
            claim,
            policy: volume.map(|volume| volume.policy.clone()).unwrap_or_default(),
            volume: volume.map(|volume| Target { object: volume.object.clone(), uid: volume.uid.clone() }),
            size,
        }
    };
    Ok(found.into_iter().map(answer).collect())
}

struct KnownVolume {
    object: ObjectRef,
    uid: String,
    policy: String,
}

/// All volumes by name; none where they may not be read.
async fn volumes(reader: &Reader, selector: Option<&str>) -> Result<BTreeMap<String, KnownVolume>, ReadError> {
    let Some(kind) = ApiKind::named("PersistentVolume") else { return Ok(BTreeMap::new()) };
    let known = |object: &Value| {
        let Target { object: reference, uid } = Target::of(kind, object)?;
        // A copy makes up what could not be read, and nobody knows the policy of that.
        let is_read = object["metadata"]["annotations"][ASSUMED].is_null();
        let policy = object["spec"]["persistentVolumeReclaimPolicy"].as_str().filter(|_| is_read);
        let policy = policy.unwrap_or_default().to_owned();
        Some((reference.name.clone(), KnownVolume { object: reference, uid, policy }))
    };
    match reader.list_as(kind, "", selector, known).await {
        Err(error) if is_forbidden(&error) => Ok(BTreeMap::new()),
        found => Ok(found?.into_iter().collect()),
    }
}

/// The retired volumes of a namespace, by set, ordinal and template.
pub async fn retired(
    reader: &Reader,
    namespace: &str,
    set: Option<&str>,
    ordinal: Option<u64>,
) -> Result<Vec<RetiredAnswer>, ReadError> {
    let Some(kind) = ApiKind::named("PersistentVolume") else { return Ok(Vec::new()) };
    let wanted = |volume: &Value| {
        let answer = retired_answer(kind, volume)?;
        let is_here = volume["spec"]["claimRef"]["namespace"] == namespace;
        let fits = set.is_none_or(|set| answer.set == set) && ordinal.is_none_or(|wanted| answer.ordinal == wanted);
        (is_here && fits).then_some(answer)
    };
    let mut found = reader.list_as(kind, "", Some(&format!("{RETIRED}=true")), wanted).await?;
    found.sort_by(|one, other| {
        (&one.set, one.ordinal, &one.template, &one.at).cmp(&(&other.set, other.ordinal, &other.template, &other.at))
    });
    Ok(found)
}

fn retired_answer(kind: &'static ApiKind, object: &Value) -> Option<RetiredAnswer> {
    let volume = Volume::read(object)?;
    let mark = volume.restorable()?.clone();
    let held = volume.claim.as_ref()?;
    let spec = &object["spec"];
    let mut like = json!({
        "metadata": { "name": mark.claim(), "namespace": held.namespace },
        "spec": { "accessModes": spec["accessModes"], "volumeMode": spec["volumeMode"],
                  "storageClassName": spec["storageClassName"].as_str().unwrap_or_default(),
                  "resources": { "requests": { "storage": spec["capacity"]["storage"] } } },
    });
    if !mark.claim_labels.is_empty() {
        like["metadata"]["labels"] = json!(mark.claim_labels);
    }
    Some(RetiredAnswer {
        volume: Target::of(kind, object)?,
        claim: CreateClaim::again(&like, &volume.meta.name)?.manifest,
        set: mark.set,
        template: mark.template,
        ordinal: mark.ordinal,
        phase: volume.phase.as_str().to_owned(),
        size: volume.capacity,
        former_policy: mark.former_policy,
        run: mark.run,
        at: mark.at,
        source: volume.source,
        provisioned: is_provisioned(object),
    })
}

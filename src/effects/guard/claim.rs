//! Guards before a claim is deleted. The first is the one that everything
//! rests on: the volume stays. All claims of a member go or none (H-38): what
//! stands against one that is marked to go stands against its neighbours too.

use serde_json::Value;

use super::set::if_allowed;
use super::{Guard, Refusal, refusal};
use crate::effects::delete_claim::DeleteClaim;
use crate::effects::error::EffectError;
use crate::effects::give_up::{Fate, GiveUp, Given};
use crate::facts::attachment::Attachment;
use crate::facts::claim::Claim;
use crate::facts::meta::Owner;
use crate::facts::ordinals::{Ordinal, OrdinalRange, claim_names, sets_of_claim};
use crate::facts::pod::Pod;
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::set::Set;
use crate::facts::volume::Volume;
use crate::facts::words::ReclaimPolicy;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// A claim that goes, with its volume.
struct Going {
    claim: Claim,
    volume: Option<Volume>,
    /// Empty where nobody could read it before.
    volume_uid: String,
    /// What was shown to become of a volume that nobody has protected.
    shown: Option<Fate>,
}

/// A claim with all that may still need it, and, read after all of that, its volume.
pub struct ClaimScene {
    one: Going,
    /// The others of its member that are marked to go, and are still there.
    neighbours: Vec<Going>,
    set: String,
    ordinal: Ordinal,
    sets: Vec<Set>,
    /// Those that use a claim of the member.
    pods: Vec<Pod>,
    /// Those of the volumes. `None`: they may not be read.
    attachments: Option<Vec<Attachment>>,
}

pub(super) const GUARDS: &[Guard<ClaimScene>] = &[
    Guard { code: "volume-not-kept", source: "H-15", check: not_kept },
    Guard { code: "volume-of-another", source: "H-33", check: of_another },
    Guard { code: "member-wanted", source: "H-44", check: wanted },
    Guard { code: "claim-ambiguous", source: "H-10", check: ambiguous },
    Guard { code: "claim-in-use", source: "H-08", check: in_use },
    Guard { code: "claim-owned", source: "H-42", check: owned },
    Guard { code: "volume-attached", source: "H-05", check: attached },
    Guard { code: "fate-not-as-shown", source: "H-15", check: not_as_shown },
];

/// What counts only where the volume is to be kept.
pub(super) const KEEPING: [&str; 2] = ["volume-not-kept", "volume-of-another"];

impl ClaimScene {
    pub(in crate::effects) async fn read(
        effect: &DeleteClaim,
        claim: &Value,
        reader: &Reader,
    ) -> Result<Self, EffectError> {
        let others = Others::read(&effect.claim.object, (&effect.set, effect.ordinal), reader).await?;
        let neighbours = neighbours(effect, &others.names, reader).await?;
        let volumes = neighbours.iter().filter_map(|going| Some(going.volume.as_ref()?.meta.name.clone()));
        let volumes: Vec<String> = volumes.chain([effect.volume.object.name.clone()]).collect();
        let (pods, attachments) = users(&effect.claim.object.namespace, &others.names, &volumes, reader).await?;
        // What counts most is read last: nothing comes between it and the deletion.
        let volume = effect.volume.read(reader).await?;
        Ok(Self {
            one: Going {
                claim: Claim::read(claim).ok_or(EffectError::Vanished)?,
                volume: volume.as_deref().and_then(Volume::read),
                volume_uid: effect.volume.uid.clone(),
                shown: None,
            },
            neighbours,
            set: effect.set.clone(),
            ordinal: Ordinal(effect.ordinal),
            sets: others.sets,
            pods,
            attachments,
        })
    }

    /// The same where nobody has protected the volumes: they are read if they may be.
    pub(in crate::effects) async fn giving_up(
        effect: &GiveUp,
        claim: &Value,
        reader: &Reader,
    ) -> Result<Self, EffectError> {
        let others = Others::read(&effect.claim.object, (&effect.set, effect.ordinal), reader).await?;
        let mut claims = vec![(Claim::read(claim).ok_or(EffectError::Vanished)?, effect.fate)];
        for Given { claim, fate } in &effect.others {
            // One that goes already stands against nothing any more.
            let there = claim.read(reader).await?.as_deref().and_then(Claim::read);
            claims.extend(there.filter(|claim| claim.meta.deleting.is_none()).map(|claim| (claim, *fate)));
        }
        let volumes: Vec<String> = claims.iter().filter_map(|(claim, _)| claim.volume_name.clone()).collect();
        let (pods, attachments) = users(&effect.claim.object.namespace, &others.names, &volumes, reader).await?;
        let mut going = Vec::new();
        for (claim, fate) in claims {
            let volume = volume_now(&claim, fate, reader).await?;
            going.push(Going { claim, volume, volume_uid: String::new(), shown: Some(fate) });
        }
        let one = going.remove(0);
        let (set, ordinal) = (effect.set.clone(), Ordinal(effect.ordinal));
        Ok(Self { one, neighbours: going, set, ordinal, sets: others.sets, pods, attachments })
    }
}

/// The volume of a claim; `None` where there is none, or where it could not be
/// read when it was shown and cannot be by now.
async fn volume_now(claim: &Claim, shown: Fate, reader: &Reader) -> Result<Option<Volume>, EffectError> {
    let Some(name) = claim.volume_name.clone() else { return Ok(None) };
    let kind = ApiKind::named("PersistentVolume").ok_or(EffectError::Vanished)?;
    match reader.get(&ObjectRef { kind, namespace: String::new(), name }).await {
        Err(error) if shown == Fate::Unknown && is_forbidden(&error) => Ok(None),
        found => Ok(found?.as_deref().and_then(Volume::read)),
    }
}

/// Who else may need a claim: all sets of its namespace, and the names of the claims
/// of its member. All of these go, or none.
struct Others {
    sets: Vec<Set>,
    names: Vec<String>,
}

impl Others {
    async fn read(claim: &ObjectRef, (name, ordinal): (&str, u64), reader: &Reader) -> Result<Self, EffectError> {
        let kind = ApiKind::named("StatefulSet").ok_or(EffectError::Vanished)?;
        let sets = reader.list_as(kind, &claim.namespace, None, Set::read).await?;
        let set = sets.iter().find(|set| set.meta.name == name);
        let member = OrdinalRange::new(ordinal, 1);
        let mut names = set.map(|set| claim_names(name, &set.template_names(), member, 1)).unwrap_or_default();
        names.push(claim.name.clone());
        Ok(Self { sets, names })
    }
}

/// The pods that use one of the claims, and what attaches these volumes.
async fn users(
    namespace: &str,
    names: &[String],
    volumes: &[String],
    reader: &Reader,
) -> Result<(Vec<Pod>, Option<Vec<Attachment>>), EffectError> {
    let pods = reader.pods_with(namespace, names).await?;
    Ok((pods, if_allowed(reader.attachments_of(volumes).await)?))
}

/// Those of these claims that are marked to go as well. One that goes already
/// does not count, nor one that nobody has marked: it stays.
async fn neighbours(effect: &DeleteClaim, names: &[String], reader: &Reader) -> Result<Vec<Going>, EffectError> {
    let own = &effect.claim.object;
    let mut going = Vec::new();
    for name in names.iter().filter(|name| **name != own.name) {
        let object = ObjectRef { name: name.clone(), ..own.clone() };
        let Some(claim) = reader.get(&object).await?.as_deref().and_then(Claim::read) else { continue };
        let Some(volume) = claim.volume_name.clone().filter(|_| claim.meta.deleting.is_none()) else { continue };
        let object = ObjectRef { name: volume, ..effect.volume.object.clone() };
        let Some(volume) = reader.get(&object).await?.as_deref().and_then(Volume::read) else { continue };
        if volume.mark.as_ref().is_some_and(|mark| mark.is_of(&claim.meta.name, &claim.meta.uid)) {
            let volume_uid = volume.meta.uid.clone();
            going.push(Going { claim, volume_uid, volume: Some(volume), shown: None });
        }
    }
    Ok(going)
}

/// What stands against one of those that go together.
fn against_any(scene: &ClaimScene, check: fn(&ClaimScene, &Going) -> Option<Refusal>) -> Option<Refusal> {
    let neighbour = |going: &Going| {
        let Refusal { why, hint } = check(scene, going)?;
        Some(refusal(format!("claim `{}` of the same member cannot go with it: {why}", going.claim.meta.name), hint))
    };
    check(scene, &scene.one).or_else(|| scene.neighbours.iter().find_map(neighbour))
}

fn not_kept(scene: &ClaimScene) -> Option<Refusal> {
    against_any(scene, is_not_kept)
}

fn is_not_kept(scene: &ClaimScene, going: &Going) -> Option<Refusal> {
    let (volume, claim) = (going.volume.as_ref(), &going.claim.meta);
    let stays =
        volume.is_some_and(|volume| volume.reclaim_policy == ReclaimPolicy::Retain && volume.meta.deleting.is_none());
    let is_marked = volume.and_then(|volume| volume.mark.as_ref()).is_some_and(|mark| {
        mark.is_of(&claim.name, &claim.uid) && mark.set == scene.set && mark.ordinal == scene.ordinal.0
    });
    if stays && is_marked {
        return None;
    }
    if stays {
        return Some(refusal(
            "its volume is not protected: it does not say that it holds the data of this claim",
            "protect the volume first: without its mark nothing would bring the data back",
        ));
    }
    let policy = volume.map_or_else(|| "unknown".to_owned(), |volume| volume.reclaim_policy.as_str().to_owned());
    Some(refusal(
        format!("its volume is not protected (reclaim policy {policy}), and the data would go with the claim"),
        "protect the volume first: the policy must be `Retain`",
    ))
}

fn of_another(scene: &ClaimScene) -> Option<Refusal> {
    against_any(scene, |_, going| is_of_another(going))
}

fn is_of_another(going: &Going) -> Option<Refusal> {
    let volume = going.volume.as_ref()?;
    if volume.meta.uid == going.volume_uid && volume.belongs_to(&going.claim) {
        return None;
    }
    Some(refusal(format!("volume `{}` does not belong to it any more", volume.meta.name), "make a new plan"))
}

fn wanted(scene: &ClaimScene) -> Option<Refusal> {
    let set = scene.sets.iter().find(|set| set.meta.name == scene.set)?;
    if !set.range.contains(scene.ordinal) {
        return None;
    }
    Some(refusal(
        format!("the set wants member {} again ({} replicas)", scene.ordinal, set.range.replicas),
        "somebody has scaled it up in between: find out who, and make a new plan",
    ))
}

fn ambiguous(scene: &ClaimScene) -> Option<Refusal> {
    against_any(scene, is_ambiguous)
}

fn is_ambiguous(scene: &ClaimScene, going: &Going) -> Option<Refusal> {
    let users = sets_of_claim(&going.claim.meta.name, &scene.sets);
    let other = users.iter().find(|(set, _)| set.meta.name != scene.set)?;
    Some(refusal(
        format!("the set `{}` makes a claim of the same name", other.0.meta.name),
        "whose data it is, the names cannot tell: delete it by hand once you know",
    ))
}

fn in_use(scene: &ClaimScene) -> Option<Refusal> {
    let pod = scene.pods.first()?;
    Some(refusal(
        format!("pod `{}` uses it", pod.meta.name),
        format!("remove the pod first: kubectl delete pod {} -n {}", pod.meta.name, pod.meta.namespace),
    ))
}

fn owned(scene: &ClaimScene) -> Option<Refusal> {
    against_any(scene, is_owned)
}

fn is_owned(scene: &ClaimScene, going: &Going) -> Option<Refusal> {
    let ours = |owner: &Owner| owner.kind == "Pod" || (owner.kind == "StatefulSet" && owner.name == scene.set);
    let owner = going.claim.meta.owners.iter().find(|owner| !ours(owner))?;
    Some(refusal(
        format!("{} `{}` owns it", owner.kind, owner.name),
        "what an owner has made is its business: let it delete the claim",
    ))
}

fn attached(scene: &ClaimScene) -> Option<Refusal> {
    let attachment = scene.attachments.iter().flatten().next()?;
    Some(refusal(
        format!("volume `{}` is still attached to node `{}`", attachment.volume.as_deref()?, attachment.node),
        "something may still write to it: wait until it is detached",
    ))
}

fn not_as_shown(scene: &ClaimScene) -> Option<Refusal> {
    against_any(scene, |_, going| is_not_as_shown(going))
}

/// Who approved that data stay has not approved that they go. Who approved that
/// nobody knows has approved the worst.
fn is_not_as_shown(going: &Going) -> Option<Refusal> {
    let shown = going.shown?;
    let now = match &going.volume {
        None => Fate::Unknown,
        Some(volume) if volume.meta.deleting.is_some() => Fate::Goes,
        Some(volume) => Fate::under(volume.reclaim_policy.as_str()),
    };
    let is_its = going.volume.as_ref().is_none_or(|volume| volume.belongs_to(&going.claim));
    if is_its && (shown == now || shown == Fate::Unknown) {
        return None;
    }
    let now = if is_its { now.words() } else { "its volume does not belong to it any more" };
    Some(refusal(
        format!("the plan said that {}, and now {now}", shown.words()),
        "the plan of this run is not right any more: look at the volume",
    ))
}

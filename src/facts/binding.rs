//! What a new claim would get: a volume that is there, one that is made for it,
//! one as soon as a pod uses it, or nothing. Pure; the rules are those of the
//! binder (PV-01 to PV-20), and what they cannot know is left open.

use serde_json::Value;

use super::claim::Claim;
use super::class::{Class, default_class};
use super::meta::{maybe_text, text, texts};
use super::volume::Volume;
use super::words::{BindingMode, VolumePhase};
use crate::objects::quantity::Quantity;

/// What a claim asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    pub namespace: String,
    pub name: String,
    pub size: String,
    /// `None`: the cluster's default.
    pub class: Option<String>,
    pub modes: Vec<String>,
    /// The only volume that it wants.
    pub volume: Option<String>,
}

impl Wish {
    /// Of a claim, or of a set's template for one of its claims.
    #[must_use]
    pub fn read(spec: &Value, namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            size: text(&spec["resources"]["requests"]["storage"]),
            class: maybe_text(&spec["storageClassName"]),
            modes: texts(&spec["accessModes"]),
            volume: maybe_text(&spec["volumeName"]).filter(|name| !name.is_empty()),
        }
    }

    /// Of a claim that was read.
    #[must_use]
    pub fn of(claim: &Claim) -> Self {
        Self {
            namespace: claim.meta.namespace.clone(),
            name: claim.meta.name.clone(),
            size: claim.requested.clone(),
            class: claim.class.clone(),
            modes: claim.access_modes.clone(),
            volume: claim.volume_name.clone(),
        }
    }
}

/// What it would get.
#[derive(Clone, Debug, PartialEq)]
pub enum Prospect {
    /// This volume, at once.
    Volume(String),
    /// One that the class makes at once.
    Made,
    /// One as soon as a pod uses the claim, as the class says.
    FirstUse { class: String },
    /// The class does not exist, nor does a volume of it.
    NoClass { class: String },
    /// No volume fits: why each of those that could be meant does not.
    Nothing { class: String, obstacles: Vec<(String, Obstacle)> },
}

/// The first reason why a volume is not the claim's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is none of that name.
    Missing,
    Deleting,
    /// Bound to or reserved for the claim of this namespace and name.
    Taken {
        namespace: String,
        name: String,
    },
    /// Its claim is gone, and it still belongs to that claim (S1-e3).
    Released {
        namespace: String,
        name: String,
    },
    /// As the volume has it.
    TooSmall {
        capacity: String,
    },
    Class {
        class: String,
    },
    Modes {
        has: Vec<String>,
    },
    Phase {
        phase: String,
    },
}

impl Obstacle {
    /// A sentence about the volume, without its name.
    #[must_use]
    pub fn in_words(&self, wish: &Wish) -> String {
        let class = |class: &str| if class.is_empty() { "no class".to_owned() } else { format!("class `{class}`") };
        match self {
            Self::Missing => "does not exist".to_owned(),
            Self::Deleting => "is being deleted".to_owned(),
            Self::Taken { namespace, name } => format!("belongs to claim `{name}` of namespace `{namespace}`"),
            Self::Released { namespace, name } => {
                format!(
                    "would fit, but it is Released: it still belongs to the deleted claim `{name}` of `{namespace}`"
                )
            }
            Self::TooSmall { capacity } => format!("holds {capacity}, and {} are asked for", wish.size),
            Self::Class { class: has } => {
                let wanted = wish.class.as_deref().map_or_else(|| "the default class".to_owned(), class);
                format!("has {}, and the claim has {wanted}", class(has))
            }
            Self::Modes { has } => {
                format!("can be mounted {}, and {} is asked for", has.join(", "), wish.modes.join(", "))
            }
            Self::Phase { phase } => format!("is {phase}"),
        }
    }
}

/// What the claim would get of these volumes and classes.
#[must_use]
pub fn prospect(wish: &Wish, volumes: &[Volume], classes: &[Class]) -> Prospect {
    let class = match &wish.class {
        Some(class) => class.clone(),
        None => default_class(classes).map(|class| class.meta.name.clone()).unwrap_or_default(),
    };
    if let Some(named) = &wish.volume {
        let volume = volumes.iter().find(|volume| volume.meta.name == *named);
        let obstacle = volume.map_or(Some(Obstacle::Missing), |volume| obstacle(wish, &class, volume));
        return match obstacle {
            None => Prospect::Volume(named.clone()),
            Some(why) => Prospect::Nothing { class, obstacles: vec![(named.clone(), why)] },
        };
    }
    let reserved = |volume: &&Volume| reserved_for(volume, wish);
    let fits = |volume: &&Volume| obstacle(wish, &class, volume).is_none();
    if let Some(volume) = volumes.iter().filter(reserved).find(fits) {
        return Prospect::Volume(volume.meta.name.clone());
    }
    let known = classes.iter().find(|known| known.meta.name == class);
    let delayed = known.is_some_and(|class| class.binding_mode == BindingMode::WaitForFirstConsumer);
    let size = |volume: &&Volume| Quantity::parse(&volume.capacity).map_or(i128::MAX, |size| size.nanos());
    match (volumes.iter().filter(fits).min_by_key(size), known) {
        (Some(_), _) if delayed => Prospect::FirstUse { class },
        (Some(volume), _) => Prospect::Volume(volume.meta.name.clone()),
        (None, Some(known)) if known.provisions() && delayed => Prospect::FirstUse { class },
        (None, Some(known)) if known.provisions() => Prospect::Made,
        (None, None) if !class.is_empty() && !volumes.iter().any(|volume| volume.class == class) => {
            Prospect::NoClass { class }
        }
        (None, _) => Prospect::Nothing { obstacles: in_reach(wish, &class, volumes), class },
    }
}

/// Why those that somebody could have meant do not fit: not the volumes of
/// other claims, and of other classes only where the class is all that is wrong.
fn in_reach(wish: &Wish, class: &str, volumes: &[Volume]) -> Vec<(String, Obstacle)> {
    let found = volumes.iter().filter_map(|volume| Some((volume, obstacle(wish, class, volume)?)));
    found
        .filter(|(volume, obstacle)| match obstacle {
            Obstacle::Taken { .. } => false,
            Obstacle::Class { .. } => volume.claim.is_none() && obstacle_of_size(wish, volume).is_none(),
            Obstacle::Missing
            | Obstacle::Deleting
            | Obstacle::Released { .. }
            | Obstacle::TooSmall { .. }
            | Obstacle::Modes { .. }
            | Obstacle::Phase { .. } => true,
        })
        .map(|(volume, obstacle)| (volume.meta.name.clone(), obstacle))
        .collect()
}

fn reserved_for(volume: &Volume, wish: &Wish) -> bool {
    volume
        .claim
        .as_ref()
        .is_some_and(|claim| claim.uid.is_empty() && claim.namespace == wish.namespace && claim.name == wish.name)
}

/// The first reason why the volume is not what is wished for in `class`.
pub(super) fn obstacle(wish: &Wish, class: &str, volume: &Volume) -> Option<Obstacle> {
    if volume.meta.deleting.is_some() {
        return Some(Obstacle::Deleting);
    }
    if volume.class != class && !reserved_for(volume, wish) {
        return Some(Obstacle::Class { class: volume.class.clone() });
    }
    if !wish.modes.iter().all(|mode| volume.access_modes.contains(mode)) {
        return Some(Obstacle::Modes { has: volume.access_modes.clone() });
    }
    if let Some(obstacle) = obstacle_of_size(wish, volume) {
        return Some(obstacle);
    }
    let owner = volume.claim.as_ref().filter(|_| !reserved_for(volume, wish));
    match (&volume.phase, owner) {
        (VolumePhase::Released, Some(claim)) => {
            Some(Obstacle::Released { namespace: claim.namespace.clone(), name: claim.name.clone() })
        }
        (_, Some(claim)) => Some(Obstacle::Taken { namespace: claim.namespace.clone(), name: claim.name.clone() }),
        // Released and freed: the binder has only not seen it yet.
        (VolumePhase::Available | VolumePhase::Pending | VolumePhase::Released, None) => None,
        (phase @ (VolumePhase::Bound | VolumePhase::Failed | VolumePhase::Other(_)), None) => {
            Some(Obstacle::Phase { phase: phase.as_str().to_owned() })
        }
    }
}

fn obstacle_of_size(wish: &Wish, volume: &Volume) -> Option<Obstacle> {
    let (wanted, holds) = (Quantity::parse(&wish.size).ok()?, Quantity::parse(&volume.capacity).ok()?);
    (holds < wanted).then(|| Obstacle::TooSmall { capacity: volume.capacity.clone() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn volume(name: &str, change: impl FnOnce(&mut Value)) -> Volume {
        let mut volume = json!({"metadata": {"name": name}, "status": {"phase": "Available"},
            "spec": {"capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": ""}});
        change(&mut volume);
        Volume::read(&volume).unwrap()
    }

    fn class(name: &str, provisioner: &str, mode: &str) -> Class {
        let annotations = json!({"storageclass.kubernetes.io/is-default-class": (name == "standard").to_string()});
        let metadata = json!({"name": name, "annotations": annotations});
        Class::read(&json!({"metadata": metadata, "provisioner": provisioner, "volumeBindingMode": mode})).unwrap()
    }

    fn classes() -> Vec<Class> {
        vec![
            class("standard", "p", "WaitForFirstConsumer"),
            class("fast", "p", "Immediate"),
            class("manual", "kubernetes.io/no-provisioner", "Immediate"),
        ]
    }

    fn wish(class: Option<&str>) -> Wish {
        Wish {
            namespace: "default".into(),
            name: "data".into(),
            size: "1Gi".into(),
            class: class.map(str::to_owned),
            modes: vec!["ReadWriteOnce".into()],
            volume: None,
        }
    }

    fn of(class: Option<&str>, volumes: &[Volume]) -> Prospect {
        prospect(&wish(class), volumes, &classes())
    }

    fn obstacle_of(change: impl FnOnce(&mut Value)) -> String {
        match of(Some(""), &[volume("disk", change)]) {
            Prospect::Nothing { obstacles, .. } => {
                obstacles.iter().map(|(_, obstacle)| obstacle.in_words(&wish(Some("")))).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn classes_that_make_volumes_do_so_at_once_or_on_first_use() {
        assert_eq!(of(None, &[]), Prospect::FirstUse { class: "standard".into() });
        assert_eq!(of(Some("fast"), &[]), Prospect::Made);
        assert_eq!(of(Some("manual"), &[]), Prospect::Nothing { class: "manual".into(), obstacles: vec![] });
        assert_eq!(of(Some("none"), &[]), Prospect::NoClass { class: "none".into() });
        let of_none = volume("disk", |volume| volume["spec"]["storageClassName"] = json!("none"));
        assert_eq!(of(Some("none"), &[of_none]), Prospect::Volume("disk".into()));
    }

    #[test]
    fn the_smallest_volume_that_fits_is_taken_and_a_reserved_one_before_all() {
        let big = volume("big", |_| ());
        let small = volume("small", |volume| volume["spec"]["capacity"]["storage"] = json!("1Gi"));
        assert_eq!(of(Some(""), &[big.clone(), small.clone()]), Prospect::Volume("small".into()));
        let reserved = volume("mine", |volume| {
            volume["spec"]["claimRef"] = json!({"namespace": "default", "name": "data"});
        });
        assert_eq!(of(Some(""), &[big, small, reserved]), Prospect::Volume("mine".into()));
    }

    #[test]
    fn each_reason_why_not_is_told() {
        let words = obstacle_of(|volume| volume["spec"]["capacity"]["storage"] = json!("1G"));
        assert_eq!(words, "holds 1G, and 1Gi are asked for");
        let words = obstacle_of(|volume| volume["spec"]["accessModes"] = json!(["ReadOnlyMany"]));
        assert_eq!(words, "can be mounted ReadOnlyMany, and ReadWriteOnce is asked for");
        let words = obstacle_of(|volume| volume["spec"]["storageClassName"] = json!("manual"));
        assert_eq!(words, "has class `manual`, and the claim has no class");
        let words = obstacle_of(|volume| volume["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"));
        assert_eq!(words, "is being deleted");
        let released = |phase: &'static str| {
            move |volume: &mut Value| {
                volume["status"]["phase"] = json!(phase);
                volume["spec"]["claimRef"] = json!({"namespace": "default", "name": "data", "uid": "1"});
            }
        };
        assert!(obstacle_of(released("Released")).starts_with("would fit, but it is Released"));
        let freed = volume("disk", |volume| volume["status"]["phase"] = json!("Released"));
        assert_eq!(of(Some(""), &[freed]), Prospect::Volume("disk".into()));
        assert_eq!(obstacle_of(released("Bound")), "", "the volume of another claim is nobody's business");
    }

    #[test]
    fn a_volume_that_is_named_is_the_only_one() {
        let named = Wish { volume: Some("disk".into()), ..wish(Some("")) };
        let nothing = |volumes: &[Volume]| match prospect(&named, volumes, &classes()) {
            Prospect::Nothing { obstacles, .. } => obstacles.into_iter().map(|(_, why)| why.in_words(&named)).collect(),
            other => format!("{other:?}"),
        };
        assert_eq!(nothing(&[volume("other", |_| ())]), "does not exist");
        assert_eq!(nothing(&[volume("disk", |_| ())]), "Volume(\"disk\")");
        let taken = volume("disk", |volume| {
            volume["spec"]["claimRef"] = json!({"namespace": "a", "name": "b", "uid": "1"});
        });
        assert_eq!(nothing(&[taken]), "belongs to claim `b` of namespace `a`");
    }
}

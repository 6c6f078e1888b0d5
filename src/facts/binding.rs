//! What a new claim would get: a volume that is there, one that is made for it,
//! one as soon as a pod uses it, or nothing. Pure; the rules are those of the
//! binder (PV-01 to PV-20), and what they cannot know is left open.

use super::class::{Class, default_class};
use super::obstacle::{Obstacle, obstacle, obstacle_of_size, reserved_for};
use super::volume::Volume;
use super::wish::Wish;
use super::words::BindingMode;
use crate::objects::quantity::Quantity;

/// What it would get.
#[derive(Clone, Debug, PartialEq)]
pub enum Prospect {
    /// This volume, at once.
    Volume(String),
    /// One that the class makes at once.
    Made,
    /// One as soon as a pod uses the claim, as the class says: this volume, or
    /// one that the class makes.
    FirstUse { class: String, volume: Option<String> },
    /// The class does not exist, nor does a volume of it.
    NoClass { class: String },
    /// No volume fits: why each of those that could be meant does not.
    Nothing { class: String, obstacles: Vec<(String, Obstacle)> },
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
        (Some(volume), _) if delayed => Prospect::FirstUse { class, volume: Some(volume.meta.name.clone()) },
        (Some(volume), _) => Prospect::Volume(volume.meta.name.clone()),
        (None, Some(known)) if known.provisions() && delayed => Prospect::FirstUse { class, volume: None },
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
            | Obstacle::Mode { .. }
            | Obstacle::Labels
            | Obstacle::Phase { .. } => true,
        })
        .map(|(volume, obstacle)| (volume.meta.name.clone(), obstacle))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
        let spec = json!({"storageClassName": class, "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}});
        Wish::read(&spec, "default", "data")
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
        assert_eq!(of(None, &[]), Prospect::FirstUse { class: "standard".into(), volume: None });
        let first = volume("disk", |volume| volume["spec"]["storageClassName"] = json!("standard"));
        let first_use = Prospect::FirstUse { class: "standard".into(), volume: Some("disk".into()) };
        assert_eq!(of(None, &[first]), first_use);
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
        let words = obstacle_of(|volume| volume["spec"]["volumeMode"] = json!("Block"));
        assert_eq!(words, "has volume mode Block, and Filesystem is asked for");
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

    #[test]
    fn a_claim_that_selects_gets_only_what_has_the_labels_or_was_chosen_for_it() {
        let spec = json!({"storageClassName": "", "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "selector": {"matchLabels": {"disk": "ssd"},
                "matchExpressions": [{"key": "rack", "operator": "NotIn", "values": ["2"]}]}});
        let get = |spec: &Value, volume: Volume| prospect(&Wish::read(spec, "default", "data"), &[volume], &classes());
        let labelled = |labels: Value| volume("disk", |volume| volume["metadata"]["labels"] = labels);
        let found = Prospect::Volume("disk".into());
        assert_eq!(get(&spec, labelled(json!({"disk": "ssd"}))), found);
        let nothing = Prospect::Nothing { class: String::new(), obstacles: vec![("disk".into(), Obstacle::Labels)] };
        for labels in [json!({}), json!({"disk": "hdd"}), json!({"disk": "ssd", "rack": "2"})] {
            assert_eq!(get(&spec, labelled(labels)), nothing);
        }
        let reserved = |volume: &mut Value| {
            volume["spec"]["claimRef"] = json!({"namespace": "default", "name": "data"});
        };
        assert_eq!(get(&spec, volume("disk", reserved)), found);
        let mut named = spec.clone();
        named["volumeName"] = json!("disk");
        assert_eq!(get(&named, labelled(json!({}))), found);
    }
}

//! What becomes of the claims that manifests ask for, on a cluster whose
//! classes, volumes and claims could be read: each takes a volume from the next.

use super::kind::Kind;
use super::manifests::{Document, Manifests};
use super::wanted::Wanted;
use crate::facts::binding::{Prospect, prospect};
use crate::facts::claim::Claim;
use crate::facts::class::Class;
use crate::facts::obstacle::Obstacle;
use crate::facts::volume::Volume;
use crate::facts::wish::Wish;

/// A claim of the input, by its name on the cluster.
#[derive(Debug)]
pub struct Expected<'a> {
    pub wanted: &'a Wanted<'a>,
    pub wish: Wish,
    pub fate: Fate<'a>,
}

/// What it gets.
#[derive(Debug)]
pub enum Fate<'a> {
    /// There is one of this name already.
    Exists(&'a Claim),
    /// A volume that is there or made at once.
    Binds,
    /// The same, as soon as its pod has a node.
    FirstUse,
    /// Its class does not exist, nor does a volume of it.
    NoClass,
    /// No volume fits: why each of those in reach does not.
    Nothing(Vec<(String, Obstacle)>),
}

/// All of them, in the order of the input; `None` where the cluster was not seen.
#[must_use]
pub fn outlook<'a>(all: &'a Manifests, claims: &'a [Wanted<'a>]) -> Option<Vec<Expected<'a>>> {
    let beyond = all.beyond.as_ref()?;
    beyond.claims.as_ref()?;
    let mut volumes: Vec<Volume> =
        joined(beyond.volumes.as_ref()?, all, Kind::Volume, Volume::read, |one| &one.meta.name);
    let classes: Vec<Class> = joined(beyond.classes.as_ref()?, all, Kind::Class, Class::read, |one| &one.meta.name);
    let mut found = Vec::new();
    for wanted in claims {
        for wish in wanted.wishes(all) {
            let fate = match beyond.claim(&wish.namespace, &wish.name) {
                Some(claim) => Fate::Exists(claim),
                None => fate(&wish, &mut volumes, &classes),
            };
            found.push(Expected { wanted, wish, fate });
        }
    }
    Some(found)
}

fn fate<'a>(wish: &Wish, volumes: &mut Vec<Volume>, classes: &[Class]) -> Fate<'a> {
    let prospect = prospect(wish, volumes, classes);
    if let Prospect::Volume(taken) | Prospect::FirstUse { volume: Some(taken), .. } = &prospect {
        volumes.retain(|volume| volume.meta.name != *taken);
    }
    match prospect {
        Prospect::FirstUse { .. } => Fate::FirstUse,
        Prospect::Volume(_) | Prospect::Made => Fate::Binds,
        Prospect::NoClass { .. } => Fate::NoClass,
        Prospect::Nothing { obstacles, .. } => Fate::Nothing(obstacles),
    }
}

/// Those of the cluster, with those of the input that are not there yet.
fn joined<T: Clone>(
    there: &[T],
    all: &Manifests,
    kind: Kind,
    read: fn(&serde_json::Value) -> Option<T>,
    name: fn(&T) -> &String,
) -> Vec<T> {
    let mut joined = there.to_vec();
    for made in all.of_kind(kind).filter_map(|document: &Document| read(&document.root.to_value())) {
        if !joined.iter().any(|known| name(known) == name(&made)) {
            joined.push(made);
        }
    }
    joined
}

/// `5 claims: 2 bind now, 3 when their pods have nodes`.
#[must_use]
pub fn in_words(found: &[Expected<'_>], claims: &[Wanted<'_>]) -> Option<String> {
    let count = |is: fn(&Fate<'_>) -> bool| found.iter().filter(|one| is(&one.fate)).count();
    let parts = [
        (count(|fate| matches!(fate, Fate::Exists(_))), "already there"),
        (count(|fate| matches!(fate, Fate::Binds)), "will bind now"),
        (count(|fate| matches!(fate, Fate::FirstUse)), "will bind on first use"),
        (count(|fate| matches!(fate, Fate::NoClass | Fate::Nothing(_))), "without a volume"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    // Of a set with very many members the first ones stand for all.
    let rest: u64 = claims.iter().map(Wanted::left_out).sum();
    let all = match (found.len(), rest) {
        (1, 0) => "1 claim".to_owned(),
        (count, 0) => format!("{count} claims"),
        (count, rest) => format!("the first {count} of {} claims", rest.saturating_add(count as u64)),
    };
    (!found.is_empty()).then(|| format!("{all}: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, beyond, manifests};
    use crate::diagnosis::wanted::wanted;
    use crate::facts::samples::{claim, class};
    use serde_json::json;

    #[test]
    fn each_claim_takes_a_volume_from_the_next_and_those_that_exist_take_none() {
        let mut all = manifests(&SOUND.replace("      resources:", "      storageClassName: manual\n      resources:"));
        let disk = |name: &str| {
            json!({"kind": "PersistentVolume", "metadata": {"name": name}, "status": {"phase": "Available"},
                "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "manual"}})
        };
        let [exists, _] = claim("data", "web", 0, "eu-1a");
        all.beyond = Some(beyond(&[exists, disk("a"), class("manual", "kubernetes.io/no-provisioner")]));
        let claims = wanted(&all);
        let found = outlook(&all, &claims).unwrap();
        let names: Vec<&str> = found.iter().map(|one| one.wish.name.as_str()).collect();
        assert_eq!(names, ["data-web-0", "data-web-1", "data-web-2"]);
        assert_eq!(
            in_words(&found, &claims).unwrap(),
            "3 claims: 1 already there, 1 will bind now, 1 without a volume"
        );
        assert_eq!(in_words(&[], &[]), None);
    }

    #[test]
    fn more_members_than_are_looked_at_are_said() {
        let mut all = manifests(&SOUND.replace("replicas: 3", "replicas: 1500"));
        all.beyond = Some(beyond(&[]));
        let claims = wanted(&all);
        let words = in_words(&outlook(&all, &claims).unwrap(), &claims).unwrap();
        assert_eq!(words, "the first 1000 of 1500 claims: 1000 without a volume");
    }

    #[test]
    fn without_a_cluster_and_without_rights_nothing_is_foretold() {
        let mut all = manifests(SOUND);
        assert!(outlook(&all, &wanted(&all)).is_none());
        let mut seen = beyond(&[]);
        seen.volumes = None;
        all.beyond = Some(seen);
        assert!(outlook(&all, &wanted(&all)).is_none());
    }
}

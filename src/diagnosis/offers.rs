//! What a claim could be bound to, and, where that is nothing, why: each volume that
//! was considered, and what makes one.

use super::command::Command;
use super::finding::Finding;
use super::words::quoted;
use crate::facts::binding::{Prospect, prospect};
use crate::facts::claim::Claim;
use crate::facts::class::Class;
use crate::facts::inventory::Scene;
use crate::facts::obstacle::Obstacle;
use crate::facts::surroundings::Surroundings;
use crate::facts::volume::Volume;
use crate::facts::wish::Wish;

/// Volumes that are named one by one.
const MOST_NAMED: usize = 10;

/// All that a claim could be bound to.
pub struct Offers<'a> {
    wish: Wish,
    volumes: Vec<Volume>,
    classes: &'a [Class],
}

impl<'a> Offers<'a> {
    /// `None`: it may not be read.
    #[must_use]
    pub fn of(claim: &Claim, scene: &Scene<'_>, around: &'a Surroundings) -> Option<Self> {
        let (volumes, classes) = (scene.volumes.as_ref()?, around.classes.as_deref()?);
        let volumes = volumes.values().map(|volume| (*volume).clone()).collect();
        Some(Self { wish: Wish::of(claim), volumes, classes })
    }

    /// There is nothing, wherever the pod of the claim goes.
    #[must_use]
    pub fn are_none(&self) -> bool {
        match self.prospect() {
            Prospect::NoClass { .. } | Prospect::Nothing { .. } => true,
            Prospect::Made | Prospect::FirstUse { .. } | Prospect::Volume(_) => false,
        }
    }

    /// The claim names a class that neither a StorageClass nor a volume has.
    #[must_use]
    pub fn have_no_class(&self) -> bool {
        matches!(self.prospect(), Prospect::NoClass { .. })
    }

    /// The class that the claim names and that no StorageClass has: nothing makes volumes of it.
    fn class_without_object(&self) -> Option<&str> {
        let class = self.wish.class.as_deref().filter(|class| !class.is_empty())?;
        (!self.classes.iter().any(|known| known.meta.name == class)).then_some(class)
    }

    /// Why there is nothing for it; `None` if there is.
    #[must_use]
    pub fn why_none(&self, finding: Finding) -> Option<Finding> {
        match self.prospect() {
            Prospect::NoClass { class } => Some(self.no_class(&class, finding)),
            Prospect::Nothing { obstacles, .. } => Some(self.no_volume(&obstacles, finding)),
            Prospect::Made | Prospect::FirstUse { .. } | Prospect::Volume(_) => None,
        }
    }

    fn prospect(&self) -> Prospect {
        prospect(&self.wish, &self.volumes, self.classes)
    }

    fn no_class(&self, class: &str, finding: Finding) -> Finding {
        finding
            .evidence(format!("class `{class}` does not exist, nor does a volume of it"))
            .evidence(self.classes_in_words())
            .remedy("make the class, or a volume of this class; the class of a claim cannot be changed")
            .command(Command::get(None, "storageclass"))
    }

    fn classes_in_words(&self) -> String {
        match self.classes {
            [] => "there are no classes".to_owned(),
            all => format!("there are {}", quoted(all.iter().map(|class| &class.meta.name))),
        }
    }

    fn no_volume(&self, obstacles: &[(String, Obstacle)], finding: Finding) -> Finding {
        let named = obstacles.iter().take(MOST_NAMED);
        let named = named.map(|(name, why)| format!("volume `{name}` {}", why.in_words(&self.wish)));
        let more = match obstacles.len().saturating_sub(MOST_NAMED) {
            0 => None,
            1 => Some("1 more volume does not fit either".to_owned()),
            more => Some(format!("{more} more volumes do not fit either")),
        };
        let others = match (obstacles.is_empty(), self.volumes.len() - obstacles.len()) {
            (true, 0) => Some("there are no volumes".to_owned()),
            (false, 0) => None,
            (_, 1) => Some("1 further volume belongs to another claim or is of another class".to_owned()),
            (_, others) => Some(format!("{others} further volumes belong to other claims or are of other classes")),
        };
        let class = self.class_without_object().map(|class| {
            format!("class `{class}` is a word on volumes alone: no StorageClass of this name makes more of them")
        });
        let finding = named.chain(more).chain(others).chain(class).fold(finding, Finding::evidence);
        let finding =
            finding.remedy("make a volume that fits: at least as large, of the same class, with the same access modes");
        match self.volume_that_fits() {
            Some(command) => finding.command(command),
            None => finding,
        }
    }

    /// What makes a volume for this claim alone. Of a claim that names its volume, only that one
    /// helps; if it is there already, making another does not.
    fn volume_that_fits(&self) -> Option<Command> {
        let is_free = |name: &String| !self.volumes.iter().any(|volume| volume.meta.name == *name);
        let names = match &self.wish.volume {
            Some(name) => vec![name.clone()],
            None => vec![self.wish.name.clone(), format!("{}-{}", self.wish.namespace, self.wish.name)],
        };
        Some(Command::create_volume(&names.into_iter().find(is_free)?, &self.wish))
    }
}

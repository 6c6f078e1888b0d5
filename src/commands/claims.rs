//! What the new claims among the objects would get. A claim that no volume fits
//! waits for ever and says so nowhere but in an event, so it is said before.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Context;
use super::doctor::line;
use super::lookup::list;
use crate::diagnosis::command::Command;
use crate::effects::Effect;
use crate::error::Failure;
use crate::facts::binding::{Prospect, prospect};
use crate::facts::class::Class;
use crate::facts::obstacle::Obstacle;
use crate::facts::ordinals::{Ordinal, claim_name};
use crate::facts::reader::Reader;
use crate::facts::volume::Volume;
use crate::facts::wish::Wish;
use crate::wizard::check::unknown;

/// More members of a set than anybody reads about.
const MOST: u64 = 20;
/// More volumes than anybody reads about.
const MOST_VOLUMES: usize = 5;

/// What is there for claims to bind to.
pub struct Supply {
    volumes: Vec<Volume>,
    classes: Vec<Class>,
}

impl Supply {
    /// Reads it; `None` for who may not.
    ///
    /// # Errors
    /// The server cannot be reached, or fails.
    pub async fn read(reader: &Reader, context: &Context<'_>) -> Result<Option<Self>, Failure> {
        let identity = &context.connection.identity;
        let (volumes, classes) = futures::try_join!(
            list("PersistentVolume", "", reader, identity),
            list("StorageClass", "", reader, identity)
        )?;
        Ok(volumes.zip(classes).map(|(volumes, classes)| Self {
            volumes: volumes.iter().filter_map(Volume::read).collect(),
            classes: classes.iter().filter_map(Class::read).collect(),
        }))
    }

    /// What is made together with the claims.
    fn add(&mut self, objects: &[Value], context: &Context<'_>) {
        let of_kind = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
        for made in of_kind("PersistentVolume").filter_map(Volume::read) {
            if !self.volumes.iter().any(|known| known.meta.name == made.meta.name) {
                self.volumes.push(made);
            }
        }
        for mut made in of_kind("StorageClass").filter_map(Class::read) {
            if !self.classes.iter().any(|known| known.meta.name == made.meta.name) {
                // The newest default class is the one that counts.
                made.meta.created = Some(context.connection.clock.now());
                self.classes.push(made);
            }
        }
    }

    pub fn prospect(&self, wish: &Wish) -> Prospect {
        prospect(wish, &self.volumes, &self.classes)
    }
}

/// A line for each new claim that would get nothing, and for each volume why.
///
/// # Errors
/// A claim that is all there is to make names a class that does not exist.
pub async fn check(
    objects: &[Value],
    namespace: &str,
    reader: &Reader,
    context: &Context<'_>,
) -> Result<Vec<String>, Failure> {
    let wishes = wishes(objects, namespace);
    if wishes.is_empty() {
        return Ok(Vec::new());
    }
    let (Some(mut supply), Some(there)) = (
        Supply::read(reader, context).await?,
        list("PersistentVolumeClaim", namespace, reader, &context.connection.identity).await?,
    ) else {
        return Ok(Vec::new());
    };
    let there: BTreeSet<&str> = there.iter().filter_map(|claim| claim["metadata"]["name"].as_str()).collect();
    supply.add(objects, context);
    // A set, and what else is made with it, may wait for what comes later.
    let alone = matches!(objects, [only] if only["kind"] == "PersistentVolumeClaim");
    let mut lines = Vec::new();
    for wish in wishes.iter().filter(|wish| !there.contains(wish.name.as_str())) {
        match supply.prospect(wish) {
            Prospect::Volume(name) | Prospect::FirstUse { volume: Some(name), .. } => {
                supply.volumes.retain(|volume| volume.meta.name != name);
            }
            Prospect::Made | Prospect::FirstUse { volume: None, .. } => {}
            Prospect::NoClass { class } if alone => return Err(no_class(&class, &supply.classes)),
            Prospect::NoClass { class } => {
                lines.push(format!("claim {} gets no volume: there is no storage class `{class}`", wish.name));
            }
            Prospect::Nothing { class, obstacles } => lines.extend(nothing(wish, &class, &obstacles, context)),
        }
    }
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    Ok(lines)
}

/// What becomes of a claim on its own after it was made.
pub enum Outlook {
    /// It is bound, or soon will be.
    Binds,
    /// It stays as it is, for this reason.
    Stays(String),
    /// Who may not see volumes cannot tell.
    Unknown,
}

/// Whether a claim that exists by now is worth a wait.
pub async fn outlook(effect: &Effect, reader: &Reader, context: &Context<'_>) -> Outlook {
    let claim = effect.object();
    let (Ok(Some(found)), Ok(Some(supply))) = (reader.get(claim).await, Supply::read(reader, context).await) else {
        return Outlook::Unknown;
    };
    let uid = found["metadata"]["uid"].as_str().unwrap_or_default();
    let is_its = |volume: &Volume| volume.is_of(&claim.namespace, &claim.name, uid);
    if found["status"]["phase"] == "Bound" || supply.volumes.iter().any(is_its) {
        return Outlook::Binds;
    }
    let wish = Wish::read(&found["spec"], &claim.namespace, &claim.name);
    match supply.prospect(&wish) {
        Prospect::Volume(_) | Prospect::Made => Outlook::Binds,
        Prospect::FirstUse { class, .. } => Outlook::Stays(format!(
            "claim {} gets its volume on first use: class `{class}` waits for a pod that mounts it",
            claim.name
        )),
        Prospect::NoClass { .. } | Prospect::Nothing { .. } => {
            Outlook::Stays(format!("claim {} waits for a volume that fits", claim.name))
        }
    }
}

fn nothing(wish: &Wish, class: &str, obstacles: &[(String, Obstacle)], context: &Context<'_>) -> Vec<String> {
    let by_hand = match (&wish.volume, class) {
        (Some(volume), _) => format!("it asks for volume {volume} by name"),
        (None, "") => "volumes without a class are prepared by hand".to_owned(),
        (None, class) => format!("class `{class}` makes no volumes"),
    };
    let mut lines = vec![format!("claim {} gets no volume: none fits, and {by_hand}", wish.name)];
    for (volume, obstacle) in obstacles.iter().take(MOST_VOLUMES) {
        lines.push(format!("volume {volume} {}", obstacle.in_words(wish)));
        if let Obstacle::Released { namespace, name } = obstacle {
            // Those of others hold somebody else's data, unless one was asked for by name.
            let own = *namespace == wish.namespace && *name == wish.name;
            if own {
                lines.push(given_by(
                    volume,
                    &Command::reserve_volume(volume),
                    "`spec.claimRef.uid` is removed",
                    context,
                ));
            } else if wish.volume.as_ref() == Some(volume) {
                let command = Command::reserve_for(volume, &wish.namespace, &wish.name);
                let when = format!("`spec.claimRef` names claim {} and has no `uid`", wish.name);
                lines.push(given_by(volume, &command, &when, context));
            }
        }
    }
    if obstacles.len() > MOST_VOLUMES {
        lines.push(format!("and {} more volumes do not fit", obstacles.len() - MOST_VOLUMES));
    }
    lines
}

/// What gives a released volume to the claim: the command, or what is to become of
/// its reference. Nothing touches its data.
fn given_by(volume: &str, command: &Command, when: &str, context: &Context<'_>) -> String {
    match line(command, context.as_given()) {
        Some(command) => format!("this frees volume {volume}, with the data in it: {command}"),
        None => format!("volume {volume} is freed, with the data in it, when its {when}"),
    }
}

fn no_class(class: &str, classes: &[Class]) -> Failure {
    let known = classes.iter().map(|class| class.meta.name.as_str());
    Failure::usage("bad-answer", format!("`--storage-class`: {}", unknown(class, known)))
        .hint("`--storage-class ''` is for volumes prepared by hand without a class")
        .hint("for a volume of a class of its own, make the volume first, with `create pv`")
}

/// The claims among the objects, and those that the controller makes for a set.
fn wishes(objects: &[Value], namespace: &str) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for object in objects {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let spec = &object["spec"];
        if object["kind"] == "PersistentVolumeClaim" {
            wishes.push(Wish::read(spec, namespace, name));
        }
        if object["kind"] != "StatefulSet" {
            continue;
        }
        let start = spec["ordinals"]["start"].as_u64().unwrap_or(0);
        let replicas = spec["replicas"].as_u64().unwrap_or(1).min(MOST);
        let templates = || spec["volumeClaimTemplates"].as_array().into_iter().flatten();
        for ordinal in start..start.saturating_add(replicas) {
            wishes.extend(templates().map(|template| {
                let template_name = template["metadata"]["name"].as_str().unwrap_or_default();
                Wish::read(&template["spec"], namespace, &claim_name(template_name, name, Ordinal(ordinal)))
            }));
        }
    }
    wishes
}

//! What a cluster must look like in the end, by the goal of the run.

use kubectl_stateful::error::Failure;
use serde_json::Value;

use crate::first::{First, Goal};
use crate::stage::{SET, Stage, TEMPLATES, VOLUMES, claim};

/// What has become of one claim and its volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub has_claim: bool,
    pub is_bound: bool,
}

impl First {
    /// Whether the goal is reached on the set that it was for.
    pub fn is_reached(&self, stage: &Stage) -> Result<(), String> {
        let (set, meta) = (stage.get(SET), self.stage.get(SET)["metadata"].clone());
        if set["metadata"]["uid"] != meta["uid"] || !set["metadata"]["deletionTimestamp"].is_null() {
            return Err("the set does not stand any more".to_owned());
        }
        if self.done.is_some() { self.is_taken_back(stage) } else { self.is_done(stage) }
    }

    /// What the run is for.
    fn is_done(&self, stage: &Stage) -> Result<(), String> {
        let replicas = &stage.get(SET)["spec"]["replicas"];
        let has_claims = self.held(stage).map(|held| held.has_claim);
        let has_volumes = self.volumes.each_ref().map(|volume| !now(stage, volume).is_null());
        let fits = match self.goal {
            Goal::Restored => return self.is_back(stage),
            // What others do to claims that stay is not this run's.
            Goal::Kept | Goal::Said => *replicas == 1,
            Goal::SaidScales => *replicas == 2,
            Goal::Always => {
                let is_kept = |volume: &Value| now(stage, volume)["spec"]["persistentVolumeReclaimPolicy"] == "Retain";
                *replicas == 1 && has_claims == [true; 2] && self.volumes.iter().all(is_kept)
            }
            Goal::Retired | Goal::Asked | Goal::RetiredFromDeletingSet => {
                *replicas == 1 && has_claims == [false; 2] && has_volumes == [true; 2]
            }
            Goal::Destroyed | Goal::GivenUp | Goal::GivenUpUnread => {
                *replicas == 1 && has_claims == [false; 2] && has_volumes == [false; 2]
            }
            // The set may have become what it likes.
            Goal::Purged => has_volumes == [false; 2],
        };
        if fits { Ok(()) } else { Err(format!("{replicas} replicas, claims {has_claims:?}, volumes {has_volumes:?}")) }
    }

    /// What its undo is for.
    pub fn is_taken_back(&self, stage: &Stage) -> Result<(), String> {
        let said = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        match self.goal {
            Goal::Kept
            | Goal::Always
            | Goal::Said
            | Goal::SaidScales
            | Goal::Retired
            | Goal::Asked
            | Goal::RetiredFromDeletingSet => self.is_back(stage),
            Goal::Destroyed | Goal::GivenUp | Goal::GivenUpUnread | Goal::Purged => {
                let members = if self.goal == Goal::Purged { 1 } else { 2 };
                said(stage.get(SET)["spec"]["replicas"] == members, "the set has not its members back")?;
                // What had not gone yet is where it was.
                let mut all = TEMPLATES.iter().zip(&self.volumes);
                all.try_for_each(|(template, volume)| match now(stage, volume) {
                    Value::Null => Ok(()),
                    found => is_in_use(stage, template, &found),
                })?;
                is_unlocked(stage)
            }
            Goal::Restored => {
                let is_kept = |volume: &Value| {
                    let volume = now(stage, volume);
                    let is_marked = !volume["metadata"]["labels"]["kubectl-stateful/retired"].is_null();
                    volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain" && is_marked
                };
                said(stage.get(SET)["spec"]["replicas"] == 1, "the member has not gone again")?;
                said(self.held(stage).iter().all(|held| !held.has_claim), "a claim is left")?;
                said(self.volumes.iter().all(is_kept), "a volume is not retired any more")?;
                is_unlocked(stage)
            }
        }
    }

    /// Whether an undo that has come to its end names each claim that was given up, and no other.
    pub fn is_named(&self, stage: &Stage, result: &Result<(), Failure>) -> Result<(), String> {
        let said = match result {
            Err(failure) if failure.code == "data-destroyed" => failure.message.as_str(),
            Err(failure) => return Err(failure.to_string()),
            Ok(()) => "",
        };
        TEMPLATES.iter().zip(&self.volumes).try_for_each(|(template, volume)| {
            let name = format!("{template}-web-1");
            let is_lost = now(stage, volume).is_null();
            if said.contains(&name) == is_lost {
                Ok(())
            } else {
                Err(format!("{name}, lost: {is_lost}, told: `{said}`"))
            }
        })
    }

    /// The claims of the second member, and what their volumes are called.
    pub fn held(&self, stage: &Stage) -> [Held; 2] {
        [0, 1].map(|index| Held {
            has_claim: stage.get(&claim(TEMPLATES[index], 1))["metadata"]["uid"].is_string(),
            is_bound: now(stage, &self.volumes[index])["status"]["phase"] == "Bound",
        })
    }

    /// Two members again, each claim on the volume that it had, as it was, and
    /// nothing of ours is left.
    pub fn is_back(&self, stage: &Stage) -> Result<(), String> {
        if stage.get(SET)["spec"]["replicas"] != 2 {
            return Err("the set has not its members back".to_owned());
        }
        for (template, volume) in TEMPLATES.iter().zip(&self.volumes) {
            is_in_use(stage, template, &now(stage, volume))?;
        }
        is_unlocked(stage)
    }
}

/// A volume has the claim of its member, and is as it was before we came.
fn is_in_use(stage: &Stage, template: &str, volume: &Value) -> Result<(), String> {
    let held = stage.get(&claim(template, 1))["spec"]["volumeName"].clone();
    if held != volume["metadata"]["name"] {
        return Err(format!("claim {template} has {held} and not {}", volume["metadata"]["name"]));
    }
    if volume["spec"]["persistentVolumeReclaimPolicy"] != "Delete" || volume["status"]["phase"] != "Bound" {
        return Err(format!("volume of {template} is {} {}", volume["spec"], volume["status"]));
    }
    if !volume["metadata"]["labels"]["kubectl-stateful/retired"].is_null() {
        return Err(format!("volume of {template} is still marked"));
    }
    Ok(())
}

/// The same volume by its UID, as it is now.
fn now(stage: &Stage, volume: &Value) -> Value {
    let found = stage.get(&format!("{VOLUMES}/{}", volume["metadata"]["name"].as_str().unwrap()));
    if found["metadata"]["uid"] == volume["metadata"]["uid"] { found } else { Value::Null }
}

pub fn is_unlocked(stage: &Stage) -> Result<(), String> {
    let lease = stage.get("/apis/coordination.k8s.io/v1/namespaces/default/leases/stateful-web");
    if lease["metadata"]["uid"].is_null() { Ok(()) } else { Err(format!("a lock is left: {lease}")) }
}

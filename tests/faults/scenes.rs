//! What each guard is for: a cluster, what others do on it while the program
//! works, and the harm that comes of it where the guard is missing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kubectl_stateful::facts::mark::Mark;
use kubectl_stateful::simulator::controllers::Dependents;
use kubectl_stateful::simulator::faults::{Actor, Disturbance, Rival};
use kubectl_stateful::simulator::oracles::Rule;
use kubectl_stateful::wizard::parameter::Answer;
use serde_json::Value;

use crate::acts::{
    attached, autoscaled, budgeted, given_up, neighbour_given_up, own, pointed_elsewhere, read_by_a_pod, reserved,
    retained, retained_without_a_mark, rival, two_on_one_path, two_sets_with_one_claim, unmarked, used_by_another,
};
use crate::program::Program;
use crate::stage::{Act, SET, claim};

/// Kind, namespace and name of everything that is there.
pub type There = BTreeMap<(String, String, String), Arc<Value>>;

/// What must not happen.
pub enum Harm {
    /// A rule of the oracles is broken.
    Rule(Rule),
    /// A claim is deleted that others wanted again by then: the race that no
    /// precondition prevents, run into with open eyes.
    Race,
    /// No member is ready any more.
    Outage,
    /// The program writes to this kind what it should not: what there was before,
    /// the object before and after.
    Write(&'static str, fn(&There, &Value, Option<&Value>) -> bool),
}

/// One guard at work.
pub struct Scene {
    pub guard: &'static str,
    /// Members of `web` at the beginning.
    pub members: u32,
    /// Whether the last of them has been retired before.
    pub is_retired: bool,
    pub program: fn() -> Program,
    /// What is so before anybody looks.
    pub before: Option<Act>,
    /// What comes in between at one request of the run, whichever it is.
    pub meanwhile: Option<Act>,
    pub harm: Harm,
}

const QUIET: Scene = Scene {
    guard: "",
    members: 2,
    is_retired: false,
    program: || Program::scale_down(1, "retire"),
    before: None,
    meanwhile: None,
    harm: Harm::Outage,
};

/// All of them; some guards have more than one.
pub const SCENES: &[Scene] = &[
    Scene {
        guard: "set-deleting",
        members: 3,
        meanwhile: Some(|hands| rival(&hands, Rival::DeleteSet { set: web(), how: Dependents::Foreground })),
        harm: Harm::Write("StatefulSet", |_, set, after| {
            let members = |set: &Value| set["spec"]["replicas"].clone();
            !set["metadata"]["deletionTimestamp"].is_null() && after.is_some_and(|after| members(after) != members(set))
        }),
        ..QUIET
    },
    Scene {
        guard: "many-at-once",
        members: 3,
        program: || Program::own("fn run(p) { p.set.scale(1); }"),
        harm: Harm::Write("StatefulSet", |_, set, after| {
            let members = |set: &Value| set["spec"]["replicas"].as_u64();
            after.is_some_and(|after| members(after).map(|members| members + 1) < members(set))
        }),
        ..QUIET
    },
    Scene {
        guard: "set-owned",
        before: Some(|hands| Box::pin(async move { own(&hands, SET, true).await })),
        meanwhile: Some(|hands| rival(&hands, Rival::Autoscale { set: web(), replicas: 2 })),
        harm: Harm::Race,
        ..QUIET
    },
    Scene {
        guard: "autoscaler-fights",
        before: Some(autoscaled),
        meanwhile: Some(|hands| rival(&hands, Rival::Autoscale { set: web(), replicas: 2 })),
        harm: Harm::Race,
        ..QUIET
    },
    Scene {
        guard: "controller-behind",
        meanwhile: Some(|hands| {
            let (actor, time) = (Actor::named("statefulset-controller").unwrap(), Duration::from_mins(1));
            hands.simulator.disturb(&Disturbance::Stalled { actor, time });
            rival(&hands, Rival::Edit { set: web() })
        }),
        harm: Harm::Outage,
        ..QUIET
    },
    Scene {
        guard: "when-scaled-deletes",
        program: || Program::scale_down(1, "keep"),
        before: Some(|hands| rival(&hands, Rival::TurnRetention { set: web() })),
        harm: Harm::Rule(Rule::DataLoss),
        ..QUIET
    },
    Scene {
        guard: "when-scaled-deletes",
        program: || Program::scale_down(1, "keep"),
        before: Some(retained_without_a_mark),
        harm: Harm::Write("StatefulSet", |there, set, after| {
            let members = |set: &Value| set["spec"]["replicas"].as_u64();
            let mut volumes = there.iter().filter(|((kind, ..), _)| kind == "PersistentVolume");
            set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Delete"
                && after.is_some_and(|after| members(after) < members(set))
                && volumes.any(|(_, volume)| Mark::read(volume).is_none())
        }),
        ..QUIET
    },
    Scene {
        guard: "budget-forbids",
        before: Some(budgeted),
        harm: Harm::Write("StatefulSet", |there, _, after| {
            let left = after.map_or(0, |after| after["spec"]["replicas"].as_u64().unwrap_or(0));
            let least = |budget: &Value| budget["spec"]["minAvailable"].as_u64();
            let mut budgets = there.iter().filter(|((kind, ..), _)| kind == "PodDisruptionBudget");
            budgets.any(|(_, budget)| least(budget).is_some_and(|least| left < least))
        }),
        ..QUIET
    },
    Scene {
        guard: "members-unready",
        members: 3,
        meanwhile: Some(|hands| rival(&hands, Rival::Evict { pod: "web-0".to_owned() })),
        harm: Harm::Write("StatefulSet", |there, set, after| {
            let wanted = set["spec"]["replicas"].as_u64();
            let ready = there.iter().filter(|((kind, ..), pod)| kind == "Pod" && is_up(pod)).count() as u64;
            after.is_some_and(|after| after["spec"]["replicas"].as_u64() < wanted) && wanted > Some(ready)
        }),
        ..QUIET
    },
    Scene {
        guard: "rollout-in-progress",
        members: 3,
        meanwhile: Some(|hands| rival(&hands, Rival::Edit { set: web() })),
        harm: Harm::Outage,
        ..QUIET
    },
    Scene { guard: "volume-not-kept", meanwhile: Some(given_up), harm: Harm::Rule(Rule::DataLoss), ..QUIET },
    Scene {
        // Half a member goes, and the other half cannot (H-38).
        guard: "volume-not-kept",
        meanwhile: Some(neighbour_given_up),
        harm: Harm::Write("PersistentVolumeClaim", |there, claim, after| {
            let is_given_up = |volume: &Value| {
                volume["spec"]["claimRef"]["name"] == "wal-web-1"
                    && volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
            };
            claim["metadata"]["name"] == "data-web-1"
                && ends(claim, after)
                && there.iter().any(|((kind, ..), object)| kind == "PersistentVolume" && is_given_up(object))
        }),
        ..QUIET
    },
    Scene {
        guard: "volume-of-another",
        meanwhile: Some(pointed_elsewhere),
        harm: Harm::Write("PersistentVolumeClaim", |there, claim, after| {
            let volume = there.get(&key("PersistentVolume", "", &claim["spec"]["volumeName"]));
            ends(claim, after)
                && volume.is_none_or(|volume| volume["spec"]["claimRef"]["uid"] != claim["metadata"]["uid"])
        }),
        ..QUIET
    },
    Scene {
        guard: "member-wanted",
        meanwhile: Some(|hands| rival(&hands, Rival::ScaleUp { set: web() })),
        harm: Harm::Rule(Rule::DoomedClaim),
        ..QUIET
    },
    Scene {
        guard: "claim-ambiguous",
        program: || Program::scale_down(1, "retire").with("set", Answer::Text("x-y".to_owned())),
        before: Some(two_sets_with_one_claim),
        harm: Harm::Rule(Rule::DoomedClaim),
        ..QUIET
    },
    Scene {
        guard: "claim-in-use",
        meanwhile: Some(read_by_a_pod),
        harm: Harm::Write("PersistentVolumeClaim", |there, claim, after| {
            let uses = |pod: &Value| {
                let mut volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
                volumes.any(|volume| volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"])
            };
            ends(claim, after) && there.iter().any(|((kind, ..), pod)| kind == "Pod" && uses(pod))
        }),
        ..QUIET
    },
    Scene {
        guard: "claim-owned",
        before: Some(|hands| Box::pin(async move { own(&hands, &claim("data", 1), false).await })),
        harm: Harm::Write("PersistentVolumeClaim", |_, claim, after| {
            let mut owners = claim["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            ends(claim, after) && owners.any(|owner| owner["kind"] == "ConfigMap")
        }),
        ..QUIET
    },
    Scene {
        guard: "volume-attached",
        meanwhile: Some(attached),
        harm: Harm::Write("PersistentVolumeClaim", |there, claim, after| {
            let hangs = |attachment: &Value| {
                attachment["spec"]["source"]["persistentVolumeName"] == claim["spec"]["volumeName"]
            };
            ends(claim, after) && there.iter().any(|((kind, ..), object)| kind == "VolumeAttachment" && hangs(object))
        }),
        ..QUIET
    },
    Scene {
        guard: "fate-not-as-shown",
        program: || Program::unprotected(1, "retire"),
        before: Some(retained),
        meanwhile: Some(given_up),
        harm: Harm::Rule(Rule::DataLoss),
        ..QUIET
    },
    Scene {
        guard: "volume-not-retired",
        is_retired: true,
        program: || Program::named("purge-volumes"),
        meanwhile: Some(unmarked),
        harm: Harm::Write("PersistentVolume", |_, volume, after| {
            is_given_up(volume, after) && Mark::read(volume).is_none()
        }),
        ..QUIET
    },
    Scene {
        guard: "volume-not-retired",
        is_retired: true,
        program: || Program::named("purge-volumes"),
        meanwhile: Some(used_by_another),
        harm: Harm::Write("PersistentVolume", |_, volume, after| {
            let last = &volume["spec"]["claimRef"]["uid"];
            is_given_up(volume, after) && Mark::read(volume).is_some_and(|mark| *last != mark.claim_uid.as_str())
        }),
        ..QUIET
    },
    Scene {
        guard: "volume-not-released",
        is_retired: true,
        program: || Program::named("purge-volumes"),
        meanwhile: Some(reserved),
        harm: Harm::Write("PersistentVolume", |_, volume, after| {
            is_given_up(volume, after) && volume["spec"]["claimRef"]["uid"].is_null()
        }),
        ..QUIET
    },
    Scene {
        guard: "volumes-on-one-path",
        is_retired: true,
        program: || Program::named("purge-volumes"),
        before: Some(two_on_one_path),
        harm: Harm::Write("PersistentVolume", |there, volume, after| {
            let is_there = |other: &Value| {
                other["metadata"]["name"] == "another" && other["spec"]["hostPath"] == volume["spec"]["hostPath"]
            };
            is_given_up(volume, after)
                && there.iter().any(|((kind, ..), object)| kind == "PersistentVolume" && is_there(object))
        }),
        ..QUIET
    },
];

fn web() -> String {
    "web".to_owned()
}

fn key(kind: &str, namespace: &str, name: &Value) -> (String, String, String) {
    (kind.to_owned(), namespace.to_owned(), name.as_str().unwrap_or_default().to_owned())
}

/// Somebody asks for the end of an object that nobody had asked for.
fn ends(before: &Value, after: Option<&Value>) -> bool {
    let is_ending = |object: &Value| !object["metadata"]["deletionTimestamp"].is_null();
    !is_ending(before) && after.is_none_or(is_ending)
}

/// From here on a volume goes with its data.
fn is_given_up(before: &Value, after: Option<&Value>) -> bool {
    let is_kept = |volume: &Value| volume["spec"]["persistentVolumeReclaimPolicy"] != "Delete";
    is_kept(before) && after.is_none_or(|after| !is_kept(after))
}

/// Whether a pod is ready and stays.
pub fn is_up(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    pod["metadata"]["deletionTimestamp"].is_null()
        && conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

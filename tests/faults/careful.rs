//! The safe step (`semantics.md` 4.1, with the volume protected first), written
//! out by hand: the oracles must let it pass under every fault. It decides from
//! quorum reads, by UID, and may be run again at any point.

use kubectl_stateful::simulator::oracles::Ended;
use serde_json::{Value, json};

use crate::stage::{Hands, PODS, SET, TEMPLATES, VOLUMES, claim};

/// One claim that goes, as it was shown.
#[derive(Clone, Debug)]
pub struct Leaving {
    ordinal: u32,
    path: String,
    uid: String,
    volume: String,
    volume_uid: String,
}

/// What was shown and approved.
#[derive(Clone, Debug)]
pub struct Plan {
    set_uid: String,
    from: u32,
    to: u32,
    leaving: Vec<Leaving>,
}

/// Why it stops.
#[derive(Debug)]
pub enum Stop {
    /// Safely, under this name.
    Named(&'static str),
    Broken(kube::Error),
}

impl From<kube::Error> for Stop {
    fn from(error: kube::Error) -> Self {
        Self::Broken(error)
    }
}

fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn replicas(set: &Value) -> u32 {
    set["spec"]["replicas"].as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

/// Looks at everything once.
pub async fn plan(hands: &Hands, to: u32) -> Result<Plan, kube::Error> {
    let set = hands.get(SET).await?;
    let from = replicas(&set);
    let mut leaving = Vec::new();
    for ordinal in (to..from).rev() {
        for template in TEMPLATES {
            let path = claim(template, ordinal);
            let claim = hands.get(&path).await?;
            let volume = format!("{VOLUMES}/{}", text(&claim, "/spec/volumeName"));
            let volume_uid = text(&hands.get(&volume).await?, "/metadata/uid");
            leaving.push(Leaving { ordinal, path, uid: text(&claim, "/metadata/uid"), volume, volume_uid });
        }
    }
    Ok(Plan { set_uid: text(&set, "/metadata/uid"), from, to, leaving })
}

/// Does it, or goes on with it. Whoever has to stop looks once more: others may
/// have come to the same end meanwhile, and what was seen may have been old.
pub async fn carry_out(hands: &Hands, plan: &Plan) -> Result<(), Stop> {
    let ended = match steps(hands, plan).await {
        Ok(()) => verify(hands, plan).await,
        stopped @ Err(_) => stopped,
    };
    let Err(Stop::Named(name)) = ended else { return ended };
    match verify(hands, plan).await {
        Err(Stop::Named(_)) => Err(Stop::Named(name)),
        done_or_broken @ (Ok(()) | Err(Stop::Broken(_))) => done_or_broken,
    }
}

async fn steps(hands: &Hands, plan: &Plan) -> Result<(), Stop> {
    for ordinal in (plan.to..plan.from).rev() {
        let leaving: Vec<&Leaving> = plan.leaving.iter().filter(|leaving| leaving.ordinal == ordinal).collect();
        for leaving in &leaving {
            protect(hands, leaving).await?;
        }
        scale(hands, plan, ordinal).await?;
        wait_for_pod(hands, ordinal).await?;
        for leaving in leaving {
            retire(hands, plan, leaving).await?;
        }
    }
    Ok(())
}

/// Nothing is called done that is not: others may have come in between.
async fn verify(hands: &Hands, plan: &Plan) -> Result<(), Stop> {
    for leaving in &plan.leaving {
        if hands.find(&leaving.path).await?.is_some() {
            return Err(Stop::Named("claim-is-back"));
        }
    }
    let set = standing(hands, plan).await?;
    if replicas(&set) == plan.to { Ok(()) } else { Err(Stop::Named("set-scaled")) }
}

/// How a run ended, as it would tell.
pub fn ended(result: &Result<(), Stop>) -> Ended {
    match result {
        Ok(()) => Ended::Done,
        Err(Stop::Named(name)) => Ended::Stopped((*name).to_owned()),
        Err(Stop::Broken(error)) => Ended::Lost(error.to_string()),
    }
}

/// The volume outlives its claim from here on.
async fn protect(hands: &Hands, leaving: &Leaving) -> Result<(), Stop> {
    let volume = hands.find(&leaving.volume).await?.ok_or(Stop::Named("volume-gone"))?;
    if text(&volume, "/metadata/uid") != leaving.volume_uid {
        return Err(Stop::Named("volume-changed"));
    }
    if text(&volume, "/spec/persistentVolumeReclaimPolicy") == "Retain" {
        return Ok(());
    }
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": leaving.volume_uid},
        {"op": "replace", "path": "/spec/persistentVolumeReclaimPolicy", "value": "Retain"},
    ]);
    hands.json_patch(&leaving.volume, &patch).await?;
    is_protected(hands, leaving).await
}

async fn is_protected(hands: &Hands, leaving: &Leaving) -> Result<(), Stop> {
    let volume = hands.find(&leaving.volume).await?.ok_or(Stop::Named("volume-gone"))?;
    let holds = text(&volume, "/metadata/uid") == leaving.volume_uid
        && text(&volume, "/spec/persistentVolumeReclaimPolicy") == "Retain";
    if holds { Ok(()) } else { Err(Stop::Named("volume-not-protected")) }
}

/// The set that was planned for, if it stands.
async fn standing(hands: &Hands, plan: &Plan) -> Result<Value, Stop> {
    let set = hands.find(SET).await?.ok_or(Stop::Named("set-gone"))?;
    if text(&set, "/metadata/uid") != plan.set_uid {
        return Err(Stop::Named("set-changed"));
    }
    if !set["metadata"]["deletionTimestamp"].is_null() {
        return Err(Stop::Named("set-deleting"));
    }
    Ok(set)
}

/// The same with one of these sizes, and if nothing else deletes its claims.
async fn the_set(hands: &Hands, plan: &Plan, sizes: [u32; 2]) -> Result<Value, Stop> {
    let set = standing(hands, plan).await?;
    if set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Delete" {
        return Err(Stop::Named("claims-would-be-deleted"));
    }
    if sizes.contains(&replicas(&set)) { Ok(set) } else { Err(Stop::Named("set-scaled")) }
}

async fn scale(hands: &Hands, plan: &Plan, ordinal: u32) -> Result<(), Stop> {
    // An interrupted run may have come further than this ordinal.
    let set = hands.find(SET).await?.ok_or(Stop::Named("set-gone"))?;
    let held = replicas(&set);
    if (plan.to..=ordinal).contains(&held) {
        the_set(hands, plan, [held, held]).await?;
        return Ok(());
    }
    let set = the_set(hands, plan, [ordinal + 1, ordinal + 1]).await?;
    let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": ordinal}, "metadata": {
        "name": "web", "namespace": "default", "uid": plan.set_uid,
        "resourceVersion": text(&set, "/metadata/resourceVersion"),
    }});
    hands.put(&format!("{SET}/scale"), &scale).await?;
    Ok(())
}

async fn wait_for_pod(hands: &Hands, ordinal: u32) -> Result<(), Stop> {
    for _ in 0..40 {
        if hands.find(&format!("{PODS}/web-{ordinal}")).await?.is_none() {
            return Ok(());
        }
        if !hands.pause() {
            break;
        }
    }
    Err(Stop::Named("pod-does-not-go"))
}

async fn retire(hands: &Hands, plan: &Plan, leaving: &Leaving) -> Result<(), Stop> {
    let Some(claim) = hands.find(&leaving.path).await? else { return Ok(()) };
    if text(&claim, "/metadata/uid") != leaving.uid {
        return Err(Stop::Named("claim-changed"));
    }
    is_protected(hands, leaving).await?;
    let pods = hands.get(PODS).await?;
    let name = text(&claim, "/metadata/name");
    let uses = |pod: &Value| {
        let mut volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        volumes.any(|volume| volume["persistentVolumeClaim"]["claimName"] == name.as_str())
    };
    if pods["items"].as_array().into_iter().flatten().any(uses) {
        return Err(Stop::Named("claim-in-use"));
    }
    let set = hands.find(SET).await?.ok_or(Stop::Named("set-gone"))?;
    let held = replicas(&set);
    if !(plan.to..=leaving.ordinal).contains(&held) {
        return Err(Stop::Named("set-scaled"));
    }
    the_set(hands, plan, [held, held]).await?;
    hands.delete(&leaving.path, Some(&leaving.uid)).await?;
    for _ in 0..40 {
        let is_gone = hands.find(&leaving.path).await?.is_none_or(|claim| text(&claim, "/metadata/uid") != leaving.uid);
        if is_gone {
            return Ok(());
        }
        if !hands.pause() {
            break;
        }
    }
    Err(Stop::Named("claim-does-not-go"))
}

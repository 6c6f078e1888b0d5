//! What comes up half-way: each stops the run by its name, with what to type
//! next, and nothing is half-deleted.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use super::refusals::same_data;
use super::stage::Stage;
use crate::support::api::Method;
use crate::support::cli::Said;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("scale::somebody_who_scales_up_during_the_run_stops_it_without_loss", scaled_up),
        live("scale::a_tool_that_applies_its_own_replicas_during_the_run_stops_it", reapplied),
        live("scale::rights_lost_half_way_stop_the_run_and_once_back_it_goes_on", rights_lost),
        live("scale::a_budget_that_wants_the_members_refuses_a_scale_down", budgeted),
        live("scale::a_rollout_in_progress_refuses_a_scale_down", rolling),
        live("scale::a_pod_that_never_leaves_stops_the_run_and_once_gone_it_goes_on", pod_stays),
    ]
}

/// From three members to one, while somebody else does something as soon as
/// the first is gone.
fn meanwhile(stage: &Stage<'_>, more: &[&str], act: impl FnOnce() -> Result<(), String>) -> Result<Said, Failed> {
    let world = stage.world;
    std::thread::scope(|threads| {
        let run = threads.spawn(|| {
            let words = ["scale", "web", "--replicas", "1", "--claims", "retire", "--yes", "--no-app-check"];
            stage.cli.run(&[&words[..], more].concat())
        });
        let acted = world.until_gone("Pod", "web-2").and_then(|()| {
            world.until_object("StatefulSet", "web", |set| set["spec"]["replicas"] == 2)?;
            act()
        });
        let said = run.join().unwrap_or_else(|_| Err("the run panicked".to_owned()))?;
        acted.map_err(|why| format!("{why}\n{said}"))?;
        Ok(said)
    })
}

/// The claim race: what a controller makes anew under an old name must not be
/// taken for what was there.
fn scaled_up(world: &World) -> Result<(), Failed> {
    taken_back(&Stage::ready(world, 3)?, || {
        world.merge_patch("StatefulSet", "web", &json!({"spec": {"replicas": 3}})).map(drop)
    })
}

fn reapplied(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 3)?;
    taken_back(&stage, || {
        let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=gitops", "-f", "-"];
        let mut whole = world.get("StatefulSet", "web")?.unwrap_or_default();
        whole["metadata"] = json!({"name": "web"});
        whole["spec"]["replicas"] = json!(3);
        whole.as_object_mut().map(|set| set.remove("status"));
        stage.cli.run_kubectl(&apply, &whole.to_string())?.ended(0).map(drop)
    })
}

/// Somebody takes the set back to three members: the run stops, no claim is
/// another one, and undo leads back to where all began.
fn taken_back(stage: &Stage<'_>, act: impl FnOnce() -> Result<(), String>) -> Result<(), Failed> {
    let before = stage.picture()?;
    let stopped = meanwhile(stage, &["--settle", "20s"], act)?.ended(4)?;
    for part in ["somebody has scaled `web` to 3", "already changed", "resume", "undo"] {
        stopped.says(part)?;
    }
    stage.until_ready(3)?;
    let now = stage.picture()?;
    same_data(&now, &before, &stopped)?;
    ensure(now.claims == before.claims, || format!("before {before:?}\nnow {now:?}\n{stopped}"))?;
    stage.is_unlocked(&stopped)?;
    let said = stage.cli.run(&["undo", "--yes"])?.ended(0)?;
    stage.is_still(&before, &said)
}

fn rights_lost(world: &World) -> Result<(), Failed> {
    let mut stage = Stage::ready(world, 3)?;
    let before = stage.picture()?;
    stage.cli = world.cli(User::Operator)?;
    let binding = format!("{}-all", world.namespace);
    let bind = || {
        let group = "rbac.authorization.k8s.io";
        let body = json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": binding},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": User::Operator.name()}],
        });
        let path = format!("/apis/{group}/v1/clusterrolebindings");
        world.runtime.block_on(world.api.send(Method::Post, &path, Some(&body))).map_err(String::from)
    };
    let unbind = || -> Result<(), String> {
        let path = format!("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{binding}");
        world.runtime.block_on(world.api.send(Method::Delete, &path, None)).map(drop).map_err(String::from)
    };
    bind()?;
    let stopped = meanwhile(&stage, &["--settle", "20s"], unbind);
    if stopped.is_err() {
        unbind().ok();
    }
    let stopped = stopped?.ended(4)?;
    for part in ["forbidden", "already changed", "resume", "undo"] {
        stopped.says(part)?;
    }
    same_data(&stage.picture()?, &before, &stopped)?;
    bind()?;
    let said = stage.cli.run(&["resume", "--yes"]);
    let undone = said.as_ref().ok().map(|_| stage.cli.run(&["undo", "--plan-only"]));
    unbind()?;
    let said = said?.ended(0)?;
    undone.transpose()?.ok_or("no undo")?.ended(0)?;
    let after = stage.picture()?;
    after.has_retired(4, &before, &said)?;
    ensure(after.replicas == 1 && after.claims.len() == 2, || format!("{after:?}\n{said}"))?;
    stage.is_unlocked(&said)
}

fn budgeted(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 3)?;
    let before = stage.picture()?;
    world.create(json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "calm"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
    }))?;
    for claims in ["keep", "retire"] {
        let refused = stage.scale(1, &["--claims", claims])?.ended(3)?;
        for part in
            ["PodDisruptionBudget `calm` wants 2", "kubectl edit poddisruptionbudget calm", "nothing was changed"]
        {
            refused.says(part)?;
        }
        stage.is_still(&before, &refused)?;
    }
    let said = stage.retire(2)?;
    stage.picture()?.has_retired(2, &before, &said)
}

/// No member is touched before the others count as available, in an hour.
fn rolling(world: &World) -> Result<(), Failed> {
    let stage = Stage::with(world, "web", 2, &json!({"minReadySeconds": 1}))?;
    let before = stage.picture()?;
    let change = json!({"metadata": {"annotations": {"example.com/edited": "yes"}}});
    world.merge_patch("StatefulSet", "web", &json!({"spec": {"minReadySeconds": 3600, "template": change}}))?;
    world.until_object("StatefulSet", "web", |set| {
        let status = &set["status"];
        let is_seen = status["observedGeneration"] == set["metadata"]["generation"];
        is_seen && status["updateRevision"] != status["currentRevision"] && status["readyReplicas"] == 2
    })?;
    let refused = stage.scale(1, &["--claims", "retire"])?.ended(3)?;
    for part in ["a rollout is in progress", "kubectl rollout status", "nothing was changed"] {
        refused.says(part)?;
    }
    stage.is_still(&before, &refused)
}

fn pod_stays(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 3)?;
    let before = stage.picture()?;
    let held = |pod: &str, finalizers: Value| {
        world.merge_patch("Pod", pod, &json!({"metadata": {"finalizers": finalizers}})).map(drop)
    };
    // Who holds a pod from the beginning is met while the plan is made.
    held("web-2", json!(["example.com/never"]))?;
    let refused = stage.scale(1, &["--claims", "retire"]);
    held("web-2", Value::Null)?;
    let refused = refused?.ended(3)?;
    for part in ["pod web-2", "held by example.com/never", "kubectl stateful status", "nothing was changed"] {
        refused.says(part)?;
    }
    stage.is_still(&before, &refused)?;

    let stopped =
        meanwhile(&stage, &["--settle", "10s", "--at-most", "12s"], || held("web-1", json!(["example.com/never"])));
    let (now, once_more) = (stage.picture(), stage.cli.run(&["resume", "--yes"]));
    // The namespace could not be removed with it.
    held("web-1", Value::Null)?;
    let (stopped, once_more) = (stopped?.ended(4)?, once_more?.ended(4)?);
    for said in [&stopped, &once_more] {
        for part in ["pod web-1", "held by example.com/never", "kubectl stateful status", "resume", "undo"] {
            said.says(part)?;
        }
    }
    let now = now?;
    same_data(&now, &before, &stopped)?;
    ensure(now.claims.len() == 4 && now.replicas == 1, || format!("{now:?}\n{stopped}"))?;
    stage.is_unlocked(&stopped)?;
    world.until_gone("Pod", "web-1")?;
    let said = stage.cli.run(&["resume", "--yes"])?.ended(0)?;
    let after = stage.picture()?;
    after.has_retired(4, &before, &said)?;
    ensure(after.replicas == 1 && after.claims.len() == 2, || format!("{after:?}\n{said}"))?;
    let said = stage.cli.run(&["undo", "--yes"])?.ended(0)?;
    stage.until_ready(3)?;
    stage.is_still(&before, &said)
}

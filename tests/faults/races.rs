//! Moments in which the cluster is not yet, or not any more, what it was when the
//! program looked: it is met as it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Request;
use kube::client::Body;
use kubectl_stateful::simulator::faults::{Actor, Crash, Disturbance, Fault, Point, Schedule, Strike};
use serde_json::json;

use crate::first::{First, Goal};
use crate::program::{Later, disk};
use crate::stage::{Hands, SET, VOLUMES};

/// A claim is gone, and its volume is still called Bound: the controller that
/// releases it sleeps, and comes back only after the undo has begun.
#[test]
fn a_claim_is_given_back_although_its_volume_is_not_released_yet() {
    let first = First::new(Goal::Retired);
    let (actor, time) = (Actor::named("persistentvolume-controller").unwrap(), Duration::from_mins(1));
    let sleeps = Fault::Meanwhile(Disturbance::Stalled { actor, time });
    let (mut runs, mut unreleased) = (0, 0);
    for deletion in first.deletions() {
        for later in 0..12 {
            let strikes = [
                Strike { at: Point::Request(deletion), fault: sleeps.clone() },
                Strike { at: Point::Request(deletion + later), fault: Fault::Crash(Crash::AfterAnswer) },
            ];
            runs += first.dies_before(&Schedule(strikes.to_vec()), &[Later::Undo], |stage| {
                let held = first.held(stage);
                unreleased += usize::from(held.iter().any(|held| held.is_bound && !held.has_claim));
            });
        }
    }
    assert!(runs >= 20 && unreleased >= 12, "of {runs} runs {unreleased} had such a volume");
}

/// Whoever writes statuses and notes all the time does not keep the set from
/// being scaled; whoever changes what was looked at does.
#[test]
fn notes_of_others_at_the_same_moment_do_not_stop_a_scale_down() {
    let first = First::new(Goal::Retired);
    let begun = |act: fn(Hands) -> futures::future::BoxFuture<'static, ()>| {
        let stage = first.stage.fork();
        let way = || {
            let count = AtomicU64::new(0);
            let is_scale = move |request: &Request<Body>| {
                request.uri().path().ends_with("/scale") && count.fetch_add(1, Ordering::SeqCst) < 12
            };
            stage.meddled(stage.simulator.client(), is_scale, act)
        };
        let result = first.program.begin(&stage, &way, disk().path(), &first.plan);
        (result.map_err(|failure| failure.code), stage.get(SET)["spec"]["replicas"].clone())
    };
    let noted = begun(|hands| {
        Box::pin(async move {
            let at = hands.simulator.now().to_string();
            let version = hands.get(SET).await.unwrap()["metadata"]["resourceVersion"].clone();
            let note = json!({"metadata": {"annotations": {"example.com/at": format!("{at} {version}")}}});
            hands.merge(SET, &note).await.unwrap();
        })
    });
    assert_eq!(noted, (Ok(()), json!(1)));
    let changed = begun(|hands| {
        Box::pin(async move {
            hands.merge(SET, &json!({"spec": {"minReadySeconds": 5}})).await.unwrap();
        })
    });
    assert_eq!(changed, (Err("controller-behind"), json!(2)));
}

/// The same for a volume that is to be reserved: somebody notes something on it
/// between the look and the write.
#[test]
fn notes_on_a_volume_at_the_same_moment_do_not_stop_an_undo() {
    let first = First::new(Goal::Retired);
    let (stage, folder) = (first.stage.fork(), disk());
    first.program.begin(&stage, &|| stage.simulator.client(), folder.path(), &first.plan).unwrap();
    let way = || {
        let count = AtomicU64::new(0);
        let is_reserving = move |request: &Request<Body>| {
            let kind = request.headers().get("content-type").and_then(|kind| kind.to_str().ok());
            kind == Some("application/json-patch+json") && count.fetch_add(1, Ordering::SeqCst) < 2
        };
        stage.meddled(stage.simulator.client(), is_reserving, |hands| {
            Box::pin(async move {
                let volumes = hands.get(VOLUMES).await.unwrap();
                for volume in volumes["items"].as_array().unwrap() {
                    let path = format!("{VOLUMES}/{}", volume["metadata"]["name"].as_str().unwrap());
                    let at = &volume["metadata"]["resourceVersion"];
                    hands.merge(&path, &json!({"metadata": {"annotations": {"example.com/at": at}}})).await.unwrap();
                }
            })
        })
    };
    let undone = first.program.later(&stage, &way, folder.path(), &first.plan.run, Later::Undo);
    stage.rest();
    assert_eq!((undone.map_err(|failure| failure.code), first.is_back(&stage)), (Ok(()), Ok(())));
}

//! What was planned is what happens, however busily others write to the set.
//!
//! Ten times in every test run; `KUBECTL_STATEFUL_RANDOM=100 cargo test --test
//! live churn` as often as that.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::stage::Stage;
use crate::random::{number, tell};
use crate::support::api::{Api, Method, path_of, runtime};
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![live("scale::scale_downs_under_status_churn_do_as_planned", churned)]
}

const SETS: usize = 2;
const TIMES: u64 = 10;
/// Between two pairs of writes: far more than a cluster sees, and others are to get their turn.
const PAUSE: Duration = Duration::from_millis(100);

fn churned(world: &World) -> Result<(), Failed> {
    let asked = number("KUBECTL_STATEFUL_RANDOM")?;
    let (times, sets) = (asked.unwrap_or(TIMES).max(TIMES), if asked.is_some() { 3 * SETS } else { SETS });
    let (begun, writes) = (&AtomicU64::new(0), &AtomicUsize::new(0));
    thread::scope(|threads| {
        let work = move |which| {
            let count = again_and_again(world, which, &|| begun.fetch_add(1, Ordering::SeqCst) < times)?;
            writes.fetch_add(count, Ordering::SeqCst);
            Ok::<_, Failed>(())
        };
        let sets: Vec<_> = (0..sets).map(|which| threads.spawn(move || work(which))).collect();
        sets.into_iter().try_for_each(|set| set.join().map_err(|_| "a set panicked")?)
    })?;
    let writes = writes.load(Ordering::SeqCst);
    tell(&format!("{times} scale-downs among {writes} writes of others"));
    ensure(writes as u64 > 20 * times, || format!("only {writes} writes"))
}

/// Scales one set down and up again as long as there is one more to do; how
/// often others wrote to it meanwhile.
fn again_and_again(world: &World, which: usize, more: &dyn Fn() -> bool) -> Result<usize, Failed> {
    let mut stage = Stage::with(world, &format!("web{which}"), 5, &json!({}))?;
    let before = stage.picture()?;
    let (name, over) = (stage.set.clone(), AtomicBool::new(false));
    thread::scope(|threads| {
        let writer = threads.spawn(|| write(world, &name, &over));
        let mut result = Ok(());
        while result.is_ok() && more() {
            result = world.cli(User::Admin).map_err(Failed::from).and_then(|cli| {
                stage.cli = cli;
                there_and_back(&stage, &before)
            });
        }
        over.store(true, Ordering::SeqCst);
        let count = writer.join().map_err(|_| "the writer panicked")??;
        result.map(|()| count)
    })
}

fn there_and_back(stage: &Stage<'_>, before: &super::stage::Picture) -> Result<(), Failed> {
    let said = stage.retire(3)?;
    let after = stage.picture()?;
    after.has_retired(4, before, &said)?;
    let stay = after.claims.iter().all(|(claim, volume)| before.claims.get(claim) == Some(volume));
    ensure(stay && after.claims.len() == 6 && after.replicas == 3, || format!("{after:?}\n{said}"))?;
    let said = stage.cli.run(&["undo", "--yes"])?.ended(0)?;
    stage.until_ready(5)?;
    stage.is_still(before, &said)
}

/// Writes to the set and its status until it is `over`; how often that was.
fn write(world: &World, name: &str, over: &AtomicBool) -> Result<usize, Failed> {
    let runtime = runtime()?;
    let api = Api::new(runtime.block_on(world.plane.client(User::Admin))?, "churn");
    let set = path_of("StatefulSet", &world.namespace, name);
    let mut writes = 0;
    while !over.load(Ordering::SeqCst) {
        let noted = json!({"metadata": {"annotations": {"example.com/churn": writes.to_string()}}});
        runtime.block_on(api.send(Method::MergePatch, &set, Some(&noted))).map_err(String::from)?;
        let condition = json!({"type": "Churn", "status": "True", "message": writes.to_string()});
        let status = json!({"status": {"conditions": [condition]}});
        runtime
            .block_on(api.send(Method::MergePatch, &format!("{set}/status"), Some(&status)))
            .map_err(String::from)?;
        writes += 2;
        thread::sleep(PAUSE);
    }
    Ok(writes)
}

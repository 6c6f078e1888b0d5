//! A renewal of the lock that fails once, while a run waits for long.

use kubectl_stateful::simulator::faults::{Answer, Fault, Faults, Point, Schedule};
use kubectl_stateful::wizard::parameter::Answer as Given;
use serde_json::json;

use crate::program::{Program, disk};
use crate::stage::{PODS, Stage};

/// Numbers of the requests that renew the lock.
fn renewals(faults: &Faults) -> Vec<u64> {
    let numbered = (1..).zip(faults.seen());
    numbered.filter(|(_, seen)| seen.method == "PUT" && seen.path.contains("/leases/")).map(|(at, _)| at).collect()
}

#[test]
fn a_run_that_waits_for_minutes_outlives_a_renewal_that_fails() {
    let stage = Stage::new(2);
    // Something is still to come, or time would stand still.
    let busy = json!({"metadata": {"name": "busy"}, "spec": {
        "activeDeadlineSeconds": 3600, "containers": [{"name": "main", "image": "busy:1"}],
    }});
    stage.play(|hands| async move { hands.post(PODS, &busy).await }).unwrap();
    let program = Program::scale_down(1, "keep").with("settle", Given::Text("2m".to_owned()));
    let plan = program.plan(&stage).unwrap();
    let run = |schedule: Schedule| {
        let stage = stage.fork();
        let faults = stage.faults(schedule);
        let result = program.begin(&stage, &|| faults.client(&stage.simulator), disk().path(), &plan);
        (result, faults)
    };
    let (result, faults) = run(Schedule::default());
    result.unwrap();
    let all = renewals(&faults);
    assert!(all.len() >= 6, "{all:?}");
    for answer in [Answer::Unavailable, Answer::TooMany { after: None }, Answer::Internal { committed: true }] {
        for at in [all[0], all[all.len() - 1]] {
            let fault = Fault::Answer(answer);
            let (result, faults) = run(Schedule::one(Point::Request(at), fault.clone()));
            assert!(result.is_ok(), "{fault:?} at {at}: {result:?}");
            assert_eq!(faults.struck().len(), 1);
        }
    }
}

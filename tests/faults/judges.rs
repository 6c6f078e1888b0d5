//! The oracles themselves: an excuse holds only where it is true.

use std::time::Duration;

use kubectl_stateful::simulator::faults::{Disturbance, Fault, Point, Rival, Schedule, Strike};
use kubectl_stateful::simulator::oracles::{Confirmed, Rule};
use serde_json::{Value, json};

use crate::naive;
use crate::stage::{RUNNER, SET, Stage, claim};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn up(set: &str) -> Fault {
    let act = Rival::ScaleUp { set: set.to_owned() };
    Fault::Meanwhile(Disturbance::Rival { namespace: "default".to_owned(), act })
}

#[test]
fn who_never_looks_at_the_set_loses_no_race() {
    let stage = Stage::new(2);
    let plan = stage.plan(2);
    let strikes = [up("web"), Fault::Late(Duration::from_mins(1))];
    let faults = stage.faults(Schedule(strikes.map(|fault| Strike { at: Point::Request(1), fault }).to_vec()));
    let (_, rules) = stage.judged(plan, &faults, |hands| naive::clean_up_beyond(hands, 2));
    assert!(rules.contains(&Rule::DoomedClaim), "{rules:?}");
}

#[test]
fn that_another_set_was_scaled_is_no_excuse() {
    let stage = Stage::new(2);
    let other = json!({"metadata": {"name": "other"}, "spec": stage.get(SET)["spec"]});
    stage
        .play(|hands| async move { hands.post("/apis/apps/v1/namespaces/default/statefulsets", &other).await })
        .unwrap();
    stage.rest();
    for (rival, is_race) in [("other", false), ("web", true)] {
        let stage = stage.fork();
        let faults = stage.faults(Schedule::one(Point::Request(2), up(rival)));
        let (_, rules) = stage.judged(stage.plan(1), &faults, |hands| async move {
            hands.get(SET).await?;
            hands.delete(&claim("data", 1), None).await
        });
        assert_eq!(rules.contains(&Rule::DoomedClaim), !is_race, "{rival}: {rules:?}");
    }
}

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}})
}

#[test]
fn what_the_run_makes_is_its_own_and_what_stood_there_before_is_not() {
    let stage = Stage::new(1);
    stage.play(|hands| async move { hands.post(MAPS, &map("there")).await }).unwrap();
    let place = |name: &str| ("ConfigMap".to_owned(), "default".to_owned(), name.to_owned());
    let plan = Confirmed {
        ours: [RUNNER.to_owned()].into(),
        made: [place("there"), place("new")].into(),
        ..Confirmed::default()
    };
    let faults = stage.faults(Schedule::default());
    let (made, rules) = stage.judged(plan.clone(), &faults, |hands| async move {
        let made = hands.post(MAPS, &map("new")).await?;
        hands.merge(&format!("{MAPS}/new"), &json!({"data": {"a": "c"}})).await?;
        hands.delete(&format!("{MAPS}/new"), made["metadata"]["uid"].as_str()).await
    });
    assert_eq!((made.map(drop).map_err(|error| error.to_string()), rules), (Ok(()), Vec::new()));
    let faults = stage.faults(Schedule::default());
    let (touched, rules) = stage.judged(plan, &faults, |hands| async move {
        hands.merge(&format!("{MAPS}/there"), &json!({"data": {"a": "c"}})).await
    });
    assert_eq!((touched.is_ok(), rules), (true, vec![Rule::Surprise]));
}

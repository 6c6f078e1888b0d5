//! What faults do to the events of a watch.

use http_body_util::BodyExt as _;
use kubectl_stateful::simulator::faults::{Fault, Point, Schedule, WatchFault};
use serde_json::{Value, json};

use crate::stage::Stage;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// What a watch says of three new objects, of which the second is changed once,
/// under one fault.
fn said(at: Point, fault: Fault) -> String {
    let stage = Stage::new(1);
    for name in ["a", "b", "c"] {
        let map = json!({"metadata": {"name": name}, "data": {}});
        stage.play(|hands| async move { hands.post(MAPS, &map).await }).unwrap();
        if name == "b" {
            let path = format!("{MAPS}/b");
            stage.play(|hands| async move { hands.merge(&path, &json!({"data": {"x": "y"}})).await }).unwrap();
        }
    }
    let now = stage.get(MAPS)["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap();
    let faults = stage.faults(Schedule::one(at, fault));
    let path = format!("{MAPS}?watch=true&timeoutSeconds=1&resourceVersion={}", now - 4);
    let simulator = stage.simulator.clone();
    let text = stage.run(&faults, |hands| async move {
        let answer = hands.raw(&path).await.unwrap();
        simulator.pass(std::time::Duration::from_secs(2));
        answer.into_body().collect().await.unwrap().to_bytes()
    });
    String::from_utf8(text.to_vec()).unwrap()
}

/// Names and types of the events.
fn events(at: u64, fault: WatchFault) -> Vec<String> {
    let lines = said(Point::Event(at), Fault::Watch(fault));
    lines.lines().map(|line| told(&serde_json::from_str(line).unwrap())).collect()
}

fn told(event: &Value) -> String {
    let object = &event["object"];
    let name = object["metadata"]["name"].as_str().map_or_else(|| object["code"].to_string(), str::to_owned);
    format!("{} {name}", event["type"].as_str().unwrap())
}

#[test]
fn each_fault_strikes_the_event_that_was_chosen() {
    let all = ["ADDED a", "ADDED b", "MODIFIED b", "ADDED c"];
    assert_eq!(events(9, WatchFault::Dropped), all, "what does not come is not struck");
    assert_eq!(events(2, WatchFault::Dropped), ["ADDED a", "MODIFIED b", "ADDED c"]);
    assert_eq!(events(1, WatchFault::Repeated), ["ADDED a", "ADDED a", "ADDED b", "MODIFIED b", "ADDED c"]);
    assert_eq!(events(1, WatchFault::Swapped), ["ADDED b", "ADDED a", "MODIFIED b", "ADDED c"]);
    assert_eq!(events(2, WatchFault::Swapped), all, "events about one object keep their order");
    assert_eq!(events(4, WatchFault::Swapped), all, "there is none to change places with");
    assert_eq!(events(3, WatchFault::Closed), ["ADDED a", "ADDED b"]);
    assert_eq!(events(3, WatchFault::Expired), ["ADDED a", "ADDED b", "ERROR 410"]);
}

#[test]
fn an_answer_that_is_cut_off_ends_in_the_middle_of_an_event() {
    let text = said(Point::Request(1), Fault::Truncated);
    assert!(text.starts_with("{\"type\":\"ADDED\"") && !text.contains('\n'), "{text}");
    serde_json::from_str::<Value>(&text).expect_err("it is no whole event");
}

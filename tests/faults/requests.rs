//! What each fault at a request does to the client, and to the cluster.

use std::time::Duration;

use kubectl_stateful::simulator::faults::{Answer, Crash, Fault, JournalFault, Point, Schedule, Strike, is_crash};
use serde_json::{Value, json};

use crate::stage::{Hands, SET, Stage};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A write under one fault: what the client learned, and whether it was done.
fn write_under(fault: Fault) -> (Result<Value, kube::Error>, bool) {
    let stage = Stage::new(1);
    let faults = stage.faults(Schedule::one(Point::Request(1), fault.clone()));
    let answer = stage.run(&faults, |hands| async move { hands.post(MAPS, &map("a")).await });
    assert_eq!(faults.struck(), [Strike { at: Point::Request(1), fault }]);
    (answer, stage.get(&format!("{MAPS}/a"))["metadata"]["uid"].is_string())
}

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}})
}

fn code(answer: &Result<Value, kube::Error>) -> u16 {
    match answer {
        Err(kube::Error::Api(status)) => status.code,
        Ok(_) => 200,
        Err(_) => 0,
    }
}

#[test]
fn a_crash_ends_the_run_at_its_place_and_nothing_is_sent_any_more() {
    for (crash, is_answered, is_done) in
        [(Crash::BeforeSend, false, false), (Crash::BeforeAnswer, false, true), (Crash::AfterAnswer, true, true)]
    {
        let stage = Stage::new(1);
        let faults = stage.faults(Schedule::one(Point::Request(1), Fault::Crash(crash)));
        let (first, second) = stage.run(&faults, |hands| async move {
            (hands.post(MAPS, &map("a")).await, hands.post(MAPS, &map("b")).await)
        });
        assert_eq!(first.is_ok(), is_answered, "{crash:?}: {first:?}");
        assert!(first.is_ok() || is_crash(&first.unwrap_err()));
        assert!(faults.is_dead() && is_crash(&second.unwrap_err()), "{crash:?}");
        assert_eq!(stage.get(&format!("{MAPS}/a"))["data"]["a"] == "b", is_done, "{crash:?}");
        assert_eq!(stage.get(&format!("{MAPS}/b")), Value::Null);
        faults.revive();
        stage.run(&faults, |hands| async move { hands.post(MAPS, &map("b")).await }).expect("a new process goes on");
        assert_eq!(faults.length().requests, 2, "what a dead process wants to send does not count");
    }
}

#[test]
fn a_broken_connection_is_no_crash_and_tells_nothing() {
    for delivered in [false, true] {
        let (answer, is_done) = write_under(Fault::Lost { delivered });
        let error = answer.expect_err("there is no answer");
        assert!(!is_crash(&error), "{error}");
        assert_eq!(is_done, delivered);
    }
    let (answer, is_done) = write_under(Fault::Truncated);
    assert!(matches!(answer, Err(kube::Error::SerdeError(_))), "{answer:?}");
    assert!(is_done);
}

#[test]
fn answers_that_nobody_earned_have_their_code_and_say_nothing_of_what_was_done() {
    for (answer, expected, done) in [
        (Answer::Conflict, 409, false),
        (Answer::Expired, 410, false),
        (Answer::TooMany { after: None }, 429, false),
        (Answer::TooMany { after: Some(7) }, 429, false),
        (Answer::Internal { committed: false }, 500, false),
        (Answer::Internal { committed: true }, 500, true),
        (Answer::Unavailable, 503, false),
        (Answer::Timeout { committed: false }, 504, false),
        (Answer::Timeout { committed: true }, 504, true),
        (Answer::Unauthorized, 401, false),
        (Answer::Forbidden, 403, false),
    ] {
        let (found, is_done) = write_under(Fault::Answer(answer));
        assert_eq!((code(&found), is_done), (expected, done), "{answer:?}");
    }
}

#[test]
fn only_a_polite_server_says_when_to_come_again() {
    for (after, expected) in [(None, None), (Some(7), Some("7"))] {
        let stage = Stage::new(1);
        let faults = stage.faults(Schedule::one(Point::Request(1), Fault::Answer(Answer::TooMany { after })));
        let answer = stage.run(&faults, |hands| async move { hands.raw(SET).await }).unwrap();
        let header = answer.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!((answer.status().as_u16(), header), (429, expected));
    }
}

#[test]
fn a_right_that_was_taken_away_stays_away_until_the_next_life() {
    for (answer, expected) in [(Answer::Unauthorized, 401), (Answer::Forbidden, 403)] {
        let stage = Stage::new(1);
        let faults = stage.faults(Schedule::one(Point::Request(2), Fault::Answer(answer)));
        let codes = stage.run(&faults, |hands| async move {
            let mut codes = Vec::new();
            for _ in 0..3 {
                codes.push(code(&hands.get(SET).await));
            }
            codes
        });
        assert_eq!(codes, [200, expected, expected]);
        faults.revive();
        assert_eq!(code(&stage.run(&faults, |hands| async move { hands.get(SET).await })), 200);
    }
}

#[test]
fn a_request_may_come_twice_and_late() {
    let stage = Stage::new(1);
    let faults = stage.faults(Schedule::one(Point::Request(1), Fault::Twice));
    let body = json!({"metadata": {"name": "", "generateName": "twin-"}});
    stage.run(&faults, |hands| async move { hands.post(MAPS, &body).await }).unwrap();
    let names = stage.get(MAPS)["items"].as_array().unwrap().len();
    assert_eq!(names, 2, "a request that is not repeatable leaves two");

    let faults = stage.faults(Schedule::one(Point::Request(2), Fault::Late(Duration::from_mins(1))));
    let set = stage.run(&faults, |hands: Hands| async move {
        hands.merge(&format!("{SET}/scale"), &json!({"spec": {"replicas": 2}})).await?;
        hands.get(SET).await
    });
    assert_eq!(set.unwrap()["status"]["readyReplicas"], 2, "the actors were done before it arrived");
}

#[test]
fn a_stale_read_shows_what_was_and_a_write_is_never_stale() {
    let stage = Stage::new(1);
    let strikes = [1, 2, 4].map(|number| Strike { at: Point::Request(number), fault: Fault::Stale(1) });
    let faults = stage.faults(Schedule(strikes.to_vec()));
    let replicas = |set: Result<Value, kube::Error>| set.map(|set| set["spec"]["replicas"].clone()).unwrap();
    let (before, then, fresh, listed) = stage.run(&faults, |hands| async move {
        let patch = json!({"spec": {"replicas": 0}});
        let before = hands.merge(SET, &patch).await;
        let then = hands.get(SET).await;
        let fresh = hands.get(SET).await;
        let list = hands.get("/apis/apps/v1/namespaces/default/statefulsets").await;
        (before, then, fresh, list.map(|list| list["items"][0].clone()))
    });
    assert_eq!([before, then, fresh, listed].map(replicas), [json!(0), json!(1), json!(0), json!(1)]);
    assert_eq!(stage.get(SET)["spec"]["replicas"], 0, "the present is as it was");
}

#[test]
fn lines_of_a_journal_are_counted_for_whoever_writes_one() {
    let stage = Stage::new(1);
    let faults = stage.faults(Schedule::one(Point::Line(2), Fault::Journal(JournalFault::Torn)));
    assert_eq!([(); 3].map(|()| faults.next_line()), [None, Some(JournalFault::Torn), None]);
}

#[test]
fn what_is_refused_for_the_form_of_its_answer_is_not_done_first() {
    let stage = Stage::new(1);
    let faults = stage.faults(Schedule::default());
    let answer = stage.run(&faults, |hands| async move {
        let request = http::Request::builder().method("POST").uri(MAPS);
        let request = request.header("accept", "image/png").header("content-type", "application/json");
        hands.client.send(request.body(map("a").to_string().into_bytes().into()).unwrap()).await.unwrap()
    });
    assert_eq!(answer.status().as_u16(), 406);
    assert_eq!(stage.get(&format!("{MAPS}/a")), Value::Null);
}

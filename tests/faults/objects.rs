//! Objects of other kinds, written by a run that is killed at every request:
//! resumed it comes out as if nobody had killed it, and taken back nothing is left of it.

use kubectl_stateful::simulator::faults::{Crash, Fault, Point, Schedule, Strike};
use serde_json::{Value, json};

use crate::program::{Later, Program, disk, forget_last_words};
use crate::stage::{Hands, RIVAL, Stage};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

const QUOTAS: &str = "/api/v1/namespaces/default/resourcequotas";

const BOOK: &str = r#"fn run(p) {
    step("write", || {
        k8s::apply(#{ kind: "ConfigMap", metadata: #{ name: "applied", labels: #{ a: "1" } }, data: #{ x: "1" } });
        k8s::apply(#{ kind: "ConfigMap", metadata: #{ name: "applied" }, data: #{ x: "2" } });
        k8s::create(#{ kind: "ConfigMap", metadata: #{ name: "made" }, data: #{ y: "2" } });
        k8s::create(#{ kind: "ResourceQuota", metadata: #{ name: "enough" }, spec: #{ hard: #{ "limits.cpu": "64000m" } } });
        k8s::patch("ConfigMap", "theirs", #{ data: #{ b: "2", c: () } });
        k8s::patch("ConfigMap", "made", #{ data: #{ y: "3" } });
        k8s::patch("ConfigMap", "old", #{ data: #{ k: "w" } });
        k8s::delete("ConfigMap", "old");
    });
}"#;

fn stage() -> Stage {
    let stage = Stage::new(1);
    let simulator = stage.simulator.clone();
    stage.play(|_| async move {
        let rival = Hands::of(RIVAL, &simulator);
        for (name, data) in [("theirs", json!({ "a": "1", "c": "3" })), ("old", json!({ "k": "v" }))] {
            rival
                .post(MAPS, &json!({ "metadata": { "name": name, "labels": { "l": name } }, "data": data }))
                .await
                .unwrap();
        }
    });
    stage.rest();
    stage
}

/// The objects without what the server makes up.
fn picture(stage: &Stage) -> Vec<Value> {
    let all = [MAPS, QUOTAS].map(|path| stage.get(path)["items"].clone());
    let told = |object: &Value| {
        json!([object["metadata"]["name"], object["metadata"]["labels"], object["data"], object["spec"]])
    };
    all.iter().filter_map(Value::as_array).flatten().map(told).collect()
}

/// One life that ends at the strike, and what is done then.
fn lives(first: &Stage, program: &Program, strike: &Strike, then: Later) -> Vec<Value> {
    let (stage, folder) = (first.fork(), disk());
    let plan = program.plan(&stage).unwrap();
    let faults = stage.faults(Schedule(vec![strike.clone()]));
    let way = || faults.client(&stage.simulator);
    let _ = program.begin(&stage, &way, folder.path(), &plan);
    assert!(faults.is_dead(), "{strike:?}");
    forget_last_words(folder.path(), &plan.run);
    faults.stop();
    faults.revive();
    let result = program.later(&stage, &way, folder.path(), &plan.run, then);
    assert!(result.is_ok(), "{strike:?} {then:?}: {result:?}");
    stage.rest();
    picture(&stage)
}

#[test]
fn a_run_that_was_killed_anywhere_is_resumed_and_taken_back() {
    let (first, program) = (stage(), Program::own(BOOK));
    let plan = program.plan(&first).unwrap();
    assert_eq!(plan.effects(), 8, "{:?}", plan.fingerprints());
    let (whole, folder) = (first.fork(), disk());
    let faults = whole.faults(Schedule::default());
    program.begin(&whole, &|| faults.client(&whole.simulator), folder.path(), &plan).unwrap();
    let (before, after) = (picture(&first), picture(&whole));
    assert_ne!(before, after);
    let mut runs = 0;
    for request in 1..=faults.length().requests {
        for crash in [Crash::BeforeSend, Crash::BeforeAnswer, Crash::AfterAnswer] {
            let strike = Strike { at: Point::Request(request), fault: Fault::Crash(crash) };
            assert_eq!(lives(&first, &program, &strike, Later::Resume), after, "{strike:?}");
            assert_eq!(lives(&first, &program, &strike, Later::Undo), before, "{strike:?}");
            runs += 1;
        }
    }
    assert!(runs >= 60, "{runs}");
}

#[test]
fn an_undo_that_was_killed_anywhere_is_carried_to_its_end() {
    let (first, program) = (stage(), Program::own(BOOK));
    let plan = program.plan(&first).unwrap();
    let before = picture(&first);
    let mut kills = 0;
    for request in 1.. {
        let (stage, folder) = (first.fork(), disk());
        program.begin(&stage, &|| stage.simulator.client(), folder.path(), &plan).unwrap();
        let strike = Strike { at: Point::Request(request), fault: Fault::Crash(Crash::BeforeAnswer) };
        let faults = stage.faults(Schedule(vec![strike]));
        let way = || faults.client(&stage.simulator);
        let _ = program.later(&stage, &way, folder.path(), &plan.run, Later::Undo);
        if !faults.is_dead() {
            break;
        }
        kills += 1;
        forget_last_words(folder.path(), &plan.run);
        faults.stop();
        faults.revive();
        let result = program.later(&stage, &way, folder.path(), &plan.run, Later::Undo);
        assert!(result.is_ok(), "request {request}: {result:?}");
        stage.rest();
        assert_eq!(picture(&stage), before, "request {request}");
    }
    assert!(kills >= 20, "{kills}");
}

//! Plans in files, scripts of one's own, and runs of a cluster that is gone:
//! what somebody types who looks before they run.

use std::fs;

use serde_json::{Value, json};

use crate::neighbour;
use crate::program::Home;

const PLAN: &str = "plan scale-down web --replicas 1 --claims retire --settle 0s --sandbox --yes --out p.json";
const RUN: &str = "run --plan p.json --yes --no-app-check --sandbox";
const SET: &str = "/apis/apps/v1/namespaces/default/statefulsets/web";

fn with_a_set() -> Home {
    let home = Home::new();
    home.say("create statefulset web --image nginx --replicas 3 --claim data:1Gi:standard:/data --sandbox --yes")
        .told(0, &["pod web-2 ready"]);
    home
}

#[test]
fn a_plan_in_a_file_is_run_as_it_is_and_only_once() {
    let home = with_a_set();
    home.say(PLAN).told(0, &[]);
    home.say("run --plan p.json --yes --sandbox").hinted(3, &["nobody asked the application", "`--no-app-check`"]);
    assert_eq!(neighbour::get(&home, SET).unwrap()["spec"]["replicas"], 3);
    home.say(RUN).told(0, &["set web 1 of 1 ready", "to take it back"]);
    assert_eq!(neighbour::get(&home, SET).unwrap()["spec"]["replicas"], 1);
    home.say(RUN).hinted(3, &["the plan has been run", "nothing was changed", "kubectl stateful report"]);
}

#[test]
fn what_somebody_writes_into_a_plan_is_neither_shown_nor_believed() {
    let home = with_a_set();
    home.say(PLAN).told(0, &[]);
    let mut saved: Value = serde_json::from_str(&fs::read_to_string(home.path().join("p.json")).unwrap()).unwrap();
    saved["plan"]["unknown"] = json!(["\u{1b}[2Jharmless"]);
    for line in saved["plan"]["lines"].as_array_mut().unwrap() {
        for (field, word) in
            [("verb", "harmless"), ("change", "harmless"), ("object", "harmless"), ("undo", "possible")]
        {
            if !line[field].is_null() {
                line[field] = json!(word);
            }
        }
    }
    home.write("p.json", saved.to_string());
    let told = home.say(RUN);
    told.told(0, &["delete-claim", "StatefulSet/web", "to take it back"]);
    assert!(!format!("{}{}", told.stdout, told.stderr).contains("harmless"), "{}{}", told.stdout, told.stderr);
    let run = saved["plan"]["run"].as_str().unwrap();
    let report = home.say(&format!("report {run} --sandbox")).told(0, &[]).stdout.clone();
    assert!(report.contains("delete-claim") && report.contains(run) && !report.contains("harmless"), "{report}");
    // The id is no way to another folder.
    saved["plan"]["run"] = json!("../../elsewhere");
    home.write("p.json", saved.to_string());
    home.say(RUN).told(2, &["it names no run"]);
}

#[test]
fn a_plan_is_not_run_on_a_cluster_that_has_changed_since() {
    let home = with_a_set();
    home.say(PLAN).told(0, &[]);
    home.say("scale web --replicas 2 --no-app-check --yes --sandbox").told(0, &[]);
    let told = home.say(RUN);
    told.told(6, &["planned was", "PersistentVolume/pvc-", "now it would be", "nothing was changed"]);
    assert_eq!(neighbour::get(&home, SET).unwrap()["spec"]["replicas"], 2);
}

#[test]
fn a_plan_is_not_run_on_an_object_that_was_made_again_meanwhile() {
    let home = with_a_set();
    let map = json!({ "metadata": { "name": "conf" }, "data": { "a": "1" } });
    let (maps, conf) = ("/api/v1/namespaces/default/configmaps", "/api/v1/namespaces/default/configmaps/conf");
    neighbour::create(&home, maps, &map);
    home.write(
        "mine.rhai",
        r#"const RUNBOOK = #{ api: 1, summary: "t", effects: ["patch", "scale"],
    params: [#{ name: "set", type: "statefulset", positional: true, prompt: "Set", help: "The set." }] };
fn run(p) {
    k8s::patch("ConfigMap", "conf", #{ data: #{ a: "2" } });
    p.set.scale(p.set.replicas - 1);
    p.set.wait_ready("5m");
    guard(p.set.replicas == 2, "another number");
}"#,
    );
    let plan = home.say("plan ./mine.rhai web --sandbox --out p.json");
    for part in [".data.a 1 → 2", "2 members ready"] {
        assert!(plan.told(0, &[]).stdout.contains(part), "{}", plan.stdout);
    }
    neighbour::delete(&home, conf);
    neighbour::create(&home, maps, &map);
    home.say("run --plan p.json --yes --sandbox").told(6, &["of another object that has its name by now"]);
    home.say("run ./mine.rhai web --yes --sandbox").told(0, &["StatefulSet/web changed"]);
}

#[test]
fn a_run_that_was_killed_before_it_began_is_told_as_such() {
    let home = with_a_set();
    home.say("scale web --replicas 2 --no-app-check --yes --sandbox").told(0, &[]);
    let id = home.say("runs --sandbox").stdout.split_whitespace().next().unwrap().to_owned();
    let runs = home.state().join("runs");
    fs::remove_file(runs.join(&id).join("journal.jsonl")).unwrap();
    home.say("runs --sandbox").told(0, &["1 that changed nothing"]);
    assert!(home.say("runs --sandbox --all").told(0, &[]).stdout.contains("never began"));
    for verb in ["report", "undo --yes", "resume --yes"] {
        home.say(&format!("{verb} {id} --sandbox")).hinted(2, &["never began", "its folder can go"]);
    }
}

#[test]
fn a_plan_and_a_run_of_another_cluster_are_refused() {
    let (home, other) = (with_a_set(), with_a_set());
    home.say(PLAN).told(0, &[]);
    fs::copy(home.path().join("p.json"), other.path().join("p.json")).unwrap();
    other.say(RUN).told(3, &["the plan belongs to sandbox/default", "another one of that name", "nothing was changed"]);
    home.say(RUN).told(0, &[]);
    let run = home.say("runs --sandbox").stdout.split_whitespace().next().unwrap().to_owned();
    home.say("sandbox reset").told(0, &[]);
    for verb in ["undo", "runs unlock"] {
        let yes = if verb == "undo" { "--yes" } else { "" };
        let told = home.say(&format!("{verb} {run} {yes} --sandbox"));
        told.told(3, &["belongs to sandbox/default", "another one of that name", "nothing was changed"]);
    }
    home.say("undo --yes --sandbox").told(2, &["there is no run to undo here"]);
}

#[test]
fn a_copy_of_a_shipped_runbook_is_changed_and_keeps_its_guards() {
    let home = with_a_set();
    let shown = home.say("runbook show scale-down").stdout;
    let mine = shown.replace("value: \"2s\"", "value: \"0s\"").replace("step(`remove ", "step(`my removal of ");
    home.write("my-scale.rhai", mine.clone());
    let words = "web --replicas 2 --claims retire --no-app-check --yes --sandbox";
    let told = home.say(&format!("run ./my-scale.rhai {words}"));
    told.told(0, &["my removal of web-2", "is kept", "to take it back"]);
    home.say("undo --yes --sandbox").told(0, &["is undone"]);
    let before = neighbour::names(&home, "/api/v1/namespaces/default/persistentvolumeclaims");
    // Whoever leaves the protection out does not get away with it.
    home.write("my-scale.rhai", mine.replace("member.protect();", ""));
    home.say(&format!("run ./my-scale.rhai {words}")).told(3, &["is not protected", "nothing was changed"]);
    assert_eq!(neighbour::names(&home, "/api/v1/namespaces/default/persistentvolumeclaims"), before);
    assert_eq!(neighbour::get(&home, SET).unwrap()["spec"]["replicas"], 3);
}

#[test]
fn a_set_that_grows_asks_nobody_before_a_member_goes() {
    let home = with_a_set();
    home.say("scale web --replicas 4 --before-remove true --yes --sandbox").told(2, &["`--before-remove` asks before"]);
    home.say("scale web --replicas 4 --yes --sandbox").told(0, &["set web 4 of 4 ready"]);
}

//! `scale --before-remove` on the sandbox, where annotations say what the
//! programs in pods answer.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::neighbour;
use crate::program::{Finished, Home};

const SCALE: &str = "scale web --sandbox --replicas 2 --claims retire --yes --before-remove";
const EXIT: &str = "sandbox.kubectl-stateful/exec-exit";
const PRINTS: &str = "sandbox.kubectl-stateful/exec-prints";

/// A sandbox with a set of three.
fn with_three() -> Home {
    let home = Home::new();
    home.say("init generic --sandbox --yes --name web --image x:1 --replicas 3 --size 1Gi").told(0, &[]);
    home
}

fn annotate(home: &Home, pod: &str, annotations: &Value) {
    let patch = json!({"metadata": {"annotations": annotations}});
    neighbour::merge(home, &format!("/api/v1/namespaces/default/pods/{pod}"), &patch);
}

fn replicas(home: &Home) -> Value {
    let set = neighbour::get(home, "/apis/apps/v1/namespaces/default/statefulsets/web").unwrap();
    set["spec"]["replicas"].clone()
}

fn scale(home: &Home, command: &str, more: &[&str]) -> Finished {
    let words: Vec<&str> = SCALE.split_whitespace().chain([command]).chain(more.iter().copied()).collect();
    home.run(&words)
}

/// The journal of the last run.
fn journal(home: &Home) -> PathBuf {
    home.files().into_iter().rfind(|path| path.ends_with("journal.jsonl")).unwrap()
}

#[test]
fn a_member_stays_until_the_application_says_yes() {
    let home = with_three();
    annotate(&home, "web-2", &json!({ EXIT: "3", PRINTS: "I lead\n\u{1b}[31mstill" }));
    let told = scale(&home, "may-leave", &[]);
    told.hinted(4, &["said no (exit code 3)", "  I lead\n  \\u{1b}[31mstill\n", "resume", "undo", "PersistentVolume/"]);
    assert_eq!(replicas(&home), 3);
    let text = std::fs::read_to_string(journal(&home)).unwrap();
    let failed = text.lines().find(|line| line.contains(r#""state":"failed""#)).unwrap();
    let failed: Value = serde_json::from_str(failed).unwrap();
    assert_eq!(failed["why"]["ran"], json!({ "exitCode": 3, "printed": "I lead\n\u{1b}[31mstill" }));
    home.say("resume --sandbox --yes").told(4, &["said no (exit code 3)"]);
    annotate(&home, "web-2", &json!({ EXIT: null }));
    home.say("resume --sandbox --yes").told(0, &["the command in Pod/web-2 said yes (0s)"]);
    assert_eq!(replicas(&home), 2);
    let plan = home.say("undo --sandbox --plan-only");
    plan.told(0, &["what `may-leave` did in Pod/web-2 is not taken back"]);
    home.say("undo --sandbox --yes").told(0, &[]);
    assert_eq!(replicas(&home), 3);
}

#[test]
fn a_plan_asks_nobody_and_says_so() {
    let home = with_three();
    annotate(&home, "web-2", &json!({ EXIT: "1" }));
    let plan = scale(&home, "may-leave", &["--plan-only"]);
    plan.told(0, &[]);
    let asked = plan.stdout.find("exec         Pod/web-2").unwrap();
    assert!(plan.stdout.find("protect").unwrap() < asked, "{}", plan.stdout);
    assert!(asked < plan.stdout.find("scale        StatefulSet/web").unwrap(), "{}", plan.stdout);
    for part in ["may-leave", "cannot be undone", "is assumed"] {
        assert!(plan.stdout.contains(part), "{part}: {}", plan.stdout);
    }
    assert!(!plan.stdout.contains("nobody asked the application"), "{}", plan.stdout);
}

#[test]
fn what_was_printed_is_no_event() {
    let home = with_three();
    annotate(&home, "web-2", &json!({ EXIT: "1", PRINTS: "the password is hunter2" }));
    let told = scale(&home, "may-leave", &["--events", "jsonl"]);
    assert_eq!(told.code, 4, "{}", told.stderr);
    let events: Vec<&str> = [&told.stdout, &told.stderr].into_iter().flat_map(|text| text.lines()).collect();
    let told_in_events = events.iter().any(|line| line.starts_with('{') && line.contains("hunter2"));
    assert!(!told_in_events && told.stderr.contains("hunter2"), "{}\n{}", told.stdout, told.stderr);
}

#[test]
fn a_container_that_is_not_there_is_refused_before_anything_is_changed() {
    let home = with_three();
    let told = scale(&home, "may-leave", &["--before-remove-container", "nope"]);
    told.hinted(3, &["has no container `nope`", "nothing was changed"]);
    scale(&home, "may-leave", &["--before-remove-container", "main"]).told(0, &[]);
}

#[test]
fn a_command_whose_end_nobody_heard_is_not_run_again_by_itself() {
    let home = with_three();
    annotate(&home, "web-2", &json!({ EXIT: "1" }));
    scale(&home, "may-leave", &[]).told(4, &[]);
    // As a process leaves it that was killed while it listened.
    let path = journal(&home);
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text.lines().take_while(|line| !line.contains(r#""state":"failed""#)).chain([""]).collect();
    std::fs::write(&path, kept.join("\n")).unwrap();
    annotate(&home, "web-2", &json!({ EXIT: null }));
    let told = home.say("resume --sandbox --yes");
    told.hinted(4, &["`may-leave` was started in Pod/web-2", "nobody knows how it ended", "--run-again"]);
    assert_eq!(replicas(&home), 3);
    home.say("resume --sandbox --yes --run-again").told(0, &["said yes"]);
    assert_eq!(replicas(&home), 2);
}

/// A runbook that does this with each member.
fn runbook(effects: &str, call: &str) -> String {
    format!(
        r#"const RUNBOOK = #{{
    api: 1, summary: "ask", effects: [{effects}],
    params: [ #{{ name: "set", type: "statefulset", positional: true, prompt: "Set", help: "The set." }} ],
}};
fn run(p) {{ for member in p.set.members() {{ {call}; }} }}
"#
    )
}

#[test]
fn a_script_of_ones_own_runs_programs_in_pods() {
    let home = with_three();
    let run = |effects: &str, call: &str| {
        home.write("ask.rhai", runbook(effects, call));
        home.say("run ./ask.rhai web --sandbox --yes")
    };
    run(r#""exec""#, r#"member.exec(["app", "two words"])"#).told(0, &["app 'two words'", "Pod/web-0 said yes"]);
    run(r#""exec""#, r#"member.exec("app", #{ at_most: "5s" })"#).told(0, &["Pod/web-0 said yes"]);
    run("", r#"member.exec("app")"#).told(2, &["`exec` is not among the effects"]);
    for (call, why) in [
        (r#"member.exec("app", #{ contaner: "main" })"#, "unknown option `contaner`"),
        (r#"member.exec("app", #{ at_most: 5 })"#, "`at_most` must be text"),
        (r#"member.exec(" ")"#, "there is no command to run"),
        ("member.exec([])", "there is no command to run"),
        (r#"member.exec(["app", 7])"#, "there is no command to run"),
    ] {
        let told = run(r#""exec""#, call);
        assert!(told.code != 0 && told.stderr.contains(why), "{call}: {}", told.stderr);
    }
}

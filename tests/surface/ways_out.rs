//! Where a run comes to no end: what is said to type then is typed, and leads
//! out. Somebody else works on the same sandbox meanwhile.

use serde_json::{Value, json};

use crate::neighbour;
use crate::program::{Finished, Home};

const SET: &str = "/apis/apps/v1/namespaces/default/statefulsets/web";
const EXIT: &str = "sandbox.kubectl-stateful/exec-exit";

fn with_three() -> Home {
    let home = Home::new();
    home.say("create statefulset web --image nginx --replicas 3 --claim data:1Gi:standard:/data --sandbox --yes")
        .told(0, &["pod web-2 ready"]);
    home
}

fn says(home: &Home, pod: &str, exit: &Value) {
    let patch = json!({ "metadata": { "annotations": { EXIT: exit } } });
    neighbour::merge(home, &format!("/api/v1/namespaces/default/pods/{pod}"), &patch);
}

/// A run that took web-2 away, and stopped before web-1.
fn stopped_half_way(home: &Home, more: &str) {
    says(home, "web-1", &json!("3"));
    home.say(&format!("scale web --replicas 1 --claims retire --before-remove ask --sandbox --yes {more}"))
        .hinted(4, &["said no (exit code 3)"]);
    says(home, "web-1", &Value::Null);
}

/// The commands of ours that the hints name, in their order.
fn commands(told: &Finished) -> Vec<String> {
    let hints = told.stderr.lines().filter(|line| line.starts_with("hint: "));
    let command =
        |line: &str| line.split_once("kubectl stateful ").map(|(_, words)| words.trim_end_matches('`').to_owned());
    hints.filter_map(command).collect()
}

fn volume_of(home: &Home, claim: &str) -> String {
    let found = neighbour::get(home, &format!("/api/v1/namespaces/default/persistentvolumeclaims/{claim}")).unwrap();
    format!("/api/v1/persistentvolumes/{}", found["spec"]["volumeName"].as_str().unwrap())
}

fn reclaims(home: &Home, volume: &str, policy: &str) {
    neighbour::merge(home, volume, &json!({ "spec": { "persistentVolumeReclaimPolicy": policy } }));
}

#[test]
fn a_run_that_somebody_has_scaled_away_from_is_planned_anew() {
    let home = with_three();
    stopped_half_way(&home, "");
    neighbour::merge(&home, SET, &json!({ "spec": { "replicas": 4 } }));
    neighbour::rest(&home);
    let resumed = home.say("resume --sandbox --yes");
    resumed.hinted(4, &["members at once would go", "or leave the run as it is, and plan anew"]);
    let again = home.say("resume --replan --sandbox --yes");
    again.hinted(3, &["members at once would go", "nothing was changed"]);
    let anew = commands(&again).into_iter().find(|line| line.starts_with("scale ")).unwrap();
    assert_eq!(anew, "scale web --replicas 1 --claims retire --before-remove ask --sandbox");
    assert!(commands(&resumed).contains(&anew));
    home.say(&format!("{anew} --yes")).told(0, &["set web 1 of 1 ready"]);
}

/// What was shown of a volume is a part of the run: no new plan for its rest changes that.
#[test]
fn a_run_whose_volume_is_not_as_shown_is_undone_and_planned_anew() {
    let home = with_three();
    let volumes = [0, 1, 2].map(|ordinal| volume_of(&home, &format!("data-web-{ordinal}")));
    for volume in &volumes {
        reclaims(&home, volume, "Retain");
    }
    stopped_half_way(&home, "--unprotected --confirm web");
    reclaims(&home, &volumes[1], "Delete");
    let resumed = home.say("resume --sandbox --yes --confirm web");
    resumed.hinted(4, &["its volume is Retain and stays with its data, and now its volume goes with its data"]);
    assert!(!resumed.stderr.contains("hint: kubectl stateful resume"), "{}", resumed.stderr);
    let again = home.say("resume --replan --sandbox --yes --confirm web");
    for told in [resumed, again] {
        let [undo, anew] = commands(&told).try_into().unwrap();
        assert!(undo.starts_with("undo ") && anew.starts_with("scale web --replicas 1 "), "{undo}, {anew}");
    }
    let told = home.say("resume --sandbox --yes --confirm web");
    let [undo, anew] = commands(&told).try_into().unwrap();
    home.say(&format!("{undo} --yes")).told(
        4,
        &[
            "PersistentVolumeClaim/data-web-2 does not come back, and its data stay on PersistentVolume/",
            "all else is taken back",
        ],
    );
    assert_eq!(neighbour::get(&home, SET).unwrap()["spec"]["replicas"], 3);
    // That one is told before anything is written what it would take.
    home.say(&format!("{anew} --yes --confirm web"))
        .told(3, &["is not known to be Retain", "'--claims destroy' gives them up"]);
}

/// The id of the run of this runbook that began last.
fn run_of(home: &Home, runbook: &str) -> String {
    let runs = home.say("runs --sandbox").stdout;
    let line = runs.lines().find(|line| line.contains(runbook)).unwrap();
    line.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn what_no_order_of_undos_reaches_comes_back_by_its_marks() {
    let home = with_three();
    home.say("scale web --replicas 2 --claims retire --sandbox --yes --no-app-check").told(0, &["to take it back"]);
    let first = run_of(&home, "scale-down");
    home.say("scale web --replicas 3 --sandbox --yes").told(0, &["to take it back"]);
    let second = run_of(&home, "scale-up");
    home.say(&format!("undo {second} --sandbox --yes --no-app-check")).told(0, &["is undone"]);
    home.say("volumes retire web --sandbox --yes").told(0, &["to take it back"]);
    let barred = home.say(&format!("undo {first} --sandbox --yes"));
    barred.hinted(3, &["came later and stands on it", "or give back what this run retired, and nothing else"]);
    let restore = commands(&barred).pop().unwrap();
    assert_eq!(restore, format!("volumes restore web --run {first} --sandbox"));
    home.say(&format!("{restore} --scale --yes")).told(0, &["set web 3 of 3 ready"]);
}

#[test]
fn an_undo_is_planned_on_a_copy_and_says_what_would_stop_it() {
    let home = with_three();
    let kept = volume_of(&home, "data-web-2");
    home.say("scale web --replicas 2 --claims retire --sandbox --yes --no-app-check").told(0, &["to take it back"]);
    home.say("undo --sandbox --plan-only").told(0, &["create-claim", "3"]);
    neighbour::merge(&home, SET, &json!({ "spec": { "replicas": 3 } }));
    neighbour::rest(&home);
    let before = neighbour::get(&home, &kept).unwrap();
    let told = home.say("undo --sandbox --plan-only");
    told.hinted(3, &["this would stop the undo", "is there already, with another volume", "nothing was changed"]);
    assert_eq!(neighbour::get(&home, &kept).unwrap(), before);
    home.say("undo --sandbox --yes").hinted(3, &["is there already, with another volume"]);
    // As the hints say.
    home.say("scale web --replicas 2 --claims retire --sandbox --yes --no-app-check").told(0, &["to take it back"]);
    let restore = commands(&told).pop().unwrap();
    home.say(&format!("{restore} --scale --yes")).told(0, &["set web 3 of 3 ready"]);
    assert_eq!(volume_of(&home, "data-web-2"), kept);
}

#[test]
fn runs_are_listed_by_sandbox_with_their_set_and_its_replicas() {
    let home = with_three();
    home.say("scale web --replicas 2 --claims retire --sandbox --yes --no-app-check").told(0, &["to take it back"]);
    home.say("create statefulset db --image x --replicas 1 --sandbox=two --yes").told(0, &["pod db-0 ready"]);
    let (one, two) = (home.say("runs --sandbox"), home.say("runs --sandbox=two"));
    let scaled = one.stdout.lines().find(|line| line.contains("scale-down")).unwrap();
    assert!(scaled.contains("web  3 → 2  done  run scale-down"), "{scaled}");
    assert_eq!((one.stdout.lines().count(), two.stdout.lines().count()), (2, 1), "{}{}", one.stdout, two.stdout);
    one.told(0, &["1 on other clusters", "runs --all"]);
    assert_eq!(home.say("runs --all --sandbox").stdout.lines().count(), 3);
}

#[test]
fn all_that_nobody_can_be_asked_is_told_at_once() {
    let home = with_three();
    let scale = "scale web --replicas 0 --claims destroy --sandbox";
    let told = home.say(scale);
    told.hinted(2, &["(`--yes`)", "(`--no-app-check`)", "(`--confirm web`)", "nothing was changed"]);
    let flags = "--yes --no-app-check --confirm web";
    assert!(told.stderr.contains(&format!("`{flags}` answers all of it")), "{}", told.stderr);
    home.say(&format!("{scale} --yes")).hinted(3, &["`--no-app-check --confirm web` answers all of it"]);
    home.say(&format!("{scale} --yes --no-app-check")).hinted(3, &["`--confirm web` answers it"]);
    home.say(&format!("{scale} {flags}")).told(0, &[]);
}

#[test]
fn a_missing_answer_names_no_flag_that_the_command_does_not_have() {
    let told = with_three().say("scale web --sandbox");
    told.hinted(2, &["missing: --replicas", "name them on the command line"]);
    assert!(!told.stderr.contains("--answers"), "{}", told.stderr);
}

//! `always(…)`: what is done at the end of a run, however that comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::Method;
use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{replan, report, resume, undo};
use kubectl_stateful::runs::plan::Line;
use serde_json::json;

use super::{SETS, Said, Stage};
use crate::support::{delete, merge};

/// Protects the members at the end; before that one member goes.
const BOOK: &str = r#"
    const FEWER = 1;
    fn run(p) {
        let set = p.set;
        let left = set.members();
        left.remove(0);
        always("keep what is left", || for member in left { member.protect(); });
        always("say so", || note(`${global::FEWER} fewer`));
        step("one less", || { set.scale(set.replicas - global::FEWER); set.wait_ready("10m"); });
    }
    fn verify(p) { for member in p.set.members() { for claim in member.claims {
        guard(claim.policy == "Retain", `${claim.name} is not kept`);
    } } }
"#;

const EFFECTS: &[&str] = &["scale", "protect"];

fn play(stage: &Stage) -> Said {
    stage.play_own(EFFECTS, BOOK, &["web", "--yes", "--no-app-check"])
}

fn flags() -> RunFlags {
    RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() })
}

fn resumed(stage: &Stage) -> Said {
    stage.run(async |context| resume(None, &flags(), context).await)
}

fn undone(stage: &Stage) -> Said {
    stage.run(async |context| undo(None, &flags(), context).await)
}

/// How many volumes are kept.
fn kept(stage: &Stage) -> usize {
    let volumes = stage.get("/api/v1/persistentvolumes");
    let is_kept = |volume: &&serde_json::Value| volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain";
    volumes["items"].as_array().unwrap().iter().filter(is_kept).count()
}

fn replicas(stage: &Stage) -> u64 {
    stage.get(&format!("{SETS}/web"))["spec"]["replicas"].as_u64().unwrap()
}

/// Somebody's admission takes no real scale as long as this is so.
fn no_scale(refuses: &Arc<AtomicBool>) -> impl Fn(&Method, &str) -> bool + Send + Sync + 'static {
    let refuses = Arc::clone(refuses);
    move |method, path| {
        *method == Method::PUT && path.contains("/scale") && !path.contains("dryRun") && refuses.load(Ordering::SeqCst)
    }
}

#[test]
fn the_plan_says_it_where_it_is_said_and_shows_it_at_the_end() {
    let stage = Stage::new(2);
    let said = play(&stage).done();
    let word = |line: &Line| match line {
        Line::Always { label } => Some(format!("always {label}")),
        Line::AtEnd { label } => Some(format!("at the end {label}")),
        Line::Effect { verb, fingerprint, .. } if !fingerprint.is_empty() => Some(verb.clone()),
        Line::Note { text } => Some(text.clone()),
        _ => None,
    };
    let words: Vec<String> = said.plan.unwrap().lines.iter().filter_map(word).collect();
    let expected = ["always keep what is left", "always say so", "scale", "at the end say so", "1 fewer"];
    assert_eq!(words[..5], expected);
    assert_eq!(words[5..], ["at the end keep what is left", "protect", "protect"]);
    assert_eq!((replicas(&stage), kept(&stage)), (1, 2));
}

#[test]
fn it_is_done_after_a_stop_and_once_more_when_the_run_goes_on() {
    let refuses = Arc::new(AtomicBool::new(true));
    let stage = Stage::new(2).refusing(no_scale(&refuses));
    let said = play(&stage);
    assert!(said.text.contains("1 fewer") && !said.text.contains("was not"), "{}", said.text);
    let failure = said.failed("forbidden", 4);
    assert!(failure.message.contains("hook.example"), "it is the stop that is told: {failure}");
    assert_eq!((replicas(&stage), kept(&stage)), (2, 2));
    refuses.store(false, Ordering::SeqCst);
    resumed(&stage).done();
    assert_eq!((replicas(&stage), kept(&stage)), (1, 2));
}

#[test]
fn what_is_not_in_its_part_of_the_plan_is_not_written_and_told() {
    let refuses = Arc::new(AtomicBool::new(true));
    let stage = Stage::new(3).refusing(no_scale(&refuses));
    let book = r#"fn run(p) {
        let set = p.set;
        always("keep the last", || { let members = set.members(); members[0].protect(); });
        set.scale(2);
        set.wait_ready("10m");
    }"#;
    let said = stage.play_own(EFFECTS, book, &["web", "--yes"]);
    assert!(
        said.text.contains("what is always done was not: ") && said.text.contains("approved was `protect"),
        "{}",
        said.text
    );
    said.failed("forbidden", 3);
    assert_eq!(kept(&stage), 0, "the last member is another one as long as nothing has happened");
    refuses.store(false, Ordering::SeqCst);
    stage.play_own(EFFECTS, book, &["web", "--yes"]).done();
    assert_eq!(kept(&stage), 2);
}

#[test]
fn an_interrupted_run_does_it_when_it_is_resumed_and_an_undo_says_that_it_does_not() {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let stage = Stage::new(2).interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    let failure = play(&stage).failed("interrupted", 4);
    assert!(!failure.message.contains("nothing was changed"), "a member has gone: {failure}");
    interrupt.lower();
    assert_eq!(kept(&stage), 0, "whoever interrupts wants nothing more to be written");
    let plain = stage.fork_with_runs();
    resumed(&plain).done();
    assert_eq!((replicas(&plain), kept(&plain)), (1, 2));
    let stage = stage.with_meddler(|_, _, _| ());
    let said = stage.run(async |context| undo(None, &flags(), context).await).done();
    assert!(said.text.contains("`keep what is left`, which was to be done at the end, was not"), "{}", said.text);
    assert_eq!((replicas(&stage), kept(&stage)), (2, 0));
}

#[test]
fn what_failed_at_the_end_is_told_by_an_undo() {
    let no_patch = |method: &Method, path: &str| *method == Method::PATCH && path.contains("/persistentvolumes/");
    let only_real = move |method: &Method, path: &str| no_patch(method, path) && !path.contains("dryRun");
    let stage = Stage::new(2).refusing(only_real);
    play(&stage).failed("forbidden", 4);
    let said = stage.run(async |context| undo(None, &flags(), context).await).done();
    assert!(said.text.contains("`keep what is left`, which is always done, was not: "), "{}", said.text);
    assert_eq!((replicas(&stage), kept(&stage)), (2, 0));
}

#[test]
fn interrupted_at_any_write_it_comes_to_the_same_end() {
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let whole = Stage::new(2);
    play(&whole.fork().with_meddler(move |_, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
    }))
    .done();
    let writes = writes.load(Ordering::SeqCst);
    assert!(writes >= 5, "{writes}");
    for at in 1..writes {
        let (interrupt, seen) = (Interrupt::default(), AtomicUsize::new(0));
        let raised = interrupt.clone();
        let stage = whole.fork().interrupted_by(interrupt.clone()).with_meddler(move |_, _, _| {
            if seen.fetch_add(1, Ordering::SeqCst) == at {
                raised.raise();
            }
        });
        if play(&stage).result.is_err() {
            interrupt.lower();
            resumed(&stage).done();
        }
        assert_eq!((replicas(&stage), kept(&stage)), (1, 2), "at write {at}");
    }
}

#[test]
fn what_fails_in_it_stops_the_run_and_the_rest_of_it_is_done_all_the_same() {
    let stage = Stage::new(2);
    let book = r#"fn run(p) {
        always("first", || for member in p.set.members() { member.protect(); });
        always("second", || if p.set.ready > 0 { throw "not today" });
    }"#;
    let failure = stage.play_own(EFFECTS, book, &["web", "--yes"]).failed("recipe-declined", 2);
    assert!(failure.message.contains("not today"), "a plan says so first: {failure}");
    let refused = stage.refusing(|method, path| {
        *method == Method::PATCH && path.contains("/persistentvolumes/") && !path.contains("dryRun")
    });
    let book = r#"fn run(p) {
        always("scale", || p.set.scale(1));
        always("protect", || for member in p.set.members_from(1) { member.protect(); });
    }"#;
    let failure = refused.play_own(EFFECTS, book, &["web", "--yes"]).failed("forbidden", 4);
    assert!(failure.changed.concat().contains("StatefulSet/web"), "{failure}");
    assert_eq!(replicas(&refused), 1);
}

#[test]
fn it_belongs_into_the_run_and_has_a_name_of_its_own() {
    let stage = Stage::new(1);
    let early = r#"fn preflight(p) { always("x", || note("y")); } fn run(p) {}"#;
    stage.play_own(&[], early, &["web", "--yes"]).failed("effect-refused", 2);
    let twice = r#"fn run(p) { always("x", || note("y")); always("x", || note("z")); }"#;
    let failure = stage.play_own(&[], twice, &["web", "--yes"]).failed("script-failed", 3);
    assert!(failure.message.contains("`x` is said twice"), "{failure}");
    let late = r#"fn run(p) { always("x", || always("y", || note("z"))); }"#;
    let failure = stage.play_own(&[], late, &["web", "--yes"]).failed("script-failed", 3);
    assert!(failure.message.contains("`y` is said too late"), "{failure}");
}

/// It works with one member less, and has all of them again at its end.
const THERE_AND_BACK: &str = r#"fn run(p) {
    let set = p.set;
    let first = set.members()[1];
    always("all members again", || set.scale(2));
    set.scale(1);
    first.exec(["work"]);
    set.wait_ready("10m");
}"#;

fn there_and_back(stage: &Stage) -> Said {
    stage.play_own(&["scale", "exec"], THERE_AND_BACK, &["web", "--yes"])
}

/// How `work` ends from here on.
fn works(stage: &Stage, code: &str) {
    let knobs = json!({ "metadata": { "annotations": { "sandbox.kubectl-stateful/exec-exit": code } } });
    merge(&stage.simulator, "/api/v1/namespaces/default/pods/web-0", &knobs).ok();
}

#[test]
fn a_resume_first_takes_back_what_the_run_has_scaled_at_its_end() {
    let stage = Stage::new(2);
    works(&stage, "1");
    let sizes = stage.sizes();
    there_and_back(&stage).failed("command-said-no", 4);
    assert_eq!(*sizes.lock().unwrap(), [1, 2]);
    let unasked = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    let failure = stage.run(async |context| resume(None, &unasked, context).await).failed("not-confirmed", 3);
    assert!(failure.hints.concat().contains("--no-app-check"), "{failure}");
    let shown = RunFlags::from(ApprovalFlags { plan_only: true, ..ApprovalFlags::default() });
    let failure = stage.run(async |context| replan(None, &shown, context).await).failed("scaled-back", 3);
    assert!(failure.hints.concat().contains("--replan"), "{failure}");
    // It says no once more, and is scaled back once more.
    let said = resumed(&stage);
    assert!(said.text.contains("is taken back first") && said.text.contains("2 → 1"), "{}", said.text);
    said.failed("command-said-no", 4);
    works(&stage, "0");
    resumed(&stage).done();
    assert_eq!(*sizes.lock().unwrap(), [1, 2, 1, 2, 1, 2]);
    let said = undone(&stage).done();
    assert!(said.text.contains("is back at 2"), "{}", said.text);
    assert_eq!(sizes.lock().unwrap().len(), 6, "nobody goes to come back");
    let run = stage.runs().remove(0);
    let said = stage.run(async |context| undo(Some(&run), &flags(), context).await).done();
    assert!(said.text.contains("is undone already") && sizes.lock().unwrap().len() == 6, "{}", said.text);
    let report = stage.run(async |context| {
        let report = report(stage.runs().first().map(String::as_str), context).await?;
        assert_eq!((report.state.as_str(), report.undoable()), ("undone", 0));
        Ok(())
    });
    report.done();
}

#[test]
fn what_stands_in_the_way_of_that_is_told_and_the_run_can_still_be_taken_back() {
    let stage = Stage::new(2);
    works(&stage, "1");
    there_and_back(&stage).failed("command-said-no", 4);
    merge(&stage.simulator, &format!("{SETS}/web"), &json!({ "spec": { "replicas": 3 } })).ok();
    stage.simulator.pass(std::time::Duration::from_mins(10));
    let failure = resumed(&stage).failed("diverged", 6);
    assert!(failure.message.contains("3 replicas by now") && failure.hints.concat().contains("undo"), "{failure}");
    merge(&stage.simulator, &format!("{SETS}/web"), &json!({ "spec": { "replicas": 2 } })).ok();
    stage.simulator.pass(std::time::Duration::from_mins(10));
    let sizes = stage.sizes();
    undone(&stage).done();
    assert!(sizes.lock().unwrap().is_empty());
}

#[test]
fn an_undo_goes_there_and_back_where_a_member_has_not_what_it_had() {
    let stage = Stage::new(2);
    there_and_back(&stage).done();
    stage.simulator.pass(std::time::Duration::from_mins(10));
    // Its claim is made anew.
    for path in
        ["/api/v1/namespaces/default/persistentvolumeclaims/data-web-1", "/api/v1/namespaces/default/pods/web-1"]
    {
        delete(&stage.simulator, path).ok();
    }
    stage.simulator.pass(std::time::Duration::from_mins(10));
    let sizes = stage.sizes();
    let failure = undone(&stage).failed("claim-lost", 4);
    assert_eq!(*sizes.lock().unwrap(), [1], "{failure}");
}

#[test]
fn a_killed_way_back_is_carried_on() {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let stage = Stage::new(2);
    works(&stage, "1");
    there_and_back(&stage).failed("command-said-no", 4);
    works(&stage, "0");
    let stage = stage.interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    let failure = resumed(&stage).failed("interrupted", 4);
    assert!(failure.hints.concat().contains("resume") && failure.hints.concat().contains("undo"), "{failure:?}");
    interrupt.lower();
    let stage = stage.with_meddler(|_, _, _| ());
    let plain = stage.fork_with_runs();
    resumed(&plain).done();
    assert_eq!(replicas(&plain), 2);
    undone(&stage).done();
    assert_eq!(replicas(&stage), 2);
}

#[test]
fn a_killed_way_back_is_gone_once_and_what_the_run_scales_since_stays() {
    let book = r#"fn run(p) {
        let set = p.set;
        let first = set.members()[1];
        always("all members again", || set.scale(2));
        set.scale(1);
        first.exec(["work"]);
        set.scale(2);
        set.wait_ready("10m");
        first.exec(["rest"]);
        set.scale(1);
    }"#;
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let stage = Stage::new(2);
    works(&stage, "1");
    stage.play_own(&["scale", "exec"], book, &["web", "--yes"]).failed("command-said-no", 4);
    works(&stage, "0");
    let sizes = stage.sizes();
    let stage = stage.interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    // On its way back, and when it scales itself.
    for so_far in [&[1][..], &[1, 2]] {
        resumed(&stage).failed("interrupted", 4);
        interrupt.lower();
        assert_eq!(*sizes.lock().unwrap(), so_far);
    }
    let stage = stage.with_meddler(|_, _, _| ());
    let said = resumed(&stage).done();
    assert!(!said.text.contains("is taken back first"), "{}", said.text);
    assert_eq!(*sizes.lock().unwrap(), [1, 2, 1, 2]);
}

#[test]
fn a_way_back_that_is_not_as_it_was_shown_stops_an_undo() {
    let scaled = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&scaled);
    let stage = Stage::new(2);
    there_and_back(&stage).done();
    let stage = stage.with_watcher(move |simulator, _, _| {
        if !seen.swap(true, Ordering::SeqCst) {
            merge(simulator, &format!("{SETS}/web"), &json!({ "spec": { "replicas": 1 } })).ok();
        }
    });
    let failure = undone(&stage).failed("changed-meanwhile", 3);
    assert!(failure.message.contains("nothing was changed") && failure.hints.concat().contains("undo"), "{failure}");
    assert!(scaled.load(Ordering::SeqCst) && replicas(&stage) == 1, "{failure}");
    let said = undone(&stage).done();
    assert!(said.text.contains("1 → 2"), "{}", said.text);
    assert_eq!(replicas(&stage), 2);
}

#[test]
fn a_new_plan_begins_where_the_run_stopped_and_not_where_its_end_left_the_set() {
    let stage = Stage::new(2);
    works(&stage, "1");
    there_and_back(&stage).failed("command-said-no", 4);
    works(&stage, "0");
    let sizes = stage.sizes();
    let said = stage.run(async |context| replan(None, &flags(), context).await).done();
    assert!(said.text.contains("is taken back first"), "{}", said.text);
    assert_eq!(*sizes.lock().unwrap(), [1, 2]);
    let said = undone(&stage).done();
    assert!(said.text.contains("is back at 2"), "{}", said.text);
    assert_eq!(sizes.lock().unwrap().len(), 2);
}

#[test]
fn the_next_undo_leaves_such_a_detour_out_as_well() {
    let book = THERE_AND_BACK.replace("set.scale(1);", "undo(\"rest\", || first.exec([\"rest\"])); set.scale(1);");
    let stage = Stage::new(2);
    stage.play_own(&["scale", "exec"], &book, &["web", "--yes"]).done();
    let sizes = stage.sizes();
    works(&stage, "1");
    undone(&stage).failed("command-said-no", 4);
    works(&stage, "0");
    let said = undone(&stage).done();
    assert!(said.text.contains("is back at 2") && sizes.lock().unwrap().is_empty(), "{}", said.text);
}

#[test]
fn who_does_not_approve_the_new_plan_is_told_where_the_set_stands_and_what_to_type() {
    let book = THERE_AND_BACK.replace("set.wait_ready", "confirm(\"rest?\", #{ typed: \"web\" }); set.wait_ready");
    let stage = Stage::new(2);
    works(&stage, "1");
    stage.play_own(&["scale", "exec"], &book, &["web", "--yes", "--confirm", "web"]).failed("command-said-no", 4);
    works(&stage, "0");
    let sizes = stage.sizes();
    let failure = stage.run(async |context| replan(None, &flags(), context).await).failed("not-confirmed", 4);
    assert!(failure.message.ends_with("; StatefulSet/web is at 1 again, where the run stopped"), "{failure}");
    assert!(!failure.message.contains("nothing was changed") && failure.changed == ["StatefulSet/web"], "{failure:?}");
    let run = stage.runs().remove(0);
    for words in ["resume", "undo"] {
        assert!(failure.hints.iter().any(|hint| hint.contains(&format!("{words} {run}"))), "{words}: {failure:?}");
    }
    assert_eq!((replicas(&stage), &*sizes.lock().unwrap()), (1, &vec![1]));
    let typed = RunFlags::from(ApprovalFlags { confirm: Some("web".to_owned()), ..flags().approval });
    stage.run(async |context| resume(None, &typed, context).await).done();
    assert_eq!(*sizes.lock().unwrap(), [1, 2]);
}

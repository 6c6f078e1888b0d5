//! `undo(…)`: what a script says for an undo, which needs no script to do it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, ready};
use futures::stream::iter;
use futures::{FutureExt as _, StreamExt as _};
use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::cluster::exec::{Exec, ExecError, Heard, Output, Program};
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{command, go_by, replan, resume, undo};
use kubectl_stateful::runs::plan::Line;
use kubectl_stateful::runs::rights::Answer;
use kubectl_stateful::simulator::Simulator;
use serde_json::json;

use super::{SETS, Said, Stage, global};
use crate::support::{merge, post};

/// Another end than that a program says yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    No,
    /// It says yes, and nobody hears it.
    Unheard,
}

/// Everything that was run in pods.
#[derive(Clone, Default)]
pub struct Pods {
    ran: Arc<Mutex<Vec<String>>>,
    /// How the next program of this name ends.
    fate: Arc<Mutex<Option<(&'static str, Fate)>>>,
    /// Looked at whenever a program is started: how many pods there are then.
    beside: Option<Simulator>,
    counts: Arc<Mutex<Vec<usize>>>,
}

impl Pods {
    pub fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap().clone()
    }

    pub fn next(&self, name: &'static str, fate: Fate) {
        *self.fate.lock().unwrap() = Some((name, fate));
    }
}

impl Exec for Pods {
    fn start<'a>(&'a self, program: &'a Program) -> BoxFuture<'a, Result<Output, ExecError>> {
        let words = program.words.join(" ");
        self.ran.lock().unwrap().push(format!("{}: {words}", program.pod));
        if let Some(simulator) = &self.beside {
            let pods = simulator.objects().iter().filter(|object| object["kind"] == "Pod").count();
            self.counts.lock().unwrap().push(pods);
        }
        let fate = self.fate.lock().unwrap().take_if(|(name, _)| *name == words).map(|(_, fate)| fate);
        let heard = match fate {
            None => vec![Ok(Heard::Exited(0))],
            Some(Fate::No) => vec![Ok(Heard::Printed("not yet".into())), Ok(Heard::Exited(1))],
            Some(Fate::Unheard) => vec![Err(ExecError::Lost("the connection ended".to_owned()))],
        };
        ready(Ok(iter(heard).boxed())).boxed()
    }
}

/// The last member leaves; an undo lets it in again.
const BOOK: &str = r#"fn run(p) {
    let set = p.set;
    let members = set.members();
    let last = members[0];
    let first = members[1];
    undo("start it again", || { last.exec(["clear"]); last.exec(["start"]); });
    last.exec(["stop"]);
    undo("let it in", || first.exec(["join"]));
    step("one less", || { set.scale(1); set.wait_ready("10m"); });
}"#;

pub const EFFECTS: &[&str] = &["scale", "exec"];

pub fn stage() -> (Stage, Pods) {
    let (mut stage, pods) = (Stage::new(2), Pods::default());
    stage.exec = Some(Arc::new(pods.clone()));
    (stage, pods)
}

pub fn play(stage: &Stage) -> Said {
    stage.play_own(EFFECTS, BOOK, &["web", "--yes"])
}

pub fn flags() -> RunFlags {
    RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() })
}

pub fn undone(stage: &Stage) -> Said {
    stage.run(async |context| undo(None, &flags(), context).await)
}

fn replicas(stage: &Stage) -> u64 {
    stage.get(&format!("{SETS}/web"))["spec"]["replicas"].as_u64().unwrap()
}

#[test]
fn the_plan_shows_what_an_undo_would_do_and_nothing_of_it_is_run() {
    let (stage, pods) = stage();
    let plan = play(&stage).done().plan.unwrap();
    let said: Vec<&Line> = plan.lines.iter().filter(|line| matches!(line, Line::Undo { .. })).collect();
    let line = |label: &str, writes: &[&str]| Line::Undo {
        label: label.to_owned(),
        writes: writes.iter().map(|words| (*words).to_owned()).collect(),
    };
    let again = line("start it again", &["exec Pod/web-1: clear", "exec Pod/web-1: start"]);
    assert_eq!(said, [&again, &line("let it in", &["exec Pod/web-0: join"])]);
    assert_eq!(json!(said[1])["writes"], json!(["exec Pod/web-0: join"]));
    assert_eq!((pods.ran(), replicas(&stage)), (vec!["web-1: stop".to_owned()], 1));
}

#[test]
fn an_undo_does_it_at_its_place_among_the_inverses() {
    let (stage, pods) = stage();
    play(&stage).done();
    let flags = RunFlags::from(ApprovalFlags { plan_only: true, ..ApprovalFlags::default() });
    let shown = stage.run(async |context| undo(None, &flags, context).await).done().text;
    let places =
        ["1 → 2", "let it in", "  join\n", "start it again", "  clear\n", "  start\n"].map(|word| shown.find(word));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{shown}");
    assert_eq!(pods.ran().len(), 1, "a plan runs nothing");
    undone(&stage).done();
    assert_eq!(pods.ran()[1..], ["web-0: join", "web-1: clear", "web-1: start"]);
    assert_eq!(replicas(&stage), 2);
    let text = undone(&stage).result.map_err(|failure| failure.code);
    assert_eq!(text, Err("no-run"), "it is undone");
}

#[test]
fn a_no_stops_the_undo_and_the_next_one_goes_on_where_it_stopped() {
    let (stage, pods) = stage();
    play(&stage).done();
    pods.next("start", Fate::No);
    let said = undone(&stage);
    assert!(said.text.contains("not yet"), "what it printed is shown: {}", said.text);
    let failure = said.failed("command-said-no", 4);
    assert!(
        failure.message.starts_with("partly undone") && failure.changed.concat().contains("Pod/web-1"),
        "{failure}"
    );
    undone(&stage).done();
    assert_eq!(pods.ran()[1..], ["web-0: join", "web-1: clear", "web-1: start", "web-1: start"]);
}

#[test]
fn a_command_whose_end_nobody_heard_is_not_run_again_unless_somebody_says_so() {
    let (stage, pods) = stage();
    play(&stage).done();
    pods.next("join", Fate::Unheard);
    let failure = undone(&stage).failed("command-unanswered", 4);
    assert!(failure.message.starts_with("partly undone"), "{failure}");
    let failure = undone(&stage).failed("not-confirmed", 3);
    assert!(failure.message.contains("`join` was started in Pod/web-0"), "{failure}");
    assert!(failure.hints.concat().contains("--run-again"), "{failure}");
    assert_eq!(pods.ran().len(), 2);
    let flags = RunFlags { run_again: true, ..flags() };
    stage.run(async |context| undo(None, &flags, context).await).done();
    assert_eq!(pods.ran()[1..], ["web-0: join", "web-0: join", "web-1: clear", "web-1: start"]);
}

#[test]
fn what_was_said_before_nothing_is_not_done() {
    let (stage, pods) = stage();
    let book = r#"fn run(p) {
        let last = p.set.members()[0];
        undo("start it again", || last.exec(["start"]));
        guard(last.query(["role"], #{ assume: "replica" }) == "replica", "it is no replica");
        last.exec(["stop"]);
    }"#;
    stage.play_own(EFFECTS, book, &["web", "--yes"]).failed("guard", 3);
    let said = undone(&stage);
    assert!(said.result.is_err_and(|failure| failure.code == "no-run"), "{}", said.text);
    assert_eq!(pods.ran(), ["web-1: role"]);
}

#[test]
fn members_that_it_takes_away_go_one_at_a_time_and_are_asked_for() {
    let stage = Stage::new(3);
    let book = r#"fn run(p) {
        let set = p.set;
        set.scale(4);
        set.wait_ready("10m");
        undo("down to two", || { set.scale(3); set.scale(2); });
        guard(set.replicas == 4, "what is said changes nothing");
        set.members()[3].exec(["stop"]);
    }"#;
    stage.play_own(EFFECTS, book, &["web", "--yes"]).done();
    let sizes = stage.sizes();
    let unasked = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    let failure = stage.run(async |context| undo(None, &unasked, context).await).failed("not-confirmed", 3);
    assert!(failure.hints.concat().contains("--no-app-check"), "{failure}");
    // Its own scale is taken back from four members.
    let failure = undone(&stage).failed("diverged", 4);
    assert!(failure.message.contains("2 replicas by now"), "{failure}");
    assert_eq!(*sizes.lock().unwrap(), [3, 2]);
}

/// An undo of it takes two of three members away.
pub const DOWN_TO_ONE: &str = r#"fn run(p) {
    let last = p.set.members()[0];
    undo("down to one", || { p.set.scale(1); last.exec(["tell"]); });
    last.exec(["stop"]);
}"#;

#[test]
fn an_undo_that_is_stopped_between_two_members_says_so_and_the_next_one_goes_on() {
    let (interrupt, pods) = (Interrupt::default(), Pods::default());
    let raised = interrupt.clone();
    let mut stage = Stage::new(3);
    stage.exec = Some(Arc::new(pods.clone()));
    let book = DOWN_TO_ONE.replace("[0]", "[2]");
    stage.play_own(EFFECTS, &book, &["web", "--yes"]).done();
    let sizes = stage.sizes();
    let stage = stage.interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == http::Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    let failure = undone(&stage).failed("interrupted", 4);
    assert!(failure.message.starts_with("partly undone: interrupted while waiting for pod web-2"), "{failure}");
    assert_eq!(failure.changed, ["StatefulSet/web"]);
    assert_eq!(failure.hints, [format!("kubectl stateful undo {} --context here", stage.runs()[0])]);
    interrupt.lower();
    let stage = stage.with_meddler(|_, _, _| ());
    undone(&stage).done();
    assert_eq!(*sizes.lock().unwrap(), [2, 1]);
    assert_eq!(pods.ran(), ["web-0: stop", "web-0: tell"]);
}

#[test]
fn an_undo_that_is_interrupted_before_its_first_step_has_changed_nothing_and_leaves_no_lock() {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let (stage, pods) = stage();
    play(&stage).done();
    let stage = stage.interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == http::Method::POST && path.contains("/leases") {
            raised.raise();
        }
    });
    let failure = undone(&stage).failed("interrupted", 130);
    assert_eq!(failure.message, "interrupted; nothing was changed");
    let leases = stage.get("/apis/coordination.k8s.io/v1/namespaces/default/leases");
    assert_eq!((leases["items"].as_array().unwrap().len(), pods.ran().len()), (0, 1));
    let stage = stage.with_meddler(|_, _, _| ());
    undone(&stage).done();
}

#[test]
fn what_comes_after_a_said_scale_down_waits_for_its_last_member_also_in_the_next_undo() {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let mut stage = Stage::new(2);
    let pods = Pods { beside: Some(stage.simulator.clone()), ..Pods::default() };
    stage.exec = Some(Arc::new(pods.clone()));
    stage.play_own(EFFECTS, &DOWN_TO_ONE.replace("[0]", "[1]"), &["web", "--yes"]).done();
    let stage = stage.interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == http::Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    undone(&stage).failed("interrupted", 4);
    interrupt.lower();
    let stage = stage.with_meddler(|_, _, _| ());
    undone(&stage).done();
    assert_eq!(pods.ran(), ["web-0: stop", "web-0: tell"]);
    assert_eq!(*pods.counts.lock().unwrap(), [2, 1], "the other member was there when it was told");
}

#[test]
fn who_scales_the_set_between_two_undos_is_not_in_the_way_of_what_comes_after_a_said_scale_down() {
    let (stage, pods) = stage();
    stage.play_own(EFFECTS, &DOWN_TO_ONE.replace("[0]", "[1]"), &["web", "--yes"]).done();
    pods.next("tell", Fate::No);
    undone(&stage).failed("command-said-no", 4);
    merge(&stage.simulator, &format!("{SETS}/web"), &json!({ "spec": { "replicas": 3 } })).ok();
    stage.simulator.pass(std::time::Duration::from_mins(10));
    undone(&stage).failed("changed-meanwhile", 5);
    assert_eq!((replicas(&stage), pods.ran().len()), (3, 3), "{:?}", pods.ran());
}

#[test]
fn the_look_afterwards_is_at_the_last_number_that_was_said() {
    let stage = Stage::new(3);
    let book = DOWN_TO_ONE.replace("p.set.scale(1); last.exec([\"tell\"]);", "p.set.scale(2); p.set.scale(1);");
    stage.play_own(EFFECTS, &book, &["web", "--yes"]).done();
    let sizes = stage.sizes();
    undone(&stage).done();
    assert_eq!(*sizes.lock().unwrap(), [2, 1]);
}

#[test]
fn more_members_that_are_said_are_no_way_past_an_autoscaler() {
    let (stage, pods) = stage();
    let book = DOWN_TO_ONE.replace("scale(1)", "scale(3)");
    stage.play_own(EFFECTS, &book, &["web", "--yes"]).done();
    let autoscaler = json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "busy" }, "spec": { "minReplicas": 1, "maxReplicas": 9,
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web" } } });
    post(&stage.simulator, "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", &autoscaler).ok();
    let failure = undone(&stage).failed("autoscaler-fights", 3);
    assert!(failure.message.contains("nothing was changed"), "{failure}");
    assert_eq!((replicas(&stage), pods.ran().len()), (2, 1));
}

#[test]
fn nor_past_the_owner_of_the_set() {
    let (stage, pods) = stage();
    let book = DOWN_TO_ONE.replace("scale(1)", "scale(3)");
    stage.play_own(EFFECTS, &book, &["web", "--yes"]).done();
    let maps = "/api/v1/namespaces/default/configmaps";
    let owner = post(&stage.simulator, maps, &json!({ "metadata": { "name": "owner" } })).ok();
    let owner = json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"],
        "controller": true });
    merge(&stage.simulator, &format!("{SETS}/web"), &json!({ "metadata": { "ownerReferences": [owner] } })).ok();
    let failure = undone(&stage).failed("set-owned", 3);
    assert!(failure.message.contains("ConfigMap `owner`") && failure.message.contains("nothing was changed"));
    assert_eq!((replicas(&stage), pods.ran().len()), (2, 1));
}

#[test]
fn what_is_said_is_held_to_the_approved_plan() {
    let book = r#"fn run(p) {
        let last = p.set.members()[0];
        let role = last.query(["role"], #{ assume: "replica" });
        SAID
        last.exec(["stop"]);
    }"#;
    for (said, now) in [
        ("undo(`start a ${role}`, || last.exec([\"start\"]));", "`at undo start a : exec Pod/web-1: start`"),
        ("undo(`start it`, || last.exec([\"start\", role]));", "`at undo start it: exec Pod/web-1: start ''`"),
        (
            "undo(`start it`, || last.exec([\"a\"], #{ container: `c${role}` }));",
            "`at undo start it: exec Pod/web-1 in c: a`",
        ),
        ("if role != \"\" { undo(`start it`, || last.exec([\"start\"])); }", "`exec default/Pod/web-1"),
        (
            "if role == \"\" { undo(`start it`, || last.exec([\"start\"])); }",
            "`at undo start it: exec Pod/web-1: start`",
        ),
    ] {
        let (stage, pods) = stage();
        let failure = stage.play_own(EFFECTS, &book.replace("SAID", said), &["web", "--yes"]).failed("diverged", 6);
        let (_, told) = failure.message.split_once("now it is ").unwrap_or_else(|| panic!("{said}: {failure}"));
        assert!(told.starts_with(now) && failure.message.contains("nothing was changed"), "{said}: {failure}");
        assert_eq!(pods.ran(), ["web-1: role"], "{said}");
    }
}

#[test]
fn a_plan_in_a_file_holds_what_is_said_too() {
    let (stage, pods) = stage();
    let file = stage.home.path().join("plan.json");
    stage.play_own(EFFECTS, BOOK, &["web", "--out", file.to_str().unwrap(), "--plan-only"]).done();
    let run = |stage: &Stage| {
        stage.run(async |context| {
            let command = global(command::with_runbooks(command::run(), std::iter::empty())?);
            let matches = command.try_get_matches_from(["run", "--yes"]).expect("the words are right");
            go_by(&file, &matches, context).await
        })
    };
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("exec Pod/web-1: clear", "exec Pod/web-1: clean")).unwrap();
    let failure = run(&stage).failed("diverged", 6);
    assert!(failure.message.contains("planned was `at undo start it again: exec Pod/web-1: clean, "), "{failure}");
    assert!(pods.ran().is_empty());
    std::fs::write(&file, text).unwrap();
    run(&stage).done();
}

#[test]
fn what_is_always_done_after_a_stop_is_no_work_that_an_undo_answers() {
    let (stage, pods) = stage();
    let book = r#"fn run(p) {
        let set = p.set;
        let last = set.members()[0];
        always("one less", || set.scale(1));
        undo("start it again", || last.exec(["start"]));
        guard(last.query(["role"], #{ assume: "replica" }) == "replica", "it is no replica");
        last.exec(["stop"]);
    }"#;
    stage.play_own(EFFECTS, book, &["web", "--yes"]).failed("guard", 4);
    assert_eq!(replicas(&stage), 1);
    undone(&stage).done();
    assert_eq!((replicas(&stage), pods.ran()), (2, vec!["web-1: role".to_owned()]));
}

#[test]
fn a_member_that_its_set_does_not_want_any_more_is_not_waited_for() {
    let (stage, pods) = stage();
    let book = r#"fn run(p) {
        let last = p.set.members()[0];
        undo("start it again", || last.exec(["start"]));
        last.exec(["stop"]);
    }"#;
    stage.play_own(EFFECTS, book, &["web", "--yes"]).done();
    merge(&stage.simulator, &format!("{SETS}/web"), &json!({ "spec": { "replicas": 1 } })).ok();
    while stage.simulator.advance(std::time::Duration::from_mins(1)) == kubectl_stateful::simulator::Advance::Passed {}
    let looks = || {
        let log = stage.simulator.request_log();
        log.iter().filter(|line| line.starts_with("GET ") && line.contains("/pods/web-1 ")).count()
    };
    let before = looks();
    let failure = undone(&stage).failed("diverged", 6);
    assert!(failure.message.contains("Pod/web-1` is not there any more"), "{failure}");
    // One to wait for it, and that of the effect.
    assert_eq!(looks() - before, 2);
    assert_eq!(pods.ran(), ["web-1: stop"]);
}

#[test]
fn a_right_that_only_an_undo_takes_is_shown_as_missing_and_stops_no_run() {
    let stage = Stage::without(2, &[("create", "pods/exec")]);
    let book = r#"fn run(p) {
        let last = p.set.members()[0];
        undo("let it in", || last.exec(["join"]));
        p.set.scale(1);
    }"#;
    let plan = stage.play_own(EFFECTS, book, &["web", "--yes"]).done().plan.unwrap();
    let missing: Vec<_> = plan.rights.iter().filter(|right| right.answer == Answer::Denied).collect();
    assert_eq!(missing.iter().map(|right| right.words()).collect::<Vec<_>>(), ["create pods/exec"]);
    assert!(!missing[0].is_missing());
}

#[test]
fn only_writes_can_be_said_and_only_in_the_run() {
    let (stage, pods) = stage();
    let failed = |effects: &[&str], book: &str| stage.play_own(effects, book, &["web", "--yes"]).result.unwrap_err();
    for (work, why) in [
        ("|| last.retire()", "only `exec`, `scale` and `keep_claims`"),
        ("|| { last.query([\"role\"], #{ assume: \"a\" }); }", "only `exec`, `scale` and `keep_claims`"),
        ("|| p.set.wait_ready(\"10m\")", "only `exec`, `scale` and `keep_claims`"),
        ("|| p.set.refresh()", "only `exec`, `scale` and `keep_claims`"),
        ("|| { try { last.retire() } catch { } last.exec([\"a\"]); }", "only `exec`, `scale` and `keep_claims`"),
        (
            "|| { try { undo(\"z\", || last.exec([\"a\"])) } catch { } last.exec([\"a\"]); }",
            "`z` is said within another",
        ),
        ("|| always(\"z\", || last.exec([\"a\"]))", "only `exec`, `scale` and `keep_claims`"),
        ("|| undo(\"z\", || last.exec([\"a\"]))", "`z` is said within another `undo(…)`"),
        ("|| 1", "`x` says nothing that an undo could do"),
    ] {
        let failure = failed(
            EFFECTS,
            &format!("fn run(p) {{ let last = p.set.members()[0];\n undo(\"x\", {work});\n p.set.scale(1); }}"),
        );
        assert!(failure.message.contains(why) && failure.message.contains(":3:"), "{work}: {failure}");
    }
    let caught = r#"fn run(p) { try { undo("x", || p.set.members()[0].retire()) } catch { } p.set.scale(1); }"#;
    assert!(failed(EFFECTS, caught).message.contains("only `exec`, `scale` and `keep_claims`"));
    let last = caught.replace("p.set.scale(1);", "");
    assert!(failed(EFFECTS, &last).message.contains("only `exec`, `scale` and `keep_claims`"));
    let at_end = r#"fn run(p) { always("z", || { try { undo("x", || p.set.scale(1)) } catch { } }); }"#;
    assert!(failed(EFFECTS, at_end).message.contains("`x` is said within `always(…)`"));
    let late = r#"fn run(p) { always("z", || undo("x", || p.set.scale(1))); }"#;
    assert!(failed(EFFECTS, late).message.contains("`x` is said within `always(…)`"));
    let early = r#"fn preflight(p) { undo("x", || p.set.scale(1)); } fn run(p) {}"#;
    assert_eq!(failed(EFFECTS, early).code, "effect-refused");
    let undeclared = r#"fn run(p) { let last = p.set.members()[0]; undo("x", || last.exec(["a"])); p.set.scale(1); }"#;
    let failure = failed(&["scale"], undeclared);
    assert!(failure.code == "effect-refused" && failure.message.contains("`exec`"), "{failure}");
    assert!(pods.ran().is_empty());
}

#[test]
fn a_resumed_run_has_said_it_once() {
    for anew in [false, true] {
        resumed_has_said_it_once(anew);
    }
}

fn resumed_has_said_it_once(anew: bool) {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let (stage, pods) = stage();
    let stage = stage.interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == http::Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    play(&stage).failed("interrupted", 4);
    interrupt.lower();
    let stage = stage.with_meddler(|_, _, _| ());
    let goes_on =
        stage.run(
            async |context| {
                if anew { replan(None, &flags(), context).await } else { resume(None, &flags(), context).await }
            },
        );
    goes_on.done();
    undone(&stage).done();
    assert_eq!(pods.ran(), ["web-1: stop", "web-0: join", "web-1: clear", "web-1: start"]);
}

#[test]
fn interrupted_at_any_write_of_run_and_undo_each_command_has_run_once() {
    let count = |act: &dyn Fn(&Stage)| {
        let writes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&writes);
        let (stage, _) = stage();
        act(&stage.with_meddler(move |_, _, _| {
            counted.fetch_add(1, Ordering::SeqCst);
        }));
        writes.load(Ordering::SeqCst)
    };
    let of_run = count(&|stage| drop(play(stage).done()));
    let of_both = count(&|stage| drop((play(stage).done(), undone(stage).done())));
    assert!(of_run >= 3 && of_both > of_run, "{of_run} {of_both}");
    for at in 1..of_both {
        let (interrupt, seen) = (Interrupt::default(), AtomicUsize::new(0));
        let raised = interrupt.clone();
        let (stage, pods) = stage();
        let stage = stage.interrupted_by(interrupt.clone()).with_meddler(move |_, _, _| {
            if seen.fetch_add(1, Ordering::SeqCst) == at {
                raised.raise();
            }
        });
        let _ = play(&stage);
        for _ in 0..3 {
            interrupt.lower();
            if undone(&stage).result.is_ok() {
                break;
            }
        }
        let ran = pods.ran();
        let runs = |word: &str| ran.iter().filter(|line| line.ends_with(word)).count();
        assert_eq!((runs("start"), replicas(&stage)), (runs("stop"), 2), "at write {at}: {ran:?}");
        assert!(runs("join") <= 1 && runs("start") <= 1, "at write {at}: {ran:?}");
    }
}

//! What only somebody who looks may say yes to, whatever a script asks.

use std::time::Duration;

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::resume;

use super::{SETS, Said, Stage};

const RETIRE: &[&str] = &["--replicas", "1", "--claims", "retire", "--settle", "0s"];

fn replicas(stage: &Stage) -> u64 {
    stage.get(&format!("{SETS}/web"))["spec"]["replicas"].as_u64().unwrap()
}

fn kept(stage: &Stage) -> usize {
    let objects = stage.simulator.objects();
    objects.iter().filter(|it| it["kind"] == "PersistentVolume" && it["status"]["phase"] == "Released").count()
}

#[test]
fn a_script_destroys_nothing_before_the_name_of_the_set_was_typed() {
    let stage = Stage::new(2);
    stage.scale(RETIRE).done();
    let purge = "for volume in p.set.retired() { volume.purge(); }";
    let late = format!("fn run(p) {{ {purge} confirm(`sure?`, #{{ typed: p.set.name }}); }}");
    let other = format!("fn run(p) {{ confirm(`sure?`, #{{ typed: `sure` }}); {purge} }}");
    for (functions, typed) in [(late, "web"), (other, "sure"), (format!("fn run(p) {{ {purge} }}"), "web")] {
        let said = stage.play_own(&["purge"], &functions, &["web", "--yes", "--confirm", typed]);
        let failure = said.failed("name-not-typed", 3);
        assert!(failure.message.contains("`web`") && failure.message.contains("nothing was changed"), "{failure}");
        assert_eq!(kept(&stage), 2);
    }
    let first = format!("fn run(p) {{ confirm(`sure?`, #{{ typed: p.set.name }}); {purge} }}");
    stage.play_own(&["purge"], &first, &["web", "--yes"]).failed("not-confirmed", 3);
    stage.play_own(&["purge"], &first, &["web", "--yes", "--confirm", "web"]).done();
    assert_eq!(kept(&stage), 0);
}

#[test]
fn the_last_member_goes_only_with_the_name_of_the_set() {
    let stage = Stage::new(1);
    let all = "p.set.scale(0);";
    let words = ["web", "--yes", "--confirm", "web"];
    let failure = stage.play_own(&["scale"], &format!("fn run(p) {{ {all} }}"), &words).failed("name-not-typed", 3);
    assert!(failure.hints.iter().any(|hint| hint.contains("typed: p.set.name")), "{failure:?}");
    let asked = format!("fn run(p) {{ confirm(`go on?`, #{{ typed: p.set.name }}); {all} }}");
    let failure = stage.play_own(&["scale"], &asked, &words[..2]).failed("not-confirmed", 3);
    assert!(failure.hints.iter().any(|hint| hint.contains("--confirm web")), "{failure:?}");
    assert_eq!(replicas(&stage), 1);
    stage.play_own(&["scale"], &asked, &words).done();
    assert_eq!(replicas(&stage), 0);
}

/// A run that destroys, interrupted before the last claim went, so long ago.
fn interrupted(ago: Duration) -> Stage {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let stage = Stage::new(2).interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if method == http::Method::DELETE && path.contains("log-web-1") {
            raised.raise();
        }
    });
    let words = ["--replicas", "1", "--claims", "destroy", "--confirm", "web", "--settle", "0s"];
    stage.scale(&words).result.unwrap_err();
    interrupt.lower();
    stage.simulator.pass(ago);
    stage
}

fn resumed(stage: &Stage, confirm: Option<&str>) -> Said {
    let flags =
        RunFlags::from(ApprovalFlags { yes: true, confirm: confirm.map(str::to_owned), ..ApprovalFlags::default() });
    stage.run(async |context| resume(None, &flags, context).await)
}

#[test]
fn a_name_that_was_typed_long_ago_is_asked_for_again() {
    resumed(&interrupted(Duration::from_mins(50)), None).done();
    let stage = interrupted(Duration::from_hours(2));
    let failure = resumed(&stage, None).failed("not-confirmed", 4);
    assert!(failure.message.contains("`web` was typed at"), "{failure}");
    assert_eq!(kept(&stage), 2);
    resumed(&stage, Some("web")).done();
    assert_eq!(kept(&stage), 0);
}

#[test]
fn members_go_one_at_a_time() {
    let stage = Stage::new(3);
    let failure = stage.play_own(&["scale"], "fn run(p) { p.set.scale(1); }", &["web", "--yes"]);
    let failure = failure.failed("many-at-once", 3);
    assert!(failure.message.contains("2 members at once"), "{failure}");
    assert_eq!(replicas(&stage), 3);
}

//! `undo --leave-out TITLE`: the way past what a script says for an undo and what never comes to
//! a good end, and what an earlier undo has done of it.

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{report, undo};
use kubectl_stateful::runs::report::Report;

use super::undos::{DOWN_TO_ONE, EFFECTS, Fate, flags, play, stage, undone};
use super::{SETS, Said, Stage};

fn without(stage: &Stage, titles: &[&str]) -> Said {
    let leave_out = titles.iter().map(|title| (*title).to_owned()).collect();
    let flags = RunFlags { leave_out, ..flags() };
    stage.run(async |context| undo(None, &flags, context).await)
}

fn shown(stage: &Stage, titles: &[&str]) -> String {
    let leave_out = titles.iter().map(|title| (*title).to_owned()).collect();
    let flags = RunFlags::from(ApprovalFlags { plan_only: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(None, &RunFlags { leave_out, ..flags }, context).await).done().text
}

fn reported(stage: &Stage) -> Report {
    let mut found = None;
    let run = stage.runs().remove(0);
    let said = stage.run(async |context| {
        found = Some(report(Some(&run), context).await?);
        Ok(())
    });
    said.done();
    found.unwrap()
}

#[test]
fn a_command_that_always_fails_is_left_out_by_its_title() {
    let (stage, pods) = stage();
    play(&stage).done();
    pods.next("start", Fate::No);
    let failure = undone(&stage).failed("command-said-no", 4);
    let [again, without_it] = [0, 1].map(|at| failure.hints[at].clone());
    assert!(again.contains(&format!("undo {} --context", stage.runs()[0])), "{failure:?}");
    assert!(without_it.contains(&format!("undo {} --leave-out 'start it again'", stage.runs()[0])), "{failure:?}");
    let failure = without(&stage, &["start"]).failed("no-such-title", 2);
    assert!(failure.hints.concat().contains("`start it again`"), "{failure:?}");
    let text = shown(&stage, &["start it again"]);
    assert!(text.contains("  start it again  (left out)") && !text.contains("  start\n"), "{text}");
    let said = without(&stage, &["start it again"]).done();
    assert!(said.text.contains("is undone but `start it again`, which was left out"), "{}", said.text);
    assert_eq!(pods.ran()[1..], ["web-0: join", "web-1: clear", "web-1: start"]);
    let report = reported(&stage);
    assert_eq!((report.state.as_str(), report.undoable()), ("undone", 0), "{report:?}");
    assert_eq!(report.left_out, ["start it again"]);
}

#[test]
fn what_was_left_out_stays_so_in_the_next_undo_and_what_follows_it_is_done() {
    let (stage, pods) = stage();
    play(&stage).done();
    pods.next("start", Fate::No);
    let failure = without(&stage, &["let it in"]).failed("command-said-no", 4);
    assert!(failure.hints[0].contains("--leave-out 'let it in' --context"), "{failure:?}");
    assert!(failure.hints[1].contains("--leave-out 'let it in' --leave-out 'start it again'"), "{failure:?}");
    let text = shown(&stage, &[]);
    assert!(text.contains("`let it in`, which the script says for an undo, is left out"), "{text}");
    let said = without(&stage, &["let it in"]).done();
    assert!(said.text.contains("is undone but `let it in`"), "{}", said.text);
    assert_eq!(pods.ran()[1..], ["web-1: clear", "web-1: start", "web-1: start"]);
    assert_eq!(reported(&stage).left_out, ["let it in"]);
}

#[test]
fn a_command_whose_end_nobody_heard_is_told_and_can_be_left_out() {
    let (stage, pods) = stage();
    play(&stage).done();
    pods.next("join", Fate::Unheard);
    undone(&stage).failed("command-unanswered", 4);
    let text = shown(&stage, &[]);
    for word in
        ["`let it in`: `join` was started in Pod/web-0", "nobody knows how it ended", "--run-again", "--leave-out"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    let failure = undone(&stage).failed("not-confirmed", 3);
    assert!(
        failure.hints[0].contains("--run-again") && failure.hints[1].contains("--leave-out 'let it in' --context"),
        "{failure:?}"
    );
    assert!(!shown(&stage, &["let it in"]).contains("nobody knows"));
    without(&stage, &["let it in"]).done();
    assert_eq!(pods.ran()[1..], ["web-0: join", "web-1: clear", "web-1: start"]);
}

#[test]
fn what_an_earlier_undo_has_done_is_shown_as_done_and_not_asked_for_again() {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let stage = Stage::new(3);
    stage.play_own(EFFECTS, &DOWN_TO_ONE.replace("[0]", "[2]"), &["web", "--yes"]).done();
    let stage = stage.interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == http::Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    let unasked = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    let refused = |stage: &Stage, how_many: &str| {
        let failure = stage.run(async |context| undo(None, &unasked, context).await).failed("not-confirmed", 3);
        assert!(failure.message.contains(how_many), "{failure}");
    };
    refused(&stage, "whether 2 members of web may go");
    undone(&stage).failed("interrupted", 4);
    interrupt.lower();
    refused(&stage, "whether 1 member of web may go");
    // The next one goes, and then somebody interrupts.
    undone(&stage).failed("interrupted", 4);
    interrupt.lower();
    let stage = stage.with_meddler(|_, _, _| ());
    let text = shown(&stage, &[]);
    assert!(text.contains("one member at a time  (done already)\n") && text.contains("  tell\n"), "{text}");
    stage.run(async |context| undo(None, &unasked, context).await).done();
    assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 1);
}

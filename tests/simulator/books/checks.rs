//! A plan is played on a copy and asked of the cluster: rights and dry runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use kubectl_stateful::commands::Context;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{resume, undo};
use kubectl_stateful::objects::kinds::KINDS;
use kubectl_stateful::runs::rehearsal::Verdict;
use kubectl_stateful::runs::rights::{Answer, Reviewed};

use super::Stage;

const RETIRE: &[&str] = &["--replicas", "1", "--claims", "retire", "--settle", "0s"];

/// `verb plural/sub` of a line of the request log; none for what is no right of
/// a runbook's own.
fn right_of(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let path = target.split('?').next()?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let at = parts.iter().rposition(|part| KINDS.iter().any(|kind| kind.plural == *part))?;
    let verb = match (method, at + 1 == parts.len()) {
        ("GET", true) => "list",
        ("GET", false) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        (_, _) => "delete",
    };
    let sub = parts.get(at + 2).map(|sub| format!("/{sub}")).unwrap_or_default();
    (parts[at] != "namespaces").then(|| format!("{verb} {}{sub}", parts[at]))
}

#[test]
fn the_rights_of_a_plan_are_those_that_its_run_uses() {
    let stage = Stage::new(3);
    let plan = stage.scale(RETIRE).done().plan.unwrap();
    let asked: BTreeSet<String> = plan.rights.iter().map(Reviewed::words).collect();
    let log = stage.simulator.request_log();
    // The run begins with its lock; before it the namespace is read, which needs more.
    let begins = log.iter().position(|line| line.starts_with("POST") && line.contains("/leases")).unwrap();
    let used: BTreeSet<String> = log[begins..].iter().filter_map(|line| right_of(line)).collect();
    assert!(used.contains("update statefulsets/scale") && used.len() > 8, "{used:?}");
    assert_eq!(used.difference(&asked).collect::<Vec<_>>(), Vec::<&String>::new(), "used and not asked for");
    assert!(plan.rights.iter().all(|right| right.answer == Answer::Allowed), "{:?}", plan.rights);
    assert_eq!(plan.rights.len(), asked.len(), "each once: {:?}", plan.rights);
}

#[test]
fn each_right_that_is_missing_is_named_and_nothing_is_written() {
    for (verb, resource) in [
        ("update", "statefulsets/scale"),
        ("patch", "persistentvolumes"),
        ("delete", "persistentvolumeclaims"),
        ("create", "leases"),
    ] {
        let stage = Stage::without(2, &[(verb, resource)]);
        let before = stage.simulator.objects();
        let said = stage.scale(RETIRE);
        let plan = said.plan.clone().unwrap();
        let missing: Vec<_> = plan.rights.iter().filter(|right| right.is_missing()).map(Reviewed::words).collect();
        assert_eq!(missing, [format!("{verb} {resource}")]);
        let failure = said.failed("no-rights", 3);
        for part in [verb, resource, "here/default", "nothing was changed"] {
            assert!(failure.message.contains(part), "{failure}");
        }
        let leaves_volumes_alone = failure.hints.concat().contains("`--claims keep` keeps the claims, `--unprotected`");
        assert_eq!(leaves_volumes_alone, resource == "persistentvolumes", "{failure}");
        assert_eq!(stage.simulator.objects(), before, "{verb} {resource}");
    }
}

#[test]
fn the_plan_of_an_undo_asks_the_cluster_too() {
    let only_shown = async |context: &Context<'_>| {
        let flags = RunFlags::from(ApprovalFlags { plan_only: true, ..ApprovalFlags::default() });
        undo(None, &flags, context).await
    };
    let stage = Stage::without(2, &[("create", "persistentvolumeclaims")]);
    stage.scale(RETIRE).done();
    let before = stage.simulator.objects();
    let failure = stage.run(only_shown).failed("no-rights", 3);
    assert!(failure.message.contains("you may not create persistentvolumeclaims in here/default"), "{failure}");
    assert_eq!(stage.simulator.objects(), before);
    let stage = Stage::new(2);
    stage.scale(RETIRE).done();
    stage.run(only_shown).done();
    let stage = stage.refusing(|method, path| *method == Method::PUT && path.contains("/scale"));
    let failure = stage.run(only_shown).failed("dry-run-refused", 3);
    assert!(failure.message.contains("refuses `scale` of `StatefulSet/web`"), "{failure}");
}

#[test]
fn a_right_that_a_run_does_without_is_shown_and_refuses_nothing() {
    let stage = Stage::without(2, &[("list", "volumeattachments")]);
    let plan = stage.scale(RETIRE).done().plan.unwrap();
    let denied: Vec<_> = plan.rights.iter().filter(|right| right.answer == Answer::Denied).collect();
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert!(!denied[0].is_missing() && denied[0].words() == "list volumeattachments");
}

#[test]
fn the_first_member_is_rehearsed_whole_and_further_kinds_once() {
    let stage = Stage::new(3);
    let before = stage.simulator.objects();
    let words = [RETIRE, &["--plan-only"]].concat();
    let plan = stage.scale(&words).done().plan.unwrap();
    let tried: Vec<_> = plan.dry_runs.iter().map(|tried| (tried.verb.as_str(), tried.answer)).collect();
    let accepted = |verb| (verb, Verdict::Accepted);
    assert_eq!(tried, ["protect", "protect", "scale", "delete-claim", "delete-claim"].map(accepted));
    assert!(plan.dry_runs[0].object.starts_with("PersistentVolume/"), "{:?}", plan.dry_runs);
    assert_eq!(stage.simulator.objects(), before, "a plan stores nothing");
    // A further kind comes with its first effect.
    let words = ["--replicas", "1", "--claims", "destroy", "--confirm", "web", "--plan-only"];
    let plan = stage.scale(&words).done().plan.unwrap();
    assert_eq!(plan.dry_runs.iter().filter(|tried| tried.verb == "purge").count(), 1, "{:?}", plan.dry_runs);
    assert_eq!(stage.simulator.objects(), before, "a plan stores nothing");
}

#[test]
fn what_the_server_would_refuse_at_the_end_of_a_step_is_found_before_its_begin() {
    // The plan asks about the first member only.
    let stage = Stage::new(3)
        .refusing(|method, path| *method == Method::DELETE && path.contains("/persistentvolumeclaims/log-web-1"));
    let failure = stage.scale(RETIRE).failed("forbidden", 4);
    for part in ["log-web-1", "hook.example"] {
        assert!(failure.message.contains(part), "{failure}");
    }
    let set = stage.get("/apis/apps/v1/namespaces/default/statefulsets/web");
    assert_eq!(set["spec"]["replicas"], 2, "the first member is gone, the second one is not");
    let volumes = stage.get("/api/v1/persistentvolumes");
    let kept = volumes["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|volume| volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain");
    assert_eq!(kept.count(), 2, "those of the first member");
}

#[test]
fn a_step_is_asked_for_again_when_the_run_goes_on() {
    let refuses = Arc::new(AtomicBool::new(true));
    let still = Arc::clone(&refuses);
    let stage = Stage::new(3).refusing(move |method, path| {
        *method == Method::PUT && path.contains("/scale") && !path.contains("dryRun") && still.load(Ordering::SeqCst)
    });
    // A webhook that has no say in dry runs: its word comes in the middle of a step.
    stage.scale(RETIRE).failed("forbidden", 4);
    refuses.store(false, Ordering::SeqCst);
    let (begin, run) = (stage.simulator.request_log().len(), stage.runs().remove(0));
    let flags = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    stage.run(async |context| resume(Some(&run), &flags, context).await).done();
    let log = stage.simulator.request_log();
    let asked = |line: &&String| line.contains("dryRun=All") && line.contains("web-2");
    let dry: Vec<_> = log[begin..].iter().filter(asked).collect();
    assert_eq!(dry.len(), 2, "the claims that are left of the step: {dry:?}");
}

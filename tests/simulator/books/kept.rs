//! What is kept of members that are gone: listed, and given back by generation.

use kubectl_stateful::commands::runbook::{Intent, command, flags::RunFlags, go, undo, volumes};
use kubectl_stateful::runbook::script::Runbook;

use super::{Said, Stage, global};

fn listed(stage: &Stage) -> String {
    stage.run(async |context| volumes(false, context).await).done().text
}

fn restore(stage: &Stage, words: &[&str]) -> Said {
    let words = [&["volumes", "restore", "web", "--yes"], words].concat();
    stage.run(async |context| {
        let matches = global(command::volumes()?).try_get_matches_from(words).expect("the words are right");
        let matches = matches.subcommand().unwrap().1;
        let book = Runbook::shipped("restore-volumes").unwrap();
        go(&book, ["volumes", "restore"], Intent::Run, matches, context).await
    })
}

#[test]
fn retired_volumes_and_leftover_claims_are_listed_until_they_are_used_again() {
    let stage = Stage::new(3);
    assert!(listed(&stage).contains("no retired volumes and no leftover claims"));
    stage.scale(&["--replicas", "2", "--claims", "retire", "--settle", "0s"]).done();
    stage.scale(&["--replicas", "1", "--claims", "keep", "--settle", "0s"]).done();
    let text = listed(&stage);
    assert_eq!(text.matches("retired ").count(), 2, "{text}");
    assert!(text.contains("data-web-1") && text.contains("web/1 of data"), "{text}");
    let names = stage.run(async |context| volumes(true, context).await).done().text;
    let each: Vec<&str> = names.lines().filter_map(|line| line.strip_prefix("persistentvolume/pvc-")).collect();
    assert!(each.len() == 2 && names.lines().count() == 2, "{names}");
    stage.scale(&["--replicas", "2"]).done();
    let text = listed(&stage);
    assert!(!text.contains("data-web-1") && text.contains("web/2 of data"), "{text}");
    restore(&stage, &[]).done();
    let text = listed(&stage);
    assert!(!text.contains("retired ") && text.contains("data-web-2"), "{text}");
}

#[test]
fn the_latest_of_two_generations_comes_back_unless_a_run_is_named() {
    let stage = Stage::new(2);
    let retire = ["--replicas", "1", "--claims", "retire", "--settle", "0s"];
    stage.scale(&retire).done();
    let first = listed(&stage);
    stage.scale(&["--replicas", "2"]).done();
    stage.scale(&retire).done();
    let run = first.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    let old = first.split(' ').next().unwrap().to_owned();
    let plan = restore(&stage, &["--plan-only"]).done().plan.unwrap();
    let words = format!("{:?}", plan.lines);
    assert!(words.contains(&format!("--run {run}")) && words.contains(&old), "{words}");
    assert!(plan.fingerprints().iter().all(|line| !line.contains(&old)), "{words}");
    let plan = restore(&stage, &["--run", &run]).done().plan.unwrap();
    assert!(plan.fingerprints().iter().any(|line| line.contains(&old)), "{plan:?}");
}

#[test]
fn an_undo_ends_when_the_members_are_ready_again() {
    let stage = Stage::new(3);
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let flags = RunFlags { yes: true, no_app_check: true, ..RunFlags::default() };
    stage.run(async |context| undo(None, &flags, context).await).done();
    let set = stage.get("/apis/apps/v1/namespaces/default/statefulsets/web");
    assert_eq!(set["status"]["readyReplicas"], 3, "{set}");
}

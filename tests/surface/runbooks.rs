//! Runbooks on the sandbox, as somebody types them who has only the binary.

use std::collections::BTreeSet;

use kubectl_stateful::effects::Outcome;
use serde_json::Value;

use crate::program::Home;

const SCALE: &str = "scale web --replicas 1 --claims retire --settle 0s --no-app-check --sandbox";

fn with_a_set() -> Home {
    let home = Home::new();
    home.say("init generic --name web --image nginx:1.29 --replicas 3 --size 1Gi --port 80 --sandbox --yes")
        .told(0, &[]);
    home
}

/// The lines with a number: that, the verb and the object.
fn counted(text: &str) -> Vec<String> {
    let is_word = |word: &&str| !["ok", "✓"].contains(word);
    let words = |line: &str| line.split_whitespace().filter(is_word).take(3).collect::<Vec<_>>().join(" ");
    let lines = text.lines().map(words);
    lines.filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).collect()
}

#[test]
fn a_plan_says_what_the_cluster_says_to_it() {
    let home = with_a_set();
    let shown = home.say(&format!("{SCALE} --plan-only"));
    for part in [
        "rights      all ",
        "dry runs    3 of 3 accepted by the server",
        "Delete → Retain  (undo: unprotect)",
        "3 → 2  (undo: scale to 3)",
        "deleted  (undo: reserve PersistentVolume/pvc-",
        ", create-claim)",
    ] {
        assert!(shown.told(0, &[]).stdout.contains(part), "{}", shown.stdout);
    }
    let plan: Value = serde_json::from_str(&home.say(&format!("{SCALE} --plan-only -o json")).stdout).unwrap();
    assert!(plan["rights"].as_array().unwrap().iter().all(|right| right["answer"] == "allowed"), "{plan}");
    assert_eq!(plan["dryRuns"][0]["verb"], "protect", "{plan}");
}

#[test]
fn a_run_is_reported_and_all_its_events_are_documented() {
    let home = with_a_set();
    let planned = counted(&home.say(&format!("{SCALE} --plan-only")).stdout);
    home.say(&format!("{SCALE} --yes --events jsonl=events")).told(0, &["undo"]);
    let pages = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/events.md")).unwrap();
    let events = std::fs::read_to_string(home.path().join("events")).unwrap();
    let kinds: BTreeSet<String> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    assert!(kinds.len() >= 8, "{kinds:?}");
    for kind in kinds {
        assert!(pages.contains(&format!("| `{kind}` |")), "{kind}");
    }
    let effect = pages.lines().find(|line| line.starts_with("| `effect` |")).unwrap();
    for outcome in Outcome::ALL {
        let word = serde_json::to_value(outcome).unwrap();
        assert!(effect.contains(&format!("`{}`", word.as_str().unwrap())), "{word}: {effect}");
    }
    let report = home.say("report --sandbox");
    for part in [
        "state       done",
        "kept        volume",
        "data-web-2: was kept when this run ended",
        "effects can be taken back",
    ] {
        assert!(report.told(0, &[]).stdout.contains(part), "{part}: {}", report.stdout);
    }
    for format in ["json", "yaml"] {
        let report = home.say(&format!("report --sandbox -o {format}"));
        assert!(report.told(0, &[]).stdout.contains("Report"), "{}", report.stdout);
    }
    // Plan and report count the same.
    assert!(planned[0].starts_with("1 protect PersistentVolume/"), "{planned:?}");
    assert_eq!(planned, counted(&home.say("report --sandbox").stdout));
    // What would do nothing is no flag.
    for words in ["undo --out p.json", "undo -o json", "resume --out p.json", "resume --yes -o json"] {
        home.say(&format!("{words} --sandbox")).told(2, &["-o"]);
    }
    home.say("undo --sandbox --yes").told(0, &["is undone"]);
    assert!(home.say("report --sandbox").stdout.contains("done and taken back"));
    home.say("report nothing --sandbox").hinted(2, &["there is no run `nothing`"]);
}

#[test]
fn a_runbook_with_mistakes_is_told_each_with_its_place() {
    let home = Home::new();
    let text = home.say("runbook show scale-down").stdout;
    home.say("runbook check scale-down").told(0, &["in order"]);
    let broken = text.replace("member.wait_gone(", "member.wait_gon(").replace("p.settle", "p.setle");
    home.write("mine.rhai", broken);
    let told = home.say("runbook check ./mine.rhai");
    told.hinted(
        2,
        &[
            "no function `wait_gon`",
            "no parameter `setle`",
            "./mine.rhai:",
            "did you mean `wait_gone`?",
            "did you mean `settle`?",
        ],
    );
    told.told(2, &["! ./mine.rhai:", "parameter `settle` is declared and never used"]);
}

#[test]
fn the_tests_beside_a_runbook_of_ones_own_are_run_and_each_is_told() {
    let home = Home::new();
    let text = home.say("runbook show scale-up").stdout;
    home.write("mine.rhai", text);
    home.say("runbook test ./mine.rhai").hinted(2, &["there is no `./mine_test.rhai`", "stand beside it"]);
    home.say("runbook test scale-up").hinted(2, &["is tested with it", "runbook show scale-up"]);
    let good = "fn test_up() {
    let world = cluster(1);
    let played = world.play(\"mine\", #{ set: \"web\", replicas: 2 });
    assert(played.ended == \"done\" && world.replicas() == 2, played.message);
}\n";
    home.write("mine_test.rhai", good);
    assert_eq!(home.say("runbook test ./mine.rhai").told(0, &[]).stdout, "ok      test_up\n");
    home.write("mine_test.rhai", format!("{good}fn test_off() {{\n    assert(1 == 2, \"sums are off\");\n}}\n"));
    let told = home.say("runbook test ./mine.rhai");
    told.told(1, &["1 of 2 tests failed"]);
    for part in ["ok      test_up", "FAILED  test_off: sums are off", "--> ./mine_test.rhai:7:5"] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    home.write("mine_test.rhai", "fn helper() {}");
    home.say("runbook test ./mine.rhai").told(2, &["has no function `test_…()`"]);
}

/// The script of the page on scaling that has an `undo(…)`.
fn of_the_page() -> String {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scale.md")).unwrap();
    let script = page.split("```\n").find(|block| block.starts_with("const RUNBOOK") && block.contains("undo("));
    script.unwrap().to_owned()
}

#[test]
fn what_a_script_says_for_an_undo_is_shown_asked_for_done_and_tested() {
    let home = with_a_set();
    home.write("mine.rhai", of_the_page());
    home.say("runbook check ./mine.rhai").told(0, &["in order"]);
    let plan = home.say("plan ./mine.rhai web --sandbox").told(0, &[]).stdout.clone();
    assert!(plan.contains("at undo      start replication again: exec Pod/web-2: start-replica"), "{plan}");
    home.say("run ./mine.rhai web --yes --sandbox").told(0, &["to take it back"]);
    let shown = home.say("undo --plan-only --sandbox");
    shown.told(0, &["  start replication again\n  exec          Pod/web-2  start-replica\n"]);
    assert!(!shown.stderr.contains("always done, was not"), "{}", shown.stderr);
    home.say("undo --yes --sandbox").told(0, &["the command in Pod/web-2 said yes", "is undone"]);
    let test = "fn test_back() {
    let world = cluster(3);
    assert(world.play(\"mine\", #{ set: \"web\" }).ended == \"done\", \"it is played\");
    let back = world.undo();
    assert(back.ended == \"done\" && world.replicas() == 3, back.message);
    assert(world.ran().pop() == \"web-2: start-replica\", world.ran().to_string());
}
fn test_no() {
    let world = cluster(2);
    assert(world.play(\"mine\", #{ set: \"web\" }).ended == \"done\", \"it is played\");
    assert(world.undo(#{ confirm: \"web\" }).ended == \"done\", \"it is undone\");
    assert(world.undo().ended == \"no-run\", \"nothing is left\");
}
";
    home.write("mine_test.rhai", test);
    home.say("runbook test ./mine.rhai").told(0, &[]);
}

/// The example of the page, as it stands there.
fn example() -> String {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scale.md")).unwrap();
    let (_, text) = page.split_once("```rhai\n").unwrap();
    text.split_once("```").unwrap().0.to_owned()
}

#[test]
fn other_objects_are_written_as_the_page_says_and_taken_back() {
    let home = with_a_set();
    home.write("calm.rhai", example());
    home.say("runbook check ./calm.rhai").told(0, &["in order"]);
    let plan = home.say("plan ./calm.rhai web --sandbox");
    for part in [
        "apply",
        "PodDisruptionBudget/web-calm  new: .spec.maxUnavailable 0, .spec.selector.matchLabels.",
        ".metadata.annotations.maintenance nothing → yes  (undo: patch)",
        "rights      all ",
    ] {
        assert!(plan.told(0, &[]).stdout.contains(part), "{part}: {}", plan.stdout);
    }
    home.say("run ./calm.rhai web --sandbox --yes").told(0, &["undo"]);
    let there = home.say("plan ./calm.rhai web --sandbox");
    assert!(there.told(0, &[]).stdout.contains("already so"), "{}", there.stdout);
    home.say("undo --sandbox --yes").told(0, &["is undone"]);
    let again = home.say("plan ./calm.rhai web --sandbox");
    assert_eq!(
        again.told(0, &[]).stdout.matches("nothing → yes").count(),
        plan.stdout.matches("nothing → yes").count()
    );
}

#[test]
fn a_test_plays_a_runbook_that_writes_other_objects() {
    let home = with_a_set();
    home.write("calm.rhai", example());
    let test = r#"fn test_calm() {
    let world = cluster(2);
    let played = world.play("calm", #{ set: "web" });
    assert(played.ended == "done" && played.effects == ["apply PodDisruptionBudget/web-calm"], played.message + played.effects);
    assert(world.undo().ended == "done", "it is undone");
    let struck = world.interrupt_everywhere("calm", #{ set: "web" });
    assert(struck.diverged.is_empty() && struck.schedules >= 2, struck.diverged.to_string());
}
"#;
    home.write("calm_test.rhai", test);
    home.say("runbook test ./calm.rhai").told(0, &[]);
    home.write("calm_test.rhai", test.replace("web-calm\"]", "web-rest\"]"));
    home.say("runbook test ./calm.rhai").told(1, &["1 of 1 tests failed"]);
}

#[test]
fn what_has_a_verb_of_its_own_is_refused_by_name() {
    let home = with_a_set();
    let book = |run: &str| {
        let page = example();
        let header = page.split("fn run(p)").next().unwrap().replace("\"apply\", \"patch\"", "\"delete\"");
        format!("{header}fn run(p) {{ {run} }}")
    };
    for (kind, verb) in [
        ("PersistentVolumeClaim", "claim.retire()"),
        ("StatefulSet", "set.scale(n)"),
        ("Namespace", "there are ConfigMap"),
    ] {
        home.write("harm.rhai", book(&format!("note(p.set.name); k8s::delete(\"{kind}\", \"data-web-0\");")));
        home.say("run ./harm.rhai web --sandbox --yes").hinted(3, &[kind, verb]);
    }
}

//! Words that are wrong, and help for those that are right.

use crate::program::{Home, run};

#[test]
fn unknown_flags_and_verbs_are_answered_with_what_was_meant() {
    for (line, parts) in [
        ("stats", ["did you mean `status`?", "hint: kubectl stateful --help"]),
        ("init couchdb --sze 1Gi", ["did you mean `--size`?", "hint: kubectl stateful init couchdb --help"]),
        ("status --selectr a=b", ["did you mean `--selector`?", "hint: kubectl stateful status --help"]),
        ("create configmp x", ["did you mean `configmap`?", "hint: kubectl stateful create --help"]),
        (
            "create configmap x --form-file a",
            ["did you mean `--from-file`?", "hint: kubectl stateful create configmap --help"],
        ),
        ("init couchdb -o yml", ["did you mean `yaml`?", "[possible values: yaml, json, name]"]),
        ("init couchdb --expose nodeport", ["did you mean `NodePort`?", "hint: kubectl stateful init couchdb --help"]),
        ("init couchdb --dry-run=sever", ["did you mean `server`?", "possible values"]),
    ] {
        let finished = run(&line.split(' ').collect::<Vec<_>>());
        finished.hinted(2, &parts);
        assert!(
            !finished.stderr.contains("tip:") && !finished.stderr.contains("For more information"),
            "{}",
            finished.stderr
        );
    }
}

#[test]
fn words_that_cannot_be_run_end_the_events_too() {
    let home = Home::new();
    home.write("r.rhai", "#{ params: 1 }");
    for line in ["init couchdb --bogus", "init ./r.rhai --yes", "statsu", "status --sandbox="] {
        let finished = home.say(&format!("{line} --events jsonl"));
        let ended: serde_json::Value = serde_json::from_str(&finished.stderr).expect("one line of JSON");
        assert_eq!((&ended["event"], &ended["exitCode"]), (&"ended".into(), &finished.code.into()), "{line}");
        assert!(ended["failure"]["hints"].is_array() && finished.code == 2, "{line}: {}", finished.stderr);
    }
    home.say("statsu --events=jsonl=events").hinted(2, &["did you mean `status`?"]);
    let events = std::fs::read_to_string(home.path().join("events")).unwrap();
    assert!(events.contains("\"event\":\"ended\"") && events.lines().count() == 1, "{events}");
    home.say("statsu --events yaml").hinted(2, &["did you mean `status`?"]);
}

#[test]
fn what_destroys_is_not_suggested_for_another_word() {
    for line in ["sandbox delete", "sandbox rest-in-peace", "sandbox set", "delete web", "purge"] {
        let finished = run(&line.split(' ').collect::<Vec<_>>());
        finished.hinted(2, &["unrecognized subcommand"]);
        assert!(!finished.stderr.contains("reset"), "{line}: {}", finished.stderr);
    }
    run(&["sandbox", "resst"]).hinted(2, &["did you mean `reset`?"]);
}

#[test]
fn flags_may_stand_before_the_recipe_or_the_kind() {
    let home = Home::new();
    for line in [
        "init -y couchdb --sandbox",
        "init --sandbox --name couchdb --yes couchdb",
        "init --dry-run -o yaml -n default couchdb --sandbox",
        "--sandbox init -y --size 10Gi couchdb --name couchdb",
        "create -y --sandbox configmap settings --from-literal a=b",
        "create --sandbox --from-literal a=b configmap -y settings",
    ] {
        home.say(line).told(0, &[]);
    }
    assert!(home.say("status --sandbox").stdout.starts_with("couchdb  1/1 ready"));
    home.say("init -y --sandbox").hinted(2, &["name a recipe: couchdb, generic"]);
    assert!(!home.say("init --help").stdout.contains("--dry-run"));
}

#[test]
fn a_verb_that_is_missing_is_told_with_those_that_there_are() {
    run(&["create"]).hinted(2, &["configmap", "statefulset", "kubectl stateful create --help"]);
    run(&["completion"]).hinted(2, &["install"]);
    run(&["init"]).hinted(2, &["couchdb, generic"]);
}

#[test]
fn values_and_flags_that_do_not_go_together_are_wrong_usage() {
    run(&["status", "web", "-A"]).hinted(2, &["--all-namespaces"]);
    run(&["status", "deploy/web", "--sandbox"]).hinted(2, &["`deploy` is no StatefulSet"]);
    run(&["status", "--sandbox", "-l", ",,"]).told(2, &["cannot read the selector"]);
    run(&["status", "-n", "../..", "--sandbox"]).told(2, &["`../..` is no name of a namespace"]);
    run(&["status", "--request-timeout", "soon"]).hinted(2, &["--request-timeout"]);
    run(&["status", "--events", "xml"]).told(2, &["--events"]);
    run(&["init", "couchdb", "--name", "a", "--name", "b"]).hinted(2, &["--name"]);
    run(&["init", "couchdb", "surplus"]).hinted(2, &["surplus"]);
    run(&["init", "couchdb", "--sandbox", "--yes=maybe"]).hinted(2, &["--yes"]);
}

#[cfg(unix)]
#[test]
fn words_that_are_not_text_are_wrong_usage() {
    use std::os::unix::ffi::OsStrExt as _;
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    for before in
        [vec![], vec!["status"], vec!["init"], vec!["init", "couchdb", "--name"], vec!["init", "couchdb", "--answers"]]
    {
        let mut words: Vec<_> = before.iter().map(std::ffi::OsStr::new).collect();
        words.push(odd);
        words.push(std::ffi::OsStr::new("--sandbox"));
        assert_eq!(run(&words).code, 2, "{words:?}");
    }
}

/// The verbs below `path`, read out of its own help.
fn verbs_below(path: &[String]) -> Vec<String> {
    let help = run(&[path, &["--help".to_owned()]].concat()).stdout;
    let listed = help.lines().skip_while(|line| !matches!(*line, "Commands:" | "Recipes:" | "Kinds:")).skip(1);
    let entries = listed.take_while(|line| line.starts_with("  "));
    entries
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn help_of_every_command_works_without_a_cluster_and_names_the_command() {
    let mut paths = vec![Vec::new()];
    let mut seen = 0;
    while let Some(path) = paths.pop() {
        for flag in ["--help", "-h"] {
            let help = run(&[path.as_slice(), &[flag.to_owned()]].concat());
            assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{path:?}");
            let name = [&["kubectl".to_owned(), "stateful".to_owned()][..], &path].concat().join(" ");
            assert!(help.stdout.contains(&format!("Usage: {name}")), "{name}: {}", help.stdout);
            // The first line is about this command, and not about its flags.
            assert!(!help.stdout.starts_with("How to make objects"), "{name}");
        }
        seen += 1;
        paths.extend(verbs_below(&path).into_iter().map(|verb| [path.as_slice(), &[verb]].concat()));
    }
    assert!(seen >= 18, "only {seen} commands were found");
}

#[test]
fn the_bare_program_shows_what_there_is() {
    let bare = run::<&str>(&[]);
    assert_eq!((bare.code, bare.stderr.as_str()), (0, ""));
    for verb in ["init", "create", "status", "sandbox", "completion", "--sandbox"] {
        assert!(bare.stdout.contains(verb), "{}", bare.stdout);
    }
}

#[test]
fn the_version_is_the_packages() {
    let expected = format!("kubectl-stateful {}\n", env!("CARGO_PKG_VERSION"));
    for flag in ["--version", "-V"] {
        assert_eq!(run(&[flag]).stdout, expected);
    }
}

#[test]
fn hints_that_are_commands_can_be_typed() {
    let home = Home::new();
    for line in ["init couchdb --sze 1", "create", "stats"] {
        let stderr = home.say(line).stderr;
        let command = stderr.lines().find_map(|line| line.strip_prefix("hint: kubectl stateful ")).unwrap();
        home.say(command).told(0, &[]);
    }
}

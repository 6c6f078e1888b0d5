//! The file of a sandbox: torn, damaged, newer, shared, thrown away.

use std::fs;

use rustix::process::Signal;

use crate::neighbour;
use crate::program::{Home, finish, run};
use crate::served::Server;

fn with_couchdb() -> Home {
    let home = Home::new();
    home.say("init couchdb --sandbox --yes --no-wait").told(0, &[]);
    home
}

#[test]
fn a_damaged_line_is_named_with_file_and_number_and_nothing_is_written() {
    let home = with_couchdb();
    let text = fs::read_to_string(home.log()).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    let middle = lines.len() / 2;
    lines[middle] = &lines[middle][..lines[middle].len() / 2];
    let damaged = lines.join("\n") + "\n";
    fs::write(home.log(), &damaged).unwrap();
    let log = home.log();
    let place = format!("line {} of `{}`", middle + 1, log.display());
    for words in ["status --sandbox", "init couchdb --sandbox --yes", "sandbox show"] {
        home.say(words)
            .hinted(1, &["the sandbox `default` is damaged", &place, "\nhint: kubectl stateful sandbox reset\n"]);
    }
    assert_eq!(fs::read_to_string(home.log()).unwrap(), damaged);
    for garbage in [b"".as_slice(), b"\xff\xfe\x00", b"{}\n", b"[1]\n", b"\"\x1b[31m\"\n"] {
        fs::write(home.log(), garbage).unwrap();
        let finished = home.say("status --sandbox");
        finished.hinted(1, &["damaged", "sandbox reset"]);
        assert!(!finished.stderr.contains('\u{1b}'));
    }
    home.say("sandbox reset").told(0, &["fresh"]);
    home.say("status --sandbox").told(0, &[]);
}

#[test]
fn a_torn_last_line_was_never_answered_and_is_left_out() {
    let home = Home::new();
    home.say("init couchdb --sandbox --yes").told(0, &[]);
    let whole = fs::read(home.log()).unwrap();
    for cut in [1, 7, 300] {
        fs::write(home.log(), &whole[..whole.len() - cut]).unwrap();
        home.say("status couchdb --sandbox").told(0, &[]);
        home.say("init couchdb --sandbox --yes").told(0, &[]);
    }
}

#[test]
fn a_copy_is_a_sandbox_of_its_own_and_never_replaces_one() {
    let home = with_couchdb();
    let before = fs::read_to_string(home.log()).unwrap();
    let told = home.say("sandbox capture try --sandbox");
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(told.stdout.starts_with("sandbox try is a copy of namespace default of sandbox\n"), "{}", told.stdout);
    home.say("sandbox capture try --sandbox").hinted(3, &["`try` already", "sandbox reset --sandbox=try"]);
    home.say("sandbox capture ../x --sandbox").told(2, &["no name for a sandbox"]);
    home.say("sandbox capture other -n none --sandbox").told(1, &["`none` does not exist"]);
    home.say("sandbox capture other --sandbox --context x").told(2, &["leads to a real cluster"]);
    home.say("sandbox capture other").told(1, &["--sandbox"]);
    let copy = home.say("status couchdb --sandbox=try -o name");
    assert_eq!(copy.stdout, "statefulset.apps/couchdb\n", "{}", copy.stderr);
    home.say("init generic --sandbox=try --yes --no-wait --name web --image x:1").told(0, &[]);
    assert!(fs::read_to_string(home.log()).unwrap().starts_with(&before), "the original only goes on");
    assert_eq!(home.say("status --sandbox -o name").stdout, "statefulset.apps/couchdb\n");
}

#[test]
fn a_newer_sandbox_is_left_alone() {
    let home = with_couchdb();
    let text = fs::read_to_string(home.log()).unwrap();
    let newer = text.replacen("\"sandbox\":1", "\"sandbox\":2,\"new\":[]", 1);
    assert_ne!(newer, text);
    fs::write(home.log(), &newer).unwrap();
    home.say("init couchdb --sandbox --yes")
        .hinted(1, &["newer version", "format 2, known is 1", "--sandbox=NAME", "sandbox reset"]);
    assert_eq!(fs::read_to_string(home.log()).unwrap(), newer);
}

#[test]
fn names_of_sandboxes_stay_inside_their_folder() {
    let home = Home::new();
    for name in ["../x", "..", ".", "a/b", "/tmp/x", "A", "a b", "-x", "\u{1b}[2J", &"a".repeat(41)] {
        let finished = home.run(&["init", "couchdb", "--yes", &format!("--sandbox={name}")]);
        finished.hinted(2, &["is no name for a sandbox"]);
        assert!(!finished.stderr.contains('\u{1b}'), "{}", finished.stderr);
        let reset = home.run(&["sandbox", "reset", &format!("--sandbox={name}")]);
        reset.hinted(2, &["is no name for a sandbox"]);
    }
    let finished = finish(home.command(&["status"]).env("KUBECTL_STATEFUL_SANDBOX", "../x"));
    finished.hinted(2, &["`../x`", "KUBECTL_STATEFUL_SANDBOX"]);
    assert_eq!(home.files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_reset_gives_a_fresh_one_and_touches_no_other() {
    let home = with_couchdb();
    home.say("init couchdb --sandbox=b --yes --no-wait").told(0, &[]);
    home.say("sandbox reset --sandbox=b").told(0, &["sandbox b is fresh"]);
    assert!(home.say("sandbox show").stdout.contains("StatefulSet/couchdb"));
    assert!(!home.say("sandbox show --sandbox=b").stdout.contains("StatefulSet"));
    home.say("sandbox reset").told(0, &["fresh"]);
    let fresh = home.say("sandbox show").stdout;
    assert!(!fresh.contains("couchdb") && fresh.contains("StorageClass/standard"), "{fresh}");
    home.say("sandbox reset --sandbox=never-used").hinted(2, &["there is no sandbox `never-used`"]);
    // What was damaged by hand hints at its own reset.
    home.write(".local/state/kubectl-stateful/sandboxes/c/log.jsonl", "x");
    home.say("status --sandbox=c").hinted(1, &["\nhint: kubectl stateful sandbox reset --sandbox=c\n"]);
}

/// `run.json` of the newest run.
fn newest_run(home: &Home) -> serde_json::Value {
    let runs = fs::read_dir(home.state().join("runs")).unwrap().map(|entry| entry.unwrap().path());
    serde_json::from_str(&fs::read_to_string(runs.max().unwrap().join("run.json")).unwrap()).unwrap()
}

#[test]
fn a_run_records_which_cluster_it_was_and_a_fresh_one_of_that_name_is_another() {
    let home = with_couchdb();
    let uids = |run: &serde_json::Value| {
        let uid = |field: &str| run[field].as_str().filter(|uid| uid.len() == 36).expect("a UID").to_owned();
        [uid("clusterUid"), uid("namespaceUid")]
    };
    let first = uids(&newest_run(&home));
    assert_ne!(first[0], first[1]);
    home.say("create configmap settings --from-literal a=b --sandbox --yes").told(0, &[]);
    assert_eq!(uids(&newest_run(&home)), first);
    home.say("create configmap settings --from-literal a=b --sandbox --yes -n kube-system").told(0, &[]);
    let [cluster, namespace] = uids(&newest_run(&home));
    assert_eq!([&cluster, &namespace], [&first[0], &first[0]]);
    home.say("sandbox reset").told(0, &[]);
    home.say("create configmap settings --from-literal a=b --sandbox --yes").told(0, &[]);
    assert_ne!(uids(&newest_run(&home)), first);
}

#[test]
fn the_verbs_about_the_sandbox_never_reach_a_real_cluster() {
    let home = Home::new();
    home.write(
        ".kube/config",
        "current-context: real\ncontexts: [{name: real, context: {cluster: real}}]\n\
         clusters: [{name: real, cluster: {server: 'http://127.0.0.1:9'}}]\n",
    );
    for value in ["", "0", "false", "1"] {
        let mut command = home.command(&["sandbox", "show"]);
        let finished = finish(command.env("KUBECTL_STATEFUL_SANDBOX", value));
        assert!(finished.told(0, &[]).stdout.contains("StorageClass/standard"), "{value}");
    }
    let mut status = home.command(&["status"]);
    finish(status.env("KUBECTL_STATEFUL_SANDBOX", "0")).told(1, &["127.0.0.1:9"]);
    home.say("status --sandbox --server http://127.0.0.1:9").hinted(2, &["`--server` leads to a real cluster"]);
}

#[test]
fn commands_at_the_same_time_all_succeed_and_nothing_is_lost() {
    let home = Home::new();
    let names: Vec<_> = (0..8).map(|number| format!("settings-{number}")).collect();
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            let words = ["create", "configmap", name, "--from-literal", "a=b", "--sandbox", "--yes"];
            let mut command = home.command(&words);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(neighbour::names(&home, "/api/v1/namespaces/default/configmaps"), names);
    assert_eq!(fs::read_dir(home.state().join("runs")).unwrap().count(), names.len());
}

#[test]
fn the_same_application_twice_at_the_same_time_is_made_once() {
    let home = Home::new();
    home.say("sandbox show").told(0, &[]);
    let spawn = || {
        let mut command = home.command(&["init", "couchdb", "--sandbox", "--yes"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let children = [spawn(), spawn(), spawn()];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    home.say("init couchdb --sandbox --yes").told(0, &["nothing to change"]);
    assert_eq!(neighbour::names(&home, "/api/v1/namespaces/default/pods"), ["couchdb-0"]);
}

#[test]
fn a_sandbox_verb_that_is_missing_or_unknown_is_wrong_usage() {
    run(&["sandbox"]).hinted(2, &["show", "reset"]);
    run(&["sandbox", "rset"]).hinted(2, &["did you mean `reset`?"]);
}

#[test]
fn all_sandboxes_are_listed_and_none_is_begun_by_that() {
    let home = Home::new();
    home.say("sandbox list").told(0, &["there are no sandboxes"]);
    home.say("sandbox show --sandbox=try").told(0, &[]);
    home.say("sandbox show").told(0, &[]);
    let listed = home.say("sandbox list");
    let lines: Vec<Vec<&str>> = listed.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines.iter().map(|line| line[..2].join(" ")).collect::<Vec<_>>(),
        ["NAME SERVED", "default no", "try no"]
    );
    assert!(lines[2].last().unwrap().ends_with("/sandboxes/try/log.jsonl"), "{}", listed.stdout);
}

#[test]
fn a_watch_without_a_terminal_adds_each_picture_that_differs_and_ends_when_nothing_more_comes() {
    let home = Home::new();
    home.say("init generic --name web --image x:1 --replicas 2 --sandbox --yes --no-wait").told(0, &[]);
    let watched = home.say("status web -w --sandbox");
    watched.told(0, &[]);
    let pictures: Vec<&str> = watched.stdout.split("\n\n").filter(|part| part.starts_with("web  ")).collect();
    assert!(pictures.len() > 1, "{}", watched.stdout);
    assert!(pictures[0].contains("0/2 ready") && pictures.last().unwrap().contains("2/2 ready"), "{}", watched.stdout);
    assert!(!watched.stdout.contains('\u{1b}'));
    home.say("status web -w -o json --sandbox").told(2, &["cannot be used with a machine format"]);
}

#[test]
fn who_comes_as_somebody_else_has_their_rights_served_or_not() {
    let home = with_couchdb();
    let refused = |words: &str| {
        home.say(words).told(3, &["jane", "statefulsets"]);
    };
    refused("status --sandbox --as jane");
    home.say("status --sandbox --as jane --as-group system:masters").told(0, &[]);
    let server = Server::start(&home);
    refused("status --sandbox --as jane");
    server.signal(Signal::INT);
    server.end().told(0, &[]);
}

#[test]
fn what_is_in_one_namespace_is_shown_alone() {
    let home = with_couchdb();
    home.say("create configmap elsewhere --from-literal a=1 --sandbox -n kube-system --yes").told(0, &[]);
    let all = home.say("sandbox show").stdout;
    let one = home.say("sandbox show -n default").stdout;
    assert!(all.contains("ConfigMap/elsewhere  in kube-system\n") && all.contains("\nNode/"), "{all}");
    assert!(one.contains("StatefulSet/couchdb  in default\n"), "{one}");
    assert!(one.lines().all(|line| line.ends_with("  in default")), "{one}");
}

#[test]
fn the_list_tells_copies_and_what_cannot_be_read() {
    let home = with_couchdb();
    home.say("sandbox capture try --sandbox").told(0, &[]);
    home.say("sandbox show --sandbox=torn").told(0, &[]);
    fs::write(home.log().parent().unwrap().with_file_name("torn").join("log.jsonl"), "{").unwrap();
    let listed = home.say("sandbox list").stdout;
    let line = |name: &str| listed.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(line("default").contains("  fresh  "), "{listed}");
    assert!(line("try").contains("  copy of default, sandbox  "), "{listed}");
    assert!(line("torn").contains("  cannot be read  "), "{listed}");
}

//! Answers that are missing, wrong, or come out of a file that is.

use std::fmt::Write as _;

use crate::neighbour;
use crate::program::{Finished, Home, run};

fn couchdb(flags: &[&str]) -> Finished {
    run(&[&["init", "couchdb", "--sandbox", "--yes"], flags].concat())
}

fn nothing_was_made(home: &Home) {
    assert_eq!(neighbour::names(home, "/apis/apps/v1/namespaces/default/statefulsets"), Vec::<String>::new());
    assert_eq!(neighbour::names(home, "/api/v1/namespaces/default/secrets"), Vec::<String>::new());
}

#[test]
fn all_that_is_missing_is_told_at_once_with_the_approval() {
    let home = Home::new();
    home.say("init generic --sandbox").hinted(2, &["missing: --name, --image, --yes", "--answers"]);
    home.say("init generic --sandbox --name web").told(2, &["missing: --image, --yes"]);
    let finished = home.say("init generic --sandbox --yes");
    finished.told(2, &["missing: --name, --image\n"]);
    home.say("create configmap --sandbox").told(2, &["missing: NAME"]);
    nothing_was_made(&home);
}

#[test]
fn where_nobody_can_approve_nothing_is_written() {
    let home = Home::new();
    home.say("init couchdb --sandbox").hinted(2, &["--yes", "nothing was changed", "--dry-run"]);
    home.say("create configmap settings --from-literal a=b --sandbox").hinted(2, &["--yes"]);
    nothing_was_made(&home);
    assert!(!home.state().join("runs").exists(), "a run was begun");
}

#[test]
fn a_dry_run_shows_everything_and_makes_nothing() {
    let home = Home::new();
    for flag in ["--dry-run", "--dry-run=client", "--dry-run=server"] {
        let finished = home.run(&["init", "couchdb", "--sandbox", flag]);
        finished.told(0, &["Secret/couchdb-admin", "StatefulSet/couchdb", "new"]);
        nothing_was_made(&home);
    }
    assert!(home.say("init couchdb --sandbox --dry-run").stderr.contains("no server was asked"));
    let yaml = home.say("init couchdb --sandbox --dry-run -o yaml").stdout;
    assert!(yaml.starts_with("apiVersion: v1\n") && yaml.contains("kind: StatefulSet"), "{yaml}");
}

#[test]
fn a_name_that_is_too_long_is_refused_with_the_reason() {
    let finished = couchdb(&["--name", &"a".repeat(53)]);
    finished.told(2, &["`--name`", "53 characters, 52 are allowed", "every pod gets a label"]);
    couchdb(&["--name", "Web"]).told(2, &["capital letters"]);
    couchdb(&["--name", "a/../b"]).told(2, &["`--name`"]);
}

#[test]
fn sizes_that_are_none_are_answered_with_what_may_have_been_meant() {
    for (size, parts) in [
        ("10GB", ["`10G` (10,000,000,000 bytes)", "`10Gi` (10,737,418,240 bytes)"]),
        ("-1", ["negative", "--size"]),
        ("0", ["at least one byte", "--size"]),
        ("10m", ["`10M`", "`10Mi`"]),
        ("", ["missing", "--size"]),
        ("1e99", ["--size", "1e99"]),
        ("\u{1b}[31m1", ["\\u{1b}", "--size"]),
    ] {
        couchdb(&["--size", size]).hinted(2, &parts);
    }
}

#[test]
fn sizes_that_may_have_been_meant_otherwise_are_made_and_told_in_bytes() {
    couchdb(&["--size", "10G"]).told(0, &["`10G` is 10,000,000,000 bytes; `10Gi` would be 10,737,418,240 bytes"]);
    couchdb(&["--size", "1e3"]).told(0, &["`1e3` is only 1,000 bytes"]);
    let plain = couchdb(&["--size", "10Gi"]);
    assert!(
        plain.told(0, &[]).stderr.contains("claim data 10Gi") && !plain.stderr.contains("10,737"),
        "{}",
        plain.stderr
    );
}

#[test]
fn numbers_ports_classes_and_choices_out_of_range_name_what_is_allowed() {
    for replicas in ["0", "-1", "2", "one", "99999999999999999999"] {
        couchdb(&["--replicas", replicas]).hinted(2, &["--replicas", "only 1 is allowed", "until clustering is built"]);
    }
    let generic = ["init", "generic", "--sandbox", "--yes", "--name", "web", "--image", "nginx"];
    for port in ["70000", "0", "-1", "http"] {
        run(&[&generic[..], &["--port", port]].concat()).hinted(2, &["--port", "from 1 to 65535"]);
    }
    run(&[&generic[..], &["--replicas", "0"]].concat()).told(2, &["from 1 to 100"]);
    couchdb(&["--storage-class", "fasst"]).hinted(2, &["`standard`, `fast`, `manual`", "did you mean `fast`?"]);
    couchdb(&["--expose", "nodeport"]).hinted(2, &["NodePort"]);
    couchdb(&["--admin-password-from", "hunter2"]).told(2, &["never the value itself"]);
    couchdb(&["--admin-password-from", "env:NOT_SET"]).told(2, &["`NOT_SET` is not set"]);
    couchdb(&["--admin-password-from", "-"]).told(2, &["standard input is empty"]);
    couchdb(&["--storage-class", "standard", "--host-path", "/data"]).told(2, &["only with `--storage-class ''`"]);
    couchdb(&["--timeout=-5s"]).told(2, &["--timeout"]);
}

/// `init couchdb` with an answers file of this text.
fn with_file(text: &str) -> Finished {
    let home = Home::new();
    home.write("answers.yaml", text);
    home.say("init couchdb --sandbox --yes --answers answers.yaml")
}

#[test]
fn answers_files_that_cannot_be_used_say_where_and_why() {
    with_file("name: web\nsize: 1Gi\nname: other\n").told(2, &["`answers.yaml:3:1`: the key `name` is there twice"]);
    with_file("nmae: web\n").told(2, &["`answers.yaml:1:1`: `nmae`", "did you mean `name`?"]);
    with_file("replicas: one\n").hinted(2, &["`replicas`: `one`", "until clustering is built"]);
    with_file("size: {a: b}\n").told(2, &["`size`", "single value"]);
    with_file("size: yes\n").told(2, &["`size`", "in quotes"]);
    with_file("storage-class: nope\n").told(2, &["`nope`", "`standard`"]);
    with_file("yes: true\n").told(2, &["`yes`"]);
    with_file("- name\n").told(2, &["not a map"]);
    with_file("name: [a\n").told(2, &["`answers.yaml:1:7`"]);
    run(&["init", "couchdb", "--sandbox", "--yes", "--answers", "none.yaml"]).hinted(2, &["`none.yaml`"]);
    run(&["init", "couchdb", "--sandbox", "--yes", "--answers", "."]).told(2, &["cannot read `.`"]);
    run(&["init", "couchdb", "--sandbox", "--yes", "--answers", "/dev/zero"]).told(2, &["1 MiB"]);
}

#[test]
fn all_that_is_wrong_or_missing_is_told_in_one_error() {
    let home = Home::new();
    home.write("answers.yaml", "replicas: none\nstorage-class: nope\nmount: /x\n");
    let words =
        "init generic --sandbox --answers answers.yaml --size 10GB --port 70000 --node-port x --expose nodeport";
    home.say(words).hinted(
        2,
        &[
            "`answers.yaml:1:11`: `replicas`: `none`",
            "`--storage-class`: `nope` is not one of `standard`, `fast`, `manual`",
            "`answers.yaml:3:1`: `mount`: ",
            "`--size`: `10GB` is not a size",
            "`--port`: `70000`",
            "`--node-port`: `x`",
            "did you mean `NodePort`?",
            " missing: --name, --image, --yes\n",
            "hint: `--size`: ",
            "hint: kubectl stateful init generic --help",
        ],
    );
    // Also where there is no cluster, what is wrong about the words is told.
    run(&["init", "couchdb", "--size", "10GB", "--expose", "nodeport"]).told(2, &["`--size`", "`--expose`"]);
    nothing_was_made(&home);
}

#[test]
fn a_pattern_is_told_in_words() {
    let generic = ["init", "generic", "--sandbox", "--yes", "--name", "web", "--image", "a b"];
    run(&generic).told(2, &["`--image`: `a b`: must be text without spaces"]);
    let class = ["create", "storageclass", "x", "--sandbox", "--yes", "--provisioner", "A B"];
    run(&class).told(2, &["must be small letters, digits, `.`, `/` and `-`"]);
}

#[test]
fn what_has_no_meaning_without_another_answer_is_refused_or_not_asked() {
    let generic = ["init", "generic", "--sandbox", "--yes", "--name", "web", "--image", "nginx"];
    run(&[&generic[..], &["--expose", "NodePort"]].concat()).told(2, &["`--expose`: only with `--port`"]);
    run(&[&generic[..], &["--expose", "no"]].concat()).told(0, &[]);
    let by_hand = ["init", "couchdb", "--sandbox", "--yes", "--host-node", "node-a"];
    run(&by_hand).told(2, &["`--host-node`: only with `--host-path`"]);
}

#[test]
fn a_secret_that_stands_in_an_answers_file_is_refused_and_not_repeated() {
    for text in ["admin-password: hunter2\n", "admin-password: {value: hunter2}\n", "admin-password: [hunter2\n"] {
        let finished = with_file(text);
        finished.told(2, &["answers.yaml"]);
        assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    }
}

#[test]
fn files_that_explode_are_told_in_plain_words() {
    let mut bomb = "a0: &a0 [x]\n".to_owned();
    for level in 1..12 {
        let many = format!("*a{},", level - 1).repeat(10);
        writeln!(bomb, "a{level}: &a{level} [{many}]").unwrap();
    }
    let finished = with_file(&bomb);
    finished.told(2, &["too large to be read", "`answers.yaml:"]);
    assert!(!finished.stderr.contains("Nodes {"), "{}", finished.stderr);
    with_file(&format!("name: {}\n", "[".repeat(10_000))).told(2, &["nested too deeply"]);
}

#[test]
fn saved_answers_make_the_same_objects_again() {
    let home = Home::new();
    let asked = "--name db --size 2Gi";
    let first = home.say(&format!("init couchdb --sandbox --yes {asked} --save-answers saved.yaml"));
    first.told(0, &["wrote saved.yaml"]);
    let second = home.say("init couchdb --sandbox --yes --answers saved.yaml");
    second.told(0, &["nothing to change"]);
    let made_of = |words: &str| home.say(&format!("init couchdb --sandbox --dry-run=client -o yaml {words}")).stdout;
    assert!(made_of(asked).contains("storage: 2Gi"));
    assert_eq!(made_of("--answers saved.yaml"), made_of(asked));
    // A flag wins over the file.
    let other = home.say("init couchdb --sandbox --dry-run --answers saved.yaml --size 3Gi -o yaml").stdout;
    assert!(other.contains("storage: 3Gi"), "{other}");
}

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    let home = Home::new();
    home.say("init couchdb --sandbox --yes").told(0, &["created"]);
    let runs = std::fs::read_dir(home.state().join("runs")).unwrap().count();
    let versions = || {
        ["/api/v1/namespaces/default/secrets/couchdb-admin", "/apis/apps/v1/namespaces/default/statefulsets/couchdb"]
            .map(|path| neighbour::get(&home, path).unwrap()["metadata"]["resourceVersion"].clone())
    };
    let before = versions();
    let again = home.say("init couchdb --sandbox --yes");
    again.told(0, &["nothing to change", "unchanged", "kept"]);
    assert!(!again.stderr.contains("created"), "{}", again.stderr);
    assert_eq!(versions(), before);
    assert_eq!(std::fs::read_dir(home.state().join("runs")).unwrap().count(), runs, "a run for nothing");
    // Nothing is changed, so nobody has to approve it.
    home.say("init couchdb --sandbox").told(0, &["nothing to change"]);
}

#[test]
fn a_namespace_that_does_not_exist_is_told_before_anything_else() {
    let home = Home::new();
    for line in ["init couchdb --yes", "init generic", "create configmap m --from-literal a=b --yes"] {
        let finished = home.say(&format!("{line} --sandbox -n nope"));
        finished.hinted(1, &["namespace `nope` does not exist", "nothing was changed", "default, kube-system"]);
        // kubectl would make it on another cluster.
        assert!(!finished.stderr.contains("kubectl create namespace"), "{}", finished.stderr);
    }
    home.say("init couchdb --yes --sandbox -n Not_A_Name").told(2, &["no name of a namespace"]);
    home.run(&["init", "couchdb", "--yes", "--sandbox", "-n", ""]).told(0, &[]);
}

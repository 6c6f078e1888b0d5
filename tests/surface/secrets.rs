//! A secret value is nowhere but in the cluster, unless it was asked for by
//! `--show-secrets`, and then on the screen alone.

use crate::program::{Finished, Home, finish};

const CANARY: &str = "canary-7f3a-hunter2";
/// The same in base64, as a Secret holds it.
const CODED: &str = "Y2FuYXJ5LTdmM2EtaHVudGVyMg==";

fn holds(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains(CANARY) || text.contains(CODED)
}

/// Neither in an output nor in any file but the sandbox itself.
#[track_caller]
fn nowhere(home: &Home, finished: &Finished) {
    assert!(!holds(finished.stdout.as_bytes()) && !holds(finished.stderr.as_bytes()), "{finished:?}");
    let sandboxes = home.state().join("sandboxes");
    let own = home.path().join("password");
    for file in home.files().iter().filter(|file| !file.starts_with(&sandboxes) && **file != own) {
        assert!(!holds(&std::fs::read(file).unwrap()), "{} holds it", file.display());
    }
}

fn with_canary(home: &Home, words: &str) -> Finished {
    finish(home.command(&words.split(' ').collect::<Vec<_>>()).env("PW", CANARY))
}

#[test]
fn no_output_and_no_file_holds_the_value_of_a_secret() {
    let home = Home::new();
    home.write("password", CANARY);
    let init = "init couchdb --sandbox --yes --save-answers answers.yaml --save manifests --events jsonl=events.jsonl";
    for (name, words) in [
        ("a", "--admin-password-from env:PW -o yaml"),
        ("b", "--admin-password-from file:password -o json"),
        ("c", "--admin-password-from env:PW --dry-run=server"),
        ("d", "--admin-password-from env:PW --dry-run=client -o yaml"),
        ("e", "--admin-password-from env:PW --storage-class manual"),
        ("f", "--admin-password-from env:PW -o name --show-secrets"),
        ("g", "--admin-password-from env:PW -n nope"),
    ] {
        let finished = with_canary(&home, &format!("{init} --name {name} {words}"));
        nowhere(&home, &finished);
    }
    let piped = home.shell(&format!("echo {CANARY} | \"$0\" {init} --name h --admin-password-from -"));
    nowhere(&home, piped.told(0, &["was typed and is not in that file"]));
    nowhere(&home, &with_canary(&home, "create secret generic s --value-from key=env:PW --sandbox --yes -o yaml"));
    nowhere(
        &home,
        &with_canary(&home, &format!("create secret generic t --from-literal key={CANARY} --sandbox --yes")),
    );
    nowhere(&home, &with_canary(&home, "status --sandbox -o yaml"));
    nowhere(&home, &with_canary(&home, "sandbox show"));
    // The search can find something: the sandbox itself holds it, closed to others.
    let log = home.log();
    assert!(holds(&std::fs::read(&log).unwrap()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for file in home.files().iter().filter(|file| file.starts_with(home.state())) {
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
        }
    }
}

#[test]
fn the_output_says_how_to_make_the_secret_that_is_left_out() {
    let home = Home::new();
    let finished = with_canary(&home, "init couchdb --sandbox --yes -o yaml --admin-password-from env:PW");
    finished.told(
        0,
        &[
            "Secret/couchdb-admin is left out",
            "kubectl create secret generic couchdb-admin",
            "--from-literal=password=",
        ],
    );
    assert!(!finished.stdout.contains("kind: Secret\n"), "{}", finished.stdout);
}

#[test]
fn the_value_is_shown_when_it_was_asked_for_and_on_the_screen_alone() {
    let home = Home::new();
    let words = "init couchdb --sandbox --yes --show-secrets -o yaml --admin-password-from env:PW --save-answers answers.yaml --save manifests";
    let finished = with_canary(&home, words);
    assert!(finished.told(0, &[]).stdout.contains(CODED), "{}", finished.stdout);
    nowhere(&home, &Finished { stdout: String::new(), ..finished });
}

#[test]
fn a_generated_password_is_what_the_output_shows() {
    let home = Home::new();
    let shown = home.say("init couchdb --sandbox --yes --show-secrets -o json").stdout;
    let list: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let secret = crate::neighbour::get(&home, "/api/v1/namespaces/default/secrets/couchdb-admin").unwrap();
    assert_eq!(list["items"][0]["data"]["password"], secret["data"]["password"]);
    assert!(secret["data"]["password"].as_str().unwrap().len() > 32);
}

/// A recipe should take secrets as answers. One that writes values into its
/// objects must not spread them either.
#[test]
fn a_value_that_a_recipe_writes_itself_is_in_the_cluster_alone() {
    let home = Home::new();
    // The recipe itself holds it only in pieces, so that it is not found there.
    home.write(
        "r.rhai",
        r#"const RECIPE = #{ api: 1, summary: "a Secret" };
           fn objects(p) { [#{ apiVersion: "v1", kind: "Secret", metadata: #{ name: "own" },
               stringData: #{ plain: "canary-" + "7f3a-hunter2" }, data: #{ coded: "Y2FuYXJ5LTdmM2E" + "taHVudGVyMg==" } }] }"#,
    );
    for words in ["--dry-run=client -o yaml", "--dry-run=server -o json"] {
        let finished = home.say(&format!("init ./r.rhai --sandbox {words}"));
        nowhere(&home, finished.told(0, &["left out"]));
    }
    let made = home.say("init ./r.rhai --sandbox --yes -o yaml --save out --save-answers a.yaml --events jsonl=events");
    nowhere(&home, made.told(0, &[]));
    let secret = crate::neighbour::get(&home, "/api/v1/namespaces/default/secrets/own").unwrap();
    assert_eq!(secret["data"], serde_json::json!({ "plain": CODED, "coded": CODED }));
    let shown = home.say("init ./r.rhai --sandbox --dry-run=client -o yaml --show-secrets");
    assert!(shown.stdout.contains(CODED), "{}", shown.stdout);
}

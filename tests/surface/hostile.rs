//! Strings that would move the cursor, wherever they come from: shown, but as
//! text.

use serde_json::{Value, json};

use crate::neighbour;
use crate::program::{Finished, Home, finish, run};

/// Clears the screen, goes to its corner, writes over the line, turns the
/// reading direction.
const HOSTILE: &str = "\u{1b}[2J\u{1b}[H\r\u{8}\u{9b}31m\u{202e}gone";

#[track_caller]
fn harmless(finished: &Finished) {
    for text in [&finished.stdout, &finished.stderr] {
        let found = text.chars().find(|&c| (c.is_control() && c != '\n') || c == '\u{202e}');
        assert_eq!(found, None, "{text:?}");
    }
}

/// The text is there, as text.
#[track_caller]
fn shown(finished: &Finished) {
    harmless(finished);
    let all = format!("{}{}", finished.stdout, finished.stderr);
    assert!(all.contains("\\u{1b}[2J") && all.contains("gone"), "{all}");
}

fn warning(claim: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": "hostile", "namespace": "default" },
        "type": "Warning", "reason": "ProvisioningFailed", "message": HOSTILE, "count": 1,
        "firstTimestamp": "2099-01-01T00:00:00Z", "lastTimestamp": "2099-01-01T00:00:00Z",
        "source": { "component": "helm" },
        "involvedObject": { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "default",
            "name": claim["metadata"]["name"], "uid": claim["metadata"]["uid"] },
    })
}

#[test]
fn event_messages_in_status_and_in_a_failed_wait_are_text() {
    let home = Home::new();
    // A claim that nobody fills, and an event that says why.
    home.say("init couchdb --sandbox --yes --storage-class manual").told(4, &[]);
    let claim = neighbour::get(&home, "/api/v1/namespaces/default/persistentvolumeclaims/data-couchdb-0").unwrap();
    neighbour::create(&home, "/api/v1/namespaces/default/events", &warning(&claim));
    shown(&home.say("status --sandbox"));
    shown(&home.say("status couchdb --sandbox -o wide"));
    let waited = home.say("init couchdb --sandbox --yes --storage-class manual");
    waited.told(1, &["claim data-couchdb-0"]);
    shown(&waited);
    // Into a pipe JSON goes byte for byte, with JSON's own escapes.
    let json = home.say("status --sandbox -o json");
    assert!(!json.stdout.contains('\u{1b}'), "{}", json.stdout);
    serde_json::from_str::<Value>(&json.stdout).unwrap();
}

#[test]
fn annotations_and_owners_are_text() {
    let home = Home::new();
    home.say("sandbox show").told(0, &[]);
    let service = json!({ "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": "couchdb", "annotations": { "note": HOSTILE } },
        "spec": { "ports": [{ "port": 80, "name": "http" }] } });
    let services = "/api/v1/namespaces/default/services";
    // A server takes no manager that cannot be printed.
    neighbour::create_as(&home, "[2Jhelm-is-gone", services, &service);
    let refused = home.say("init couchdb --sandbox --yes");
    refused.told(3, &["exists already", "`[2Jhelm-is-gone`"]);
    harmless(&refused);
    neighbour::merge(&home, "/api/v1/nodes/node-a", &json!({ "metadata": { "annotations": { "note": HOSTILE } } }));
    harmless(&home.say("sandbox show"));
    harmless(&home.say("status --sandbox"));
}

#[test]
fn what_was_typed_is_text_in_the_error() {
    for words in [
        vec!["init", HOSTILE],
        vec!["init", "couchdb", "--sandbox", "--yes", "--name", HOSTILE],
        vec!["init", "couchdb", "--sandbox", "--yes", "--storage-class", HOSTILE],
        vec!["init", "couchdb", "--sandbox", "--yes", "--expose", HOSTILE],
        vec!["init", "couchdb", "--sandbox", "--yes", "--answers", HOSTILE],
        vec!["status", HOSTILE, "--sandbox"],
        vec!["status", "--sandbox", "-l", HOSTILE],
        vec![HOSTILE],
        vec!["status", "--kubeconfig", HOSTILE],
        vec!["status", "--events", HOSTILE],
    ] {
        let finished = run(&words);
        assert_ne!(finished.code, 0, "{words:?}");
        harmless(&finished);
    }
    let home = Home::new();
    home.write("answers.yaml", "\"\\e[2J\\bgone\": 1\n");
    let finished = home.say("init couchdb --sandbox --yes --answers answers.yaml");
    finished.told(2, &["is not one of"]);
    harmless(&finished);
}

#[test]
fn a_recipe_of_somebody_elses_cannot_draw_on_the_screen() {
    let home = Home::new();
    let evil = "\\u001b[2J\\u001b[Hgone";
    home.write(
        "evil.rhai",
        format!(
            "const RECIPE = #{{ api: 1, summary: \"{evil}\", description: \"{evil}\",
               params: [#{{ name: \"colour\", type: \"text\", prompt: \"{evil}\", help: \"{evil}\" }}] }};
             fn objects(p) {{ print(\"{evil}\"); throw \"{evil}\"; }}\n"
        ),
    );
    // Whoever shows the help leaves escape sequences out.
    harmless(&home.say("init ./evil.rhai --help"));
    let thrown = home.say("init ./evil.rhai --sandbox --yes --colour red");
    assert_ne!(thrown.code, 0);
    shown(&thrown);
    shown(&home.say("init ./evil.rhai --sandbox --yes --colour="));
    home.write(".config/kubectl-stateful/recipes/evil.rhai", std::fs::read(home.path().join("evil.rhai")).unwrap());
    let offered = home.run(&["__complete", "init", "evil", "--c"]);
    assert!(offered.stdout.contains("--colour"), "{}", offered.stdout);
    assert!(!offered.stdout.contains('\u{1b}'), "{:?}", offered.stdout);
}

#[test]
fn values_of_the_environment_are_text() {
    let home = Home::new();
    for variable in ["KUBECTL_STATEFUL_SANDBOX", "KUBECONFIG"] {
        let finished = finish(home.command(&["status"]).env(variable, HOSTILE));
        assert_ne!(finished.code, 0);
        harmless(&finished);
    }
}

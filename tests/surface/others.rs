//! Objects that are somebody else's, or not as they would have to be: refused
//! before the first write, with the owner's name.

use serde_json::{Value, json};

use crate::neighbour;
use crate::program::Home;

const SERVICES: &str = "/api/v1/namespaces/default/services";
const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

/// A home whose sandbox exists, with what is in it.
fn home() -> Home {
    let home = Home::new();
    home.say("sandbox show").told(0, &[]);
    home
}

fn service() -> Value {
    json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "couchdb" },
            "spec": { "ports": [{ "port": 80 }], "selector": { "app": "other" } } })
}

#[test]
fn another_owners_object_of_that_name_is_refused_and_stays_as_it_is() {
    let home = home();
    let theirs = neighbour::create(&home, SERVICES, &service());
    let finished = home.say("init couchdb --sandbox --yes");
    finished
        .hinted(3, &["`Service/couchdb` exists already and was made by `helm`", "nothing was changed", "another name"]);
    assert_eq!(neighbour::get(&home, &format!("{SERVICES}/couchdb")).unwrap(), theirs);
    assert!(neighbour::names(&home, SECRETS).is_empty() && neighbour::names(&home, SETS).is_empty());
    // Another name is a way out.
    home.say("init couchdb --sandbox --yes --name couch").told(0, &["created"]);
}

#[test]
fn a_conflict_shows_the_owner_and_changes_nothing() {
    let home = home();
    home.say("init generic --sandbox --yes --name web --image nginx").told(0, &[]);
    let path = format!("{SETS}/web");
    let scaled = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "web" },
                         "spec": { "replicas": 3 } });
    neighbour::apply(&home, &path, &scaled);
    let before = neighbour::get(&home, &path).unwrap();
    let finished = home.say("init generic --sandbox --yes --name web --image nginx");
    finished.hinted(3, &["`StatefulSet/web`", "helm", ".spec.replicas", "nothing was changed"]);
    let after = neighbour::get(&home, &path).unwrap();
    // What its controller writes of its status goes on meanwhile.
    let owners = |set: &Value| {
        let mut owners = set["metadata"]["managedFields"].as_array().cloned().unwrap();
        owners.retain(|owner| owner["subresource"].is_null());
        owners
    };
    assert_eq!((&after["spec"], owners(&after)), (&before["spec"], owners(&before)));
    // The hint's way out: the same value as the owner's.
    home.say("init generic --sandbox --yes --name web --image nginx --replicas 3").told(0, &[]);
}

#[test]
fn a_secret_without_the_wanted_key_is_refused_and_stays_as_it_is() {
    let home = home();
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "couchdb-admin" },
                         "stringData": { "user": "root", "pw": "hunter2" } });
    let theirs = neighbour::create(&home, SECRETS, &secret);
    let finished = home.say("init couchdb --sandbox --yes");
    finished.hinted(3, &["`Secret/couchdb-admin`", "lacks the key `password`", "nothing was changed"]);
    assert!(!finished.stderr.contains("hunter2"));
    assert_eq!(neighbour::get(&home, &format!("{SECRETS}/couchdb-admin")).unwrap(), theirs);
    assert!(neighbour::names(&home, SERVICES).is_empty() && neighbour::names(&home, SETS).is_empty());
}

#[test]
fn a_secret_with_all_keys_is_kept_as_it_is() {
    let home = home();
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "couchdb-admin" },
                         "stringData": { "user": "root", "password": "hunter2" } });
    let theirs = neighbour::create(&home, SECRETS, &secret);
    home.say("init couchdb --sandbox --yes").told(0, &["kept"]);
    assert_eq!(neighbour::get(&home, &format!("{SECRETS}/couchdb-admin")).unwrap(), theirs);
}

#[test]
fn claims_of_an_earlier_set_are_never_taken_unasked() {
    let home = home();
    home.say("init couchdb --sandbox --yes").told(0, &[]);
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    neighbour::delete(&home, &format!("{SETS}/couchdb"));
    assert_eq!(neighbour::names(&home, claims), ["data-couchdb-0"]);
    let finished = home.say("init couchdb --sandbox --yes");
    finished.hinted(3, &["earlier set `couchdb`", "data-couchdb-0", "10Gi", "nothing was changed", "--adopt-claims"]);
    assert!(neighbour::names(&home, SETS).is_empty());
    home.say("init couchdb --sandbox --yes --adopt-claims").told(0, &["created"]);
}

#[test]
fn claims_of_members_that_went_are_not_taken_unasked_when_the_set_grows_again() {
    let home = home();
    let set = "init generic --sandbox --yes --name g --image nginx:1.29 --size 1Gi";
    home.say("create pvc data-g-1 --size 1Gi --storage-class fast --sandbox --yes").told(0, &[]);
    home.say(&format!("{set} --replicas 1"))
        .told(0, &["data-g-1 of an earlier set", "stays until the set grows over it"]);
    let same = home.say(&format!("{set} --replicas 1"));
    assert!(!same.told(0, &["nothing to change"]).stderr.contains("data-g-1"), "{}", same.stderr);
    let words = ["claim data-g-1, not used now", "would be used as it is"];
    home.say(&format!("{set} --replicas 2")).hinted(
        3,
        &["claims that set `g` does not use now", words[0], words[1], "--adopt-claims", "as it is (replicas: 1)"],
    );
    home.say(&format!("{set} --replicas 2 --dry-run=server")).told(0, &words);
    home.say(&format!("{set} --replicas 2 --adopt-claims")).told(0, &[words[0], "pod g-1 ready"]);
    let grown = home.say(&format!("{set} --replicas 3"));
    assert!(!grown.told(0, &["pod g-2 ready"]).stderr.contains("data-g-1,"), "{}", grown.stderr);
}

#[test]
fn a_wait_that_can_never_end_says_what_exists_and_where_to_look() {
    let home = home();
    let finished = home.say("init couchdb --sandbox=b --yes --storage-class manual");
    finished.hinted(4, &["claim data-couchdb-0", "already changed:", "StatefulSet/couchdb", "all objects are applied"]);
    for command in [
        "status couchdb --sandbox=b -n default",
        "init couchdb --sandbox=b --namespace default --storage-class manual --yes",
    ] {
        let hint = format!("\nhint: kubectl stateful {command}\n");
        assert!(finished.stderr.contains(&hint), "{}", finished.stderr);
    }
}

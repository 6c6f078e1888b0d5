//! The same application once more, with other answers: what would change is
//! said with its values, what goes is warned of, and what cannot change is told
//! with its flag.

use crate::neighbour;
use crate::program::Home;

const WEB: &str = "init generic --sandbox --yes --name web --image nginx --port 80";

/// A sandbox with three members of `web`, 1Gi each.
fn three() -> Home {
    let home = Home::new();
    home.say(&format!("{WEB} --replicas 3 --size 1Gi")).told(0, &["pod web-2 ready"]);
    home
}

#[test]
fn members_that_go_are_warned_of_with_what_becomes_of_their_claims() {
    let home = three();
    let fewer = home.say(&format!("{WEB} --replicas 2 --size 1Gi --dry-run=server"));
    fewer.told(0, &[".spec.replicas 3 → 2", "web goes from 3 to 2 members", "and their claims stay"]);
    let more = home.say(&format!("{WEB} --replicas 4 --size 1Gi --dry-run=server"));
    assert!(!more.told(0, &[".spec.replicas 3 → 4"]).stderr.contains("goes from"), "{}", more.stderr);
}

#[test]
fn a_set_that_would_delete_claims_with_their_data_is_not_scaled_down() {
    let home = Home::new();
    let with = |words: &str| {
        home.say(&format!(
            "create statefulset web --image nginx --claim data:1Gi:standard:/data {words} --sandbox --yes"
        ))
    };
    with("--replicas 3 --claims-when-scaled Delete").told(0, &["pod web-2 ready"]);
    let refused = with("--replicas 1 --claims-when-scaled Delete");
    refused.hinted(3, &["`StatefulSet/web`", "whenScaled: Delete", "would delete their claims", "nothing was changed"]);
    let claims = || neighbour::names(&home, "/api/v1/namespaces/default/persistentvolumeclaims");
    assert_eq!(claims().len(), 3);
    with("--replicas 3 --claims-when-scaled Retain").told(0, &[]);
    with("--replicas 1 --claims-when-scaled Retain").told(0, &["and their claims stay"]);
    assert_eq!(claims().len(), 3);
}

#[test]
fn another_value_for_a_secret_that_is_kept_is_told_and_the_same_again_is_not() {
    let home = Home::new();
    home.say("init couchdb --sandbox --yes").told(0, &[]);
    let other = home.say("init couchdb --sandbox --yes --admin-user bob");
    other.told(0, &["Secret/couchdb-admin exists and is kept: the value given for `user` is not used"]);
    std::fs::write(home.path().join("password"), "hunter2").unwrap();
    let registry = "create secret docker-registry keys --docker-server r.example --docker-username bob \
                    --docker-password-from file:password --sandbox --yes";
    home.say(registry).told(0, &["created"]);
    home.say(registry).told(0, &["nothing to change"]);
}

#[test]
fn what_cannot_change_is_told_with_its_flag_and_both_values() {
    let home = three();
    let larger = home.say(&format!("{WEB} --replicas 3 --size 5Gi"));
    larger.hinted(1, &["storage 1Gi → 5Gi (`--size`)", "nothing was changed"]);
}

#[test]
fn the_output_is_what_the_server_stores_with_and_without_a_change() {
    let home = Home::new();
    let made = home.say("init couchdb --sandbox --yes -o json");
    let unchanged = home.say("init couchdb --sandbox --yes -o json");
    unchanged.told(0, &["nothing to change"]);
    for finished in [&made, &unchanged] {
        let list: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        let items = list["items"].as_array().unwrap();
        assert!(items.iter().all(|item| item["metadata"]["uid"].is_string()), "{list}");
        assert!(!finished.stdout.contains("managedFields") && !finished.stdout.contains("\"Secret\""), "{list}");
    }
    let shown = home.say("init couchdb --sandbox --yes -o json --show-secrets");
    assert!(shown.stdout.contains("\"password\""), "{}", shown.stdout);
    let dry = home.say("init couchdb --name other --sandbox --dry-run=server -o yaml").stdout;
    assert!(dry.contains("podManagementPolicy: OrderedReady"), "no default of the server's: {dry}");
}

#[test]
fn no_time_to_wait_means_one_look() {
    let home = three();
    let finished = home.say(&format!("{WEB} --replicas 4 --size 1Gi --timeout 0"));
    finished.hinted(4, &["is not there after 0s", "already changed:\n  - StatefulSet/web"]);
}

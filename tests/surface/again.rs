//! The same application once more, with other answers: what would change is
//! said with its values, what goes is warned of, and what cannot change is told
//! with its flag.

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

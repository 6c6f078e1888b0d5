//! Claims that an earlier set left behind: shown with what they are, and each
//! way of the menu works.

use libtest_mimic::Trial;

use crate::home::{ENTER, Home, UP, answer, drawn, reviewed, stable, well};
use crate::init::COUCHDB;
use crate::screen::Screen;
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        enter_stops_and_leaves_the_claim_alone,
        adopting_uses_the_claim_with_its_volume,
        another_name_leaves_the_claim_alone,
        a_set_that_grows_asks_about_what_its_new_members_would_take,
        another_name_is_possible_where_no_parameter_is_called_name,
    ]
}

/// A sandbox with a claim of an earlier `couchdb`, and the menu about it.
fn found() -> (Home, Screen, String) {
    let home = Home::new();
    let made = home.run("create pvc data-couchdb-0 --size 7Gi --storage-class fast --yes");
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let mut screen = home.terminal("init couchdb");
    answer(&mut screen, &COUCHDB[..6]);
    let menu = drawn(&screen, "Claims of an earlier set couchdb exist", "stop           leave everything as it is");
    (home, screen, menu)
}

fn enter_stops_and_leaves_the_claim_alone() {
    let (home, mut screen, menu) = found();
    let before = home.traces();
    let shown = regex::Regex::new(
        r"! claim data-couchdb-0 of an earlier set: \d+s old, 7Gi, pvc-[0-9a-f-]+;\s+would\s+be\s+used\s+as\s+it\s+is",
    );
    let lines = menu.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.expect("a pattern").is_match(&lines), "{menu}");
    assert!(lines.contains("the old password may still be the one that counts"), "{menu}");
    let ways = "  adopt          the new set uses these claims with the data in them\n  \
                another name   the claims stay as they are\n\
                ❯ stop           leave everything as it is";
    assert!(menu.ends_with(ways), "{menu}");
    screen.press(ENTER);
    let end = screen.ends();
    assert_eq!(end.code, 1, "{}", end.contents);
    assert!(end.contents.ends_with("error: stopped; nothing was changed"), "{}", end.contents);
    assert_eq!(home.traces(), before);
}

fn adopting_uses_the_claim_with_its_volume() {
    let (home, mut screen, _) = found();
    let volume = home.object("PersistentVolumeClaim", "data-couchdb-0")["spec"]["volumeName"].clone();
    screen.press(&format!("{UP}{UP}{ENTER}"));
    let review = reviewed(&screen);
    assert!(review.contains("! claim data-couchdb-0 is used with the data in it"), "{review}");
    screen.press(ENTER);
    let end = well(screen);
    assert!(stable(&end.contents).contains("claim data-couchdb-0 bound to pvc-… (7Gi)"), "{}", end.contents);
    let again = end.contents.replace('\n', "");
    assert!(again.ends_with("init couchdb --sandbox --adopt-claims --namespace default --yes"), "{again}");
    assert_eq!(home.object("PersistentVolumeClaim", "data-couchdb-0")["spec"]["volumeName"], volume);
    assert!(home.status().starts_with("couchdb  1/1 ready"), "{}", home.status());
}

fn another_name_leaves_the_claim_alone() {
    let (home, mut screen, _) = found();
    screen.press(&format!("{UP}{ENTER}"));
    answer(&mut screen, &[("Name of the application (couchdb)", "fresh\r"), ("Apply to", ENTER)]);
    let end = well(screen);
    assert!(!end.contents.contains("--adopt-claims"), "{}", end.contents);
    let objects = home.traces().0;
    assert!(objects.contains("PersistentVolumeClaim/data-fresh-0 "), "{objects}");
    assert!(objects.contains("PersistentVolumeClaim/data-couchdb-0 "), "{objects}");
    assert!(!objects.contains("StatefulSet/couchdb"), "{objects}");
}

/// There is no other name to choose: the set is there.
fn a_set_that_grows_asks_about_what_its_new_members_would_take() {
    let home = Home::new();
    assert_eq!(home.run("create pvc data-web-1 --size 7Gi --storage-class fast --yes").code, Some(0));
    let set = "init generic --name web --image nginx:1.29 --namespace default --size 1Gi --mount-path /data \
               --storage-class fast --port 80 --expose no --replicas";
    assert_eq!(home.run(&format!("{set} 1 --yes")).code, Some(0));
    let before = home.traces();
    let prompt = "Set web would grow over claims that exist";
    let ways = "  adopt   the new members use these claims with the data in them\n\
                ❯ stop    leave everything as it is";
    let mut screen = home.terminal(&format!("{set} 2"));
    let menu = drawn(&screen, prompt, "leave everything as it is");
    assert!(menu.contains("! claim data-web-1, not used now: ") && menu.ends_with(ways), "{menu}");
    screen.press(ENTER);
    let end = screen.ends();
    assert!(end.code == 1 && end.contents.ends_with("error: stopped; nothing was changed"), "{}", end.contents);
    assert_eq!(home.traces(), before);
    let mut screen = home.terminal(&format!("{set} 2"));
    drawn(&screen, prompt, "leave everything as it is");
    screen.press(&format!("{UP}{ENTER}"));
    let review = reviewed(&screen);
    assert!(review.contains("! claim data-web-1 is used with the data in it"), "{review}");
    screen.press(ENTER);
    assert!(well(screen).contents.contains("✓ pod web-1 ready"));
}

/// A recipe may name its objects after any parameter; then the person says
/// which answer to change.
fn another_name_is_possible_where_no_parameter_is_called_name() {
    const RECIPE: &str = r#"
        const RECIPE = #{ api: 1, summary: "one pod", params: [
            #{ name: "title", type: "name", max: 52, value: "web", prompt: "Title", help: "The name." },
        ] };
        fn objects(p) {
            let labels = labels("web", p.title);
            [
                headless_service(p.title, labels, [#{ name: "http", port: 80 }]),
                #{ apiVersion: "apps/v1", kind: "StatefulSet", metadata: #{ name: p.title, labels: labels },
                   spec: #{
                       serviceName: p.title, replicas: 1, selector: #{ matchLabels: selector(labels) },
                       persistentVolumeClaimRetentionPolicy: #{ whenDeleted: "Retain", whenScaled: "Retain" },
                       template: #{ metadata: #{ labels: labels }, spec: #{ containers: [#{
                           name: "web", image: "nginx:1.29", ports: [#{ name: "http", containerPort: 80 }],
                           readinessProbe: tcp_probe("http"), volumeMounts: [#{ name: "data", mountPath: "/data" }],
                       }] } },
                       volumeClaimTemplates: [claim_template("data", labels, "1Gi", ())],
                   } },
            ]
        }"#;
    let home = Home::new();
    std::fs::write(home.path().join("own.rhai"), RECIPE).expect("a recipe");
    assert_eq!(home.run("create pvc data-web-0 --size 1Gi --yes").code, Some(0));
    let mut screen = home.terminal("init ./own.rhai");
    answer(&mut screen, &[("Title (web)", ENTER), ("Namespace", ENTER)]);
    answer(&mut screen, &[("Claims of an earlier set web exist", &format!("{UP}{ENTER}"))]);
    answer(&mut screen, &[("Which answer", ENTER), ("Title (web)", "other\r"), ("Apply to", ENTER)]);
    assert!(well(screen).contents.contains("✓ pod other-0 ready"));
}

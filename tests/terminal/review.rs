//! The review and its menu: what is shown, saved, changed and declined before
//! the first write.

use std::fs;

use libtest_mimic::Trial;

use crate::home;
use crate::home::{DOWN, ENTER, Home, UP, answer, drawn, well};
use crate::init::COUCHDB;
use crate::screen::Screen;
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        yaml_is_shown_without_any_secret_value,
        yaml_is_saved_without_any_secret,
        a_folder_that_cannot_be_made_is_asked_for_again,
        a_changed_name_makes_other_objects,
        any_answer_can_be_changed_also_one_that_was_left_out,
        no_declines_and_leaves_everything,
        what_a_colleague_did_meanwhile_is_not_written_over,
    ]
}

/// At the review, with a password that would be easy to find.
fn at_the_review(home: &Home) -> Screen {
    fs::write(home.path().join("password"), "hunter2").expect("a file");
    let mut screen = home.terminal("init couchdb --admin-password-from file:password");
    answer(&mut screen, &COUCHDB[..4]);
    answer(&mut screen, &COUCHDB[5..6]);
    home::reviewed(&screen);
    screen
}

fn yaml_is_shown_without_any_secret_value() {
    let home = Home::new();
    let mut screen = at_the_review(&home);
    screen.press(&format!("{DOWN}{ENTER}"));
    screen.shows("is left out (`--show-secrets` shows it)");
    let asked = home::reviewed(&screen);
    assert!(asked.contains("storage: 10Gi"), "{asked}");
    assert!(asked.contains("Secret/couchdb-admin is left out (`--show-secrets` shows it)"), "{asked}");
    screen.press(ENTER);
    let end = well(screen);
    for piece in ["kind: StatefulSet", "kind: Service", "clusterIP: None"] {
        assert!(end.bytes.contains(piece), "{piece}");
    }
    let encoded = home.password("couchdb-admin");
    assert_eq!(encoded, "aHVudGVyMg==");
    assert!(!end.bytes.contains("kind: Secret") && !end.bytes.contains("hunter2") && !end.bytes.contains(&encoded));
}

fn yaml_is_saved_without_any_secret() {
    let home = Home::new();
    let mut screen = at_the_review(&home);
    screen.press(&format!("{DOWN}{DOWN}{ENTER}"));
    answer(&mut screen, &[("Folder (manifests)", ENTER)]);
    let asked = screen.shows("Secrets are never written to files");
    assert!(asked.contains("wrote manifests/03-statefulset-couchdb.yaml"), "{asked}");
    home::reviewed(&screen);
    screen.press(&format!("{UP}{ENTER}"));
    assert_eq!(screen.ends().code, 1);
    let mut saved: Vec<_> = fs::read_dir(home.path().join("manifests"))
        .expect("the folder")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    saved.sort();
    assert_eq!(saved, ["01-service-couchdb.yaml", "02-service-couchdb-client.yaml", "03-statefulset-couchdb.yaml"]);
    assert_eq!(home.files_with("hunter2"), [home.path().join("password")]);
    assert!(!home.traces().0.contains("couchdb"), "saving applies nothing");
}

fn a_folder_that_cannot_be_made_is_asked_for_again() {
    let home = Home::new();
    let mut screen = at_the_review(&home);
    screen.press(&format!("{DOWN}{DOWN}{ENTER}"));
    answer(&mut screen, &[("Folder", "password\r")]);
    screen.shows("cannot write `password`");
    home::reviewed(&screen);
    screen.press(ENTER);
    well(screen);
}

fn a_changed_name_makes_other_objects() {
    let home = Home::new();
    let mut screen = at_the_review(&home);
    screen.press(&format!("{}{ENTER}", DOWN.repeat(3)));
    let menu = drawn(&screen, "Which answer", "Seconds to stop                     30");
    assert!(menu.contains("❯ Name of the application             couchdb\n"), "{menu}");
    assert!(menu.contains("  Admin password                      file:password\n"), "{menu}");
    screen.press(ENTER);
    answer(&mut screen, &[("Name of the application (couchdb)", "shop\r")]);
    screen.shows("Secret/shop-admin ");
    let second = home::reviewed(&screen);
    assert!(second.contains("StatefulSet/shop "), "{second}");
    screen.press(ENTER);
    let end = well(screen);
    assert!(end.contents.contains("http://shop-client.default:5984"), "{}", end.contents);
    let objects = home.traces().0;
    assert!(objects.contains("StatefulSet/shop ") && !objects.contains("couchdb"), "{objects}");
}

fn any_answer_can_be_changed_also_one_that_was_left_out() {
    let home = Home::new();
    let mut screen = at_the_review(&home);
    screen.press(&format!("{}{ENTER}", DOWN.repeat(3)));
    let menu = drawn(&screen, "Which answer", "Seconds to stop                     30");
    assert!(menu.contains("  Storage                             standard\n"), "{menu}");
    screen.press(&format!("{}{ENTER}", DOWN.repeat(2)));
    answer(&mut screen, &[("Storage", &format!("{DOWN}{ENTER}"))]);
    screen.shows("claim data 10Gi on fast");
    home::reviewed(&screen);
    screen.press(ENTER);
    let end = well(screen);
    assert!(end.contents.replace('\n', "").contains("--storage-class fast"), "{}", end.contents);
}

fn no_declines_and_leaves_everything() {
    let home = Home::new();
    let before = home.traces();
    let mut screen = home.terminal("init couchdb");
    answer(&mut screen, &COUCHDB[..6]);
    answer(&mut screen, &[("Apply to", &format!("{UP}{ENTER}"))]);
    let end = screen.ends();
    assert_eq!(end.code, 1, "{}", end.contents);
    assert!(end.contents.ends_with("error: declined; nothing was changed"), "{}", end.contents);
    assert_eq!(home.traces(), before);
}

fn what_a_colleague_did_meanwhile_is_not_written_over() {
    let home = Home::new();
    let mut screen = at_the_review(&home);
    let theirs = home.run("init couchdb --size 5Gi --yes");
    assert_eq!(theirs.code, Some(0), "{}", theirs.stderr);
    let password = home.password("couchdb-admin");
    screen.press(ENTER);
    let end = screen.ends();
    assert_eq!(end.code, 6, "{}", end.contents);
    let told = end.contents.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("`Secret/couchdb-admin` is no longer as it was when this was approved"), "{told}");
    assert!(told.contains("nothing was changed"), "{told}");
    assert_eq!(home.password("couchdb-admin"), password);
}

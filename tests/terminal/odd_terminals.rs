//! Small, dumb and colourless terminals, and clusters whose strings would do
//! something to a terminal.

use libtest_mimic::Trial;

use crate::home::{DOWN, ENTER, Home, answer, drawn, well};
use crate::init::COUCHDB;
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        forty_columns_and_twelve_rows_are_enough,
        a_dumb_terminal_is_asked_in_lines,
        no_colour_when_told,
        ascii_where_the_locale_knows_no_more,
        names_from_the_cluster_cannot_move_the_cursor,
    ]
}

const SMALL: (u16, u16) = (12, 40);

fn forty_columns_and_twelve_rows_are_enough() {
    let home = Home::new();
    let mut screen = home.terminal_of(SMALL, &[], "init couchdb");
    answer(&mut screen, &COUCHDB[..2]);
    let class = drawn(&screen, "Storage", "\n  expandable)");
    assert!(class.contains("❯ standard   (") && class.contains('…'), "{class}");
    let whole = class.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(whole.contains("default, Delete, binds on first use, expandable)"), "{class}");
    answer(&mut screen, &[("Storage", ENTER), ("Size of each volume (10Gi)", &"9".repeat(60))]);
    // The answer scrolls sideways, on one row.
    assert_eq!(screen.shows("9999").matches("? Size").count(), 1);
    screen.press("\u{15}2Gi\r");
    answer(&mut screen, &COUCHDB[4..5]);
    answer(&mut screen, &[("Reach it from outside the cluster", &format!("{DOWN}{ENTER}"))]);
    let review = drawn(&screen, "Apply to", "\n  no      ");
    assert!(review.contains("  StatefulSet/couchdb\n    new  1 × couchdb:3.4, claim data 2Gi"), "{review}");
    screen.press(ENTER);
    let end = well(screen);
    // The command to copy is whole, though the terminal breaks it.
    assert!(end.contents.replace('\n', "").contains("--size 2Gi --expose NodePort --yes"), "{}", end.contents);
}

fn a_dumb_terminal_is_asked_in_lines() {
    let home = Home::new();
    let mut screen = home.terminal_of((60, 80), &[("TERM", "dumb")], "init couchdb");
    for (prompt, keys) in [
        ("Name of the application [couchdb]: ", "shop\r"),
        ("Namespace, number [1]: ", ENTER),
        ("Storage, number [1]: ", "9\r"),
        ("must be a number from 1 to 4", "2\r"),
        ("Size of each volume [10Gi]: ", "x\r"),
        ("`x` is not a size", "2Gi\r"),
        ("Admin password, number [1]: ", "2\r"),
        ("Admin password: ", "s3cret\r"),
        ("Admin password (again): ", "s3cret\r"),
        ("Reach it from outside the cluster, number [1]: ", ENTER),
        ("Apply to sandbox/default? Number [1]: ", "1\r"),
    ] {
        screen.shows(prompt.trim_end());
        screen.press(keys);
    }
    let end = well(screen);
    assert!(end.contents.contains("\nok pod shop-0 ready"), "{}", end.contents);
    assert!(!end.bytes.contains('\u{1b}'), "{:?}", end.bytes);
    assert!(!end.bytes.contains("s3cret"));
    assert_eq!(home.object("PersistentVolumeClaim", "data-shop-0")["spec"]["storageClassName"], "fast");
}

fn no_colour_when_told() {
    let home = Home::new();
    let coloured = regex::Regex::new("\u{1b}\\[[0-9;]*[1-9][0-9;]*m").expect("a pattern");
    for (variable, name, wanted) in [("NO_COLOR", "a", false), ("UNUSED", "b", true)] {
        let mut screen =
            home.terminal_of((40, 110), &[(variable, "1")], &format!("init couchdb --name {name} -n default"));
        answer(&mut screen, &COUCHDB[2..]);
        let end = well(screen);
        assert_eq!(coloured.is_match(&end.bytes), wanted, "{variable}: {:?}", end.bytes);
    }
}

fn ascii_where_the_locale_knows_no_more() {
    let home = Home::new();
    let mut screen = home.terminal_of((40, 110), &[("LANG", "C")], "init couchdb");
    answer(&mut screen, &COUCHDB);
    let end = well(screen);
    let marks: Vec<_> = end.bytes.chars().filter(|character| !character.is_ascii()).collect();
    // The times sign of the review is the only one, and from the summary.
    assert!(marks.iter().all(|mark| *mark == '×'), "{marks:?}");
    assert!(end.contents.contains("ok Name of the application - couchdb"), "{}", end.contents);
}

/// Clears the screen, sets the window's title, goes back, and reads backwards.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{9b}31m\u{202e}x";
const SEEN: &str = "\\u{1b}[2J\\u{1b}]0;owned\\u{7}\\u{d}\\u{9b}31m\\u{202e}x";

fn names_from_the_cluster_cannot_move_the_cursor() {
    let home = Home::new();
    home.tamper(|object| {
        if object["kind"] == "StorageClass" && object["metadata"]["name"] == "fast" {
            object["provisioner"] = HOSTILE.into();
        }
        if object["kind"] == "Node" {
            object["metadata"]["labels"]["topology.kubernetes.io/zone"] = HOSTILE.into();
        }
    });
    let mut screen = home.terminal_of((40, 150), &[("NO_COLOR", "1")], "init couchdb");
    answer(&mut screen, &COUCHDB[..2]);
    let classes = drawn(&screen, "Storage", "prepared by hand.");
    assert!(classes.contains(&format!("  fast       ({SEEN}, Retain")), "{classes}");
    screen.press(&format!("{}{ENTER}", DOWN.repeat(3)));
    answer(&mut screen, &[("Directory on the node", "/srv\r")]);
    let nodes = drawn(&screen, "Node that has the directory", "as soon as");
    assert!(nodes.contains(&format!("  node-a   {SEEN}\n")), "{nodes}");
    screen.press(ENTER);
    answer(&mut screen, &COUCHDB[3..]);
    let end = well(screen);
    harmless(&end.bytes);

    let status = well(home.terminal_of((40, 250), &[("NO_COLOR", "1")], "status"));
    assert!(status.contents.contains(SEEN), "{}", status.contents);
    harmless(&status.bytes);
}

fn harmless(bytes: &str) {
    for piece in ["\u{1b}[2J", "\u{1b}]0;", "\u{7}", "\u{9b}", "\u{202e}"] {
        assert!(!bytes.contains(piece), "{piece:?} got through");
    }
}

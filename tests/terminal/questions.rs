//! Each shape of question: answered, on small and on dumb terminals.

use libtest_mimic::Trial;

use crate::{in_terminal, started, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        a_line_takes_its_default_or_what_is_typed,
        a_wrong_line_is_explained_and_asked_again,
        a_pick_moves_with_arrows,
        a_confirmation_takes_a_letter,
        a_secret_is_typed_twice_and_never_shown,
        a_paste_of_several_lines_answers_one_question,
        lines_typed_ahead_answer_nothing,
        a_long_list_scrolls_in_forty_by_ten,
        a_long_answer_stays_on_one_row_of_forty,
        a_dumb_terminal_gets_no_escape_code,
        no_colour_when_told,
        control_characters_of_the_cluster_are_shown_not_obeyed,
        marks_are_ascii_without_a_unicode_locale,
    ]
}

fn a_line_takes_its_default_or_what_is_typed() {
    let mut screen = started("line");
    let asked = screen.shows("What the objects are named after.");
    assert!(asked.starts_with("? Name of the application (couchdb) ›"), "{asked}");
    screen.press("\r");
    let end = screen.ends();
    assert_eq!(end.contents, "✓ Name of the application · couchdb\nreply: Text(\"couchdb\")");
    assert_eq!(end.code, 0);

    let mut screen = started("line");
    screen.shows("What the");
    screen.press("wex\u{7f}b\u{1b}[D\u{1b}[D\u{1b}[1;5Cmy-\r");
    assert!(screen.ends().contents.ends_with("reply: Text(\"wmy-eb\")"));
}

fn a_wrong_line_is_explained_and_asked_again() {
    let mut screen = started("line");
    screen.shows("What the");
    screen.press(&"x".repeat(60));
    screen.press("\r");
    screen.shows("✗ must have at most 52 characters");
    screen.press("\u{15}web");
    screen.hides("52 characters");
    screen.press("\r");
    assert!(screen.ends().contents.ends_with("reply: Text(\"web\")"));
}

fn a_pick_moves_with_arrows() {
    let mut screen = started("pick");
    let asked = screen.shows("❯ class-1   (rancher.io");
    assert!(asked.contains("\n  class-2   (rancher.io"), "{asked}");
    screen.press("\u{1b}[B\u{1b}[B");
    screen.shows("❯ class-3");
    screen.press("\r");
    assert_eq!(screen.ends().contents, "✓ Storage · class-3\nreply: Picked(2)");
}

fn a_confirmation_takes_a_letter() {
    for (keys, reply) in [("y", "Yes(true)"), ("n", "Yes(false)"), ("\r", "Yes(false)")] {
        let mut screen = started("confirm");
        screen.shows("? Apply to minikube/default? (y/n) › no");
        screen.press(keys);
        let end = screen.ends();
        assert!(end.contents.ends_with(&format!("reply: {reply}")), "{}", end.contents);
    }
}

fn a_secret_is_typed_twice_and_never_shown() {
    let mut screen = started("hidden");
    screen.shows("? Admin password ›");
    screen.press("s3cret\r");
    screen.shows("? Admin password (again) ›");
    screen.press("other\r");
    screen.shows("the two were not the same");
    screen.press("\r");
    screen.shows("must not be empty");
    screen.press("s3cret\r");
    screen.shows("(again)");
    screen.press("s3cret\r");
    let end = screen.ends();
    assert!(end.contents.contains("✓ Admin password · ********"), "{}", end.contents);
    let asked = end.bytes.split("reply:").next().unwrap_or_default();
    assert!(!asked.contains("s3cret") && !asked.contains("other"), "{asked}");
}

fn a_paste_of_several_lines_answers_one_question() {
    let mut screen = started("two");
    screen.shows("? First ›");
    screen.press("\u{1b}[200~one\rtwo\rthree\u{1b}[201~");
    screen.shows("only the first line was kept");
    screen.press("\r");
    let second = screen.shows("? Second ›");
    assert!(second.contains("✓ First · one") && !second.contains("two"), "{second}");
    screen.press("four\r");
    assert!(screen.ends().contents.ends_with("reply: Text(\"four\")"));
}

fn lines_typed_ahead_answer_nothing() {
    let mut screen = started("two");
    screen.shows("? First ›");
    screen.press("one\rtwo\rthree");
    let second = screen.shows("? Second ›");
    assert!(second.contains("✓ First · one"), "{second}");
    screen.press("four\r");
    assert!(screen.ends().contents.ends_with("reply: Text(\"four\")"));
}

fn a_long_list_scrolls_in_forty_by_ten() {
    let mut screen = in_terminal("long", (10, 40), &[]);
    let asked = screen.shows("1 of 40");
    assert!(asked.starts_with("? Storage ›\n❯ class-1    (rancher.io/local-path,"), "{asked}");
    for number in 2..=25 {
        screen.press("\u{1b}[B");
        let shown = screen.shows(&format!("{number} of 40"));
        assert!(shown.contains(&format!("❯ class-{number} ")), "{shown}");
        assert_eq!(shown.matches("? Storage").count(), 1, "{shown}");
    }
    screen.press("\u{1b}[A\r");
    assert_eq!(screen.ends().contents, "✓ Storage · class-24\nreply: Picked(23)");
}

fn a_long_answer_stays_on_one_row_of_forty() {
    let mut screen = in_terminal("line", (10, 40), &[]);
    screen.shows("What the objects");
    screen.press(&"abcdefghij".repeat(5));
    screen.press("\u{1b}[H-");
    let shown = screen.shows("  -abcdefghij");
    assert_eq!(shown.lines().count(), 3, "{shown}");
    screen.press("\r");
    let end = screen.ends();
    assert_eq!(end.code, 0, "{}", end.contents);
    assert_eq!(end.contents.matches("Name of the application").count(), 1, "{}", end.contents);
}

fn a_dumb_terminal_gets_no_escape_code() {
    let dumb = [("TERM", "dumb")];
    let mut screen = in_terminal("pick", (24, 80), &dumb);
    screen.shows("Storage, number [1]:");
    screen.press("3\r");
    let end = screen.ends();
    assert!(end.contents.ends_with("reply: Picked(2)"), "{}", end.contents);
    assert!(!end.bytes.contains('\u{1b}'), "{:?}", end.bytes);

    let mut screen = in_terminal("hidden", (24, 80), &dumb);
    screen.shows("Admin password:");
    screen.press("s3cret\r");
    screen.shows("Admin password (again):");
    screen.press("s3cret\r");
    let end = screen.ends();
    let asked = end.bytes.split("reply:").next().unwrap_or_default();
    assert!(!asked.contains("s3cret") && !asked.contains('\u{1b}'), "{asked:?}");
}

fn no_colour_when_told() {
    let colours = |variables: &[(&str, &str)]| {
        let mut screen = in_terminal("pick", (24, 80), variables);
        screen.shows("❯ class-1");
        screen.press("\r");
        let bytes = screen.ends().bytes;
        // The guard's last reset of the terminal is there in any case.
        let shown = bytes.replace("\u{1b}[0m", "");
        shown.split("\u{1b}[").skip(1).filter(|code| code.trim_start_matches(|c| c < 'A').starts_with('m')).count()
    };
    assert!(colours(&[]) > 0);
    assert_eq!(colours(&[("NO_COLOR", "1")]), 0);
}

fn control_characters_of_the_cluster_are_shown_not_obeyed() {
    let mut screen = started("hostile");
    let asked = screen.shows("slow");
    assert!(asked.contains("Class \\u{1b}[2J\\u{9b}2Jof\\u{d}web"), "{asked}");
    assert!(asked.contains("\\u{1b}]0;owned\\u{7}\\u{1b}[31m\\u{d}\\u{202e}gpj"), "{asked}");
    assert!(asked.contains("two\\u{a}lines"), "{asked}");
    screen.press("\r");
    assert!(!screen.ends().bytes.contains("\u{1b}]0;"));
}

fn marks_are_ascii_without_a_unicode_locale() {
    let mut screen = in_terminal("pick", (24, 80), &[("LANG", "C")]);
    screen.shows("> class-1");
    screen.press("\r");
    let end = screen.ends();
    assert!(end.bytes.is_ascii() && end.contents.starts_with("ok Storage - class-1"), "{}", end.contents);
}

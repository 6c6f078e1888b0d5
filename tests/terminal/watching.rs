//! `status -w`: one picture that is drawn anew in place, and the ways out of it.

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::home::{CTRL_C, Home};
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_set_is_seen_to_become_ready_in_one_picture,
        a_server_that_is_gone_is_told_above_the_last_picture,
        ctrl_c_and_a_signal_leave_the_last_picture_and_the_cursor_below_it,
        a_dumb_terminal_gets_one_picture_after_the_other,
    ]
}

const SET: &str = "init generic --name web --image x:1 --replicas 2 --yes --no-wait";

fn a_set_is_seen_to_become_ready_in_one_picture() {
    let home = Home::new();
    assert_eq!(home.run(SET).code, Some(0));
    let end = home.terminal("status web -w").ends();
    assert_eq!(end.code, 0, "{}", end.contents);
    assert!(end.bytes.contains("0/2 ready") && end.contents.contains("2/2 ready"), "{}", end.contents);
    assert_eq!(end.contents.matches(" ready  ").count(), 1, "{}", end.contents);
}

fn a_server_that_is_gone_is_told_above_the_last_picture() {
    let home = Home::new();
    assert_eq!(home.run(&SET.replace(" --no-wait", "")).code, Some(0));
    let mut server = home.terminal("sandbox serve");
    server.shows("export KUBECONFIG=");
    let mut screen = home.terminal("status web -w");
    screen.shows("2/2 ready");
    server.press(CTRL_C);
    server.ends();
    screen.shows("not up to date: cannot reach");
    // The key drops what is still on its way to the terminal: the picture has to be there.
    screen.shows("looking again\nweb  2/2 ready");
    screen.press(CTRL_C);
    let end = screen.ends();
    assert_eq!(end.code, 0, "{}", end.contents);
    assert!(end.contents.contains("looking again") && end.contents.contains("2/2 ready"), "{}", end.contents);
}

fn ctrl_c_and_a_signal_leave_the_last_picture_and_the_cursor_below_it() {
    let home = Home::new();
    assert_eq!(home.run(&SET.replace(" --no-wait", "")).code, Some(0));
    // A served sandbox goes on for as long as it is served.
    let mut server = home.terminal("sandbox serve");
    server.shows("export KUBECONFIG=");
    for leave in ["key", "signal"] {
        let mut screen = home.terminal("status web -w");
        screen.shows("2/2 ready");
        if leave == "key" {
            screen.press(CTRL_C);
        } else {
            screen.signal(Signal::TERM);
        }
        let end = screen.ends();
        assert_eq!(end.code, 0, "{leave}: {}", end.contents);
        assert!(end.contents.starts_with("web  2/2 ready"), "{leave}: {}", end.contents);
    }
    server.press(CTRL_C);
    server.ends();
}

fn a_dumb_terminal_gets_one_picture_after_the_other() {
    let home = Home::new();
    assert_eq!(home.run(SET).code, Some(0));
    let end = home.terminal_of((40, 110), &[("TERM", "dumb")], "status web -w").ends();
    assert_eq!(end.code, 0, "{}", end.contents);
    assert!(end.bytes.contains("0/2 ready") && end.bytes.contains("2/2 ready"), "{}", end.contents);
    assert!(!end.bytes.contains('\u{1b}'), "{}", end.bytes);
}

//! Every way out of a question and of work: the exit code, and a terminal that
//! is as it was found (`Screen::ends` checks cursor, echo, lines and signals).

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::{in_terminal, started, trials};

pub fn trials() -> Vec<Trial> {
    trials![
        esc_leaves_every_shape,
        ctrl_c_leaves_every_shape,
        a_dumb_terminal_is_left_the_same_way,
        a_signal_at_a_question_leaves_at_once,
        a_panic_at_a_question_gives_the_terminal_back,
        the_first_ctrl_c_stops_work_and_the_second_leaves,
        leaving_after_a_change_has_another_exit_code,
        a_wait_turns_and_leaves_its_result,
    ]
}

const SHAPES: [(&str, &str); 4] =
    [("line", "couchdb"), ("pick", "class-1"), ("confirm", "y/n"), ("hidden", "password")];

fn leaves(keys: &str) {
    for (script, shown) in SHAPES {
        for typed in ["", "x"] {
            let mut screen = started(script);
            screen.shows(shown);
            screen.press(typed);
            screen.press(keys);
            let end = screen.ends();
            assert_eq!(end.code, 130, "{script}: {}", end.contents);
            assert!(end.contents.starts_with("✗ ") && end.contents.ends_with("\nabandoned"), "{}", end.contents);
        }
    }
}

fn esc_leaves_every_shape() {
    leaves("\u{1b}");
}

fn ctrl_c_leaves_every_shape() {
    leaves("\u{3}");
}

fn a_dumb_terminal_is_left_the_same_way() {
    for (script, _) in SHAPES {
        for keys in ["\u{1b}", "x\u{3}"] {
            let mut screen = in_terminal(script, (24, 80), &[("TERM", "dumb")]);
            screen.shows(": ");
            screen.press(keys);
            let end = screen.ends();
            assert_eq!(end.code, 130, "{script}: {}", end.contents);
            assert!(end.contents.ends_with("abandoned"), "{}", end.contents);
        }
    }
}

fn a_signal_at_a_question_leaves_at_once() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let screen = started("hidden");
        screen.shows("? Admin password ›");
        screen.signal(signal);
        let end = screen.ends();
        assert_eq!(end.code, 130, "{}", end.contents);
        assert!(!end.contents.contains("stopping"), "{}", end.contents);
    }
}

fn a_panic_at_a_question_gives_the_terminal_back() {
    let mut screen = started("panic");
    screen.shows("? Name ›");
    screen.press("web\r");
    let end = screen.ends();
    assert_eq!(end.code, 134, "{}", end.contents);
    assert!(end.contents.contains("this is a bug in kubectl-stateful: boom at "), "{}", end.contents);
    assert!(end.contents.ends_with("hint: kubectl stateful resume k3"), "{}", end.contents);
}

fn the_first_ctrl_c_stops_work_and_the_second_leaves() {
    let mut screen = started("working");
    screen.shows("working");
    screen.press("\u{3}");
    screen.shows("stopping");
    screen.press("\u{3}");
    assert_eq!(screen.ends().code, 130);
}

fn leaving_after_a_change_has_another_exit_code() {
    let mut screen = started("changed");
    screen.shows("working");
    screen.press("\u{3}");
    screen.shows("stopping");
    screen.press("\u{3}");
    assert_eq!(screen.ends().code, 4);
}

fn a_wait_turns_and_leaves_its_result() {
    let mut screen = started("progress");
    let waiting = screen.shows("claim data-web-0: no volume yet");
    assert!(waiting.contains("no volume yet \\u{1b}[2J"), "{waiting}");
    screen.press("\u{4}");
    let end = screen.ends();
    assert_eq!(end.contents, "✓ claim data-web-0 bound to pvc-1 (2s)\nreply: Yes(true)");
}

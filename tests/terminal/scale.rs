//! The questions of a scale-down: each can be left, each takes a no, and only
//! the name itself destroys.

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::home::{CTRL_C, ENTER, ESC, Home, Step, answer, stands, well};
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        whoever_leaves_a_question_of_a_scale_down_changes_nothing,
        no_is_what_enter_says_to_a_scale_down,
        only_the_name_of_the_set_destroys,
        yes_beforehand_does_not_say_the_name,
        a_signal_at_a_question_of_a_run_gives_its_lock_back,
    ]
}

const WORDS: &str = "scale web --replicas 1 --claims destroy --settle 0s";
const QUESTIONS: [Step<'_>; 3] =
    [("Run this plan on", "y"), ("nobody asked the application", "y"), ("this takes 2 members of web away", "web\r")];

fn with_a_set() -> Home {
    let home = Home::new();
    let made = home.run("create statefulset web --image nginx --replicas 3 --claim data:1Gi:standard:/data --yes");
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    home
}

/// Answers all questions before one, presses these keys there, and sees the
/// cluster as it was before.
fn stops(home: &Home, at: usize, keys: &str, code: u32, last: &str) {
    let before = home.traces().0;
    let mut screen = home.terminal(WORDS);
    answer(&mut screen, QUESTIONS.get(..at).unwrap_or_default());
    stands(&screen, QUESTIONS[at].0);
    screen.press(keys);
    let end = screen.ends();
    assert_eq!(end.code, code, "at {}:\n{}", QUESTIONS[at].0, end.contents);
    assert!(end.contents.ends_with(last), "at {}:\n{}", QUESTIONS[at].0, end.contents);
    assert_eq!(home.traces().0, before, "at {}", QUESTIONS[at].0);
}

fn whoever_leaves_a_question_of_a_scale_down_changes_nothing() {
    let home = with_a_set();
    for at in 0..QUESTIONS.len() {
        for key in [ESC, CTRL_C] {
            stops(&home, at, key, 130, "error: interrupted; nothing was changed");
        }
    }
}

fn is_locked(home: &Home) -> bool {
    !home.run("status web -o json").stdout.contains("\"lock\": null")
}

fn a_signal_at_a_question_of_a_run_gives_its_lock_back() {
    let home = with_a_set();
    let before = home.traces().0;
    for (at, signal) in [(1, Signal::HUP), (1, Signal::INT), (2, Signal::TERM)] {
        let mut screen = home.terminal(WORDS);
        answer(&mut screen, &QUESTIONS[..at]);
        stands(&screen, QUESTIONS[at].0);
        assert!(is_locked(&home));
        screen.signal(signal);
        let end = screen.ends();
        assert_eq!(end.code, 130, "{signal:?}:\n{}", end.contents);
        let said = end.contents.lines().last().unwrap_or_default();
        assert_eq!(said, "error: interrupted; nothing was changed", "{}", end.contents);
        assert!(!is_locked(&home), "{signal:?}");
        assert_eq!(home.traces().0, before, "{signal:?}");
    }
}

fn no_is_what_enter_says_to_a_scale_down() {
    let home = with_a_set();
    for at in 0..QUESTIONS.len() {
        stops(&home, at, ENTER, 1, "error: declined; nothing was changed");
    }
}

fn only_the_name_of_the_set_destroys() {
    let home = with_a_set();
    for wrong in ["y\r", "yes\r", "we\r", "WEB\r"] {
        stops(&home, 2, wrong, 1, "error: declined; nothing was changed");
    }
    let mut screen = home.terminal(WORDS);
    answer(&mut screen, &QUESTIONS);
    let end = well(screen);
    assert!(end.contents.ends_with("done; what was destroyed is gone for good"), "{}", end.contents);
    assert_eq!(home.object("StatefulSet", "web")["spec"]["replicas"], 1);
}

fn yes_beforehand_does_not_say_the_name() {
    let home = with_a_set();
    let mut screen = home.terminal(&format!("{WORDS} --yes --no-app-check"));
    answer(&mut screen, &[("this takes 2 members of web away", "no\r")]);
    let end = screen.ends();
    assert_eq!(end.code, 1, "{}", end.contents);
    assert_eq!(home.object("StatefulSet", "web")["spec"]["replicas"], 3);
}

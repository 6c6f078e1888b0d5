//! The program under test: asks and works through the library's public
//! interface and says on stdout what came of it.

use std::io::{self, Read as _, Write as _};
use std::panic;
use std::process::{self, ExitCode};
use std::sync::mpsc;
use std::time::Duration;

use kubectl_stateful::report::ask::Person;
use kubectl_stateful::report::progress::observers::{EventsTo, observer};
use kubectl_stateful::report::terminal::{install_interrupt, install_panic_hook, note_change};
use kubectl_stateful::runs::event::Event;
use kubectl_stateful::wizard::parameter::Choice;
use kubectl_stateful::wizard::question::{Abandoned, Ask as _, Question, Reply, Shape};

pub fn run(script: &str) -> ExitCode {
    install_panic_hook(|| vec!["hint: kubectl stateful resume k3".to_owned()]);
    install_interrupt(|| say("stopping")).expect("a signal handler");
    let answered = match script {
        "working" => work_for_ever(),
        "changed" => {
            note_change();
            work_for_ever()
        }
        "progress" => {
            progress();
            Ok(Reply::Yes(true))
        }
        "two" => ask("First", line(&|_| Ok(()))).and_then(|_| ask("Second", line(&|_| Ok(())))),
        "line" => ask("Name of the application", Shape::Line { default: Some("couchdb".to_owned()), check: &short }),
        "panic" => {
            end_in_the_panic_hook();
            ask("Name", line(&|_| panic!("boom")))
        }
        "confirm" => ask("Apply to minikube/default?", Shape::Confirm { default: false }),
        "hidden" => ask("Admin password", Shape::Hidden),
        "pick" => ask("Storage", Shape::Pick { choices: &classes(3), default: 0 }),
        "long" => ask("Storage", Shape::Pick { choices: &classes(40), default: 0 }),
        "hostile" => ask("Class \u{1b}[2J\u{9b}2Jof\rweb", Shape::Pick { choices: &hostile(), default: 0 }),
        other => panic!("no script {other}"),
    };
    if let Ok(reply) = answered {
        say(&format!("reply: {reply:?}"));
        ExitCode::SUCCESS
    } else {
        say("abandoned");
        ExitCode::from(130)
    }
}

fn ask(prompt: &str, shape: Shape<'_>) -> Result<Reply, Abandoned> {
    Person::here().ask(&Question { prompt, help: "What the objects are named after.", shape })
}

fn line(check: &dyn Fn(&str) -> Result<(), String>) -> Shape<'_> {
    Shape::Line { default: None, check }
}

fn short(answer: &str) -> Result<(), String> {
    if answer.len() > 52 { Err("must have at most 52 characters".to_owned()) } else { Ok(()) }
}

fn classes(count: usize) -> Vec<Choice> {
    let label = "(rancher.io/local-path, default, Delete, binds on first use)";
    (1..=count).map(|number| Choice { value: format!("class-{number}"), label: label.to_owned() }).collect()
}

fn hostile() -> Vec<Choice> {
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    vec![choice("fast", "\u{1b}]0;owned\u{7}\u{1b}[31m\r\u{202e}gpj"), choice("slow", "two\nlines")]
}

fn progress() {
    let observer = observer(&EventsTo::People).expect("an observer");
    let what = || "claim data-web-0".to_owned();
    observer.event(Event::Waiting { what: what() });
    observer.event(Event::Progress { what: what(), detail: "no volume yet \u{1b}[2J".to_owned() });
    // Ctrl-D: the one key that goes on without being echoed.
    assert_eq!(io::stdin().read(&mut [0]).expect("a key"), 0);
    observer.event(Event::Reached { what: what(), detail: "bound to pvc-1".to_owned(), after: Duration::from_secs(2) });
}

/// Only a signal ends it.
fn work_for_ever() -> Result<Reply, Abandoned> {
    say("working");
    let (_sender, never) = mpsc::channel::<()>();
    let _ = never.recv();
    Err(Abandoned)
}

/// As the release build does, which aborts: no destructor tidies up.
fn end_in_the_panic_hook() {
    let ours = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        ours(info);
        process::exit(134);
    }));
}

fn say(text: &str) {
    writeln!(io::stdout(), "{text}").expect("stdout");
}

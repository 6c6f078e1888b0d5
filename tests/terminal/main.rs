//! Questions, progress and interruption in a real pseudo-terminal.
//!
//! The shapes of questions are tried on a small program (`program`): the test
//! binary starts itself with `TERMINAL_TEST` set. The wizards are tried with
//! the built plugin on its sandbox (`home`).

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod create;
mod earlier;
mod home;
mod init;
mod leaving;
mod odd_terminals;
mod program;
mod questions;
mod review;
mod scale;
mod screen;
mod secrets;
mod walking_out;
mod watching;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use screen::{Screen, Setup};

fn main() -> ExitCode {
    if let Ok(script) = std::env::var("TERMINAL_TEST") {
        return program::run(&script);
    }
    let mut trials = Vec::new();
    trials.extend(questions::trials());
    trials.extend(leaving::trials());
    trials.extend(init::trials());
    trials.extend(review::trials());
    trials.extend(earlier::trials());
    trials.extend(secrets::trials());
    trials.extend(create::trials());
    trials.extend(odd_terminals::trials());
    trials.extend(walking_out::trials());
    trials.extend(watching::trials());
    trials.extend(scale::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test is a function that panics; the name of the function is its name.
fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// Makes a list of trials out of functions.
macro_rules! trials {
    ($($test:ident),* $(,)?) => { vec![$($crate::trial(stringify!($test), $test)),*] };
}
use trials;

/// A usual terminal, 80 columns wide.
fn started(script: &str) -> Screen {
    in_terminal(script, (24, 80), &[])
}

/// A terminal of so many rows and columns, with variables beside the usual.
fn in_terminal(script: &str, (rows, columns): (u16, u16), more: &[(&str, &str)]) -> Screen {
    let program = std::env::current_exe().expect("the test binary");
    let mut variables = vec![("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TERMINAL_TEST", script)];
    variables.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    variables.extend_from_slice(more);
    let folder = std::env::temp_dir();
    Screen::start(&Setup { program: &program, arguments: &[], rows, columns, variables: &variables, folder: &folder })
}

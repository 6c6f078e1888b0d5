//! What is proved against a real Kubernetes control plane. One is started for
//! the whole binary, when the first test that was asked for needs it; each test
//! has a namespace of its own, and all of them run side by side.
//!
//! Without a Go toolchain (and without tools built earlier) every test is
//! listed as ignored with that reason, unless `KUBECTL_STATEFUL_LIVE=require`.

mod budgets;
mod claims;
mod completion;
mod differential;
mod doctor;
mod history;
mod init;
mod kill;
mod krew;
mod kubectl;
mod kubectl_script;
mod kubelet;
mod lifetime;
mod nodes;
mod objects;
mod owners;
mod picture;
mod plane;
mod quotas;
mod random;
mod rights;
mod scale;
mod scenarios;
mod schemas;
mod seeding;
mod served;
mod sets;
mod status;
mod stuck;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the harness is shared; these tests do not use all of it")]
mod support;
mod tutorial;
mod twice;
mod volumes;
mod wire;
mod world;
mod writes;

use std::process::ExitCode;
use std::sync::{Condvar, Mutex, PoisonError};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use world::World;

/// Tests that run at the same time unless `--test-threads` says otherwise:
/// scenarios wait for the cluster far more than they work.
const SIDE_BY_SIDE: usize = 24;

/// As many of the others as run at the same time.
const BUSY: usize = 8;

fn main() -> ExitCode {
    if let Some(code) = lifetime::hold_if_asked() {
        return code;
    }
    let trials = [
        lifetime::tests(),
        sets::tests(),
        seeding::tests(),
        volumes::tests(),
        writes::tests(),
        kubectl::tests(),
        kubectl_script::tests(),
        init::tests(),
        tutorial::tests(),
        claims::tests(),
        doctor::tests(),
        status::tests(),
        stuck::tests(),
        completion::tests(),
        kill::tests(),
        rights::tests(),
        scale::tests(),
        owners::tests(),
        objects::tests(),
        quotas::tests(),
        budgets::tests(),
        nodes::tests(),
        random::tests(),
        krew::tests(),
        schemas::tests(),
        wire::tests(),
        differential::tests(),
        scenarios::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(SIDE_BY_SIDE);
    let conclusion = libtest_mimic::run(&arguments, trials);
    plane::stop();
    if twice::were_too_many() { ExitCode::FAILURE } else { conclusion.exit_code() }
}

/// A test in a namespace of its own.
fn live(name: impl Into<String>, test: impl FnOnce(&World) -> Result<(), Failed> + Send + 'static) -> Trial {
    needs_tools(name, |namespace| test(&World::fresh(&namespace)?))
}

/// Fails a test with this text unless something holds.
fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise().into()) }
}

/// A test that needs the pinned tools, but not the shared control plane. It is
/// handed its own name in the form of a namespace's name.
fn needs_tools(name: impl Into<String>, test: impl FnOnce(String) -> Result<(), Failed> + Send + 'static) -> Trial {
    idle(name, move |namespace| {
        let _busy = Busy::begin();
        test(namespace)
    })
}

/// The same for a test that mostly waits.
fn idle(name: impl Into<String>, test: impl FnOnce(String) -> Result<(), Failed> + Send + 'static) -> Trial {
    let name = name.into();
    let start: String = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-").chars().take(40).collect();
    let namespace = format!("{}-{:05}", start.trim_end_matches('-'), fastrand::u32(..100_000));
    Trial::ignorable_test(name, move || match support::tools::missing() {
        Some(reason) if std::env::var("KUBECTL_STATEFUL_LIVE").is_ok_and(|wish| wish == "require") => {
            Err(format!("KUBECTL_STATEFUL_LIVE=require, but {reason}").into())
        }
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => test(namespace).map(|()| Completion::Completed),
    })
}

/// One of the tests that keep the machine busy, until it is dropped.
struct Busy;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

impl Busy {
    fn begin() -> Self {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = ENDED.wait_while(running, |running| *running >= BUSY);
        *waited.unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_one();
    }
}

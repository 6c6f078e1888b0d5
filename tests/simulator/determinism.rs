//! One seed, one history: the whole of `init couchdb` on a simulated cluster
//! sends the same requests, byte for byte, however often it is run. And a wait
//! ends at once when Ctrl-C is pressed or when it could never end.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use kubectl_stateful::cluster::{Connection, Interrupt};
use kubectl_stateful::commands::{Context, init};
use kubectl_stateful::effects::Guards;
use kubectl_stateful::error::{Failure, Kind};
use kubectl_stateful::runbook::recipe::Recipe;
use kubectl_stateful::runbook::thread::on_script_thread;
use kubectl_stateful::runs::event::Event;
use kubectl_stateful::runs::pen::Pen;
use kubectl_stateful::runs::places::Places;
use kubectl_stateful::simulator::{Options, Simulator};
use kubectl_stateful::{OnSimulator, simulated};

use crate::unattended::{Seeded, Unattended};

const RUNS: usize = 1000;

#[test]
fn a_seed_gives_the_same_request_log_a_thousand_times() {
    let first = log_of_one_run(7);
    assert!(first.len() > 20, "the run sent hardly anything: {first:?}");
    for run in 1..RUNS {
        let log = log_of_one_run(7);
        let differs_at = first.iter().zip(&log).position(|(one, other)| one != other);
        assert!(log == first, "run {run} differs at request {differs_at:?}");
    }
    assert_ne!(first, log_of_one_run(8), "another seed must give another history");
}

fn log_of_one_run(seed: u64) -> Vec<String> {
    let simulator = simulator(seed);
    play(&simulator, seed, &["--yes"], &Interrupt::default(), &|_| ()).expect("the run ends well");
    simulator.request_log()
}

#[test]
fn ctrl_c_in_a_wait_ends_it_part_way() {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let simulator = simulator(1);
    let failure = play(&simulator, 1, &["--yes"], &interrupt, &move |event| {
        if matches!(event, Event::Waiting { .. }) {
            raised.raise();
        }
    })
    .expect_err("an interrupted wait is a failure");
    assert_eq!(failure.kind, Kind::Partial, "{failure}");
    assert!(failure.changed.contains(&"StatefulSet/couchdb".to_owned()), "{:?}", failure.changed);
}

#[test]
fn a_wait_that_could_never_end_says_so_at_once() {
    // Class `manual` has no provisioner and nobody prepared a volume.
    let failure = play(&simulator(1), 1, &["--yes", "--storage-class", "manual"], &Interrupt::default(), &|_| ())
        .expect_err("the claim can never be bound");
    assert_eq!((failure.kind, failure.code), (Kind::Partial, "waits-for-ever"), "{failure}");
    assert!(failure.message.contains("claim data-couchdb-0"), "{failure}");
}

fn simulator(seed: u64) -> Simulator {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH);
    Simulator::in_memory(Options { seed, start, ..Options::default() })
}

/// `init couchdb` with these further words, as the program runs it.
fn play(
    simulator: &Simulator,
    seed: u64,
    words: &[&str],
    interrupt: &Interrupt,
    observe: &(dyn Fn(&Event) + Sync),
) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(|why| Failure::failed("no-folder", why.to_string()))?;
    on_script_thread(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| Failure::failed("no-runtime", why.to_string()))?;
        runtime.block_on(async {
            let connection = simulated(simulator, "sandbox", "default", Arc::new(Seeded::new(seed)), interrupt);
            init_couchdb(&connection, words, observe, folder.path()).await
        })
    })
}

async fn init_couchdb(
    connection: &Connection,
    words: &[&str],
    seen: &(dyn Fn(&Event) + Sync),
    folder: &Path,
) -> Result<(), Failure> {
    let recipe = Recipe::shipped("couchdb").ok_or_else(|| Failure::usage("usage", "no such recipe"))?;
    let command = init::with_recipes(init::command(), std::iter::once(("couchdb", &recipe.header)))?;
    let matches = command
        .try_get_matches_from(["init", "couchdb"].iter().chain(words))
        .map_err(|why| Failure::usage("usage", why.to_string()))?;
    let places = Places { state: folder.join("state"), config: folder.join("config") };
    let context = Context {
        connection,
        copies: &OnSimulator,
        screen: &Unattended::telling(seen),
        places: &places,
        guards: Guards::default(),
        pen: Pen::default(),
        namespace_given: false,
        connection_words: Vec::new(),
    };
    let (_, matches) = matches.subcommand().ok_or_else(|| Failure::usage("usage", "no recipe"))?;
    init::init(&recipe, matches, &context).await
}

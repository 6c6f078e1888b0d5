//! `init couchdb` through the library, on a simulator that the test holds in
//! its hand: with rights taken away, or with a hook on its commits.

use std::path::Path;
use std::sync::Arc;

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::{Context, init};
use kubectl_stateful::effects::Guards;
use kubectl_stateful::error::Failure;
use kubectl_stateful::runbook::recipe::Recipe;
use kubectl_stateful::runbook::thread::on_script_thread;
use kubectl_stateful::runs::pen::Pen;
use kubectl_stateful::runs::places::Places;
use kubectl_stateful::simulator::Simulator;
use kubectl_stateful::{OnSimulator, simulated};

use crate::unattended::{Seeded, Unattended};

/// Labels and texts of the last lines of a command.
pub type Labelled = Vec<(String, String)>;

/// Runs it with these further words and this state folder.
pub fn init_couchdb(simulator: &Simulator, state: &Path, words: &[&str]) -> Result<(), Failure> {
    init_couchdb_and_see(simulator, state, words).0
}

/// The same, and what it says at its end.
pub fn init_couchdb_and_see(simulator: &Simulator, state: &Path, words: &[&str]) -> (Result<(), Failure>, Labelled) {
    let screen = Unattended::default();
    let result = on_script_thread(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let connection = simulated(
                simulator,
                "minikube",
                "default",
                Arc::new(Seeded::new(fastrand::u64(..))),
                &Interrupt::default(),
            );
            let recipe = Recipe::shipped("couchdb").unwrap();
            let command = init::with_recipes(init::command(), std::iter::once(("couchdb", &recipe.header)))?
                .arg(clap::Arg::new("namespace").short('n').global(true));
            let matches = command.try_get_matches_from(["init", "couchdb"].iter().chain(words)).unwrap();
            let places = Places { state: state.to_owned(), config: state.to_owned() };
            let context = Context {
                connection: &connection,
                copies: &OnSimulator,
                screen: &screen,
                places: &places,
                guards: Guards::default(),
                pen: Pen::default(),
                namespace_given: false,
                connection_words: vec!["--context".to_owned(), "minikube".to_owned()],
            };
            init::init(&recipe, matches.subcommand().unwrap().1, &context).await
        })
    });
    (result, screen.into_kept().labelled)
}

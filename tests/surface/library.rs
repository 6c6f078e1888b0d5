//! `init couchdb` through the library, on a simulator that the test holds in
//! its hand: with rights taken away, or with a hook on its commits.

use std::path::Path;
use std::sync::{Arc, Mutex};

use kubectl_stateful::cluster::{Entropy, Interrupt};
use kubectl_stateful::commands::flags::Format;
use kubectl_stateful::commands::runbook::flags::PlanFormat;
use kubectl_stateful::commands::screen::Screen;
use kubectl_stateful::commands::{Context, init};
use kubectl_stateful::error::Failure;
use kubectl_stateful::runbook::recipe::Recipe;
use kubectl_stateful::runbook::thread::on_script_thread;
use kubectl_stateful::runs::event::{Event, Observer};
use kubectl_stateful::runs::places::Places;
use kubectl_stateful::runs::plan::Plan;
use kubectl_stateful::simulator::Simulator;
use kubectl_stateful::wizard::question::{Abandoned, Ask, Question, Reply};
use kubectl_stateful::{OnSimulator, simulated};

/// Labels and texts of the last lines of a command.
pub type Labelled = Vec<(String, String)>;

/// Runs it with these further words and this state folder.
pub fn init_couchdb(simulator: &Simulator, state: &Path, words: &[&str]) -> Result<(), Failure> {
    init_couchdb_and_see(simulator, state, words).0
}

/// The same, and what it says at its end.
pub fn init_couchdb_and_see(simulator: &Simulator, state: &Path, words: &[&str]) -> (Result<(), Failure>, Labelled) {
    let screen = Quiet::default();
    let result = on_script_thread(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let connection =
                simulated(simulator, "minikube", "default", Arc::new(Random(Mutex::default())), &Interrupt::default());
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
                namespace_given: false,
                connection_words: vec!["--context".to_owned(), "minikube".to_owned()],
            };
            init::init(&recipe, matches.subcommand().unwrap().1, &context).await
        })
    });
    (result, screen.labelled.into_inner().unwrap())
}

/// Other bytes each time, so that a password made twice would differ.
struct Random(Mutex<fastrand::Rng>);

impl Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill(bytes);
    }
}

/// Nobody to ask; only the last lines are kept.
#[derive(Default)]
struct Quiet {
    labelled: Mutex<Labelled>,
}

impl Ask for Quiet {
    fn can_ask(&self) -> bool {
        false
    }

    fn ask(&self, _: &Question<'_>) -> Result<Reply, Abandoned> {
        Err(Abandoned)
    }
}

impl Observer for Quiet {
    fn event(&self, _: Event) {}
}

impl Screen for Quiet {
    fn print(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn document(&self, _: &str, _: Format) -> Result<(), Failure> {
        Ok(())
    }

    fn show(&self, _: &str) {}

    fn plan(&self, _: &Plan, _: Option<PlanFormat>) -> Result<(), Failure> {
        Ok(())
    }

    fn labelled(&self, lines: &[(String, String)]) -> Result<(), Failure> {
        self.labelled.lock().unwrap().extend_from_slice(lines);
        Ok(())
    }
}

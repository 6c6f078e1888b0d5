//! Each entry of the corpus in a fresh simulated cluster.

use std::time::Duration;

use kubectl_stateful::simulator::Simulator;
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::support::api::{Api, runtime};
use crate::support::corpus::{self, Entry};
use crate::{join, known};

/// There must never be fewer entries than this.
const FEWEST: usize = 355;

/// Like the names of live namespaces, it comes before `default`.
const NAMESPACE: &str = "corpus-namespace-of-the-entry";

/// Longer than any watch of the corpus is meant to last.
const A_WHILE: Duration = Duration::from_secs(30);

pub fn tests() -> Vec<Trial> {
    match corpus::entries() {
        Ok(entries) => {
            let count = entries.len();
            let played =
                entries.into_iter().map(|entry| Trial::test(format!("corpus::{}", entry.name), move || play(&entry)));
            let counted = Trial::test(format!("there_are_{count}_entries_and_at_least_{FEWEST}"), move || {
                if count < FEWEST { Err("entries are missing".into()) } else { Ok(()) }
            });
            played.chain([counted]).collect()
        }
        Err(reason) => vec![Trial::test("the_corpus_can_be_read", || Err(reason.into()))],
    }
}

fn play(entry: &Entry) -> Result<(), Failed> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let simulator = join::bare();
        let client = simulator.client();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        Api::new(client.clone(), "corpus").create(&namespace).await.map_err(String::from)?;
        let played = entry.play(&client, NAMESPACE, &|| pass(&simulator)).await?;
        known::check(&entry.name, &played, entry.compare(&played)?)?;
        Ok(())
    })
}

fn pass(simulator: &Simulator) {
    simulator.advance(A_WHILE);
}

//! Each entry of the corpus in a fresh simulated cluster.

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http_body_util::Full;
use kubectl_stateful::simulator::Simulator;
use libtest_mimic::{Failed, Trial};
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::api::{Api, runtime};
use crate::support::corpus::{self, Entry, Plane};
use crate::{join, known};

/// There must never be fewer entries than this.
const FEWEST: usize = 451;

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
        let simulator = if entry.plane == Plane::Gated { join::gated() } else { join::bare() };
        let client = simulator.client();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        Api::new(client.clone(), "live-test").create(&namespace).await.map_err(String::from)?;
        let meanwhile = if entry.plane == Plane::Forgetful { forget } else { pass };
        let played = entry.play(&client, NAMESPACE, &|| meanwhile(&simulator)).await?;
        known::check(&entry.name, &played, entry.compare(&played)?)?;
        Ok(())
    })
}

fn pass(simulator: &Simulator) {
    simulator.advance(A_WHILE);
}

/// Writes more than is remembered.
fn forget(simulator: &Simulator) {
    let map = json!({"metadata": {"generateName": "one-of-many-"}}).to_string();
    for _ in 0..2_100 {
        let request = http::Request::builder()
            .method("POST")
            .uri("/api/v1/namespaces/default/configmaps")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(map.clone())));
        let answer = request.ok().and_then(|request| simulator.service().oneshot(request).now_or_never());
        let is_written = answer.and_then(Result::ok).is_some_and(|answer| answer.status().is_success());
        assert!(is_written, "not written");
    }
}

//! `sandbox serve` is killed or interrupted while several clients write at once,
//! again and again, also while it writes its log anew: what was acknowledged is
//! there as it was answered, and all is whole.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::neighbour;
use crate::program::Home;
use crate::served::Server;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const CLIENTS: usize = 4;
/// Kills of a test run; more on demand (`KUBECTL_STATEFUL_RANDOM`).
const KILLS: usize = 4;
/// A log is written anew when it is longer than this.
const LONG_LOG: usize = 4_000;
/// Long enough for half of it to be missed.
const LENGTH: usize = 3_000;

/// What a client tells of one write to the object at a path.
struct Word {
    path: String,
    said: Said,
}

enum Said {
    Sent,
    /// Acknowledged; what is there since then.
    Done(Option<Value>),
}

fn map(name: &str, number: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
           "data": {"number": number.to_string(), "filler": "x".repeat(LENGTH)}})
}

async fn client(kubeconfig: &Path) -> Client {
    let options = KubeConfigOptions::default();
    let mut config =
        Config::from_custom_kubeconfig(Kubeconfig::read_from(kubeconfig).unwrap(), &options).await.unwrap();
    config.proxy_url = None;
    // kube would send a write again that may have been done.
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

/// Makes objects, counts in one, and deletes what it made a while ago, until
/// nobody answers any more.
async fn write(client: Client, name: String, words: Sender<Word>) {
    let own = format!("{MAPS}/{name}");
    for number in 0.. {
        let (new, old) = (format!("{name}-{number}"), format!("{own}-{}", number.max(5) - 5));
        let count = json!({"data": {"number": number.to_string()}}).to_string();
        let first =
            if number == 0 { ("POST", own.clone(), map(&name, 0).to_string()) } else { ("PATCH", own.clone(), count) };
        let made = ("POST", format!("{own}-{number}"), map(&new, number).to_string());
        let gone = (number >= 5).then(|| ("DELETE", old, String::new()));
        for (method, path, body) in [first, made].into_iter().chain(gone) {
            let uri = if method == "POST" { MAPS } else { &path };
            let content = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
            let request = Request::builder().method(method).uri(uri).header("content-type", content);
            let tell = |said| words.send(Word { path: path.clone(), said }).unwrap();
            tell(Said::Sent);
            let Ok(answer) = client.request::<Value>(request.body(body.into_bytes()).unwrap()).await else { return };
            tell(Said::Done((method != "DELETE").then_some(answer)));
        }
    }
}

/// What is known of the objects of all rounds.
#[derive(Default)]
struct Known {
    there: BTreeMap<String, Option<Value>>,
    /// Written to when the server died, and not acknowledged.
    open: BTreeSet<String>,
}

impl Known {
    fn take(&mut self, word: Word) -> usize {
        match word.said {
            Said::Sent => {
                self.open.insert(word.path);
                0
            }
            Said::Done(object) => {
                self.open.remove(&word.path);
                self.there.insert(word.path, object);
                1
            }
        }
    }

    /// Starts a server, has it written to, and ends it with this signal after so many answers.
    fn round(&mut self, home: &Home, round: usize, answers: usize, signal: Signal) {
        let server = Server::start(home);
        let (words, heard) = channel();
        for number in 0..CLIENTS {
            let (words, path) = (words.clone(), server.kubeconfig.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async { write(client(&path).await, format!("r{round}-c{number}"), words).await });
            });
        }
        drop(words);
        let mut done = 0;
        while done < answers {
            done += self.take(heard.recv().expect("the clients go on until the server dies"));
        }
        server.signal(signal);
        for word in heard {
            self.take(word);
        }
        server.end();
    }

    fn check(&self, home: &Home, when: &str) {
        let list = neighbour::get(home, MAPS).unwrap();
        let mut found = BTreeMap::new();
        for item in list["items"].as_array().unwrap() {
            let name = item["metadata"]["name"].as_str().unwrap();
            assert_eq!(item["data"]["filler"].as_str().map(str::len), Some(LENGTH), "{when}: {name} is not whole");
            found.insert(format!("{MAPS}/{name}"), item);
        }
        for path in found.keys() {
            assert!(self.there.contains_key(path) || self.open.contains(path), "{when}: nobody made {path}");
        }
        for (path, expected) in self.there.iter().filter(|(path, _)| !self.open.contains(*path)) {
            let mut found = found.get(path).map(|item| Value::clone(item));
            if let Some(found) = &mut found {
                found["apiVersion"] = json!("v1");
                found["kind"] = json!("ConfigMap");
            }
            assert_eq!(found, *expected, "{when}: {path} is not what was acknowledged");
        }
    }
}

/// Makes the log so many lines long, without more objects.
fn lengthen(home: &Home, lines: usize) {
    let known = std::fs::read_to_string(home.log()).unwrap().lines().count();
    neighbour::merge_often(home, "/api/v1/namespaces/default", lines.saturating_sub(known));
}

#[test]
fn a_server_killed_under_parallel_writes_loses_none_that_it_acknowledged() {
    let number = std::env::var("KUBECTL_STATEFUL_RANDOM").ok().and_then(|text| text.parse().ok());
    let (home, mut known) = (Home::new(), Known::default());
    for round in 0..number.unwrap_or(KILLS) {
        let answers = 1 + (round * 37) % 101;
        let signal = if round % 2 == 0 { Signal::KILL } else { Signal::INT };
        if round % 4 >= 2 {
            lengthen(&home, LONG_LOG + answers / 2);
        }
        known.round(&home, round, answers, signal);
        known.check(&home, &format!("round {round}, {signal:?} after {answers} answers"));
    }
    assert!(known.there.len() > KILLS, "hardly anything was written");
}

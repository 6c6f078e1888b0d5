//! Somebody else in the same sandbox: reads it and writes to it past the
//! program, under another field manager.

#![expect(clippy::disallowed_methods, reason = "somebody else writes here, past the program")]

use std::future::Future;

use http::Request;
use jiff::Timestamp;
use kubectl_stateful::simulator::Simulator;
use serde_json::Value;

use crate::program::Home;

fn simulator(home: &Home) -> Simulator {
    Simulator::open(&home.log(), Timestamp::now(), None).expect("the sandbox opens")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn send(home: &Home, request: Request<Vec<u8>>) -> Result<Value, kube::Error> {
    block_on(async { simulator(home).client().request(request).await })
}

/// One object; `None` if it is not there.
pub fn get(home: &Home, path: &str) -> Option<Value> {
    match send(home, Request::get(path).body(Vec::new()).unwrap()) {
        Ok(found) => Some(found),
        Err(kube::Error::Api(status)) if status.code == 404 => None,
        Err(error) => panic!("{error}"),
    }
}

/// Names of all objects of a collection, sorted.
pub fn names(home: &Home, collection: &str) -> Vec<String> {
    all_names(home, &[collection]).remove(0)
}

/// The same for several collections, with the sandbox opened once.
pub fn all_names(home: &Home, collections: &[&str]) -> Vec<Vec<String>> {
    let simulator = simulator(home);
    let read = |collection: &&str| {
        let request = Request::get(*collection).body(Vec::new()).unwrap();
        let list = block_on(async { simulator.client().request::<Value>(request).await }).unwrap();
        let items = list["items"].as_array().unwrap();
        let name = |item: &Value| item["metadata"]["name"].as_str().unwrap().to_owned();
        let mut names: Vec<_> = items.iter().map(name).collect();
        names.sort();
        names
    };
    collections.iter().map(read).collect()
}

/// Creates an object as `helm`.
pub fn create(home: &Home, collection: &str, object: &Value) -> Value {
    create_as(home, "helm", collection, object)
}

/// Creates an object under this field manager.
pub fn create_as(home: &Home, manager: &str, collection: &str, object: &Value) -> Value {
    let escaped = manager.replace('\u{1b}', "%1B").replace('[', "%5B");
    let request = Request::post(format!("{collection}?fieldManager={escaped}"))
        .header("content-type", "application/json")
        .body(object.to_string().into_bytes())
        .unwrap();
    send(home, request).expect("the neighbour may create")
}

/// Applies fields by force, as `helm`.
pub fn apply(home: &Home, path: &str, object: &Value) -> Value {
    let request = Request::patch(format!("{path}?fieldManager=helm&force=true"))
        .header("content-type", "application/apply-patch+yaml")
        .body(object.to_string().into_bytes())
        .unwrap();
    send(home, request).expect("the neighbour may apply")
}

/// Merges into an object, as `helm`.
pub fn merge(home: &Home, path: &str, change: &Value) -> Value {
    let request = Request::patch(format!("{path}?fieldManager=helm"))
        .header("content-type", "application/merge-patch+json")
        .body(change.to_string().into_bytes())
        .unwrap();
    send(home, request).expect("the neighbour may patch")
}

/// Changes a label of an object so many times.
pub fn merge_often(home: &Home, path: &str, times: usize) {
    let simulator = simulator(home);
    block_on(async {
        let client = simulator.client();
        for time in 0..times {
            let change = serde_json::json!({"metadata": {"labels": {"time": time.to_string()}}});
            let request = Request::patch(path)
                .header("content-type", "application/merge-patch+json")
                .body(change.to_string().into_bytes())
                .unwrap();
            client.request::<Value>(request).await.expect("the neighbour may patch");
        }
    });
}

/// Lets everybody do what is to be done.
pub fn rest(home: &Home) {
    simulator(home).pass(std::time::Duration::from_mins(10));
}

/// Deletes an object and lets the controllers do what follows.
pub fn delete(home: &Home, path: &str) {
    let simulator = simulator(home);
    block_on(async {
        let request = Request::delete(path).body(b"{}".to_vec()).unwrap();
        simulator.client().request::<Value>(request).await.expect("the neighbour may delete");
    });
    // Long enough for each controller to see that it is gone.
    for _ in 0..20 {
        if simulator.advance(std::time::Duration::from_mins(1)) != kubectl_stateful::simulator::Advance::Passed {
            break;
        }
    }
    assert_eq!(get(home, path), None, "{path} stays");
}

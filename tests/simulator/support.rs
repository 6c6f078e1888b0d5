//! A simulated cluster and requests to it, each in one line.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub const MAPS: &str = "/api/v1/namespaces/default/configmaps";
pub const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
pub const PODS: &str = "/api/v1/namespaces/default/pods";

/// A cluster with the same seed each time.
pub fn cluster() -> Simulator {
    Simulator::with_controllers(Options { seed: 7, ..Options::default() }, Vec::new())
}

/// An answer: code and JSON body (text bodies and event streams as a string).
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub code: u16,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.code < 300, "{} {}", self.code, self.body);
        self.body
    }

    #[track_caller]
    pub fn refused(self, code: u16, message: &str) -> Value {
        let found = self.body["message"].as_str().unwrap_or_default();
        assert_eq!((self.code, found), (code, message), "{}", self.body);
        self.body
    }
}

/// Sends a request and collects the whole answer.
pub fn send(simulator: &Simulator, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .header("user-agent", "test/1.0")
        .body(Full::new(Bytes::from(body.to_owned())))
        .expect("request");
    runtime.block_on(async {
        let response = simulator.service().oneshot(request).await.expect("the service never fails");
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { code, body: serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text)) }
    })
}

pub fn get(simulator: &Simulator, path: &str) -> Answer {
    send(simulator, "GET", path, "", "")
}

pub fn post(simulator: &Simulator, path: &str, body: &Value) -> Answer {
    send(simulator, "POST", path, "application/json", &body.to_string())
}

pub fn merge(simulator: &Simulator, path: &str, body: &Value) -> Answer {
    send(simulator, "PATCH", path, "application/merge-patch+json", &body.to_string())
}

pub fn delete(simulator: &Simulator, path: &str) -> Answer {
    send(simulator, "DELETE", path, "", "")
}

pub fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}})
}

pub fn claim(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    }})
}

/// Lets this much time pass, or less if nothing is left to happen.
pub fn run(simulator: &Simulator, time: Duration) {
    let end = simulator.now() + time;
    while simulator.now() < end {
        let left = simulator.now().duration_until(end).unsigned_abs();
        if simulator.advance(left) == Advance::Idle {
            return;
        }
    }
}

pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

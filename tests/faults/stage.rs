//! A simulated cluster with one set that has data, and the hands of a run on it.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Request;
use kube::client::Body;
use kubectl_stateful::cluster::exec::Exec;
use kubectl_stateful::runs::pen::Pen;
use kubectl_stateful::simulator::faults::{Cast, Faults, Schedule};
use kubectl_stateful::simulator::oracles::{Confirmed, Rule, Watcher};
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub const SET: &str = "/apis/apps/v1/namespaces/default/statefulsets/web";
pub const PODS: &str = "/api/v1/namespaces/default/pods";
pub const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
pub const VOLUMES: &str = "/api/v1/persistentvolumes";
pub const TEMPLATES: [&str; 2] = ["data", "wal"];

/// Who the runs of these tests are: as field manager, and as user agent where
/// the API takes no manager, as of deletions.
pub const RUNNER: &str = "runner";

/// Somebody else, in the history.
pub const RIVAL: &str = "rival";

/// Something that somebody else does.
pub type Act = fn(Hands) -> BoxFuture<'static, ()>;

/// The cluster and its observers.
pub struct Stage {
    pub simulator: Simulator,
    pub runtime: Runtime,
    /// Who runs programs in its pods, if not the simulator.
    pub exec: Option<Arc<dyn Exec>>,
    /// What journals are written with here.
    pub pen: Pen,
    /// Whether the program may not read volumes here.
    pub hides_volumes: bool,
}

/// A run's way to the cluster.
#[derive(Clone)]
pub struct Hands {
    pub client: kube::Client,
    pub simulator: Simulator,
    /// Field manager and user agent.
    pub who: &'static str,
}

/// The path of one claim.
pub fn claim(template: &str, ordinal: u32) -> String {
    format!("{CLAIMS}/{template}-web-{ordinal}")
}

impl Stage {
    /// `web` with this many members, each with data on a disk of class
    /// `standard`, whose volumes are deleted with their claims.
    pub fn new(replicas: u32) -> Self {
        let stage = Self::of(Simulator::in_memory(Options { seed: 7, ..Options::default() }));
        stage.play(|hands| async move { hands.post("/apis/apps/v1/namespaces/default/statefulsets", &set(replicas)).await })
            .unwrap();
        stage.rest();
        assert_eq!(stage.get(SET)["status"]["readyReplicas"], replicas);
        stage
    }

    /// The same cluster once more; what happens there stays there.
    pub fn fork(&self) -> Self {
        Self { hides_volumes: self.hides_volumes, ..Self::of(self.simulator.fork()) }
    }

    /// This cluster, on a thread of its own.
    pub fn of(simulator: Simulator) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { simulator, runtime, exec: None, pen: Pen::default(), hides_volumes: false }
    }

    /// Until nothing happens any more, at most ten minutes.
    pub fn rest(&self) {
        self.simulator.pass(Duration::from_mins(10));
    }

    /// Something done by somebody on the plain way.
    pub fn play<T, F: Future<Output = T>>(&self, act: impl FnOnce(Hands) -> F) -> T {
        self.runtime.block_on(async { act(Hands::of(RUNNER, &self.simulator)).await })
    }

    /// A run behind these faults.
    pub fn run<T, F: Future<Output = T>>(&self, faults: &Faults, act: impl FnOnce(Hands) -> F) -> T {
        self.runtime.block_on(async {
            act(Hands { client: faults.client(&self.simulator), ..Hands::of(RUNNER, &self.simulator) }).await
        })
    }

    /// What the program is let see of the cluster by this client.
    pub fn seen(&self, client: kube::Client) -> kube::Client {
        if !self.hides_volumes {
            return client;
        }
        let service = tower::service_fn(move |request: Request<Body>| {
            let client = client.clone();
            async move {
                if !request.uri().path().starts_with(VOLUMES) {
                    return client.send(request).await;
                }
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403,
                    "reason": "Forbidden", "message": "persistentvolumes is forbidden"});
                let body = Body::from(status.to_string().into_bytes());
                let answer = http::Response::builder().status(403).header("content-type", "application/json");
                Ok(answer.body(body).unwrap())
            }
        });
        kube::Client::new(service, "default")
    }

    /// A client behind which somebody acts just before the requests that are chosen.
    pub fn meddled(
        &self,
        client: kube::Client,
        is_now: impl Fn(&Request<Body>) -> bool + Send + Sync + 'static,
        act: Act,
    ) -> kube::Client {
        let (simulator, is_now) = (self.simulator.clone(), Arc::new(is_now));
        let service = tower::service_fn(move |request: Request<Body>| {
            let act = is_now(&request).then(|| act(Hands::of(RIVAL, &simulator)));
            let client = client.clone();
            async move {
                if let Some(act) = act {
                    act.await;
                }
                client.send(request).await
            }
        });
        kube::Client::new(service, "default")
    }

    pub fn get(&self, path: &str) -> Value {
        self.play(|hands| async move { hands.get(path).await }).unwrap_or_default()
    }

    pub fn faults(&self, schedule: Schedule) -> Faults {
        Faults::on(&self.simulator, schedule)
    }

    /// What somebody confirms who scales down to so many: the set, its members
    /// from there on, their claims and volumes; no data is given up.
    pub fn plan(&self, to: u32) -> Confirmed {
        let set = self.get(SET);
        let from = u32::try_from(set["spec"]["replicas"].as_u64().unwrap()).unwrap();
        let mut shown = vec![set];
        for ordinal in to..from {
            for template in TEMPLATES {
                let claim = self.get(&claim(template, ordinal));
                shown.push(self.get(&format!("{VOLUMES}/{}", claim["spec"]["volumeName"].as_str().unwrap())));
                shown.push(claim);
            }
        }
        let names = |name: &str| BTreeSet::from([name.to_owned()]);
        Confirmed { ours: names(RUNNER), others: names("rival"), ..Confirmed::default() }.showing(&shown)
    }

    /// What the oracles find while `act` runs behind `faults`, and afterwards.
    pub fn judged<T, F: Future<Output = T>>(
        &self,
        plan: Confirmed,
        faults: &Faults,
        act: impl FnOnce(Hands) -> F,
    ) -> (T, Vec<Rule>) {
        let watcher = Watcher::on(&self.simulator, plan).following(faults);
        let ended = self.run(faults, act);
        self.rest();
        let mut rules: Vec<Rule> = watcher.found().iter().map(|found| found.rule).collect();
        rules.sort();
        rules.dedup();
        (ended, rules)
    }

    pub fn cast(&self) -> Cast {
        let names = |path: &str| -> Vec<String> {
            let found = self.get(path);
            let items = found["items"].as_array().cloned().unwrap_or_default();
            items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
        };
        Cast {
            namespace: "default".to_owned(),
            set: "web".to_owned(),
            replicas: 3,
            pods: names(PODS),
            claims: names(CLAIMS),
            volumes: names(VOLUMES),
            nodes: names("/api/v1/nodes"),
            class: "standard".to_owned(),
        }
    }
}

impl Hands {
    /// Somebody on the plain way.
    pub fn of(who: &'static str, simulator: &Simulator) -> Self {
        Self { client: simulator.client(), simulator: simulator.clone(), who }
    }

    /// One request of the run.
    pub async fn send(&self, method: &str, path: &str, content_type: &str, body: &str) -> Result<Value, kube::Error> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let uri = if method == "GET" { path.to_owned() } else { format!("{path}{mark}fieldManager={}", self.who) };
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("content-type", content_type)
            .header("user-agent", self.who)
            .body(body.as_bytes().to_vec())
            .unwrap();
        self.client.request(request).await
    }

    pub async fn get(&self, path: &str) -> Result<Value, kube::Error> {
        self.send("GET", path, "", "").await
    }

    /// `None` if it is not there.
    pub async fn find(&self, path: &str) -> Result<Option<Value>, kube::Error> {
        match self.get(path).await {
            Ok(found) => Ok(Some(found)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, kube::Error> {
        self.send("POST", path, "application/json", &body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, kube::Error> {
        self.send("PUT", path, "application/json", &body.to_string()).await
    }

    pub async fn merge(&self, path: &str, body: &Value) -> Result<Value, kube::Error> {
        self.send("PATCH", path, "application/merge-patch+json", &body.to_string()).await
    }

    pub async fn json_patch(&self, path: &str, body: &Value) -> Result<Value, kube::Error> {
        self.send("PATCH", path, "application/json-patch+json", &body.to_string()).await
    }

    /// DELETE as kubectl sends it, with a precondition if a UID is given.
    pub async fn delete(&self, path: &str, uid: Option<&str>) -> Result<Value, kube::Error> {
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        if let Some(uid) = uid {
            options["preconditions"] = json!({ "uid": uid });
        }
        self.send("DELETE", path, "application/json", &options.to_string()).await
    }

    /// The whole answer, unread.
    pub async fn raw(&self, path: &str) -> Result<http::Response<Body>, kube::Error> {
        let request = Request::builder().uri(path).body(Body::from(Bytes::new())).unwrap();
        self.client.send(request).await
    }

    /// Waits a moment; `false` if nothing will ever happen.
    pub fn pause(&self) -> bool {
        self.simulator.advance(Duration::from_secs(10)) != Advance::Idle
    }
}

fn set(replicas: u32) -> Value {
    let template = |name: &str| {
        json!({"metadata": {"name": name}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        }})
    };
    let mounts = TEMPLATES.map(|name| json!({"name": name, "mountPath": format!("/{name}")}));
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "serviceName": "web", "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
            "terminationGracePeriodSeconds": 5,
            "containers": [{"name": "main", "image": "web:1", "volumeMounts": mounts}],
        }},
        "volumeClaimTemplates": TEMPLATES.map(template),
    }})
}

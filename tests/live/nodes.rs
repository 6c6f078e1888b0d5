//! A node that is lost and comes back, with the real controllers of nodes and
//! the simulator's side by side. There is no kubelet on either side: the test
//! renews the leases of the nodes that are to live.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubectl_stateful::simulator::controllers::Controller;
use kubectl_stateful::simulator::controllers::kubelet::{DOWN_SINCE, NODE_DOWN};
use kubectl_stateful::simulator::controllers::node_lifecycle::NodeLifecycle;
use kubectl_stateful::simulator::controllers::pod_garbage::PodGarbageCollector;
use kubectl_stateful::simulator::controllers::taint_eviction::TaintEviction;
use kubectl_stateful::simulator::{Options, Simulator};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::support::api::{Api, Method};
use crate::support::control_plane::ControlPlane;
use crate::world::World;
use crate::{needs_tools, twice};

pub fn tests() -> Vec<Trial> {
    vec![needs_tools(NAME, |namespace| {
        // Four silent seconds make a lost node; on a busy machine they pass too
        // early or too late: what differs must differ twice.
        twice::or_again(NAME, || lost_and_found(&namespace), || lost_and_found(&format!("{namespace}-again")))
    })]
}

const NAME: &str = "a_node_is_lost_and_returns_as_in_the_simulator";
const PATIENCE: Duration = Duration::from_mins(1);
const NODES: [&str; 3] = ["node-a", "node-b", "node-c"];

struct Both {
    real: World,
    simulator: Simulator,
    simulated: Api,
    /// Nodes whose lease nobody renews.
    silent: BTreeSet<&'static str>,
    /// A node of which is not compared whether its pods are evicted.
    undecided: Option<&'static str>,
}

impl Both {
    fn new(namespace: &str) -> Result<Self, Failed> {
        let real = World::on(Arc::new(ControlPlane::start_for_nodes()?), namespace)?;
        let actors: Vec<Box<dyn Controller>> =
            vec![Box::new(NodeLifecycle), Box::new(TaintEviction), Box::new(PodGarbageCollector)];
        let simulator = Simulator::with_controllers(Options::default(), actors);
        let simulated = {
            let _inside = real.runtime.enter();
            Api::new(simulator.client(), "live-test")
        };
        let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        real.runtime.block_on(simulated.create(&made)).map_err(String::from)?;
        Ok(Self { real, simulator, simulated, silent: BTreeSet::new(), undecided: None })
    }

    fn send(&self, method: Method, path: &str, body: &Value) -> Result<(), Failed> {
        let path = path.replace("$NAMESPACE", &self.real.namespace);
        for api in [&self.simulated, &self.real.api] {
            self.real.runtime.block_on(api.send(method, &path, Some(body))).map_err(String::from)?;
        }
        Ok(())
    }

    /// A pod that runs on a node and is ready, with this toleration of its own.
    fn pod(&self, name: &str, node: &str, toleration: &Value) -> Result<(), Failed> {
        let tolerations: Vec<&Value> = Some(toleration).into_iter().filter(|one| one.is_object()).collect();
        let pods = "/api/v1/namespaces/$NAMESPACE/pods";
        let pod = json!({"metadata": {"name": name}, "spec": {
            "nodeName": node, "containers": [{"name": "c", "image": "i"}], "tolerations": tolerations,
        }});
        self.send(Method::Post, pods, &pod)?;
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now});
        let status =
            json!({"status": {"phase": "Running", "conditions": [condition("Ready"), condition("ContainersReady")]}});
        self.send(Method::MergePatch, &format!("{pods}/{name}/status"), &status)
    }

    fn silence(&mut self, node: &'static str) -> Result<(), Failed> {
        self.silent.insert(node);
        let since = self.simulator.now().to_string();
        let knobs = json!({"metadata": {"annotations": {NODE_DOWN: "true", DOWN_SINCE: since}}});
        self.send(Method::MergePatch, &format!("/api/v1/nodes/{node}"), &knobs)
    }

    /// What a kubelet does when it is back.
    fn wake(&mut self, node: &'static str) -> Result<(), Failed> {
        self.silent.remove(node);
        self.renew()?;
        let knobs = json!({"metadata": {"annotations": {NODE_DOWN: null, DOWN_SINCE: null}}});
        self.send(Method::MergePatch, &format!("/api/v1/nodes/{node}"), &knobs)?;
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let one = |kind: &str, status: &str| json!({"type": kind, "status": status, "lastHeartbeatTime": now});
        let conditions = [one("Ready", "True"), one("MemoryPressure", "False"), one("DiskPressure", "False")];
        let ready = json!({"status": {"conditions": conditions}});
        self.send(Method::MergePatch, &format!("/api/v1/nodes/{node}/status"), &ready)
    }

    /// Heartbeats on the real server.
    fn renew(&self) -> Result<(), Failed> {
        for node in NODES.iter().filter(|node| !self.silent.contains(*node)) {
            let folder = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
            let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            let renewed = json!({"spec": {"holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": now}});
            let path = format!("{folder}/{node}");
            let known = self.real.api.send(Method::MergePatch, &path, Some(&renewed));
            if self.real.runtime.block_on(known).is_err() {
                let mut lease = renewed;
                lease["metadata"] = json!({"name": node});
                self.real
                    .runtime
                    .block_on(self.real.api.send(Method::Post, folder, Some(&lease)))
                    .map_err(String::from)?;
            }
        }
        Ok(())
    }

    fn seen(&self, api: &Api) -> Result<Value, String> {
        let list = |kind: &str, namespace: &str| self.real.runtime.block_on(api.list(kind, namespace));
        let mut nodes: Vec<Value> = list("Node", "")?.iter().map(node).collect();
        for node in nodes.iter_mut().filter(|node| self.undecided.is_some_and(|name| node["name"] == name)) {
            if let Some(taints) = node["taints"].as_array_mut() {
                taints.retain(|taint| !taint.as_str().is_some_and(|taint| taint.contains(":\"NoExecute\"")));
            }
        }
        let pods: Vec<Value> = list("Pod", &self.real.namespace)?.iter().map(pod).collect();
        let mut told: BTreeSet<String> = BTreeSet::new();
        for event in list("Event", "")? {
            let (reason, message) = (event["reason"].as_str().unwrap_or(""), event["message"].as_str().unwrap_or(""));
            // Not compared: that a server on a new plane now and then mends the address of its own Service,
            // and what controllers with a memory cancel or greet.
            let is_own = event["involvedObject"]["kind"] == "Service";
            if !is_own && !message.starts_with("Cancelling") && reason != "RegisteredNode" {
                told.insert(format!("{} {reason}: {message}", event["involvedObject"]["name"]));
            }
        }
        Ok(json!({"nodes": nodes, "pods": pods, "events": told}))
    }

    /// Lets the simulated cluster have so many seconds, and the real one what it takes.
    fn agree(&self, after: &str, seconds: u64) -> Result<(), Failed> {
        let end = self.simulator.now() + Duration::from_secs(seconds);
        while self.simulator.now() < end {
            self.simulator.advance(self.simulator.now().duration_until(end).unsigned_abs());
        }
        let simulated = self.seen(&self.simulated)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.renew()?;
            let real = self.seen(&self.real.api)?;
            if real == simulated {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("after {after}\nreal:      {real}\nsimulated: {simulated}").into());
            }
            thread::sleep(Duration::from_millis(200));
        }
    }
}

fn node(node: &Value) -> Value {
    let mut taints: Vec<String> = node["spec"]["taints"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|taint| format!("{}:{} {}", taint["key"], taint["effect"], taint["timeAdded"].is_string()))
        .collect();
    taints.sort();
    let conditions: Vec<String> = node["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| format!("{} {} {} {}", one["type"], one["status"], one["reason"], one["message"]))
        .collect();
    json!({"name": node["metadata"]["name"], "taints": taints, "conditions": conditions})
}

fn pod(pod: &Value) -> Value {
    let conditions: Vec<String> = pod["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| format!("{} {} {} {}", one["type"], one["status"], one["reason"], one["message"]))
        .collect();
    json!({
        "name": pod["metadata"]["name"], "conditions": conditions, "phase": pod["status"]["phase"],
        "ends": !pod["metadata"]["deletionTimestamp"].is_null(),
    })
}

fn lost_and_found(namespace: &str) -> Result<(), Failed> {
    let mut both = Both::new(namespace)?;
    for node in NODES {
        both.wake(node)?;
    }
    let tolerates = |seconds: Value| {
        json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
               "tolerationSeconds": seconds})
    };
    both.pod("usual", "node-a", &Value::Null)?;
    both.pod("hasty", "node-a", &tolerates(json!(3)))?;
    both.pod("patient", "node-a", &tolerates(Value::Null))?;
    both.pod("elsewhere", "node-b", &Value::Null)?;
    both.agree("the start", 60)?;
    both.send(Method::MergePatch, "/api/v1/nodes/node-c", &json!({"spec": {"unschedulable": true}}))?;
    both.agree("a cordon", 60)?;
    both.send(Method::MergePatch, "/api/v1/nodes/node-c", &json!({"spec": {"unschedulable": null}}))?;
    both.agree("its end", 60)?;
    both.silence("node-a")?;
    both.agree("the loss of a node", 60)?;
    both.wake("node-a")?;
    both.agree("its return", 60)?;
    both.silence("node-a")?;
    both.agree("its second loss", 60)?;
    both.silence("node-b")?;
    both.silence("node-c")?;
    // Of the last two nodes the real controller sees one first, queues its eviction and empties the queue when it
    // sees the other; a worker of its own may have been at the queue between the two.
    both.undecided = Some("node-b");
    both.agree("the loss of all nodes", 60)?;
    both.wake("node-c")?;
    both.agree("the return of one of them", 60)?;
    let taints = json!({"spec": {"taints": [
        {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"},
        {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"},
    ]}});
    both.send(Method::MergePatch, "/api/v1/nodes/node-a", &taints)?;
    both.agree("the end of its service", 60)
}

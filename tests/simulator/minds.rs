//! Actors look only after changes that they mind. Nothing may be slept
//! through: once a cluster has come to rest, a look by everybody finds nothing
//! to do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use kubectl_stateful::simulator::controllers::all::all;
use kubectl_stateful::simulator::controllers::play::Refusal;
use kubectl_stateful::simulator::controllers::{Change, Controller, Keyed, Part, Step, Target, View, Write};
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::{Value, json};

use crate::support::*;

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
const QUOTAS: &str = "/api/v1/namespaces/default/resourcequotas";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const BUDGETS: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const VOLUMES: &str = "/api/v1/persistentvolumes";

/// An actor that can be made to mind everything, and counts its looks.
struct Watched {
    inner: Box<dyn Controller>,
    minds_all: Arc<AtomicBool>,
    looks: Arc<AtomicUsize>,
}

impl Controller for Watched {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        self.inner.step(view, now)
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        self.minds_all.load(Ordering::Relaxed) || self.inner.minds(change)
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.inner.passes(view, now)
    }

    fn refused(&self, view: &dyn View, rest: &[Part], refusals: &[Refusal]) -> Vec<Write> {
        self.inner.refused(view, rest, refusals)
    }

    /// Whoever minds everything looks at everything.
    fn keyed(&self) -> Option<&dyn Keyed> {
        let is_keyed = self.inner.keyed().is_some() && !self.minds_all.load(Ordering::Relaxed);
        is_keyed.then_some(self as &dyn Keyed)
    }
}

impl Keyed for Watched {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        self.inner.keyed().unwrap().keys(view)
    }

    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        self.inner.keyed().unwrap().concerned(view, change)
    }

    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.inner.keyed().unwrap().passes_about(view, target, now)
    }
}

struct Cluster {
    simulator: Simulator,
    minds_all: Arc<AtomicBool>,
    looks: Arc<AtomicUsize>,
    commits: Arc<Mutex<Vec<String>>>,
}

impl Cluster {
    fn new() -> Self {
        let (minds_all, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let watched = |inner| -> Box<dyn Controller> {
            Box::new(Watched { inner, minds_all: Arc::clone(&minds_all), looks: Arc::clone(&looks) })
        };
        let actors = all().into_iter().map(watched).collect();
        let simulator = Simulator::with_controllers(Options::default(), actors);
        let commits = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&commits);
        simulator.on_commit(Box::new(move |commit| {
            noted.lock().unwrap().push(format!("{} {}/{}", commit.by, commit.kind.kind, commit.name));
        }));
        Self { simulator, minds_all, looks, commits }
    }

    fn settle(&self) {
        while self.simulator.advance(Duration::from_hours(1)) == Advance::Passed {}
    }

    /// Comes to rest, and is at rest for everybody.
    #[track_caller]
    fn at_rest(&self, after: &str) {
        self.settle();
        self.minds_all.store(true, Ordering::Relaxed);
        self.commits.lock().unwrap().clear();
        post(
            &self.simulator,
            PODS,
            &json!({"metadata": {"name": "nudge"}, "spec": {
                "schedulerName": "nobody", "containers": [{"name": "c", "image": "i"}],
            }}),
        )
        .ok();
        delete(&self.simulator, &format!("{PODS}/nudge")).ok();
        self.settle();
        self.minds_all.store(false, Ordering::Relaxed);
        let mut found = std::mem::take(&mut *self.commits.lock().unwrap());
        // A state that lasts is told again when what was told of it has expired.
        found.retain(|line| line != "test Pod/nudge" && !line.contains(" Event/"));
        assert!(found.is_empty(), "slept through after {after}: {found:#?}");
    }
}

fn set(name: &str, replicas: u64) -> Value {
    json!({"metadata": {"name": name}, "spec": {
        "serviceName": name, "replicas": replicas, "selector": {"matchLabels": {"app": name}},
        "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete", "whenDeleted": "Retain"},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{
            "name": "main", "image": "i", "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "late", "key": "p"}}}],
        }]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        }}],
    }})
}

#[test]
fn nothing_is_slept_through_in_the_life_of_a_set() {
    let cluster = Cluster::new();
    let simulator = &cluster.simulator;
    cluster.at_rest("the start");
    let service = json!({"metadata": {"name": "web"}, "spec": {
        "clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80}],
    }});
    post(simulator, "/api/v1/namespaces/default/services", &service).ok();
    post(simulator, SETS, &set("web", 3)).ok();
    cluster.at_rest("a set whose Secret is missing");
    let secret = json!({"metadata": {"name": "late"}, "stringData": {"p": "x"}});
    post(simulator, "/api/v1/namespaces/default/secrets", &secret).ok();
    cluster.at_rest("its Secret");
    let ready = get(simulator, &format!("{SETS}/web")).ok();
    assert_eq!(ready["status"]["readyReplicas"], 3, "{ready}");

    let grown = json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}});
    merge(simulator, &format!("{CLAIMS}/data-web-0"), &grown).ok();
    cluster.at_rest("a claim grew");
    delete(simulator, &format!("{CLAIMS}/data-web-1")).ok();
    cluster.at_rest("a claim in use was deleted");
    delete(simulator, &format!("{PODS}/web-1")).ok();
    cluster.at_rest("its pod was deleted");
    merge(simulator, &format!("{SETS}/web"), &json!({"spec": {"replicas": 1}})).ok();
    cluster.at_rest("a scale down with its claims");
    let broken = json!({"spec": {"template": {"metadata": {"annotations": {
        "sandbox.kubectl-stateful/never-ready": "yes",
    }}}}});
    merge(simulator, &format!("{SETS}/web"), &broken).ok();
    cluster.at_rest("a broken rollout");
    delete(simulator, &format!("{SETS}/web?propagationPolicy=Foreground")).ok();
    cluster.at_rest("the set was deleted");
    assert_eq!(get(simulator, &format!("{PODS}?labelSelector=app%3Dweb")).ok()["items"], json!([]));
}

#[test]
fn nothing_is_slept_through_around_volumes_nodes_and_namespaces() {
    let cluster = Cluster::new();
    let simulator = &cluster.simulator;
    let mut held = claim("held");
    held["spec"]["storageClassName"] = json!("manual");
    post(simulator, CLAIMS, &held).ok();
    cluster.at_rest("a claim without a volume");
    let volume = json!({"metadata": {"name": "made"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "storageClassName": "manual",
        "hostPath": {"path": "/data"},
    }});
    post(simulator, VOLUMES, &volume).ok();
    cluster.at_rest("its volume");
    assert_eq!(get(simulator, &format!("{CLAIMS}/held")).ok()["status"]["phase"], "Bound");
    delete(simulator, &format!("{VOLUMES}/made")).ok();
    delete(simulator, &format!("{CLAIMS}/held")).ok();
    cluster.at_rest("both were deleted");
    assert_eq!(get(simulator, &format!("{VOLUMES}/made")).code, 404);

    post(simulator, CLAIMS, &claim("late")).ok();
    let pod = json!({"metadata": {"name": "user"}, "spec": {
        "nodeSelector": {"kind": "new"}, "containers": [{"name": "c", "image": "i"}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "late"}}],
    }});
    post(simulator, PODS, &pod).ok();
    cluster.at_rest("a pod that fits nowhere");
    let label = json!({"metadata": {"labels": {"kind": "new"}}});
    merge(simulator, "/api/v1/nodes/node-b", &label).ok();
    cluster.at_rest("a node that suits it");
    assert_eq!(get(simulator, &format!("{PODS}/user")).ok()["status"]["phase"], "Running");
    delete(simulator, "/api/v1/namespaces/other").refused(404, "namespaces \"other\" not found");
    post(simulator, "/api/v1/namespaces", &json!({"metadata": {"name": "other"}})).ok();
    post(simulator, "/api/v1/namespaces/other/configmaps", &map("m")).ok();
    delete(simulator, "/api/v1/namespaces/other").ok();
    cluster.at_rest("a namespace was deleted");
    assert_eq!(get(simulator, "/api/v1/namespaces/other").code, 404);
}

#[test]
fn nothing_is_slept_through_around_quotas() {
    let cluster = Cluster::new();
    let simulator = &cluster.simulator;
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {
        "configmaps": "1", "requests.storage": "5Gi", "services.nodeports": "5", "count/persistentvolumeclaims": "5",
    }}});
    post(simulator, QUOTAS, &quota).ok();
    cluster.at_rest("a quota");
    post(simulator, MAPS, &map("m")).ok();
    post(simulator, MAPS, &map("m")).refused(
        403,
        "configmaps \"m\" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: \
         configmaps=1",
    );
    post(simulator, CLAIMS, &claim("c")).ok();
    post(simulator, CLAIMS, &claim("c")).refused(409, "persistentvolumeclaims \"c\" already exists");
    cluster.at_rest("a claim whose name was taken");
    let service = json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
    post(simulator, SERVICES, &service).ok();
    cluster.at_rest("a Service");
    merge(simulator, &format!("{SERVICES}/s"), &json!({"spec": {"type": "ClusterIP"}})).ok();
    cluster.at_rest("a Service of another type");
    merge(simulator, &format!("{QUOTAS}/q"), &json!({"spec": {"hard": {"configmaps": null}}})).ok();
    cluster.at_rest("another quota");
    merge(simulator, &format!("{QUOTAS}/q/status"), &json!({"status": {"used": {"requests.storage": "3Gi"}}})).ok();
    cluster.at_rest("somebody wrote what is used");
    delete(simulator, &format!("{MAPS}/m")).ok();
    delete(simulator, &format!("{CLAIMS}/c")).ok();
    cluster.at_rest("all was deleted");
    let used = get(simulator, &format!("{QUOTAS}/q")).ok()["status"]["used"].clone();
    let nothing = json!({"count/persistentvolumeclaims": "0", "requests.storage": "0", "services.nodeports": "0"});
    assert_eq!(used, nothing);
}

#[test]
fn the_looks_of_a_growing_set_grow_with_it_and_not_faster() {
    let looks = |replicas: u64| {
        let cluster = Cluster::new();
        let secret = json!({"metadata": {"name": "late"}, "stringData": {"p": "x"}});
        post(&cluster.simulator, "/api/v1/namespaces/default/secrets", &secret).ok();
        post(&cluster.simulator, SETS, &set("web", replicas)).ok();
        cluster.settle();
        cluster.looks.load(Ordering::Relaxed)
    };
    let (few, many) = (looks(10), looks(20));
    assert!(many <= few * 21 / 10, "{few} looks for 10 replicas, {many} for 20");
    assert!(few <= 10 * 70, "{few} looks for 10 replicas");
}

#[test]
fn nothing_is_slept_through_around_budgets() {
    let cluster = Cluster::new();
    let simulator = &cluster.simulator;
    let budget = json!({"metadata": {"name": "b"}, "spec": {
        "maxUnavailable": "50%", "selector": {"matchLabels": {"app": "web"}},
    }});
    post(simulator, BUDGETS, &budget).ok();
    cluster.at_rest("a budget without pods");
    let mut web = set("web", 3);
    web["spec"]["template"]["spec"]["containers"][0]["env"] = json!(null);
    post(simulator, SETS, &web).ok();
    cluster.at_rest("its set");
    let held = get(simulator, &format!("{BUDGETS}/b")).ok();
    assert_eq!(held["status"]["disruptionsAllowed"], 2, "{held}");
    let never = json!({"metadata": {"annotations": {"sandbox.kubectl-stateful/never-ready": "yes"}}});
    merge(simulator, &format!("{PODS}/web-0"), &never).ok();
    cluster.at_rest("a pod that is not ready any more");
    merge(simulator, &format!("{PODS}/web-2"), &json!({"metadata": {"labels": {"app": "other"}}})).ok();
    cluster.at_rest("a pod that left");
    merge(simulator, &format!("{SETS}/web"), &json!({"spec": {"replicas": 1}})).ok();
    cluster.at_rest("a scale down");
    merge(simulator, &format!("{BUDGETS}/b"), &json!({"spec": {"maxUnavailable": 0}})).ok();
    cluster.at_rest("another budget");
    delete(simulator, &format!("{SETS}/web?propagationPolicy=Orphan")).ok();
    cluster.at_rest("the set was deleted");
    let held = get(simulator, &format!("{BUDGETS}/b")).ok();
    assert_eq!(held["status"]["expectedPods"], 0, "{held}");
}

#[test]
fn nothing_is_slept_through_around_the_loss_of_a_node() {
    let cluster = Cluster::new();
    let simulator = &cluster.simulator;
    let mut web = set("web", 3);
    web["spec"]["template"]["spec"]["containers"][0]["env"] = json!(null);
    post(simulator, SETS, &web).ok();
    cluster.at_rest("a set");
    let node = get(simulator, &format!("{PODS}/web-1")).ok()["spec"]["nodeName"].as_str().unwrap().to_owned();
    let node = format!("/api/v1/nodes/{node}");
    let down = |value: Value| json!({"metadata": {"annotations": {"sandbox.kubectl-stateful/node-down": value}}});
    merge(simulator, &node, &down(json!("yes"))).ok();
    cluster.at_rest("its node was lost");
    let lost = get(simulator, &format!("{PODS}/web-1")).ok();
    assert!(lost["metadata"]["deletionTimestamp"].is_string(), "{lost}");
    merge(simulator, &node, &down(json!(null))).ok();
    cluster.at_rest("the node came back");
    assert_eq!(get(simulator, &format!("{SETS}/web")).ok()["status"]["readyReplicas"], 3);
    merge(simulator, &node, &json!({"spec": {"unschedulable": true}})).ok();
    cluster.at_rest("a cordon");
    assert_eq!(get(simulator, &node).ok()["spec"]["taints"][0]["key"], "node.kubernetes.io/unschedulable");
    delete(simulator, &node).ok();
    cluster.at_rest("the node is gone");
    let volume_bound = get(simulator, &format!("{PODS}/web-1")).ok();
    assert_ne!(volume_bound["metadata"]["uid"], lost["metadata"]["uid"]);
}

#[test]
fn nothing_is_slept_through_by_pods_that_stay_on_their_node() {
    let cluster = Cluster::new();
    let simulator = &cluster.simulator;
    post(simulator, CLAIMS, &claim("kept")).ok();
    let pod = |name: &str, more: Value| {
        let mut pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        pod["spec"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        pod
    };
    let faithful = json!({
        "nodeName": "node-a", "tolerations": [{"operator": "Exists"}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "kept"}}],
    });
    merge(
        simulator,
        &format!("{CLAIMS}/kept"),
        &json!({"metadata": {"annotations": {
            "volume.kubernetes.io/selected-node": "node-a",
        }}}),
    )
    .ok();
    post(simulator, PODS, &pod("faithful", faithful)).ok();
    cluster.at_rest("a pod that tolerates everything");
    let node = "/api/v1/nodes/node-a";
    let down = |value: Value| json!({"metadata": {"annotations": {"sandbox.kubectl-stateful/node-down": value}}});
    merge(simulator, node, &down(json!("yes"))).ok();
    let grown = json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}});
    merge(simulator, &format!("{CLAIMS}/kept"), &grown).ok();
    cluster.at_rest("its node was lost and its claim grew");
    let held = || get(simulator, &format!("{CLAIMS}/kept")).ok()["status"]["capacity"]["storage"].clone();
    assert_eq!(held(), "1Gi");
    merge(simulator, node, &down(json!(null))).ok();
    cluster.at_rest("the node came back");
    assert_eq!(held(), "2Gi");
    merge(simulator, node, &json!({"spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}})).ok();
    post(simulator, PODS, &pod("bold", json!({"nodeName": "node-a"}))).ok();
    cluster.at_rest("a pod was put on a tainted node");
    assert_eq!(get(simulator, &format!("{PODS}/bold")).code, 404);
}

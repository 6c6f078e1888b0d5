//! What others do in the scenes of the guards.

use std::time::Duration;

use futures::future::BoxFuture;
use kubectl_stateful::facts::mark::Mark;
use kubectl_stateful::simulator::faults::{Disturbance, Rival};
use serde_json::{Value, json};

use crate::stage::{CLAIMS, Hands, PODS, SET, VOLUMES, claim};

/// What rivals do by themselves.
pub fn rival(hands: &Hands, act: Rival) -> BoxFuture<'static, ()> {
    hands.simulator.disturb(&Disturbance::Rival { namespace: "default".to_owned(), act });
    Box::pin(async {})
}

/// An object that stands for whatever made this one.
pub async fn own(hands: &Hands, path: &str, controls: bool) {
    let map = json!({"metadata": {"name": "owner"}, "data": {}});
    let map = hands.post("/api/v1/namespaces/default/configmaps", &map).await.unwrap();
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": map["metadata"]["uid"],
                       "controller": controls});
    hands.merge(path, &json!({"metadata": {"ownerReferences": [owner]}})).await.unwrap();
}

pub fn autoscaled(hands: Hands) -> BoxFuture<'static, ()> {
    let scaler = json!({"metadata": {"name": "busy"}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"},
        "minReplicas": 2, "maxReplicas": 5,
    }});
    Box::pin(async move {
        hands.post("/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", &scaler).await.unwrap();
    })
}

pub fn budgeted(hands: Hands) -> BoxFuture<'static, ()> {
    let budget = json!({"metadata": {"name": "calm"}, "spec": {
        "minAvailable": 2, "selector": {"matchLabels": {"app": "web"}},
    }});
    Box::pin(async move {
        hands.post("/apis/policy/v1/namespaces/default/poddisruptionbudgets", &budget).await.unwrap();
    })
}

/// The path of the volume that a claim of the member that goes is on.
async fn volume_of(hands: &Hands, template: &str) -> Option<String> {
    let claim = hands.find(&claim(template, 1)).await.unwrap()?;
    Some(format!("{VOLUMES}/{}", claim["spec"]["volumeName"].as_str()?))
}

pub fn given_up(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move { give_up(&hands, "data").await })
}

/// The same with the claim that goes after the first.
pub fn neighbour_given_up(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move { give_up(&hands, "wal").await })
}

async fn give_up(hands: &Hands, template: &str) {
    let Some(volume) = volume_of(hands, template).await else { return };
    hands.merge(&volume, &json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}})).await.unwrap();
}

/// The set deletes the claims of members that go, and their class keeps the volumes.
pub fn retained_without_a_mark(hands: Hands) -> BoxFuture<'static, ()> {
    let turned = rival(&hands, Rival::TurnRetention { set: "web".to_owned() });
    Box::pin(async move {
        turned.await;
        retain_all(&hands).await;
    })
}

/// Nothing deletes the volumes with their claims, and nobody has marked them.
pub fn retained(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move { retain_all(&hands).await })
}

async fn retain_all(hands: &Hands) {
    let volumes = hands.get(VOLUMES).await.unwrap();
    for volume in volumes["items"].as_array().unwrap() {
        let path = format!("{VOLUMES}/{}", volume["metadata"]["name"].as_str().unwrap());
        hands.merge(&path, &json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}})).await.unwrap();
    }
}

pub fn pointed_elsewhere(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let Some(volume) = volume_of(&hands, "data").await else { return };
        let other = json!({"kind": "PersistentVolumeClaim", "namespace": "default", "name": "other", "uid": "b0b"});
        hands.merge(&volume, &json!({"spec": {"claimRef": other}})).await.unwrap();
    })
}

pub fn two_sets_with_one_claim(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        for (name, template) in [("x-y", "data"), ("y", "data-x")] {
            let mut set = hands.get(SET).await.unwrap()["spec"].clone();
            set["serviceName"] = json!(name);
            set["selector"] = json!({"matchLabels": {"app": name}});
            set["template"]["metadata"]["labels"] = json!({"app": name});
            set["volumeClaimTemplates"][1] = Value::Null;
            set["volumeClaimTemplates"].as_array_mut().unwrap().retain(|template| !template.is_null());
            set["volumeClaimTemplates"][0]["metadata"]["name"] = json!(template);
            set["template"]["spec"]["containers"][0]["volumeMounts"] =
                json!([{"name": template, "mountPath": "/data"}]);
            if name == "y" {
                // Its first member does not come up, so that its second waits.
                set["template"]["metadata"]["annotations"] = json!({"sandbox.kubectl-stateful/never-ready": "true"});
            }
            let set = json!({"metadata": {"name": name}, "spec": set});
            hands.post("/apis/apps/v1/namespaces/default/statefulsets", &set).await.unwrap();
            hands.simulator.pass(Duration::from_mins(5));
        }
    })
}

pub fn read_by_a_pod(hands: Hands) -> BoxFuture<'static, ()> {
    let pod = json!({"metadata": {"name": "reader"}, "spec": {
        "containers": [{"name": "main", "image": "reader:1"}],
        "volumes": [{"name": "wal", "persistentVolumeClaim": {"claimName": "wal-web-1"}}],
    }});
    Box::pin(async move {
        hands.post(PODS, &pod).await.unwrap();
    })
}

pub fn attached(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let Some(volume) = volume_of(&hands, "data").await else { return };
        let nodes = hands.get("/api/v1/nodes").await.unwrap();
        let name = volume.rsplit('/').next().unwrap_or_default();
        let attachment = json!({"metadata": {"name": "attached"}, "spec": {
            "attacher": "disk.example.com", "nodeName": nodes["items"][0]["metadata"]["name"],
            "source": {"persistentVolumeName": name},
        }});
        hands.post("/apis/storage.k8s.io/v1/volumeattachments", &attachment).await.unwrap();
    })
}

/// The volumes that were retired, with their paths.
async fn retired(hands: &Hands) -> Vec<(String, Value)> {
    let found = hands.get(VOLUMES).await.unwrap();
    let items = found["items"].as_array().cloned().unwrap_or_default();
    let marked = items.into_iter().filter(|volume| Mark::read(volume).is_some());
    marked.map(|volume| (format!("{VOLUMES}/{}", volume["metadata"]["name"].as_str().unwrap()), volume)).collect()
}

pub fn unmarked(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        for (path, _) in retired(&hands).await {
            hands.merge(&path, &json!({"metadata": Mark::without()})).await.unwrap();
        }
    })
}

/// Somebody keeps the volumes for new claims of the old names.
pub fn reserved(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        for (path, _) in retired(&hands).await {
            hands.merge(&path, &json!({"spec": {"claimRef": {"uid": null, "resourceVersion": null}}})).await.unwrap();
        }
    })
}

/// Somebody gives the volumes to other claims, which write to them and go again.
pub fn used_by_another(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        for (number, (path, volume)) in retired(&hands).await.into_iter().enumerate() {
            let claim = format!("other-{number}");
            let body = json!({"metadata": {"name": claim}, "spec": {
                "accessModes": volume["spec"]["accessModes"], "storageClassName": volume["spec"]["storageClassName"],
                "resources": {"requests": volume["spec"]["capacity"]}, "volumeName": volume["metadata"]["name"],
            }});
            hands.post(CLAIMS, &body).await.unwrap();
            let given = json!({"name": claim, "uid": null, "resourceVersion": null});
            hands.merge(&path, &json!({"spec": {"claimRef": given}})).await.unwrap();
            hands.simulator.pass(Duration::from_mins(1));
            hands.delete(&format!("{CLAIMS}/{claim}"), None).await.unwrap();
        }
        hands.simulator.pass(Duration::from_mins(1));
    })
}

pub fn two_on_one_path(hands: Hands) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let (_, volume) = retired(&hands).await.remove(0);
        let mut spec = volume["spec"].clone();
        spec["claimRef"] = Value::Null;
        let another = json!({"metadata": {"name": "another"}, "spec": spec});
        hands.post(VOLUMES, &another).await.unwrap();
    })
}

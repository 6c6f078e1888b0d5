//! `k8s::…`: what one line of a runbook must not do, and its undo neither.

use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::undo;
use serde_json::json;

use super::{SETS, Said, Stage};
use crate::support::{get, merge, post};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const SCALERS: &str = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";

fn own(stage: &Stage, run: &str) -> Said {
    let effects = &["apply", "create", "patch", "delete"];
    stage.play_own(effects, &format!("fn run(p) {{ {run} }}"), &["web", "--yes"])
}

fn taken_back(stage: &Stage) -> Said {
    let flags = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(None, &flags, context).await)
}

#[test]
fn metadata_that_is_no_map_is_refused() {
    let stage = Stage::new(1);
    post(&stage.simulator, MAPS, &json!({ "metadata": { "name": "a" } })).ok();
    for (metadata, told) in [
        (r#""x""#, "`metadata` is no map"),
        (r#"["x"]"#, "`metadata` is no map"),
        ("()", "`metadata` is no map"),
        (r#"#{ labels: "x" }"#, "`metadata.labels` is no map"),
        (r#"#{ annotations: ["x"] }"#, "`metadata.annotations` is no map"),
    ] {
        let run = format!(r#"k8s::patch("ConfigMap", "a", #{{ metadata: {metadata} }});"#);
        let failure = own(&stage, &run).result.expect_err(metadata);
        assert!(failure.message.contains(told), "{metadata}: {failure}");
    }
}

#[test]
fn the_service_that_names_the_members_of_a_set_stays_as_it_is() {
    let stage = Stage::new(1);
    let name = stage.get(&format!("{SETS}/web"))["spec"]["serviceName"].as_str().unwrap().to_owned();
    let path = format!("{SERVICES}/{name}");
    if get(&stage.simulator, &path).code == 404 {
        let spec = json!({ "clusterIP": "None", "selector": { "app": "web" }, "ports": [{ "port": 80 }] });
        post(&stage.simulator, SERVICES, &json!({ "metadata": { "name": name }, "spec": spec })).ok();
    }
    let before = stage.get(&path);
    for run in [
        format!(r#"k8s::delete("Service", "{name}");"#),
        format!(r#"k8s::patch("Service", "{name}", #{{ spec: #{{ selector: #{{ app: "other" }} }} }});"#),
        format!(r#"k8s::patch("Service", "{name}", #{{ spec: #{{ publishNotReadyAddresses: true }} }});"#),
    ] {
        let failure = own(&stage, &run).failed("governs-set", 3);
        assert!(failure.message.contains("StatefulSet `web`"), "{failure}");
    }
    assert_eq!(stage.get(&path), before);
    own(&stage, &format!(r#"k8s::patch("Service", "{name}", #{{ metadata: #{{ labels: #{{ a: "b" }} }} }});"#)).done();
    // What was changed in another way is put back.
    taken_back(&stage).done();
    assert_eq!(stage.get(&path)["spec"], before["spec"]);
}

#[test]
fn what_another_run_has_made_meanwhile_is_not_taken() {
    let stage = Stage::new(1).with_meddler(|simulator, method, path| {
        if method == "PATCH" && path.contains("/configmaps/made") {
            let theirs = json!({ "metadata": { "name": "made" }, "data": { "a": "theirs" } });
            post(simulator, &format!("{MAPS}?fieldManager=kubectl-stateful"), &theirs);
        }
    });
    own(&stage, r#"k8s::apply(#{ kind: "ConfigMap", metadata: #{ name: "made" }, data: #{ a: "ours" } });"#)
        .result
        .expect_err("it is there");
    assert_eq!(stage.get(&format!("{MAPS}/made"))["data"]["a"], "theirs");
}

#[test]
fn what_was_made_stays_where_another_run_has_written_into_it() {
    let stage = Stage::new(1);
    own(&stage, r#"k8s::create(#{ kind: "ConfigMap", metadata: #{ name: "made" }, data: #{ a: "1" } });"#).done();
    let path = format!("{MAPS}/made");
    let as_ours = format!("{path}?fieldManager=kubectl-stateful");
    for (more, less, told) in [
        (json!({ "data": { "precious": "2" } }), json!({ "data": { "precious": null } }), "`.data.precious`"),
        (json!({ "binaryData": { "b": "eA==" } }), json!({ "binaryData": null }), "`.binaryData.b`"),
    ] {
        merge(&stage.simulator, &as_ours, &more).ok();
        let failure = taken_back(&stage).failed("changed-since", 3);
        assert!(failure.message.contains(told), "{failure}");
        merge(&stage.simulator, &as_ours, &less).ok();
    }
    taken_back(&stage).done();
    assert_eq!(get(&stage.simulator, &path).code, 404);
}

#[test]
fn a_list_whose_items_have_got_a_field_comes_back() {
    let stage = Stage::new(1);
    let front =
        json!({ "metadata": { "name": "front" }, "spec": { "selector": { "app": "x" }, "ports": [{ "port": 80 }] } });
    post(&stage.simulator, SERVICES, &front).ok();
    let path = format!("{SERVICES}/front");
    let before = stage.get(&path)["spec"].clone();
    own(&stage, r#"k8s::patch("Service", "front", #{ spec: #{ ports: [#{ port: 80, name: "http" }] } });"#).done();
    assert_eq!(stage.get(&path)["spec"]["ports"][0]["name"], "http");
    taken_back(&stage).done();
    assert_eq!(stage.get(&path)["spec"], before);
}

#[test]
fn an_autoscaler_with_the_same_limits_takes_no_member_away() {
    let stage = Stage::new(2);
    let target = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web" });
    let spec = json!({ "minReplicas": 1, "maxReplicas": 5, "scaleTargetRef": target });
    post(&stage.simulator, SCALERS, &json!({ "metadata": { "name": "busy" }, "spec": spec })).ok();
    let patch = |what: &str| format!(r#"k8s::patch("HorizontalPodAutoscaler", "busy", #{{ {what} }});"#);
    let pace = "spec: #{ behavior: #{ scaleDown: #{ stabilizationWindowSeconds: 0 } } }";
    own(&stage, &patch(pace)).failed("autoscaler-shrinks", 3);
    own(&stage, &patch(r#"metadata: #{ labels: #{ a: "b" } }"#)).done();
}

#[test]
fn a_map_does_not_become_immutable() {
    let stage = Stage::new(1);
    post(&stage.simulator, MAPS, &json!({ "metadata": { "name": "a" }, "data": { "a": "1" } })).ok();
    own(&stage, r#"k8s::patch("ConfigMap", "a", #{ immutable: true });"#).failed("no-way-back", 3);
    assert!(stage.get(&format!("{MAPS}/a"))["immutable"].is_null());
    own(&stage, r#"k8s::create(#{ kind: "ConfigMap", metadata: #{ name: "b" }, immutable: true });"#).done();
    taken_back(&stage).done();
    assert_eq!(get(&stage.simulator, &format!("{MAPS}/b")).code, 404);
}

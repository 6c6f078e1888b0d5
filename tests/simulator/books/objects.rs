//! `k8s::…`: objects that have no verb of their own, planned, written, taken back.

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{resume, undo};
use kubectl_stateful::runs::plan::Line;
use serde_json::{Value, json};

use super::{Said, Stage};
use crate::support::{delete, get, merge, post};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const BUDGETS: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const SCALERS: &str = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
const PODS: &str = "/api/v1/namespaces/default/pods";
const SECRETS: &str = "/api/v1/namespaces/default/secrets";
const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";

const EFFECTS: &[&str] = &["apply", "create", "patch", "delete"];

/// One of each word, and some that meet the same object.
const BOOK: &str = r#"
    fn preflight(p) {
        guard(k8s::exists("ConfigMap", "theirs") && !k8s::exists("ConfigMap", "made"), "not so");
    }
    fn run(p) {
        step("write", || {
            k8s::apply(#{ kind: "ConfigMap", metadata: #{ name: "made", labels: #{ app: "x" } }, data: #{ "a.cnf": "1" } });
            k8s::apply(#{ kind: "ConfigMap", metadata: #{ name: "made" }, data: #{ "a.cnf": "2" } });
            k8s::create(#{ kind: "PodDisruptionBudget", metadata: #{ name: "calm" },
                           spec: #{ maxUnavailable: 1, selector: #{ matchLabels: #{ app: "web" } } } });
            let theirs = k8s::get("ConfigMap", "theirs");
            k8s::patch("ConfigMap", "theirs", #{ data: #{ a: theirs.data.a + "2", b: () } });
            k8s::delete("Service", "front");
        });
        output("maps", k8s::list("ConfigMap", #{ labels: "mine=yes" }).map(|map| map.metadata.name));
    }
    fn verify(p) { guard(k8s::get("ConfigMap", "made").data["a.cnf"] == "2", "not written"); }
"#;

fn stage() -> Stage {
    let stage = Stage::new(1);
    let map = |name: &str| json!({ "metadata": { "name": name, "labels": { "mine": "yes" } }, "data": { "a": "1", "b": "gone", "c": "stays" } });
    for name in ["theirs", "another"] {
        post(&stage.simulator, MAPS, &map(name)).ok();
    }
    let front =
        json!({ "metadata": { "name": "front" }, "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] } });
    post(&stage.simulator, SERVICES, &front).ok();
    stage
}

fn own(stage: &Stage, run: &str) -> Said {
    stage.play_own(EFFECTS, &format!("fn run(p) {{ {run} }}"), &["web", "--yes"])
}

fn taken_back(stage: &Stage) -> Said {
    let flags = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(None, &flags, context).await)
}

/// What people have written, by path.
fn picture(stage: &Stage) -> Vec<Value> {
    let lists = [MAPS, BUDGETS, SERVICES].map(|path| stage.get(path)["items"].clone());
    let all = lists.iter().filter_map(Value::as_array).flatten();
    all.map(|object| json!([object["metadata"]["name"], object["metadata"]["labels"], object["data"], object["spec"]]))
        .collect()
}

#[test]
fn what_was_planned_is_written_and_all_of_it_is_taken_back() {
    let stage = stage();
    let before = picture(&stage);
    let said = stage.play_own(EFFECTS, BOOK, &["web", "--yes"]).done();
    let word = |line: &Line| match line {
        Line::Effect { verb, object, change, undo_by, fingerprint, .. } if !fingerprint.is_empty() => {
            Some(format!("{verb} {object}: {change} ({})", undo_by.join(", ")))
        }
        Line::Output { value, .. } => Some(value.to_string()),
        _ => None,
    };
    let words: Vec<String> = said.plan.unwrap().lines.iter().filter_map(word).collect();
    let expected = [
        "apply ConfigMap/made: new: .metadata.labels.app x, .data.a.cnf 1 (delete ConfigMap/made)",
        "apply ConfigMap/made: .metadata.labels.app x → nothing, .data.a.cnf 1 → 2 (patch ConfigMap/made)",
        "create PodDisruptionBudget/calm: new: .spec.maxUnavailable 1, .spec.selector.matchLabels.app web (delete \
         PodDisruptionBudget/calm)",
        "patch ConfigMap/theirs: .data.a 1 → 12, .data.b gone → nothing (patch ConfigMap/theirs)",
        "delete Service/front: deleted; made again, it has another UID (create Service/front)",
        r#"["another","theirs"]"#,
    ];
    assert_eq!(words, expected);
    let theirs = stage.get(&format!("{MAPS}/theirs"));
    assert_eq!(theirs["data"], json!({ "a": "12", "c": "stays" }));
    assert_eq!(stage.get(&format!("{MAPS}/made"))["data"], json!({ "a.cnf": "2" }));
    assert_eq!(stage.get(&format!("{BUDGETS}/calm"))["spec"]["maxUnavailable"], 1);
    assert_eq!(get(&stage.simulator, &format!("{SERVICES}/front")).code, 404);
    taken_back(&stage).done();
    assert_eq!(picture(&stage), before);
}

#[test]
fn what_somebody_else_has_changed_since_is_not_overwritten_by_an_undo() {
    let stage = stage();
    own(&stage, r#"k8s::patch("ConfigMap", "theirs", #{ data: #{ a: "2" } });"#).done();
    let path = format!("{MAPS}/theirs");
    merge(&stage.simulator, &path, &json!({ "data": { "a": "3" } })).ok();
    let failure = taken_back(&stage).failed("changed-since", 3);
    assert!(failure.message.contains("`.data.a`"), "{failure}");
    assert_eq!(stage.get(&path)["data"]["a"], "3");
    // What others have written elsewhere in it is no matter.
    merge(&stage.simulator, &path, &json!({ "data": { "a": "2", "c": "other" } })).ok();
    taken_back(&stage).done();
    assert_eq!(stage.get(&path)["data"], json!({ "a": "1", "b": "gone", "c": "other" }));
}

#[test]
fn what_changed_after_the_plan_stops_the_run() {
    let long = "x".repeat(200);
    // The lock is the first that a run writes.
    let stage = stage().with_meddler(move |simulator, _, path| {
        if path.contains("/leases") {
            drop(merge(simulator, &format!("{MAPS}/theirs"), &json!({ "data": { "a": long } })));
        }
    });
    own(&stage, r#"k8s::patch("ConfigMap", "another", #{ data: #{ a: "2" } });"#).done();
    let put_back = json!({ "data": { "a": "z".repeat(200) } });
    merge(&stage.simulator, &format!("{MAPS}/theirs"), &put_back).ok();
    let before = format!("k8s::patch(\"ConfigMap\", \"theirs\", #{{ data: #{{ a: \"{}\" }} }});", "y".repeat(200));
    own(&stage, &before).failed("diverged", 6);
    assert!(stage.get(&format!("{MAPS}/theirs"))["data"]["a"].as_str().unwrap().starts_with('x'));
}

#[test]
fn what_others_belong_to_is_not_deleted() {
    let stage = stage();
    post(&stage.simulator, SECRETS, &json!({ "metadata": { "name": "key" } })).ok();
    let owner = stage.get(&format!("{MAPS}/theirs"))["metadata"]["uid"].clone();
    let owners = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "theirs", "uid": owner }]);
    for (path, told) in [
        (format!("{CLAIMS}/data-web-0"), "PersistentVolumeClaim `data-web-0` belongs to it"),
        (format!("{PODS}/web-0"), "Pod `web-0` belongs to it"),
        (format!("{SECRETS}/key"), "Secret `key` belongs to it"),
        (format!("{MAPS}/another"), "ConfigMap `another` belongs to it"),
    ] {
        let former = stage.get(&path)["metadata"]["ownerReferences"].clone();
        merge(&stage.simulator, &path, &json!({ "metadata": { "ownerReferences": owners } })).ok();
        let failure = own(&stage, r#"k8s::delete("ConfigMap", "theirs");"#).failed("owns-others", 3);
        assert!(failure.message.contains(told), "{failure}");
        let kept = stage.get(&path)["metadata"].clone();
        assert!(kept["uid"].is_string() && kept["deletionTimestamp"].is_null());
        merge(&stage.simulator, &path, &json!({ "metadata": { "ownerReferences": former } })).ok();
    }
    own(&stage, r#"k8s::delete("ConfigMap", "theirs"); k8s::delete("Service", "front");"#).done();
}

#[test]
fn what_was_made_stays_where_somebody_else_has_written_into_it() {
    let stage = stage();
    own(&stage, r#"k8s::create(#{ kind: "ConfigMap", metadata: #{ name: "made" }, data: #{ a: "1" } });"#).done();
    let path = format!("{MAPS}/made");
    merge(&stage.simulator, &path, &json!({ "data": { "precious": "2" } })).ok();
    let failure = taken_back(&stage).failed("changed-since", 3);
    assert!(failure.message.contains("has written fields of it since"), "{failure}");
    assert_eq!(stage.get(&path)["data"]["precious"], "2");
    merge(&stage.simulator, &path, &json!({ "data": { "precious": null } })).ok();
    merge(&stage.simulator, &path, &json!({ "metadata": { "labels": { "seen": "yes" } } })).ok();
    taken_back(&stage).done();
    assert_eq!(get(&stage.simulator, &path).code, 404);
}

#[test]
fn a_map_whose_last_key_went_gets_it_back() {
    let stage = stage();
    let one = json!({ "metadata": { "name": "one", "labels": { "l": "1" } }, "data": { "only": "1" } });
    post(&stage.simulator, MAPS, &one).ok();
    let before = picture(&stage);
    let run = r#"k8s::patch("ConfigMap", "one", #{ data: #{ only: () }, metadata: #{ labels: #{ l: () } } });
                 k8s::patch("Service", "front", #{ spec: #{ selector: #{ app: () } } });"#;
    own(&stage, run).done();
    assert_ne!(picture(&stage), before);
    taken_back(&stage).done();
    assert_eq!(picture(&stage), before);
}

#[test]
fn amounts_that_the_server_writes_in_its_own_way_are_taken_back() {
    let stage = stage();
    let quota = r#"k8s::create(#{ kind: "ResourceQuota", metadata: #{ name: "q" }, spec: #{ hard: #{ "limits.cpu": "64000m" } } });"#;
    own(&stage, quota).done();
    let path = "/api/v1/namespaces/default/resourcequotas/q";
    assert_eq!(stage.get(path)["spec"]["hard"]["limits.cpu"], "64");
    taken_back(&stage).done();
    assert_eq!(get(&stage.simulator, path).code, 404);
}

#[test]
fn an_autoscaler_takes_no_member_away() {
    let stage = Stage::new(2);
    let scaler = |range: &str| {
        format!(
            r#"k8s::apply(#{{ kind: "HorizontalPodAutoscaler", metadata: #{{ name: "busy" }}, spec: #{{ {range},
                scaleTargetRef: #{{ apiVersion: "apps/v1", kind: "StatefulSet", name: "web" }} }} }});"#
        )
    };
    for range in ["maxReplicas: 1", "maxReplicas: 5", "minReplicas: 1, maxReplicas: 5"] {
        own(&stage, &scaler(range)).failed("autoscaler-shrinks", 3);
    }
    let set = |when: &str| {
        let policy = json!({ "spec": { "persistentVolumeClaimRetentionPolicy": { "whenScaled": when } } });
        merge(&stage.simulator, &format!("{}/web", super::SETS), &policy).ok();
    };
    set("Delete");
    own(&stage, &scaler("minReplicas: 2, maxReplicas: 3")).failed("autoscaler-shrinks", 3);
    set("Retain");
    assert_eq!(get(&stage.simulator, &format!("{SCALERS}/busy")).code, 404);
    own(&stage, &scaler("minReplicas: 2, maxReplicas: 3")).done();
    let lower = r#"k8s::patch("HorizontalPodAutoscaler", "busy", #{ spec: #{ minReplicas: 1 } });"#;
    own(&stage, lower).failed("autoscaler-shrinks", 3);
}

#[test]
fn kinds_with_verbs_of_their_own_values_of_secrets_and_other_namespaces_are_refused() {
    let stage = stage();
    let secret = json!({ "metadata": { "name": "key" }, "data": { "password": "aHVudGVyMg==" } });
    post(&stage.simulator, "/api/v1/namespaces/default/secrets", &secret).ok();
    let before = stage.simulator.objects();
    for (run, told) in [
        (r#"k8s::delete("PersistentVolumeClaim", "data-web-0");"#, "PersistentVolumeClaim is not written"),
        (r#"k8s::delete("StatefulSet", "web");"#, "StatefulSet is not written"),
        (r#"k8s::patch("Pod", "web-0", #{ metadata: #{ labels: #{ a: "b" } } });"#, "Pod is not written"),
        (r#"k8s::patch("PersistentVolume", "x", #{ spec: #{ a: "b" } });"#, "PersistentVolume is not written"),
        (r#"k8s::delete("Namespace", "default");"#, "lives in no namespace"),
        (r#"k8s::delete("Deployment", "a");"#, "holds none"),
        (r#"k8s::create(#{ kind: "Secret", metadata: #{ name: "s" } });"#, "Secret is not written"),
        (
            r#"k8s::create(#{ kind: "ConfigMap", metadata: #{ name: "s", namespace: "other" } });"#,
            "of namespace \"other\"",
        ),
        (r#"k8s::patch("ConfigMap", "theirs", #{ metadata: #{ finalizers: [] } });"#, "`metadata.finalizers` cannot"),
        (r#"k8s::get("Secret", "key").data.password"#, "is secret"),
        (r#"k8s::get("Secret", "key").data.plain()"#, "are secret"),
        (r#"note(k8s::get("ConfigMap", "theirs").dada.a)"#, "has no `dada`"),
    ] {
        let failure = own(&stage, run).result.expect_err(run);
        assert!(failure.message.contains(told), "{run}: {failure}");
    }
    own(&stage, r#"guard(k8s::get("Secret", "key").data.has("password"), "no key"); guard(k8s::get("ConfigMap", "x") == (), "x");"#).done();
    own(&stage, r#"k8s::create(#{ kind: "ConfigMap", metadata: #{ name: "theirs" } });"#).failed("exists-already", 3);
    own(&stage, r#"k8s::patch("ConfigMap", "none", #{ data: #{ a: "b" } });"#).result.expect_err("there is none");
    assert_eq!(stage.simulator.objects().len(), before.len());
    let said = stage.play_own(&["apply"], r#"fn run(p) { k8s::delete("ConfigMap", "theirs"); }"#, &["web", "--yes"]);
    said.failed("effect-refused", 2);
}

#[test]
fn one_that_was_deleted_and_made_again_is_left_alone() {
    let stage = stage();
    own(&stage, r#"k8s::patch("ConfigMap", "theirs", #{ data: #{ a: "2" } });"#).done();
    let path = format!("{MAPS}/theirs");
    delete(&stage.simulator, &path).ok();
    post(&stage.simulator, MAPS, &json!({ "metadata": { "name": "theirs" }, "data": { "a": "2" } })).ok();
    taken_back(&stage).done();
    assert_eq!(stage.get(&path)["data"]["a"], "2");
}

#[test]
fn what_somebody_has_made_again_stays_and_the_rest_is_taken_back() {
    for data in [json!({ "a": "1", "b": "gone", "c": "stays" }), json!({ "other": "2" })] {
        let stage = stage();
        own(
            &stage,
            r#"k8s::patch("ConfigMap", "another", #{ data: #{ a: "2" } }); k8s::delete("ConfigMap", "theirs");"#,
        )
        .done();
        let map = json!({ "metadata": { "name": "theirs", "labels": { "mine": "yes" } }, "data": data });
        post(&stage.simulator, MAPS, &map).ok();
        taken_back(&stage).done();
        assert_eq!(stage.get(&format!("{MAPS}/theirs"))["data"], data);
        assert_eq!(stage.get(&format!("{MAPS}/another"))["data"]["a"], "1");
    }
}

#[test]
fn what_somebody_has_put_back_by_hand_is_in_nobody_s_way() {
    let stage = stage();
    own(&stage, r#"k8s::patch("ConfigMap", "theirs", #{ data: #{ a: "2", b: "2" } });"#).done();
    let path = format!("{MAPS}/theirs");
    merge(&stage.simulator, &path, &json!({ "data": { "a": "1" } })).ok();
    taken_back(&stage).done();
    assert_eq!(stage.get(&path)["data"], json!({ "a": "1", "b": "gone", "c": "stays" }));
}

#[test]
fn the_plan_of_a_resume_is_what_is_left() {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let stage = stage().interrupted_by(interrupt.clone()).with_meddler(move |_, _, path| {
        if path.contains("/another") {
            raised.raise();
        }
    });
    let run = r#"step("first", || k8s::patch("ConfigMap", "theirs", #{ data: #{ a: "2" } }));
                 step("then", || { for map in ["another", "theirs"] { k8s::patch("ConfigMap", map, #{ data: #{ b: "3" } }); } });"#;
    own(&stage, run).result.expect_err("it is interrupted");
    interrupt.lower();
    let only = RunFlags::from(ApprovalFlags { plan_only: true, ..ApprovalFlags::default() });
    let plan = stage.run(async |context| resume(None, &only, context).await).done().plan.unwrap();
    let words: Vec<String> = plan
        .lines
        .iter()
        .map(|line| match line {
            Line::Step { title } => title.clone(),
            Line::Effect { object, .. } => object.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert!(plan.rest && words.starts_with(&["then".to_owned(), "ConfigMap/theirs".to_owned()]), "{words:?}");
}

#[test]
fn a_list_that_no_line_of_a_journal_should_hold_is_refused() {
    let stage = stage();
    let large = |name: &str| json!({ "metadata": { "name": name }, "data": { "a": "x".repeat(600_000) } });
    let run = r#"output("maps", k8s::list("ConfigMap").len());"#;
    post(&stage.simulator, MAPS, &large("one")).ok();
    own(&stage, run).done();
    post(&stage.simulator, MAPS, &large("two")).ok();
    own(&stage, run).failed("too-much", 3);
}

#[test]
fn an_object_that_never_was_is_told_as_such() {
    let failure = own(&stage(), r#"k8s::patch("ConfigMap", "nobody", #{ data: #{ a: "1" } });"#);
    let failure = failure.failed("no-such-object", 3);
    assert!(failure.message.starts_with("there is no `ConfigMap/nobody`"), "{failure}");
}

#[test]
fn one_that_somebody_has_deleted_since_needs_no_way_back() {
    let stage = stage();
    own(&stage, r#"k8s::delete("Service", "front"); k8s::patch("ConfigMap", "theirs", #{ data: #{ a: "2" } });"#)
        .done();
    delete(&stage.simulator, &format!("{MAPS}/theirs")).ok();
    taken_back(&stage).done();
    assert_eq!(stage.get(&format!("{SERVICES}/front"))["metadata"]["name"], "front");
}

#[test]
fn what_was_made_or_changed_before_it_went_is_taken_back_whole() {
    let stage = stage();
    let before = picture(&stage);
    own(
        &stage,
        r#"for round in ["1", "2"] {
            k8s::create(#{ kind: "ConfigMap", metadata: #{ name: "made" }, data: #{ a: round } });
            k8s::patch("ConfigMap", "made", #{ data: #{ a: "changed", b: round } });
            k8s::delete("ConfigMap", "made");
        }
        k8s::patch("ConfigMap", "theirs", #{ data: #{ a: "2", b: () } });
        k8s::delete("ConfigMap", "theirs");"#,
    )
    .done();
    taken_back(&stage).done();
    assert_eq!(picture(&stage), before);
}

#[test]
fn what_belongs_to_one_that_goes_stays_whatever_kind_it_is_of() {
    // It comes to belong to it after the guards have looked.
    let stage = stage().with_meddler(|simulator, method, path| {
        if *method == http::Method::DELETE && path.ends_with("/configmaps/theirs") {
            let uid = get(simulator, &format!("{MAPS}/theirs")).ok()["metadata"]["uid"].clone();
            let owners = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "theirs", "uid": uid }]);
            let claim = json!({ "metadata": { "ownerReferences": owners } });
            drop(merge(simulator, &format!("{CLAIMS}/data-web-0"), &claim));
        }
    });
    own(&stage, r#"k8s::delete("ConfigMap", "theirs");"#).done();
    assert_eq!(get(&stage.simulator, &format!("{MAPS}/theirs")).code, 404);
    let claim = stage.get(&format!("{CLAIMS}/data-web-0"));
    assert!(claim["metadata"]["ownerReferences"].as_array().is_none_or(Vec::is_empty), "{claim}");
    assert!(claim["metadata"]["deletionTimestamp"].is_null(), "{claim}");
}

#[test]
fn one_that_somebody_holds_is_waited_for() {
    let stage = stage();
    let before = picture(&stage);
    let path = format!("{SERVICES}/front");
    let holds = |finalizers: Value| json!({ "metadata": { "finalizers": finalizers } });
    merge(&stage.simulator, &path, &holds(json!(["example.com/balancer"]))).ok();
    let failure = own(&stage, r#"k8s::delete("Service", "front"); output("went", true);"#);
    let failure = failure.failed("waits-for-ever", 4);
    assert!(failure.message.contains("Service/front: held by example.com/balancer"), "{failure}");
    let failure = taken_back(&stage).failed("still-there", 3);
    assert!(failure.message.contains("held by example.com/balancer"), "{failure}");
    merge(&stage.simulator, &path, &holds(Value::Null)).ok();
    assert_eq!(get(&stage.simulator, &path).code, 404);
    taken_back(&stage).done();
    assert_eq!(picture(&stage), before);
}

#[test]
fn one_that_somebody_has_changed_since_the_plan_is_not_deleted() {
    let stage = stage().with_meddler(|simulator, _, path| {
        if path.contains("/leases") {
            drop(merge(simulator, &format!("{MAPS}/theirs"), &json!({ "data": { "precious": "1" } })));
        }
    });
    own(&stage, r#"k8s::delete("ConfigMap", "theirs");"#).failed("diverged", 6);
    assert_eq!(stage.get(&format!("{MAPS}/theirs"))["data"]["precious"], "1");
}

#[test]
fn what_the_server_adds_to_one_that_was_made_is_not_compared() {
    let stage = stage();
    let before = picture(&stage);
    let book = r#"k8s::create(#{ kind: "Service", metadata: #{ name: "outside" }, spec: #{ type: "NodePort", ports: [#{ port: 80 }] } });
        k8s::patch("Service", "outside", #{ spec: #{ ports: [#{ port: 81 }] } });
        k8s::patch("Service", "front", #{ spec: #{ type: "NodePort" } });
        k8s::delete("Service", "front");"#;
    // Somebody takes the ports that the copy of the plan has given.
    let stage = stage.with_meddler(|simulator, _, path| {
        if path.contains("/leases") {
            let taken = json!({ "metadata": { "name": "taken" }, "spec": { "type": "NodePort", "ports": [{ "port": 1 }, { "port": 2, "name": "b" }] } });
            drop(post(simulator, SERVICES, &taken));
        }
    });
    own(&stage, book).done();
    assert_eq!(stage.get(&format!("{SERVICES}/outside"))["spec"]["ports"][0]["port"], 81);
    taken_back(&stage).done();
    drop(delete(&stage.simulator, &format!("{SERVICES}/taken")));
    assert_eq!(picture(&stage).len(), before.len());
}

#[test]
fn keys_that_somebody_has_added_to_a_map_of_the_run_stay() {
    let stage = stage();
    let open = json!({ "metadata": { "name": "open" }, "spec": { "ports": [{ "port": 80 }] } });
    post(&stage.simulator, SERVICES, &open).ok();
    own(&stage, r#"k8s::patch("Service", "open", #{ spec: #{ selector: #{ app: "web" } } });"#).done();
    let path = format!("{SERVICES}/open");
    merge(&stage.simulator, &path, &json!({ "spec": { "selector": { "theirs": "1" } } })).ok();
    taken_back(&stage).done();
    assert_eq!(stage.get(&path)["spec"]["selector"], json!({ "theirs": "1" }));
}

#[test]
fn a_map_of_the_run_in_which_somebody_has_changed_a_value_stays() {
    let stage = stage();
    let open = json!({ "metadata": { "name": "open" }, "spec": { "ports": [{ "port": 80 }] } });
    post(&stage.simulator, SERVICES, &open).ok();
    own(&stage, r#"k8s::patch("Service", "open", #{ spec: #{ selector: #{ app: "web" } } });"#).done();
    let path = format!("{SERVICES}/open");
    merge(&stage.simulator, &path, &json!({ "spec": { "selector": { "app": "theirs" } } })).ok();
    let failure = taken_back(&stage).failed("changed-since", 3);
    assert!(failure.message.contains("`.spec.selector.app`"), "{failure}");
    assert_eq!(stage.get(&path)["spec"]["selector"], json!({ "app": "theirs" }));
}

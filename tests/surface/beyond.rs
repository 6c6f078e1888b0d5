//! `doctor -f` beside a cluster: a Service, budget or volume alone is held against
//! what is there, and of what may not be read nothing is said.

use serde_json::{Value, json};

use crate::neighbour;
use crate::program::Home;

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// A set of two, whose pods answer at `http`, and a volume made by hand.
fn world() -> Home {
    let home = Home::new();
    assert_eq!(home.say("create configmap first --from-literal a=b --sandbox --yes").code, 0);
    let ports = json!([{"name": "http", "containerPort": 80}]);
    let template = json!({"metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": "example.org/web:1", "ports": ports}]}});
    let spec =
        json!({"serviceName": "web", "replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template});
    let head = |kind: &str, name: &str| json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}});
    let mut set = head("StatefulSet", "web");
    set["spec"] = spec;
    neighbour::create(&home, SETS, &set);
    let line = "create pv disk --size 1Gi --host-path /srv/a --host-path-type unchecked --sandbox --yes";
    assert_eq!(home.say(line).code, 0);
    home
}

/// What is said of the text, each with its severity, and what is unknown.
fn found(home: &Home, text: &str, flags: &str) -> (Vec<String>, Value) {
    home.write("alone.yaml", text);
    let finished = home.say(&format!("doctor -f alone.yaml {flags} -o json"));
    let document: Value = serde_json::from_str(&finished.stdout).expect(&finished.stderr);
    let findings = document["findings"].as_array().unwrap().iter();
    let told = findings.map(|one| format!("{} {} {}", one["severity"], one["code"], one["message"]).replace('"', ""));
    (told.collect(), document["unknown"].clone())
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  clusterIP: None\n  \
    selector: {app: web}\n  ports: [{port: 80, targetPort: http}]\n";
const BUDGET: &str = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec:\n  minAvailable: 1\n  \
    selector: {matchLabels: {app: web}}\n";
const VOLUME: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: other}\nspec:\n  capacity: {storage: 1Gi}\n  \
    accessModes: [ReadWriteOnce]\n  storageClassName: \"\"\n  hostPath: {path: /srv/b}\n  \
    nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}\n";

#[test]
fn a_service_budget_or_volume_alone_is_held_against_the_cluster() {
    let home = world();
    let told = |text: &str| found(&home, text, "--sandbox");
    for sound in [SERVICE, BUDGET, VOLUME] {
        assert_eq!(told(sound), (Vec::new(), json!([])), "{sound}");
    }
    let volume = VOLUME.split("  nodeAffinity").next().unwrap();
    for (text, wrong, expected) in [
        (
            SERVICE,
            ("app: web", "app: wbe"),
            "warning selector-matches-nothing no pod here or on the cluster has `app: wbe`",
        ),
        (
            SERVICE,
            ("targetPort: http", "targetPort: https"),
            "error port-missing no container behind this Service has a port `https`",
        ),
        (
            SERVICE,
            ("  clusterIP: None\n", ""),
            "warning service-not-headless it governs StatefulSet/web of the cluster and is not headless",
        ),
        (
            BUDGET,
            ("app: web", "app: wbe"),
            "warning selector-matches-nothing no pod here or on the cluster has `app: wbe`",
        ),
        (BUDGET, ("minAvailable: 1", "minAvailable: 2"), "warning budget-forbids-all no pod may be evicted"),
        (
            volume,
            ("/srv/b", "/srv/a"),
            "warning volumes-on-one-path volume `disk` of the cluster lies on the same place",
        ),
    ] {
        let text = text.replace(wrong.0, wrong.1);
        let (messages, _) = told(&text);
        assert!(messages.contains(&expected.to_owned()), "{messages:?}\n{text}");
        let (messages, _) = found(&home, &text, "--local");
        assert!(!messages.contains(&expected.to_owned()), "{messages:?}");
    }
    home.say("create service web --port 80 --type headless --sandbox --yes").told(0, &[]);
    let (messages, _) = told(&SERVICE.replace("clusterIP: None", "clusterIP: 10.96.0.9"));
    assert_eq!(messages, ["error immutable-field `spec.clusterIP` cannot be changed; it is `None` on the cluster"]);
}

/// A caller who may read everything but this.
fn may_not(home: &Home, user: &str, resource: &str) {
    let all = [
        ("", "pods"),
        ("", "nodes"),
        ("", "services"),
        ("", "secrets"),
        ("", "persistentvolumes"),
        ("", "persistentvolumeclaims"),
        ("apps", "statefulsets"),
        ("storage.k8s.io", "storageclasses"),
        ("policy", "poddisruptionbudgets"),
    ];
    let rules: Vec<Value> = all
        .iter()
        .filter(|(_, other)| *other != resource)
        .map(|(group, other)| json!({"apiGroups": [group], "resources": [other], "verbs": ["get", "list"]}))
        .collect();
    assert_eq!(rules.len(), all.len() - 1, "{resource}");
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": user}, "rules": rules});
    neighbour::create(home, &format!("{RBAC}/clusterroles"), &role);
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": user},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]});
    neighbour::create(home, &format!("{RBAC}/clusterrolebindings"), &binding);
}

/// A set that lacks all that it leans on.
const LEANING: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  \
    selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec:\n      \
    containers:\n      - name: app\n        image: example.org/db:1\n        readinessProbe: {tcpSocket: {port: 80}}\n        \
    env: [{name: A, valueFrom: {secretKeyRef: {name: login, key: password}}}]\n  volumeClaimTemplates:\n  \
    - metadata: {name: data}\n    spec:\n      storageClassName: nowhere\n      accessModes: [ReadWriteOnce]\n      \
    resources: {requests: {storage: 1Gi}}\n";

#[test]
fn what_may_not_be_read_is_named_and_nothing_is_guessed_about_it() {
    let home = world();
    let folder = VOLUME.split("  nodeAffinity").next().unwrap().replace("/srv/b", "/srv/a");
    let nobody = SERVICE.replace("app: web", "app: wbe");
    for (resource, text, silenced) in [
        ("secrets", LEANING.to_owned(), "reference-missing"),
        ("services", LEANING.to_owned(), "governing-service-missing"),
        ("storageclasses", LEANING.to_owned(), "class-not-there"),
        ("persistentvolumes", LEANING.to_owned(), "class-not-there"),
        ("persistentvolumes", folder.clone(), "volumes-on-one-path"),
        ("nodes", folder, "host-path-node"),
        ("statefulsets", nobody.clone(), "selector-matches-nothing"),
        ("pods", nobody, "selector-matches-nothing"),
        ("statefulsets", BUDGET.replace("minAvailable: 1", "minAvailable: 2"), "budget-forbids-all"),
        ("services", SERVICE.replace("  clusterIP: None\n", ""), "service-not-headless"),
    ] {
        let user = format!("without-{resource}-{silenced}-{}", text.len());
        may_not(&home, &user, resource);
        let codes = |messages: Vec<String>| -> Vec<String> {
            messages.iter().map(|line| line.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
        };
        let (seen, unknown) = found(&home, &text, "--sandbox");
        assert_eq!(unknown, json!([]), "{resource}");
        let (blind, unknown) = found(&home, &text, &format!("--sandbox --as {user}"));
        assert_eq!(unknown, json!([resource]));
        let (seen, blind) = (codes(seen), codes(blind));
        assert!(seen.iter().any(|code| code == silenced), "{resource}: {seen:?}");
        let rest: Vec<&String> = seen.iter().filter(|code| *code != silenced).collect();
        assert_eq!(blind.iter().collect::<Vec<_>>(), rest, "{resource} {silenced}");
        let words = format!("no right to read {resource}: what depends on them is unknown");
        let people = home.say(&format!("doctor -f alone.yaml --sandbox --as {user}"));
        assert!(people.stdout.contains(&words) || people.stderr.contains(&words), "{}{}", people.stdout, people.stderr);
    }
}

//! The roles that each cluster has from the start, as far as they speak of what
//! is simulated. `view`, `edit` and `admin` are as they are once aggregated.

use serde_json::{Value, json};

const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "delete", "deletecollection", "patch", "update"];

/// What may be looked at, by group.
const SEEN: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "configmaps",
            "endpoints",
            "events",
            "namespaces",
            "namespaces/status",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "pods/status",
            "resourcequotas",
            "resourcequotas/status",
            "serviceaccounts",
            "services",
            "services/status",
        ],
    ),
    ("apps", &["controllerrevisions", "statefulsets", "statefulsets/scale", "statefulsets/status"]),
    ("autoscaling", &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("policy", &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
];

/// What may be changed, by group.
const CHANGED: &[(&str, &[&str])] = &[
    ("", &["configmaps", "events", "persistentvolumeclaims", "pods", "secrets", "serviceaccounts", "services"]),
    ("apps", &["statefulsets", "statefulsets/scale"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("coordination.k8s.io", &["leases"]),
    ("policy", &["poddisruptionbudgets"]),
];

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": [group], "resources": resources})
}

fn rules(groups: &[(&str, &[&str])], verbs: &[&str]) -> Vec<Value> {
    groups.iter().map(|(group, resources)| rule(group, resources, verbs)).collect()
}

/// Paths and objects, in the order in which they are made.
pub fn all() -> Vec<(&'static str, Value)> {
    let view = rules(SEEN, &READ);
    let mut edit = view.clone();
    edit.push(rule("", &["secrets"], &READ));
    edit.push(rule("coordination.k8s.io", &["leases"], &READ));
    edit.push(rule("", &["pods/eviction"], &["create"]));
    edit.extend(rules(CHANGED, &WRITE));
    let mut admin = edit.clone();
    let every = [READ.as_slice(), WRITE.as_slice()].concat();
    admin.push(rule("rbac.authorization.k8s.io", &["roles", "rolebindings"], &every));
    admin.push(rule("authorization.k8s.io", &["localsubjectaccessreviews"], &["create"]));
    let open = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
    let discovery =
        [["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"].as_slice(), open.as_slice()].concat();
    let reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
    let basic = vec![
        rule("authorization.k8s.io", &reviews, &["create"]),
        rule("authentication.k8s.io", &["selfsubjectreviews"], &["create"]),
    ];
    let paths = |paths: &[&str]| vec![json!({"verbs": ["get"], "nonResourceURLs": paths})];
    let everything = vec![rule("*", &["*"], &["*"]), json!({"verbs": ["*"], "nonResourceURLs": ["*"]})];
    let role = |name: &str, rules: Vec<Value>| (ROLES, json!({"metadata": {"name": name}, "rules": rules}));
    let bound = |name: &str, group: &str| {
        let role = json!({"kind": "ClusterRole", "name": name});
        (BINDINGS, json!({"metadata": {"name": name}, "roleRef": role, "subjects": [{"kind": "Group", "name": group}]}))
    };
    // Whoever has no name is told that as well.
    let (_, mut public) = bound("system:public-info-viewer", "system:authenticated");
    if let Some(subjects) = public["subjects"].as_array_mut() {
        subjects.push(json!({"kind": "Group", "name": "system:unauthenticated"}));
    }
    vec![
        role("admin", admin),
        role("cluster-admin", everything),
        role("edit", edit),
        role("system:basic-user", basic),
        role("system:discovery", paths(&discovery)),
        role("system:public-info-viewer", paths(&open)),
        role("view", view),
        bound("cluster-admin", "system:masters"),
        bound("system:basic-user", "system:authenticated"),
        bound("system:discovery", "system:authenticated"),
        (BINDINGS, public),
    ]
}

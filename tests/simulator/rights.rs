//! Rights that are taken away, and what admission decides.

use kubectl_stateful::simulator::{Options, Simulator};
use serde_json::json;

use crate::support::*;

#[test]
fn what_is_denied_is_refused_and_access_reviews_say_so() {
    let deny = vec![
        ("delete".to_owned(), "persistentvolumeclaims".to_owned()),
        ("update".to_owned(), "statefulsets/scale".to_owned()),
        ("list".to_owned(), "nodes".to_owned()),
    ];
    let cluster = Simulator::in_memory(Options { deny, ..Options::default() });
    post(&cluster, CLAIMS, &claim("c")).ok();
    let message = "persistentvolumeclaims \"c\" is forbidden: User \"sandbox\" cannot delete resource \
                   \"persistentvolumeclaims\" in API group \"\" in the namespace \"default\"";
    delete(&cluster, &format!("{CLAIMS}/c")).refused(403, message);
    let message = "nodes is forbidden: User \"sandbox\" cannot list resource \"nodes\" in API group \"\" at the \
                   cluster scope";
    get(&cluster, "/api/v1/nodes").refused(403, message);
    for (verb, group, resource, part, allowed) in [
        ("delete", "", "persistentvolumeclaims", "", false),
        ("get", "", "persistentvolumeclaims", "", true),
        ("update", "apps", "statefulsets", "scale", false),
        ("update", "apps", "statefulsets", "", true),
    ] {
        let asked = json!({"spec": {"resourceAttributes": {
            "verb": verb, "group": group, "resource": resource, "subresource": part, "namespace": "default",
        }}});
        let review = post(&cluster, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &asked).ok();
        assert_eq!(review["status"]["allowed"], allowed, "{verb} {resource}/{part}");
    }
}

#[test]
fn claims_get_the_default_class_and_grow_only_where_their_class_lets_them() {
    let cluster = cluster();
    assert_eq!(post(&cluster, CLAIMS, &claim("a")).ok()["spec"]["storageClassName"], "standard");
    let mut fixed = claim("b");
    fixed["spec"]["storageClassName"] = json!("manual");
    post(&cluster, CLAIMS, &fixed).ok();
    for name in ["a", "b"] {
        merge(&cluster, &format!("{CLAIMS}/{name}"), &json!({"spec": {"volumeName": "v"}})).ok();
        let status = json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}});
        merge(&cluster, &format!("{CLAIMS}/{name}/status"), &status).ok();
    }
    let growth = json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}});
    merge(&cluster, &format!("{CLAIMS}/a"), &growth).ok();
    assert_eq!(merge(&cluster, &format!("{CLAIMS}/b"), &growth).code, 403);
}

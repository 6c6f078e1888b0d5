//! Roles and bindings. Whether the roles and subjects exist is not asked.

use serde_json::{Value, json};

use super::names;
use crate::objects::kinds::ApiKind;
use crate::simulator::status::Cause;

const GROUP: &str = "rbac.authorization.k8s.io";

fn is_empty(list: &Value) -> bool {
    list.as_array().is_none_or(Vec::is_empty)
}

/// What is wrong with a role or a cluster role.
pub fn of_role(kind: &ApiKind, role: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (index, rule) in role["rules"].as_array().into_iter().flatten().enumerate() {
        of_rule(rule, kind.namespaced, &format!("rules[{index}]"), &mut causes);
    }
    let aggregation = &role["aggregationRule"];
    if aggregation.is_object() && is_empty(&aggregation["clusterRoleSelectors"]) {
        let why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        causes.push(Cause::required("aggregationRule.clusterRoleSelectors", why));
    }
    causes
}

fn of_rule(rule: &Value, is_namespaced: bool, path: &str, causes: &mut Vec<Cause>) {
    if is_empty(&rule["verbs"]) {
        causes.push(Cause::required(format!("{path}.verbs"), "verbs must contain at least one value"));
    }
    let urls = &rule["nonResourceURLs"];
    if !is_empty(urls) {
        let field = format!("{path}.nonResourceURLs");
        if is_namespaced {
            causes.push(Cause::invalid(&field, urls, "namespaced rules cannot apply to non-resource URLs"));
        }
        if ["apiGroups", "resources", "resourceNames"].iter().any(|name| !is_empty(&rule[*name])) {
            let why = "rules cannot apply to both regular resources and non-resource URLs";
            causes.push(Cause::invalid(&field, urls, why));
        }
        return;
    }
    for (name, what) in [("apiGroups", "api group"), ("resources", "resource")] {
        if is_empty(&rule[name]) {
            let why = format!("resource rules must supply at least one {what}");
            causes.push(Cause::required(format!("{path}.{name}"), &why));
        }
    }
}

/// What is wrong with a binding.
pub fn of_binding(kind: &ApiKind, binding: &Value) -> Vec<Cause> {
    let role = &binding["roleRef"];
    let text = |name: &str| role[name].as_str().unwrap_or_default();
    let mut causes = Vec::new();
    if text("apiGroup") != GROUP {
        causes.push(Cause::unsupported("roleRef.apiGroup", text("apiGroup"), &[GROUP]));
    }
    let kinds: &[&str] = if kind.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&text("kind")) {
        causes.push(Cause::unsupported("roleRef.kind", text("kind"), kinds));
    }
    if text("name").is_empty() {
        causes.push(Cause::required("roleRef.name", ""));
    } else {
        causes.extend(names::path_segment("roleRef.name", text("name")));
    }
    for (index, subject) in binding["subjects"].as_array().into_iter().flatten().enumerate() {
        of_subject(subject, kind.namespaced, &format!("subjects[{index}]"), &mut causes);
    }
    causes
}

fn of_subject(subject: &Value, is_namespaced: bool, path: &str, causes: &mut Vec<Cause>) {
    let text = |name: &str| subject[name].as_str().unwrap_or_default();
    if text("name").is_empty() {
        causes.push(Cause::required(format!("{path}.name"), ""));
    }
    let group = match text("kind") {
        "ServiceAccount" => {
            if !text("name").is_empty() {
                causes.extend(names::subdomain(&format!("{path}.name"), text("name")));
            }
            if !is_namespaced && text("namespace").is_empty() {
                causes.push(Cause::required(format!("{path}.namespace"), ""));
            }
            ""
        }
        "User" | "Group" => GROUP,
        other => {
            let known = ["ServiceAccount", "User", "Group"];
            causes.push(Cause::unsupported(format!("{path}.kind"), other, &known));
            return;
        }
    };
    if text("apiGroup") != group {
        causes.push(Cause::unsupported(format!("{path}.apiGroup"), text("apiGroup"), &[group]));
    }
}

/// The role of a binding is for ever.
pub fn of_binding_change(old: &Value, new: &Value) -> Vec<Cause> {
    let role = &new["roleRef"];
    if old["roleRef"] == *role {
        return Vec::new();
    }
    let shown = json!({"APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"]});
    vec![Cause::invalid("roleRef", &shown, "cannot change roleRef")]
}

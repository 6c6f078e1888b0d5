//! The rules that reach a user through bindings, and what they allow.

use std::sync::Arc;

use serde_json::Value;

use super::{User, Wish};
use crate::objects::kinds::ApiKind;
use crate::simulator::store::Store;

/// Yes or no, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed(String),
    Denied(String),
}

/// The rules of one binding that names the user.
pub struct Grant {
    pub rules: Vec<Value>,
    /// As in `RoleBinding "b/ns" of Role "reader" to User "jane"`.
    by: String,
}

/// All that is granted to a user in a namespace, and the roles that are bound
/// but missing. Without a namespace only what holds everywhere counts.
pub fn grants(store: &Store, user: &User, namespace: &str) -> (Vec<Grant>, Vec<String>) {
    let (mut grants, mut missing) = (Vec::new(), Vec::new());
    let mut bindings: Vec<(&str, Arc<Value>)> = of_kind(store, "ClusterRoleBinding", "");
    if !namespace.is_empty() {
        bindings.extend(of_kind(store, "RoleBinding", namespace));
    }
    for (kind, binding) in bindings {
        let place = if kind == "RoleBinding" { namespace } else { "" };
        let Some(subject) = subject_of(&binding, user, place) else { continue };
        let role = &binding["roleRef"];
        let text = |name: &str| role[name].as_str().unwrap_or_default();
        let role_place = if text("kind") == "Role" { place } else { "" };
        let found = ApiKind::named(text("kind")).and_then(|kind| store.object(kind, role_place, text("name")));
        let Some(found) = found else {
            let what = text("kind").to_lowercase();
            missing.push(format!("{what}.rbac.authorization.k8s.io {:?} not found", text("name")));
            continue;
        };
        let name = binding["metadata"]["name"].as_str().unwrap_or_default();
        let name = if place.is_empty() { name.to_owned() } else { format!("{name}/{place}") };
        grants.push(Grant {
            rules: found["rules"].as_array().cloned().unwrap_or_default(),
            by: format!("{kind} {name:?} of {} {:?} to {subject}", text("kind"), text("name")),
        });
    }
    (grants, missing)
}

fn of_kind(store: &Store, name: &'static str, namespace: &str) -> Vec<(&'static str, Arc<Value>)> {
    let Some(kind) = ApiKind::named(name) else { return Vec::new() };
    store.objects(kind, namespace).map(|binding| (name, Arc::clone(binding))).collect()
}

/// The subject of a binding that is this user.
fn subject_of(binding: &Value, user: &User, place: &str) -> Option<String> {
    binding["subjects"].as_array()?.iter().find_map(|subject| {
        let text = |field: &str| subject[field].as_str().unwrap_or_default();
        let name = text("name");
        let namespace = if text("namespace").is_empty() { place } else { text("namespace") };
        match text("kind") {
            "User" if user.name == name => Some(format!("User {name:?}")),
            "Group" if user.groups.iter().any(|group| group == name) => Some(format!("Group {name:?}")),
            "ServiceAccount" if user.name == format!("system:serviceaccount:{namespace}:{name}") => {
                Some(format!("ServiceAccount \"{name}/{namespace}\""))
            }
            _ => None,
        }
    })
}

/// What roles and bindings say.
pub fn decide(store: &Store, user: &User, wish: &Wish) -> Decision {
    let (grants, missing) = grants(store, user, &wish.namespace);
    for grant in grants {
        if grant.rules.iter().any(|rule| allows(rule, wish)) {
            return Decision::Allowed(format!("RBAC: allowed by {}", grant.by));
        }
    }
    Decision::Denied(match missing.as_slice() {
        [] => String::new(),
        [only] => format!("RBAC: {only}"),
        several => format!("RBAC: [{}]", several.join(", ")),
    })
}

fn allows(rule: &Value, wish: &Wish) -> bool {
    let has = |list: &str, fits: &dyn Fn(&str) -> bool| {
        rule[list].as_array().into_iter().flatten().filter_map(Value::as_str).any(fits)
    };
    let is = |wanted: &str, given: &str| given == "*" || given == wanted;
    if !has("verbs", &|verb| is(&wish.verb, verb)) {
        return false;
    }
    if wish.resource.is_empty() {
        return has("nonResourceURLs", &|url| match url.strip_suffix('*') {
            Some(start) => wish.path.starts_with(start),
            None => wish.path == url,
        });
    }
    let part = wish.resource.split_once('/').map(|(_, part)| format!("*/{part}"));
    let names = rule["resourceNames"].as_array().map(Vec::as_slice).unwrap_or_default();
    has("apiGroups", &|group| is(&wish.group, group))
        && has("resources", &|resource| is(&wish.resource, resource) || part.as_deref() == Some(resource))
        && (names.is_empty() || names.iter().any(|name| *name == wish.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_allow_what_they_name() {
        let wish = |resource: &str, name: &str| Wish {
            verb: "get".to_owned(),
            group: "apps".to_owned(),
            resource: resource.to_owned(),
            name: name.to_owned(),
            ..Wish::default()
        };
        let rule = |resource: &str, names: &[&str]| json!({"verbs": ["get"], "apiGroups": ["apps"], "resources": [resource], "resourceNames": names});
        for (rule, wish, expected) in [
            (rule("statefulsets", &[]), wish("statefulsets", "web"), true),
            (rule("statefulsets", &[]), wish("statefulsets/scale", "web"), false),
            (rule("*/scale", &[]), wish("statefulsets/scale", "web"), true),
            (rule("*/scale", &[]), wish("statefulsets", "web"), false),
            (rule("*", &[]), wish("statefulsets/scale", "web"), true),
            (rule("statefulsets", &["web"]), wish("statefulsets", "web"), true),
            (rule("statefulsets", &["web"]), wish("statefulsets", "db"), false),
            (rule("statefulsets", &["web"]), wish("statefulsets", ""), false),
        ] {
            assert_eq!(allows(&rule, &wish), expected, "{rule} {wish:?}");
        }
    }
}

//! Who a pod runs as and what its containers may do.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::simulator::status::Cause;
use crate::simulator::validation::go::{SECURITY_CONTEXT, in_go};
use crate::simulator::validation::names;
use crate::simulator::validation::read::{between, items, needed, one_of, text};

const SYSCTL: &str = "must have at most 253 characters and match regex \
                      ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

fn id(context: &Value, name: &str, path: &str) -> Option<Cause> {
    between(&context[name], &format!("{path}.{name}"), 0, i32::MAX.into())
}

/// A pod as a whole.
pub fn of_pod(path: &str, spec: &Value) -> Vec<Cause> {
    let context = &spec["securityContext"];
    let path = format!("{path}.securityContext");
    let mut causes: Vec<Cause> =
        ["fsGroup", "runAsUser", "runAsGroup"].into_iter().filter_map(|name| id(context, name, &path)).collect();
    for (path, group) in items(context, "supplementalGroups", &path) {
        causes.extend(between(group, &path, 0, i32::MAX.into()));
    }
    if spec["hostPID"] == true && spec["shareProcessNamespace"] == true {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        causes.push(Cause::invalid(format!("{path}.shareProcessNamespace"), &true.into(), why));
    }
    let mut seen = BTreeSet::new();
    for (path, setting) in items(context, "sysctls", &path) {
        let name = text(setting, "name");
        let is_new = seen.insert(name);
        if let Some(cause) = needed(setting, "name", &path) {
            causes.push(cause);
        } else if !names::is_sysctl(name) {
            causes.push(Cause::invalid(format!("{path}.name"), &name.into(), SYSCTL));
        } else if !is_new {
            causes.push(Cause::duplicate(format!("{path}.name"), name));
        }
    }
    causes.extend(one_of(context, "fsGroupChangePolicy", &path, &["Always", "OnRootMismatch"]));
    causes.extend(seccomp(&path, context));
    causes.extend(app_armor(&path, context));
    causes.extend(one_of(context, "supplementalGroupsPolicy", &path, &["Merge", "Strict"]));
    causes.extend(one_of(context, "seLinuxChangePolicy", &path, &["Recursive"]));
    causes
}

fn seccomp(path: &str, context: &Value) -> Vec<Cause> {
    let profile = &context["seccompProfile"];
    if profile.is_null() {
        return Vec::new();
    }
    let path = format!("{path}.seccompProfile");
    let (local, field) = (&profile["localhostProfile"], format!("{path}.localhostProfile"));
    let known = &["Localhost", "RuntimeDefault", "Unconfined"];
    let mut causes: Vec<Cause> = match text(profile, "type") {
        "" => vec![Cause::required(format!("{path}.type"), "type is required when seccompProfile is set")],
        _ => one_of(profile, "type", &path, known).into_iter().collect(),
    };
    if profile["type"] == "Localhost" {
        match local.as_str() {
            None => causes.push(Cause::required(field, "must be set when seccomp type is Localhost")),
            Some(place) => causes.extend(names::path_below(&field, place)),
        }
    } else if !local.is_null() {
        let shown = serde_json::json!({"Type": profile["type"], "LocalhostProfile": local});
        causes.push(Cause::invalid(field, &shown, "can only be set when seccomp type is Localhost"));
    }
    causes
}

fn app_armor(path: &str, context: &Value) -> Vec<Cause> {
    let profile = &context["appArmorProfile"];
    if profile.is_null() {
        return Vec::new();
    }
    let path = format!("{path}.appArmorProfile");
    let (local, field) = (&profile["localhostProfile"], format!("{path}.localhostProfile"));
    let known = &["Localhost", "RuntimeDefault", "Unconfined"];
    let mut causes: Vec<Cause> = match text(profile, "type") {
        "" => vec![Cause::required(format!("{path}.type"), "type is required when appArmorProfile is set")],
        _ => one_of(profile, "type", &path, known).into_iter().collect(),
    };
    match local.as_str() {
        None | Some("") if profile["type"] == "Localhost" => {
            causes.push(Cause::required(field, "must be set when AppArmor type is Localhost"));
        }
        Some(_) if profile["type"] != "Localhost" => {
            causes.push(Cause::invalid(field, local, "can only be set when AppArmor type is Localhost"));
        }
        Some(name) if name.trim() != name => {
            causes.push(Cause::invalid(field, local, "must not be padded with whitespace"));
        }
        None | Some(_) => {}
    }
    causes
}

/// One container.
pub fn of_container(path: &str, container: &Value, host_users: bool) -> Vec<Cause> {
    let context = &container["securityContext"];
    let path = format!("{path}.securityContext");
    let mut causes: Vec<Cause> =
        ["runAsUser", "runAsGroup"].into_iter().filter_map(|name| id(context, name, &path)).collect();
    causes.extend(one_of(context, "procMount", &path, &["Default", "Unmasked"]));
    if host_users && context["procMount"] == "Unmasked" {
        let why = "`hostUsers` must be false to use `Unmasked`";
        causes.push(Cause::invalid(format!("{path}.procMount"), &"Unmasked".into(), why));
    }
    causes.extend(seccomp(&path, context));
    causes.extend(app_armor(&path, context));
    if context["allowPrivilegeEscalation"] == false {
        let mut contradiction = |what: &str| {
            let why = format!("cannot set `allowPrivilegeEscalation` to false and {what}");
            causes.push(Cause::invalid(path.as_str(), &in_go(SECURITY_CONTEXT, context), &why));
        };
        if context["privileged"] == true {
            contradiction("`privileged` to true");
        }
        let added = context["capabilities"]["add"].as_array().into_iter().flatten();
        for _ in added.filter(|one| *one == "CAP_SYS_ADMIN") {
            contradiction("`capabilities.Add` CAP_SYS_ADMIN");
        }
    }
    causes
}

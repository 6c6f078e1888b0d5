//! Where a container sees its volumes: as folders or as devices.

use std::collections::BTreeSet;

use serde_json::Value;

use super::volumes::Known;
use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{items, needed, text};

/// The folders of a container.
pub fn mounts(path: &str, container: &Value, volumes: &Known<'_>, causes: &mut Vec<Cause>) {
    let list = format!("{path}.volumeMounts");
    let devices: Vec<&Value> = container["volumeDevices"].as_array().into_iter().flatten().collect();
    let mut seen = BTreeSet::new();
    for (path, mount) in items(container, "volumeMounts", path) {
        let (name, place) = (text(mount, "name"), text(mount, "mountPath"));
        let invalid =
            |field: &str, value: &str, why: &str| Cause::invalid(format!("{path}.{field}"), &value.into(), why);
        causes.extend(needed(mount, "name", &path));
        if !volumes.contains_key(name) {
            causes.push(Cause::not_found(format!("{path}.name"), name));
        }
        causes.extend(needed(mount, "mountPath", &path));
        if !seen.insert(place) {
            causes.push(invalid("mountPath", place, "must be unique"));
        }
        if devices.iter().any(|device| text(device, "name") == name) {
            causes.push(invalid("name", name, "must not already exist in volumeDevices"));
        }
        if devices.iter().any(|device| text(device, "devicePath") == place) {
            causes.push(invalid("mountPath", place, "must not already exist as a path in volumeDevices"));
        }
        // From here on the server forgets which mount it is.
        let part = text(mount, "subPath");
        causes.extend(names::path_below(&format!("{list}.subPath"), part));
        let expression = text(mount, "subPathExpr");
        if !expression.is_empty() && !part.is_empty() {
            causes.push(invalid("subPathExpr", expression, "subPathExpr and subPath are mutually exclusive"));
        }
        causes.extend(names::path_below(&format!("{list}.subPathExpr"), expression));
        propagation(&list, mount, container, causes);
        recursion(&list, mount, causes);
    }
}

fn propagation(list: &str, mount: &Value, container: &Value, causes: &mut Vec<Cause>) {
    let field = format!("{list}.mountPropagation");
    let known = &["Bidirectional", "HostToContainer", "None"];
    match mount["mountPropagation"].as_str() {
        None => {}
        Some("Bidirectional") if container["securityContext"]["privileged"] == true => {}
        Some("Bidirectional") => {
            let why = "Bidirectional mount propagation is available only to privileged containers";
            causes.push(Cause::forbidden(field, why));
        }
        Some(word) if known.contains(&word) => {}
        Some(word) => causes.push(Cause::unsupported(field, word, known)),
    }
}

/// Whether what is mounted below is read-only as well.
fn recursion(list: &str, mount: &Value, causes: &mut Vec<Cause>) {
    let field = format!("{list}.recursiveReadOnly");
    match mount["recursiveReadOnly"].as_str() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if mount["readOnly"] != true {
                causes.push(Cause::forbidden(field.as_str(), "may only be specified when readOnly is true"));
            }
            if mount["mountPropagation"].as_str().is_some_and(|word| word != "None") {
                let why = "may only be specified when mountPropagation is None or not specified";
                causes.push(Cause::forbidden(field, why));
            }
        }
        Some(word) => causes.push(Cause::unsupported(field, word, &["Disabled", "Enabled", "IfPossible"])),
    }
}

/// The devices of a container.
pub fn devices(path: &str, container: &Value, volumes: &Known<'_>, causes: &mut Vec<Cause>) {
    let mounts: Vec<&Value> = container["volumeMounts"].as_array().into_iter().flatten().collect();
    let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (path, device) in items(container, "volumeDevices", path) {
        let (name, place) = (text(device, "name"), text(device, "devicePath"));
        let invalid =
            |field: &str, value: &str, why: &str| Cause::invalid(format!("{path}.{field}"), &value.into(), why);
        causes.extend(needed(device, "name", &path));
        if !name.is_empty() && !names.insert(name) {
            causes.push(invalid("name", name, "must be unique"));
        }
        match volumes.get(name) {
            None => causes.push(Cause::not_found(format!("{path}.name"), name)),
            Some(source) if source["persistentVolumeClaim"].is_null() && source["ephemeral"].is_null() => {
                let why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                causes.push(invalid("name", name, why));
            }
            Some(_) => {}
        }
        causes.extend(needed(device, "devicePath", &path));
        let is_new = !places.contains(place);
        if !is_new {
            causes.push(invalid("devicePath", place, "must be unique"));
        }
        if place.split('/').any(|part| part == "..") {
            causes.push(invalid("devicePath", place, "can not contain backsteps ('..')"));
        } else {
            places.insert(place);
        }
        if mounts.iter().any(|mount| text(mount, "name") == name) {
            causes.push(invalid("name", name, "must not already exist in volumeMounts"));
        }
        if mounts.iter().any(|mount| text(mount, "mountPath") == place) {
            causes.push(invalid("devicePath", place, "must not already exist as a path in volumeMounts"));
        }
    }
}

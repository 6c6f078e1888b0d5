//! What the volumes of a pod can be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::env;
use crate::simulator::status::Cause;
use crate::simulator::validation::read::{amount, between, items, needed, one_of, text};
use crate::simulator::validation::{claims, disks, names, volumes};

const HOST_PATHS: &[&str] =
    &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/// Fields of a pod that a file can hold.
const FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// One source of a volume.
pub fn of_volume(path: &str, name: &str, source: &Value) -> Vec<Cause> {
    let field = format!("{path}.{name}");
    match name {
        "emptyDir" => empty_dir(&field, source).into_iter().collect(),
        "hostPath" => host_path(&field, source),
        "secret" => files(&field, source, "secretName"),
        "configMap" => files(&field, source, "name"),
        "persistentVolumeClaim" => needed(source, "claimName", &field).into_iter().collect(),
        "nfs" => nfs(&field, source),
        "iscsi" => iscsi(&field, source),
        "downwardAPI" => downward(&field, source),
        "projected" => projected(&field, source),
        "csi" => driver(&field, source),
        "ephemeral" => ephemeral(&field, source),
        "gitRepo" => {
            let backsteps = names::path_below(&format!("{field}.directory"), text(source, "directory"));
            needed(source, "repository", &field).into_iter().chain(backsteps).collect()
        }
        "image" => image(&field, source),
        _ => disks::of_disk(path, name, source),
    }
}

/// The files of an image. A template may leave open which.
fn image(path: &str, source: &Value) -> Vec<Cause> {
    let is_pod = path.starts_with("spec.volumes");
    let mut causes: Vec<Cause> = needed(source, "reference", path).filter(|_| is_pod).into_iter().collect();
    causes.extend(one_of(source, "pullPolicy", path, &["Always", "IfNotPresent", "Never"]));
    causes
}

fn empty_dir(path: &str, source: &Value) -> Option<Cause> {
    let is_negative = amount(&source["sizeLimit"]).is_some_and(|limit| limit < 0);
    is_negative
        .then(|| Cause::forbidden(format!("{path}.sizeLimit"), "SizeLimit field must be a valid resource quantity"))
}

/// A folder of the node.
pub fn host_path(path: &str, source: &Value) -> Vec<Cause> {
    if let Some(cause) = needed(source, "path", path) {
        return vec![cause];
    }
    let mut causes: Vec<Cause> =
        names::no_backsteps(&format!("{path}.path"), text(source, "path")).into_iter().collect();
    let kind = text(source, "type");
    if !HOST_PATHS.contains(&kind) {
        causes.push(Cause::unsupported(format!("{path}.type"), kind, HOST_PATHS));
    }
    causes
}

/// A share of another host.
pub fn nfs(path: &str, source: &Value) -> Vec<Cause> {
    let mut causes: Vec<Cause> = ["server", "path"].into_iter().filter_map(|name| needed(source, name, path)).collect();
    let place = text(source, "path");
    if !place.starts_with('/') {
        causes.push(Cause::invalid(format!("{path}.path"), &place.into(), "must be an absolute path"));
    }
    causes
}

/// A disk of another host.
pub fn iscsi(path: &str, source: &Value) -> Vec<Cause> {
    let mut causes: Vec<Cause> =
        ["targetPortal", "iqn"].into_iter().filter_map(|name| needed(source, name, path)).collect();
    let name = text(source, "iqn");
    let is_known = ["iqn", "eui", "naa"].iter().any(|start| name.starts_with(start));
    if !name.is_empty() && !is_known {
        // The server is shorter about disks that are volumes of their own.
        let more = if path.starts_with("spec.iscsi") { "" } else { " starting with iqn, eui, or naa" };
        let why = format!("must be valid format{more}");
        causes.push(Cause::invalid(format!("{path}.iqn"), &name.into(), &why));
    }
    causes.extend(between(&source["lun"], &format!("{path}.lun"), 0, 255));
    causes
}

fn mode(path: &str, holder: &Value, name: &str) -> Option<Cause> {
    let mode = holder[name].as_i64().filter(|mode| !(0..=0o777).contains(mode))?;
    let why = "must be a number between 0 and 0777 (octal), both inclusive";
    Some(Cause::invalid(format!("{path}.{name}"), &mode.into(), why))
}

/// A Secret or ConfigMap as files.
fn files(path: &str, source: &Value, name: &str) -> Vec<Cause> {
    let mut causes: Vec<Cause> = needed(source, name, path).into_iter().collect();
    causes.extend(mode(path, source, "defaultMode"));
    for (path, item) in items(source, "items", path) {
        causes.extend(file(&path, item));
    }
    causes
}

fn file(path: &str, item: &Value) -> Vec<Cause> {
    let mut causes: Vec<Cause> = ["key", "path"].into_iter().filter_map(|name| needed(item, name, path)).collect();
    causes.extend(names::file_below(&format!("{path}.path"), text(item, "path")));
    causes.extend(mode(path, item, "mode"));
    causes
}

/// The pod's own fields as files; of which file the server does not say.
fn downward(path: &str, source: &Value) -> Vec<Cause> {
    let mut causes: Vec<Cause> = mode(path, source, "defaultMode").into_iter().collect();
    for (_, item) in items(source, "items", path) {
        causes.extend(downward_file(path, item));
    }
    causes
}

fn downward_file(path: &str, item: &Value) -> Vec<Cause> {
    let mut causes: Vec<Cause> = needed(item, "path", path).into_iter().collect();
    causes.extend(names::file_below(&format!("{path}.path"), text(item, "path")));
    let (field, resource) = (&item["fieldRef"], &item["resourceFieldRef"]);
    match (field.is_object(), resource.is_object()) {
        (true, is_both) => {
            causes.extend(env::field(&format!("{path}.fieldRef"), field, FIELDS));
            if is_both {
                let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
                causes.push(Cause::invalid(path, &"resource".into(), why));
            }
        }
        (false, true) => causes.extend(env::resource(&format!("{path}.resourceFieldRef"), resource, true)),
        (false, false) => causes.push(Cause::required(path, "one of fieldRef and resourceFieldRef is required")),
    }
    causes.extend(mode(path, item, "mode"));
    causes
}

fn projected(path: &str, source: &Value) -> Vec<Cause> {
    let mut causes: Vec<Cause> = mode(path, source, "defaultMode").into_iter().collect();
    let mut taken = BTreeSet::new();
    for (place, part) in items(source, "sources", path) {
        let given = part.as_object().map_or(0, serde_json::Map::len);
        for name in ["secret", "configMap"].into_iter().filter(|name| part[*name].is_object()) {
            let field = format!("{place}.{name}");
            causes.extend(needed(&part[name], "name", &field));
            for (at, item) in items(&part[name], "items", &field) {
                causes.extend(file(&at, item));
                causes.extend(conflict(path, text(item, "path"), text(&part[name], "name"), &mut taken));
            }
        }
        for (_, item) in items(&part["downwardAPI"], "items", &place) {
            causes.extend(downward_file(&format!("{place}.downwardAPI"), item));
            causes.extend(conflict(path, text(item, "path"), text(item, "path"), &mut taken));
        }
        if part["serviceAccountToken"].is_object() {
            causes.extend(token(path, &format!("{place}.serviceAccountToken"), &part["serviceAccountToken"]));
        }
        if given > 1 {
            causes.push(Cause::forbidden(place, "may not specify more than 1 volume type per source"));
        }
    }
    causes
}

/// No two parts make the same file.
fn conflict<'a>(path: &str, file: &'a str, shown: &str, taken: &mut BTreeSet<&'a str>) -> Option<Cause> {
    let is_again = !file.is_empty() && !taken.insert(file);
    is_again.then(|| Cause::invalid(path, &shown.into(), "conflicting duplicate paths"))
}

fn token(path: &str, place: &str, token: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let seconds = &token["expirationSeconds"];
    let field = format!("{place}.expirationSeconds");
    if seconds.as_i64().is_some_and(|seconds| seconds < 600) {
        causes.push(Cause::invalid(field, seconds, "may not specify a duration less than 10 minutes"));
    } else if seconds.as_i64().is_some_and(|seconds| seconds > 1 << 32) {
        causes.push(Cause::invalid(field, seconds, "may not specify a duration larger than 2^32 seconds"));
    }
    let file = text(token, "path");
    if file.is_empty() {
        causes.push(Cause::required(format!("{path}.path"), ""));
    } else {
        causes.extend(names::file_below(&format!("{path}.path"), file));
    }
    causes
}

fn driver(path: &str, source: &Value) -> Vec<Cause> {
    let mut causes = volumes::driver(&format!("{path}.driver"), text(source, "driver"));
    let secret = &source["nodePublishSecretRef"];
    if secret.is_object() {
        let field = format!("{path}.nodePublishSecretRef");
        match text(secret, "name") {
            "" => causes.extend(needed(secret, "name", &field)),
            name => causes.extend(names::subdomain(&format!("{path}.name"), name)),
        }
    }
    causes
}

/// A claim that is made for the pod; it has no name of its own.
fn ephemeral(path: &str, source: &Value) -> Vec<Cause> {
    let (template, path) = (&source["volumeClaimTemplate"], format!("{path}.volumeClaimTemplate"));
    if template.is_null() {
        return vec![Cause::required(path, "")];
    }
    let meta = &template["metadata"];
    let mut causes = names::annotations(&format!("{path}.metadata.annotations"), &meta["annotations"]);
    causes.extend(names::labels(&format!("{path}.metadata.labels"), &meta["labels"]));
    for name in ["name", "generateName", "namespace", "uid", "resourceVersion", "finalizers", "ownerReferences"] {
        if !meta[name].is_null() {
            causes.push(Cause::forbidden(format!("{path}.metadata.{name}"), "cannot be set"));
        }
    }
    causes.extend(claims::of_claim(&format!("{path}.spec"), &template["spec"]));
    causes
}

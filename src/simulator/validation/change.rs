//! Checks of a change: metadata that never changes, then what each kind lets
//! be changed, then the whole new object again.

use serde_json::Value;

use super::go::{ATTACHMENT, in_go};
use super::{
    claims, classes, create, definitions, endpoints, metadata, others, pods, priorities, quotas, rights, scaling,
    services, sets, slices, volumes,
};
use crate::objects::kinds::ApiKind;
use crate::simulator::request::Part;
use crate::simulator::schema::is_same_spec;
use crate::simulator::status::Cause;
use crate::simulator::writer::Writer;

/// Metadata of whatever is changed.
pub fn of_metadata(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = metadata::of_path(&new["metadata"]);
    causes.extend(metadata::of_change(old, new));
    causes
}

/// What may not become of this object.
pub fn of_change(writer: &Writer, old: &Value, new: &Value) -> Vec<Cause> {
    match writer.part {
        Part::Whole => of_whole(writer.kind, old, new),
        Part::Status if writer.kind.kind == "CustomResourceDefinition" => metadata::of_change(old, new),
        Part::Status if writer.kind.kind == "StatefulSet" => {
            [sets::of_status(new, old), metadata::of_change_again(old, new)].concat()
        }
        Part::Status if writer.kind.kind == "PersistentVolumeClaim" => {
            [metadata::of_change_again(old, new), claims::of_status(new)].concat()
        }
        Part::Status if writer.kind.kind == "Service" => {
            [metadata::of_change_again(old, new), services::of_status(new)].concat()
        }
        Part::Status if writer.kind.kind == "Pod" => {
            [metadata::of_change_again(old, new), pods::of_status(old, new)].concat()
        }
        Part::Status if writer.kind.kind == "ResourceQuota" => {
            [metadata::of_change_again(old, new), quotas::of_status(new)].concat()
        }
        Part::Status if writer.kind.kind == "HorizontalPodAutoscaler" => {
            [metadata::of_change_again(old, new), scaling::of_status(new)].concat()
        }
        Part::Status if writer.kind.kind == "PodDisruptionBudget" => others::of_budget_status(new),
        Part::Status if writer.kind.kind == "Node" => {
            [metadata::of_change_again(old, new), others::of_node_change(old, new)].concat()
        }
        Part::Status if writer.kind.kind == "Namespace" => {
            metadata::of_change_again(old, new).into_iter().chain(others::of_namespace_status(new)).collect()
        }
        Part::Status | Part::Finalize => metadata::of_change_again(old, new),
        Part::Scale | Part::Binding | Part::Eviction | Part::Log => Vec::new(),
    }
}

/// What comes first, and what comes twice, is the real server's habit.
fn of_whole(kind: &ApiKind, old: &Value, new: &Value) -> Vec<Cause> {
    let metadata = || metadata::of_change_again(old, new);
    let whole = || create::of_whole(kind, new);
    let content = || create::of_content(kind, new);
    let parts: Vec<Vec<Cause>> = match kind.kind {
        "CustomResourceDefinition" => {
            vec![metadata::of_change(old, new), content(), definitions::of_change(old, new)]
        }
        "StatefulSet" => vec![metadata(), sets::of_changed_set(old, new), of_set(old, new)],
        "Pod" => vec![metadata(), metadata::of_whole(kind, new), pods::of_change(&old["spec"], &new["spec"])],
        "Service" => vec![metadata(), services::of_change(old, new), content()],
        "PersistentVolumeClaim" => vec![metadata(), whole(), claims::of_change(old, new)],
        "PersistentVolume" => vec![whole(), whole(), volumes::of_change(old, new)],
        "StorageClass" => vec![whole(), metadata(), classes::of_change(old, new)],
        "PriorityClass" => vec![metadata(), priorities::of_change(old, new)],
        "Secret" | "ConfigMap" => vec![metadata(), of_data(old, new), whole()],
        "ResourceQuota" => vec![metadata(), content(), quotas::of_change(old, new)],
        "Lease" => vec![metadata::of_change(old, new), content()],
        "HorizontalPodAutoscaler" => vec![metadata(), content()],
        "Namespace" | "Role" | "ClusterRole" => vec![whole(), metadata()],
        "Node" => vec![whole(), metadata(), others::of_node_change(old, new)],
        "ControllerRevision" => vec![metadata(), whole(), immutable(old, new, "data")],
        "VolumeAttachment" if old["spec"] == new["spec"] => vec![whole()],
        "VolumeAttachment" => {
            let shown = in_go(ATTACHMENT, &new["spec"]);
            vec![whole(), vec![Cause::invalid("spec", &shown, "field is immutable")]]
        }
        "EndpointSlice" => {
            vec![metadata::of_whole(kind, new), slices::of_changed_slice(old, new), immutable(old, new, "addressType")]
        }
        "Endpoints" => vec![metadata(), metadata::of_whole(kind, new), endpoints::of_changed(old, new)],
        "RoleBinding" | "ClusterRoleBinding" => vec![whole(), metadata(), rights::of_binding_change(old, new)],
        "ServiceAccount" => vec![metadata(), whole()],
        _ => vec![content()],
    };
    parts.concat()
}

fn immutable(old: &Value, new: &Value, name: &str) -> Vec<Cause> {
    let is_same = old.get(name) == new.get(name);
    if is_same { Vec::new() } else { vec![Cause::invalid(name, &new[name], "field is immutable")] }
}

fn of_set(old: &Value, new: &Value) -> Vec<Cause> {
    let fixed = |set: &Value| {
        let mut spec = set["spec"].clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|name, _| !sets::MUTABLE.contains(&name.as_str()));
        }
        spec
    };
    let is_same = is_same_spec("StatefulSet", &fixed(old), &fixed(new));
    if is_same { Vec::new() } else { vec![Cause::forbidden("spec", sets::IMMUTABLE)] }
}

fn of_data(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if old["kind"] == "Secret" && old["type"] != new["type"] {
        causes.push(Cause::invalid("type", &new["type"], "field is immutable"));
    }
    if old["immutable"] == true {
        for name in ["immutable", "data", "binaryData"] {
            let is_changed = if name == "immutable" { new[name] != true } else { old.get(name) != new.get(name) };
            if is_changed {
                causes.push(Cause::forbidden(name, "field is immutable when `immutable` is set"));
            }
        }
    }
    causes
}

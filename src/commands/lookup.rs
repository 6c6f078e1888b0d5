//! What the questions know of the cluster: its classes, namespaces and nodes,
//! read once before the first question. What may not be read is left open; the
//! server has the last word anyway.

use serde_json::Value;

use crate::cluster::Identity;
use crate::cluster::failure::explain;
use crate::error::Failure;
use crate::facts::reader::{Reader, is_forbidden};
use crate::objects::kinds::ApiKind;
use crate::wizard::parameter::{Choice, Type};
use crate::wizard::question::Lookup;

/// A snapshot for the questions of one command.
#[derive(Debug, Default)]
pub struct ClusterLookup {
    classes: Vec<Choice>,
    default_class: Option<String>,
    namespaces: Vec<Choice>,
    nodes: Vec<Choice>,
}

impl ClusterLookup {
    /// Reads all at once, so that a server that does not answer is found out
    /// after one time limit and not after three.
    ///
    /// # Errors
    /// The server cannot be reached, or fails; not that something may not be read.
    pub async fn read(reader: &Reader, identity: &Identity) -> Result<Self, Failure> {
        let (mut classes, namespaces, nodes) = futures::try_join!(
            list(reader, "StorageClass", identity),
            list(reader, "Namespace", identity),
            list(reader, "Node", identity),
        )?;
        // The default class is the first answer on offer.
        classes.sort_by_key(|class| !is_default(class));
        Ok(Self {
            classes: classes.iter().map(class_choice).collect(),
            default_class: default_class(&classes),
            namespaces: namespaces.iter().map(plain_choice).collect(),
            nodes: nodes.iter().map(node_choice).collect(),
        })
    }
}

impl Lookup for ClusterLookup {
    fn choices(&self, of: &Type) -> Vec<Choice> {
        match of {
            Type::StorageClass | Type::VolumeClass => self.classes.clone(),
            Type::Namespace => self.namespaces.clone(),
            Type::Node => self.nodes.clone(),
            Type::Text { .. }
            | Type::Int { .. }
            | Type::Bool
            | Type::Quantity
            | Type::Choice { .. }
            | Type::Name { .. }
            | Type::Port
            | Type::AbsolutePath
            | Type::List { .. }
            | Type::Secret
            | Type::SecretKeys => Vec::new(),
        }
    }

    fn default_class(&self) -> Option<String> {
        self.default_class.clone()
    }
}

/// Of several defaults the newest counts, and of equally old ones the first by
/// name, as the server has it.
fn default_class(classes: &[Value]) -> Option<String> {
    let age = |class: &&Value| {
        let created = class["metadata"]["creationTimestamp"].as_str().unwrap_or("").to_owned();
        (created, std::cmp::Reverse(name(class)))
    };
    classes.iter().filter(|class| is_default(class)).max_by_key(age).map(name)
}

async fn list(reader: &Reader, kind: &str, identity: &Identity) -> Result<Vec<Value>, Failure> {
    let Some(kind) = ApiKind::named(kind) else { return Ok(Vec::new()) };
    match reader.list(kind, "", None).await {
        Err(error) if is_forbidden(&error) => Ok(Vec::new()),
        listed => listed.map_err(|error| explain(&error, identity, &format!("listing {}", kind.plural))),
    }
}

fn is_default(class: &Value) -> bool {
    class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
}

/// Provisioner, reclaim policy, binding mode and expansion: what decides about
/// the data, in the words of the field.
fn class_choice(class: &Value) -> Choice {
    let mut words = vec![class["provisioner"].as_str().unwrap_or("?").to_owned()];
    if is_default(class) {
        words.push("default".to_owned());
    }
    words.push(class["reclaimPolicy"].as_str().unwrap_or("Delete").to_owned());
    words.push(
        if class["volumeBindingMode"] == "WaitForFirstConsumer" { "binds on first use" } else { "binds at once" }
            .to_owned(),
    );
    if class["allowVolumeExpansion"] == true {
        words.push("expandable".to_owned());
    }
    Choice { value: name(class), label: format!("({})", words.join(", ")) }
}

fn plain_choice(object: &Value) -> Choice {
    Choice { value: name(object), label: String::new() }
}

fn node_choice(node: &Value) -> Choice {
    let zone = node["metadata"]["labels"]["topology.kubernetes.io/zone"].as_str().unwrap_or("");
    Choice { value: name(node), label: zone.to_owned() }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_class_is_offered_with_what_decides_about_the_data() {
        let class = json!({ "metadata": { "name": "standard",
            "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } },
            "provisioner": "rancher.io/local-path", "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": true });
        let choice = class_choice(&class);
        assert_eq!(choice.label, "(rancher.io/local-path, default, Delete, binds on first use, expandable)");
    }

    #[test]
    fn of_several_default_classes_the_newest_counts() {
        let class = |name: &str, created: &str, default: &str| {
            json!({ "metadata": { "name": name, "creationTimestamp": created,
                "annotations": { "storageclass.kubernetes.io/is-default-class": default } } })
        };
        let old = class("old", "2025-01-01T00:00:00Z", "true");
        let new = class("new", "2026-01-01T00:00:00Z", "true");
        let other = class("other", "2026-06-01T00:00:00Z", "false");
        assert_eq!(default_class(&[old, new, other.clone()]).as_deref(), Some("new"));
        assert_eq!(default_class(&[other]), None);
    }
}

//! What the questions know of the cluster: its classes, namespaces and nodes,
//! each read when the first question needs it. What may not be read is left
//! open; the server has the last word anyway.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::Identity;
use crate::cluster::failure::explain;
use crate::error::Failure;
use crate::facts::reader::{Reader, is_forbidden};
use crate::objects::kinds::ApiKind;
use crate::wizard::parameter::{Choice, Live};
use crate::wizard::question::Lookup;

/// What was read for the questions of one command.
#[derive(Default)]
pub struct ClusterLookup {
    /// Nobody is asked without one.
    reader: Option<Reader>,
    found: BTreeMap<Live, Vec<Value>>,
}

impl ClusterLookup {
    /// Nothing is read before it is needed.
    pub fn new(reader: Reader) -> Self {
        Self { reader: Some(reader), found: BTreeMap::new() }
    }

    /// Reads what was not read yet, all at once, so that a server that does not
    /// answer is found out after one time limit and not after three.
    ///
    /// # Errors
    /// The server cannot be reached, or fails; not that something may not be read.
    pub async fn need(&mut self, wanted: impl Iterator<Item = Live>, identity: &Identity) -> Result<(), Failure> {
        let Some(reader) = &self.reader else { return Ok(()) };
        let mut open: Vec<Live> = wanted.filter(|live| !self.found.contains_key(live)).collect();
        open.sort_unstable();
        open.dedup();
        let lists = open.iter().map(|live| list(reader, live.kind(), identity));
        let lists = futures::future::try_join_all(lists).await?;
        self.found.extend(open.into_iter().zip(lists));
        Ok(())
    }

    fn of(&self, live: Live) -> &[Value] {
        self.found.get(&live).map_or(&[], Vec::as_slice)
    }
}

impl Lookup for ClusterLookup {
    fn choices(&self, of: Live) -> Vec<Choice> {
        let found = self.of(of).iter();
        match of {
            Live::StorageClass => {
                // The default class is the first answer on offer.
                let (default, others): (Vec<_>, Vec<_>) = found.partition(|class| is_default(class));
                default.into_iter().chain(others).map(class_choice).collect()
            }
            Live::Namespace => found.map(plain_choice).collect(),
            Live::Node => found.map(node_choice).collect(),
        }
    }

    fn default_class(&self) -> Option<String> {
        default_class(self.of(Live::StorageClass))
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

//! What the questions know of the cluster: its classes, namespaces and nodes,
//! each read when the first question needs it. What may not be read is left
//! open; the server has the last word anyway.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::Identity;
use crate::cluster::failure::explain;
use crate::error::Failure;
use crate::facts::class::{Class, default_class};
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::words::BindingMode;
use crate::objects::kinds::ApiKind;
use crate::wizard::parameter::{Choice, Live};
use crate::wizard::question::Lookup;

/// What was read for the questions of one command.
#[derive(Default)]
pub struct ClusterLookup {
    /// Nobody is asked without one.
    reader: Option<Reader>,
    /// The namespace of what lives in one.
    namespace: String,
    found: BTreeMap<Live, Vec<Value>>,
}

impl ClusterLookup {
    /// Nothing is read before it is needed.
    pub fn new(reader: Reader, namespace: &str) -> Self {
        Self { reader: Some(reader), namespace: namespace.to_owned(), found: BTreeMap::new() }
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
        let namespace = |live: &Live| if *live == Live::StatefulSet { self.namespace.as_str() } else { "" };
        let lists = open.iter().map(|live| list(live.kind(), namespace(live), reader, identity));
        let lists = futures::future::try_join_all(lists).await?.into_iter().map(Option::unwrap_or_default);
        self.found.extend(open.into_iter().zip(lists));
        Ok(())
    }

    fn of(&self, live: Live) -> &[Value] {
        self.found.get(&live).map_or(&[], Vec::as_slice)
    }

    fn classes(&self) -> Vec<Class> {
        self.of(Live::StorageClass).iter().filter_map(Class::read).collect()
    }
}

impl Lookup for ClusterLookup {
    fn choices(&self, of: Live) -> Vec<Choice> {
        let found = self.of(of).iter();
        match of {
            Live::StorageClass => {
                // Classes marked as default are the first answers on offer.
                let (default, others): (Vec<_>, Vec<_>) =
                    self.classes().into_iter().partition(|class| class.marked_default);
                default.iter().chain(&others).map(class_choice).collect()
            }
            Live::Namespace | Live::StatefulSet => found.map(plain_choice).collect(),
            Live::Node => found.map(node_choice).collect(),
        }
    }

    fn default_class(&self) -> Option<String> {
        default_class(&self.classes()).map(|class| class.meta.name.clone())
    }
}

/// All objects of a kind, in an empty `namespace` of all; `None` for who may
/// not see them.
///
/// # Errors
/// The server cannot be reached, or fails.
pub(super) async fn list(
    kind: &str,
    namespace: &str,
    reader: &Reader,
    identity: &Identity,
) -> Result<Option<Vec<Value>>, Failure> {
    let Some(kind) = ApiKind::named(kind) else { return Ok(None) };
    match reader.list(kind, namespace, None).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_forbidden(&error) => Ok(None),
        Err(error) => Err(explain(&error, identity, &format!("listing {}", kind.plural))),
    }
}

/// Provisioner, reclaim policy, binding mode and expansion: what decides about
/// the data, in the words of the field.
fn class_choice(class: &Class) -> Choice {
    let mut words = vec![class.provisioner.as_str()];
    if class.marked_default {
        words.push("default");
    }
    words.push(class.reclaim_policy.as_str());
    words.push(if class.binding_mode == BindingMode::WaitForFirstConsumer {
        "binds on first use"
    } else {
        "binds at once"
    });
    if class.expandable {
        words.push("expandable");
    }
    Choice { value: class.meta.name.clone(), label: format!("({})", words.join(", ")) }
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
        let choice = class_choice(&Class::read(&class).unwrap());
        assert_eq!(choice.label, "(rancher.io/local-path, default, Delete, binds on first use, expandable)");
    }

    #[test]
    fn a_class_that_the_old_annotation_makes_the_default_is_offered_first() {
        let class = |name: &str, annotation: &str| json!({ "metadata": { "name": name, "annotations": { annotation: "true" } }, "provisioner": "p" });
        let classes = vec![class("a", "other"), class("b", "storageclass.beta.kubernetes.io/is-default-class")];
        let lookup =
            ClusterLookup { reader: None, namespace: String::new(), found: [(Live::StorageClass, classes)].into() };
        let choices = lookup.choices(Live::StorageClass);
        let names: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(lookup.default_class().as_deref(), Some("b"));
    }
}

//! How a pod, or the template of one, has its images fetched.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::meta::{items, text};

/// Compared to see whether a template that failed was mended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulls {
    /// By the name of the container.
    pub images: BTreeMap<String, String>,
    /// `imagePullSecrets`.
    pub logins: BTreeSet<String>,
}

impl Pulls {
    /// Of the spec of a template.
    #[must_use]
    pub fn of_template(spec: &Value) -> Self {
        Self::read(spec, ["initContainers", "containers"].map(|list| &spec[list]))
    }

    /// Of a pod, whose status repeats the images; its spec is long, and is not read.
    #[must_use]
    pub fn of_pod(pod: &Value) -> Self {
        Self::read(&pod["spec"], ["initContainerStatuses", "containerStatuses"].map(|list| &pod["status"][list]))
    }

    fn read(spec: &Value, containers: [&Value; 2]) -> Self {
        let containers = containers.into_iter().flat_map(items);
        let logins = items(&spec["imagePullSecrets"]).iter().map(|login| text(&login["name"]));
        Self {
            images: containers.map(|one| (text(&one["name"]), text(&one["image"]))).collect(),
            logins: logins.collect(),
        }
    }
}

//! What a `CustomResourceDefinition` says, taken apart once.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::Value;

use super::columns::Columns;
use super::known::{self, Wanted};
use super::prune::{fill, prune};
use super::{path, shape};
use crate::objects::kinds::ApiKind;
use crate::simulator::schema::Shape;

/// A definition, as far as it is acted on.
#[derive(Debug)]
pub struct Definition {
    pub group: String,
    pub plural: String,
    pub singular: String,
    /// Kubernetes' name of the kind.
    pub name: String,
    pub list_name: String,
    pub short_names: Vec<String>,
    pub categories: Vec<String>,
    pub versions: Vec<Version>,
    /// Its names are accepted, so that it is served.
    pub is_served: bool,
    pub is_established: bool,
    pub is_terminating: bool,
}

/// One version of a custom kind.
#[derive(Debug)]
pub struct Version {
    pub name: String,
    pub is_served: bool,
    pub is_stored: bool,
    /// What is told to everybody who uses it.
    pub warning: Option<String>,
    pub kind: &'static ApiKind,
    /// The kind as its definition names it.
    pub kind_name: String,
    pub list_name: String,
    /// `openAPIV3Schema`.
    pub schema: Value,
    /// The same as server-side apply sees it.
    pub shape: Arc<Shape>,
    pub replicas: Option<Replicas>,
    pub columns: Columns,
}

/// Where the numbers of the `scale` subresource stand.
#[derive(Debug)]
pub struct Replicas {
    pub wanted: Vec<String>,
    pub there: Vec<String>,
    pub selector: Option<Vec<String>>,
}

impl Definition {
    /// Reads a definition.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let spec = &object["spec"];
        let names = &spec["names"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().into_iter().flatten().map(text).collect();
        let holds = |kind: &str| {
            let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
            conditions.into_iter().any(|condition| condition["type"] == kind && condition["status"] == "True")
        };
        let versions = spec["versions"].as_array().into_iter().flatten();
        let mut versions: Vec<Version> = versions.map(|version| Version::of(spec, version)).collect();
        versions.sort_by_key(|version| rank(&version.name));
        Self {
            group: text(&spec["group"]),
            plural: text(&names["plural"]),
            singular: text(&names["singular"]),
            name: text(&names["kind"]),
            list_name: text(&names["listKind"]),
            short_names: list(&names["shortNames"]),
            categories: list(&names["categories"]),
            versions,
            is_served: holds("NamesAccepted") || holds("Established"),
            is_established: holds("Established"),
            is_terminating: holds("Terminating"),
        }
    }

    /// A version that is served.
    #[must_use]
    pub fn served(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| self.is_served && version.is_served && version.name == name)
    }

    /// The version that objects are kept in.
    #[must_use]
    pub fn stored(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.is_stored)
    }

    /// The version of a kind.
    #[must_use]
    pub fn version(&self, kind: &ApiKind) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == kind.version)
    }
}

impl Version {
    /// Has an object look as it does in this version: with its defaults, and
    /// without what it does not know.
    pub fn show(&self, object: &mut Value) {
        object["apiVersion"] = self.kind.api_version().into();
        let _ = prune(object, &self.schema);
        fill(object, &self.schema);
    }

    /// Where it stands among the versions of its group.
    #[must_use]
    pub fn rank(&self) -> impl Ord + use<> {
        rank(&self.name)
    }

    fn of(spec: &Value, version: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (group, kind_name, name) = (text(&spec["group"]), text(&spec["names"]["kind"]), text(&version["name"]));
        let parts = &version["subresources"];
        let kind = known::kind(&Wanted {
            group: &group,
            version: &name,
            name: &kind_name,
            plural: &text(&spec["names"]["plural"]),
            namespaced: spec["scope"] == "Namespaced",
            has_status: !parts["status"].is_null(),
        });
        let schema = version["schema"]["openAPIV3Schema"].clone();
        let warning = (version["deprecated"] == true).then(|| {
            let own = version["deprecationWarning"].as_str().map(str::to_owned);
            own.unwrap_or_else(|| format!("{group}/{name} {kind_name} is deprecated{}", instead(spec, &name)))
        });
        Self {
            is_served: version["served"] == true,
            is_stored: version["storage"] == true,
            warning,
            kind,
            list_name: text(&spec["names"]["listKind"]),
            shape: Arc::new(shape::of(&schema)),
            replicas: Replicas::of(&parts["scale"]),
            columns: Columns::of(&version["additionalPrinterColumns"]),
            schema,
            kind_name,
            name,
        }
    }
}

impl Replicas {
    fn of(scale: &Value) -> Option<Self> {
        let names = |name: &str| scale[name].as_str().map(path::names);
        Some(Self {
            wanted: names("specReplicasPath")?,
            there: names("statusReplicasPath")?,
            selector: names("labelSelectorPath"),
        })
    }
}

/// What to use in the place of a deprecated version.
fn instead(spec: &Value, name: &str) -> String {
    let versions = spec["versions"].as_array().into_iter().flatten();
    let lasting = versions.filter(|version| version["served"] == true && version["deprecated"] != true);
    let newer = lasting.filter_map(|version| version["name"].as_str()).filter(|other| rank(other) < rank(name));
    newer.min_by_key(|name| rank(name)).map_or_else(String::new, |best| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("; use {}/{best} {}", text(&spec["group"]), text(&spec["names"]["kind"]))
    })
}

/// The order of versions, newest first: `v2`, `v1`, `v1beta2`, `v1alpha1`, then
/// all others by name.
fn rank(name: &str) -> impl Ord + use<> {
    let parsed = name.strip_prefix('v').and_then(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (major, rest) = rest.split_at(end);
        let stage = if rest.is_empty() {
            (2, 0)
        } else if let Some(minor) = rest.strip_prefix("beta") {
            (1, minor.parse().ok()?)
        } else {
            (0, rest.strip_prefix("alpha")?.parse::<u64>().ok()?)
        };
        Some((stage.0, major.parse::<u64>().ok()?, stage.1))
    });
    (Reverse(parsed), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_and_more_mature_versions_come_first() {
        let mut names = ["foo1", "v1alpha1", "v2", "v10", "v1beta2", "v1", "v1beta11"];
        names.sort_by_key(|name| rank(name));
        assert_eq!(names, ["v10", "v2", "v1", "v1beta11", "v1beta2", "v1alpha1", "foo1"]);
    }
}

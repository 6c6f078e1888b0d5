//! What a retired volume says about itself, so that it can be restored without
//! any file of ours: one label to find it by, and annotations. It is there from
//! the moment when the volume is protected until its claim has it back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ordinals::{Ordinal, claim_name};
use crate::objects::names;

/// The label of a retired volume; its value is always `true`.
pub const RETIRED: &str = "kubectl-stateful/retired";

const PREFIX: &str = "kubectl-stateful/";

/// Whose data a volume holds, and what it was before it was retired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// Name of the set.
    pub set: String,
    pub template: String,
    pub ordinal: u64,
    pub claim_uid: String,
    pub claim_labels: BTreeMap<String, String>,
    /// The reclaim policy before.
    pub former_policy: String,
    /// The run that did it.
    pub run: String,
    /// When, as Kubernetes writes times.
    pub at: String,
}

/// The annotations that hold a mark, without their prefix.
const KEYS: [&str; 8] = ["set", "template", "ordinal", "claim-uid", "claim-labels", "former-policy", "run", "at"];

impl Mark {
    /// The name of the claim whose data it tells of.
    #[must_use]
    pub fn claim(&self) -> String {
        claim_name(&self.template, &self.set, Ordinal(self.ordinal))
    }

    /// Whether it tells of exactly this claim: a later one of the same name has another UID.
    #[must_use]
    pub fn is_of(&self, claim: &str, uid: &str) -> bool {
        self.claim_uid == uid && self.claim() == claim
    }

    /// Labels and annotations for a merge patch.
    #[must_use]
    pub fn metadata(&self) -> Value {
        let labels = serde_json::to_string(&self.claim_labels).unwrap_or_default();
        let values = [
            self.set.clone(),
            self.template.clone(),
            self.ordinal.to_string(),
            self.claim_uid.clone(),
            labels,
            self.former_policy.clone(),
            self.run.clone(),
            self.at.clone(),
        ];
        let annotations: Map<String, Value> =
            KEYS.iter().zip(values).map(|(key, value)| (format!("{PREFIX}{key}"), json!(value))).collect();
        json!({ "labels": { RETIRED: "true" }, "annotations": annotations })
    }

    /// A merge patch that takes them off again.
    #[must_use]
    pub fn without() -> Value {
        let annotations: Map<String, Value> = KEYS.iter().map(|key| (format!("{PREFIX}{key}"), Value::Null)).collect();
        json!({ "labels": { RETIRED: Value::Null }, "annotations": annotations })
    }

    /// Reads it off a volume; `None` if there is none, a part is missing, or what
    /// should be a name or a time is none: whoever may write annotations could
    /// make up whole lines of a list with them.
    #[must_use]
    pub fn read(volume: &Value) -> Option<Self> {
        let meta = &volume["metadata"];
        if meta["labels"][RETIRED] != "true" {
            return None;
        }
        let text = |key: &str| meta["annotations"][format!("{PREFIX}{key}")].as_str().map(str::to_owned);
        let name = |key: &str| text(key).filter(|name| names::dns_subdomain(name).is_ok());
        Some(Self {
            set: name("set")?,
            template: name("template")?,
            ordinal: text("ordinal")?.parse().ok()?,
            claim_uid: text("claim-uid")?,
            claim_labels: serde_json::from_str(&text("claim-labels")?).ok()?,
            former_policy: text("former-policy")?,
            run: name("run")?,
            at: text("at").filter(|at| at.parse::<Timestamp>().is_ok())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_as_it_was_written() {
        let mark = Mark {
            set: "web".to_owned(),
            template: "data".to_owned(),
            ordinal: 3,
            claim_uid: "51f0".to_owned(),
            claim_labels: BTreeMap::from([("app".to_owned(), "web".to_owned())]),
            former_policy: "Delete".to_owned(),
            run: "0abc".to_owned(),
            at: "2026-01-01T00:00:00Z".to_owned(),
        };
        let mut volume = json!({ "metadata": mark.metadata() });
        assert_eq!(Mark::read(&volume), Some(mark));
        json_patch::merge(&mut volume, &json!({ "metadata": Mark::without() }));
        assert_eq!(volume, json!({ "metadata": { "labels": {}, "annotations": {} } }));
    }

    #[test]
    fn what_is_no_name_or_no_time_is_no_mark() {
        let good = ["web", "data", "3", "51f0", "{}", "Delete", "0abc", "2026-01-01T00:00:00Z"];
        let read = |key: &str, value: &str| {
            let values = KEYS.iter().zip(good).map(|(known, good)| (*known, if *known == key { value } else { good }));
            let annotations: Map<String, Value> =
                values.map(|(key, value)| (format!("{PREFIX}{key}"), json!(value))).collect();
            Mark::read(&json!({ "metadata": { "labels": { RETIRED: "true" }, "annotations": annotations } }))
        };
        assert!(read("set", "web.site").is_some());
        for key in ["set", "template", "run", "at"] {
            for value in ["", "web\npvc-1  1Gi  Released  db/0 of data", "WEB", "\u{1b}[2J", "a b"] {
                assert_eq!(read(key, value), None, "{key} {value:?}");
            }
        }
    }

    #[test]
    fn half_a_mark_is_none() {
        let volume = json!({ "metadata": { "labels": { RETIRED: "true" }, "annotations": {} } });
        assert_eq!(Mark::read(&volume), None);
    }
}

//! What a ResourceQuota leaves for a set's claims and pods. The server checks
//! objects one by one, and those of a set only when its controller makes them:
//! a set over the quota is accepted and stays without pods.
//!
//! Not here: cpu and memory; a quota on them forces each container to name its own.

use serde_json::Value;

use crate::objects::quantity::Quantity;

/// One limit that does not suffice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    pub quota: String,
    /// `persistentvolumeclaims`, `requests.storage`, `pods`, …
    pub resource: String,
    /// What is left, as a quantity.
    pub left: String,
    /// What more is needed, as a quantity.
    pub needed: String,
}

/// What the members still to be made need: resource name and amount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs(Vec<(String, Quantity)>);

impl Needs {
    /// For `members` more members of this set. A limit on a class counts where
    /// the template names that class.
    #[must_use]
    pub fn of(set: &Value, members: u64) -> Self {
        let mut needs = Self::default();
        let one = Quantity::whole(1);
        needs.add("pods", &one, members);
        for template in set["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
            let size = &template["spec"]["resources"]["requests"]["storage"];
            let size = size.as_str().and_then(|text| Quantity::parse(text).ok());
            needs.add("persistentvolumeclaims", &one, members);
            if let Some(size) = &size {
                needs.add("requests.storage", size, members);
            }
            if let Some(class) = template["spec"]["storageClassName"].as_str() {
                let of_class = |resource: &str| format!("{class}.storageclass.storage.k8s.io/{resource}");
                needs.add(&of_class("persistentvolumeclaims"), &one, members);
                if let Some(size) = &size {
                    needs.add(&of_class("requests.storage"), size, members);
                }
            }
        }
        needs
    }

    fn add(&mut self, resource: &str, amount: &Quantity, times: u64) {
        let more = amount.times(times);
        match self.0.iter_mut().find(|(known, _)| known == resource) {
            Some((_, sum)) => *sum = sum.plus(&more),
            None => self.0.push((resource.to_owned(), more)),
        }
    }

    /// The limits of these quotas that the needs go over.
    #[must_use]
    pub fn beyond(&self, quotas: &[Value]) -> Vec<Short> {
        quotas.iter().flat_map(|quota| self.0.iter().filter_map(move |need| short(quota, need))).collect()
    }
}

fn short(quota: &Value, (resource, needed): &(String, Quantity)) -> Option<Short> {
    // A quota with scopes counts only some pods: which ones cannot be told from here.
    if quota["spec"]["scopes"].is_array() || quota["spec"]["scopeSelector"].is_object() {
        return None;
    }
    let name = counted_as(quota, resource)?;
    let amount = |field: &str| Quantity::parse(quota["status"][field][&name].as_str()?).ok();
    let hard = amount("hard")?;
    let left = hard.minus(&amount("used").unwrap_or_else(|| Quantity::whole(0)));
    (left.nanos() < needed.nanos()).then(|| Short {
        quota: quota["metadata"]["name"].as_str().unwrap_or("?").to_owned(),
        resource: resource.clone(),
        left: left.canonical(),
        needed: needed.canonical(),
    })
}

/// A count has two names: `pods` and `count/pods`.
fn counted_as(quota: &Value, resource: &str) -> Option<String> {
    [resource.to_owned(), format!("count/{resource}")]
        .into_iter()
        .find(|name| quota["status"]["hard"].get(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set() -> Value {
        json!({ "spec": { "volumeClaimTemplates": [
            { "spec": { "storageClassName": "fast", "resources": { "requests": { "storage": "10Gi" } } } },
            { "spec": { "resources": { "requests": { "storage": "1Gi" } } } },
        ] } })
    }

    fn quota(hard: &Value, used: &Value) -> Value {
        json!({ "metadata": { "name": "q" }, "spec": {}, "status": { "hard": hard, "used": used } })
    }

    fn beyond(hard: &Value, used: &Value) -> Vec<String> {
        let found = Needs::of(&set(), 3).beyond(&[quota(hard, used)]);
        found.iter().map(|short| format!("{} {} < {}", short.resource, short.left, short.needed)).collect()
    }

    #[test]
    fn claims_sizes_classes_and_pods_are_held_against_what_is_left() {
        assert_eq!(beyond(&json!({ "pods": "5" }), &json!({ "pods": "3" })), ["pods 2 < 3"]);
        assert_eq!(beyond(&json!({ "count/pods": "2" }), &json!({})), ["pods 2 < 3"]);
        assert_eq!(beyond(&json!({ "persistentvolumeclaims": "5" }), &json!({})), ["persistentvolumeclaims 5 < 6"]);
        assert_eq!(
            beyond(&json!({ "requests.storage": "40Gi" }), &json!({ "requests.storage": "10Gi" })),
            ["requests.storage 30Gi < 33Gi"]
        );
        let of_class = "fast.storageclass.storage.k8s.io/requests.storage";
        assert_eq!(beyond(&json!({ of_class: "29Gi" }), &json!({})), [format!("{of_class} 29Gi < 30Gi")]);
    }

    #[test]
    fn what_suffices_is_not_told_nor_a_quota_for_some_pods_only() {
        assert!(beyond(&json!({ "pods": "3", "requests.storage": "33Gi", "secrets": "0" }), &json!({})).is_empty());
        let scoped = json!({ "spec": { "scopes": ["BestEffort"] }, "status": { "hard": { "pods": "0" } } });
        assert!(Needs::of(&set(), 3).beyond(&[scoped]).is_empty());
    }
}

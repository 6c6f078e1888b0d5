//! Making the claims of a pod (SS-70 to SS-75).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::identity::{claim_name, pod_name};
use super::{Pass, events};
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::{Step, Write};

impl Pass<'_> {
    /// Creates the claims of an ordinal that do not exist, each whatever becomes
    /// of the others. Existing ones are taken as they are, whatever is in them
    /// (SS-71); one that is being deleted is a failure (SS-72), told after the
    /// others have been made.
    pub(super) fn make_claims(&mut self, ordinal: i64) -> Result<(), String> {
        let mut failures = Vec::new();
        let mut made = Vec::new();
        for template in self.set.claim_templates() {
            let name = claim_name(&self.set, template, ordinal);
            match self.claim(&name) {
                Some(claim) if claim.terminating() => failures.push(format!("pvc {name} is being deleted")),
                Some(_) => {}
                None => {
                    let mut unit = Step::default();
                    unit.push(Write::Create(self.new_claim(template, &name)));
                    events::claim_done(&self.set, &mut unit, &name, &pod_name(&self.set, ordinal));
                    made.push(unit);
                }
            }
        }
        self.step.batch(made);
        match failures.as_slice() {
            [] => Ok(()),
            [only] => Err(only.clone()),
            several => Err(format!("[{}]", several.join(", "))),
        }
    }

    pub(super) fn claim(&self, name: &str) -> Option<Arc<Value>> {
        self.view.get("PersistentVolumeClaim", self.set.namespace, name)
    }

    /// Spec, labels and annotations of the template; the selector's
    /// `matchLabels` win, other pod labels add nothing (SS-70).
    fn new_claim(&self, template: &Value, name: &str) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".into(), json!(name));
        metadata.insert("namespace".into(), json!(self.set.namespace));
        let mut labels = template["metadata"]["labels"].as_object().cloned().unwrap_or_default();
        if let Some(selected) = self.set.object["spec"]["selector"]["matchLabels"].as_object() {
            labels.extend(selected.clone());
        }
        if !labels.is_empty() {
            metadata.insert("labels".into(), Value::Object(labels));
        }
        if let Some(annotations) = template["metadata"]["annotations"].as_object() {
            metadata.insert("annotations".into(), json!(annotations));
        }
        json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": template["spec"],
        })
    }
}

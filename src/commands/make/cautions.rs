//! What is worth knowing before saying yes and follows from what would change:
//! members that go or are made anew, and quotas that the set's claims and pods
//! would go over.

use serde_json::Value;

use crate::effects::{Change, Difference, Effect, Preview};
use crate::facts::quota::{Needs, Short};
use crate::facts::reader::Reader;
use crate::objects::kinds::ApiKind;

/// The cautions on all effects, in their order.
pub async fn read(planned: &[(Effect, Preview)], namespace: &str, reader: &Reader) -> Vec<String> {
    let mut cautions = Vec::new();
    for (effect, preview) in planned.iter().filter(|(effect, _)| effect.object().kind.kind == "StatefulSet") {
        let (from, to) = replicas(preview);
        if to < from {
            cautions.push(fewer(&effect.object().name, from, to));
        }
        cautions.extend(made_anew(preview));
        if to > from {
            cautions.extend(beyond_quota(effect.manifest(), to - from, namespace, reader).await);
        }
    }
    cautions
}

fn differences(preview: &Preview) -> &[Difference] {
    match &preview.change {
        Change::Changed(differences) => differences,
        Change::New | Change::Unchanged | Change::Kept | Change::Gone | Change::Runs { .. } => &[],
    }
}

/// How many members there are and would be.
fn replicas(preview: &Preview) -> (u64, u64) {
    let to = preview.after["spec"]["replicas"].as_u64().unwrap_or(1);
    if preview.change == Change::New {
        return (0, to);
    }
    let changed = differences(preview).iter().find(|difference| difference.path == ".spec.replicas");
    (changed.and_then(|difference| difference.from.as_u64()).unwrap_or(to), to)
}

/// The effect refuses members that would take their claims with them.
fn fewer(set: &str, from: u64, to: u64) -> String {
    format!(
        "{set} goes from {from} to {to} members: those with the highest ordinals are stopped, \
         the application is not asked, and their claims stay"
    )
}

/// A change of the template replaces pods, which the diff alone does not say.
fn made_anew(preview: &Preview) -> Option<String> {
    let spec = &preview.after["spec"];
    let changes = differences(preview).iter().any(|difference| difference.path.starts_with(".spec.template"));
    if !changes || spec["updateStrategy"]["type"] == "OnDelete" {
        return None;
    }
    let name = preview.after["metadata"]["name"].as_str().unwrap_or("?");
    let which = match spec["updateStrategy"]["rollingUpdate"]["partition"].as_u64() {
        Some(partition) if partition > 0 => format!("the pods of {name} from ordinal {partition} on are"),
        Some(_) | None => format!("every pod of {name} is"),
    };
    Some(format!("{which} stopped and made anew, since the pod template changes"))
}

/// Who may not read quotas still learns of them from the set's events.
async fn beyond_quota(set: &Value, members: u64, namespace: &str, reader: &Reader) -> Vec<String> {
    let Some(kind) = ApiKind::named("ResourceQuota") else { return Vec::new() };
    let quotas = reader.list(kind, namespace, None).await.unwrap_or_default();
    let short = Needs::of(set, members).beyond(&quotas);
    let line = |short: &Short| {
        format!(
            "quota {} leaves {} of {}, and {} are needed: some members will not start",
            short.quota, short.left, short.resource, short.needed
        )
    };
    short.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn preview(change: Change, spec: &Value) -> Preview {
        Preview { change, uid: None, after: json!({ "metadata": { "name": "web" }, "spec": spec }) }
    }

    fn changed(path: &str, from: u64) -> Change {
        Change::Changed(vec![Difference { path: path.to_owned(), from: json!(from), to: json!(3) }])
    }

    #[test]
    fn members_are_counted_from_what_is_there() {
        let with = |change: Change| replicas(&preview(change, &json!({ "replicas": 3 })));
        assert_eq!(with(Change::New), (0, 3));
        assert_eq!(with(changed(".spec.replicas", 5)), (5, 3));
        assert_eq!(with(changed(".spec.minReadySeconds", 5)), (3, 3));
        assert_eq!(with(Change::Unchanged), (3, 3));
    }

    #[test]
    fn a_new_template_makes_pods_anew_unless_the_strategy_waits_for_somebody() {
        let with = |spec: &Value| made_anew(&preview(changed(".spec.template.spec.x", 1), spec));
        let said = with(&json!({})).unwrap();
        assert!(said.starts_with("every pod of web is stopped"), "{said}");
        let partition = json!({ "updateStrategy": { "rollingUpdate": { "partition": 2 } } });
        assert!(with(&partition).unwrap().starts_with("the pods of web from ordinal 2 on are"));
        assert_eq!(with(&json!({ "updateStrategy": { "type": "OnDelete" } })), None);
        assert_eq!(made_anew(&preview(changed(".spec.replicas", 1), &json!({}))), None);
    }
}

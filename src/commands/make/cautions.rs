//! What is worth knowing before saying yes and follows from what would change:
//! members that go, and quotas that the set's claims and pods would go over.

use serde_json::Value;

use crate::effects::{Change, Effect, Preview};
use crate::facts::quota::{Needs, Short};
use crate::facts::reader::Reader;
use crate::objects::kinds::ApiKind;

/// The cautions on all effects, in their order.
pub async fn read(planned: &[(Effect, Preview)], namespace: &str, reader: &Reader) -> Vec<String> {
    let mut cautions = Vec::new();
    for (effect, preview) in planned {
        if effect.object().kind.kind != "StatefulSet" {
            continue;
        }
        let (from, to) = replicas(effect, preview);
        if to < from {
            cautions.push(fewer(effect.manifest(), from, to));
        }
        if to > from {
            cautions.extend(beyond_quota(effect.manifest(), to - from, namespace, reader).await);
        }
    }
    cautions
}

/// How many members there are and would be.
fn replicas(effect: &Effect, preview: &Preview) -> (u64, u64) {
    let wanted = effect.manifest()["spec"]["replicas"].as_u64().unwrap_or(1);
    match &preview.change {
        Change::New => (0, wanted),
        Change::Changed(differences) => {
            let from = differences.iter().find(|difference| difference.path == ".spec.replicas");
            (from.and_then(|difference| difference.from.as_u64()).unwrap_or(wanted), wanted)
        }
        Change::Unchanged | Change::Kept => (wanted, wanted),
    }
}

fn fewer(set: &Value, from: u64, to: u64) -> String {
    let name = set["metadata"]["name"].as_str().unwrap_or("?");
    let claims = match set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"].as_str() {
        Some("Delete") => "and their claims are deleted with them",
        Some(_) | None => "and their claims stay",
    };
    format!(
        "{name} goes from {from} to {to} members: those with the highest ordinals are stopped, \
         the application is not asked, {claims}"
    )
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
    use crate::effects::Difference;
    use crate::effects::apply::Apply;
    use crate::objects::kinds::ObjectRef;
    use serde_json::json;

    #[test]
    fn what_becomes_of_the_claims_is_said() {
        let set = |policy: &str| {
            json!({ "metadata": { "name": "web" },
                    "spec": { "persistentVolumeClaimRetentionPolicy": { "whenScaled": policy } } })
        };
        assert!(fewer(&set("Retain"), 3, 1).ends_with("their claims stay"));
        assert!(fewer(&set("Delete"), 3, 1).ends_with("their claims are deleted with them"));
    }

    #[test]
    fn members_are_counted_from_what_is_there() {
        let manifest = json!({ "kind": "StatefulSet", "metadata": { "name": "web" }, "spec": { "replicas": 3 } });
        let effect = Effect::Apply(Apply { object: ObjectRef::of(&manifest).unwrap(), manifest });
        let with = |change: Change| replicas(&effect, &Preview { change, uid: None, after: Value::Null });
        let changed = |path: &str, from: u64| {
            Change::Changed(vec![Difference { path: path.to_owned(), from: json!(from), to: json!(3) }])
        };
        assert_eq!(with(Change::New), (0, 3));
        assert_eq!(with(changed(".spec.replicas", 5)), (5, 3));
        assert_eq!(with(changed(".spec.minReadySeconds", 5)), (3, 3));
        assert_eq!(with(Change::Unchanged), (3, 3));
    }
}

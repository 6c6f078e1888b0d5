//! The order in which objects are applied: Secrets, ConfigMaps, volumes,
//! claims, the headless Service, other Services, the set. Pods find their name
//! and their Secret there when they start (S1-e8).

use serde_json::Value;

use crate::effects::Effect;
use crate::effects::apply::Apply;
use crate::effects::create_secret::CreateSecret;
use crate::error::Failure;
use crate::objects::kinds::ObjectRef;

/// Sorts the objects and turns each into its effect.
pub fn effects(mut objects: Vec<Value>) -> Result<Vec<Effect>, Failure> {
    objects.sort_by_key(|object| {
        let rank = ObjectRef::of(object).map_or(usize::MAX, |reference| reference.kind.rank());
        (rank, object["spec"]["clusterIP"] != "None")
    });
    objects.into_iter().map(effect).collect()
}

fn effect(manifest: Value) -> Result<Effect, Failure> {
    let Some(object) = ObjectRef::of(&manifest) else {
        return Err(Failure::usage(
            "unknown-kind",
            format!("cannot make an object of kind {} without a name", manifest["kind"]),
        ));
    };
    Ok(if object.kind.kind == "Secret" {
        Effect::CreateSecret(CreateSecret { object, manifest })
    } else {
        Effect::Apply(Apply { object, manifest })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_others_refer_to_comes_first_and_the_headless_service_before_the_client_one() {
        let named = |kind: &str, name: &str| json!({ "kind": kind, "metadata": { "name": name }, "spec": {} });
        let mut headless = named("Service", "web");
        headless["spec"]["clusterIP"] = json!("None");
        let objects = vec![
            named("StatefulSet", "web"),
            named("Service", "web-client"),
            headless,
            named("PersistentVolume", "pv"),
            named("Secret", "web-admin"),
        ];
        let order: Vec<_> = effects(objects).unwrap().iter().map(|effect| effect.object().to_string()).collect();
        assert_eq!(
            order,
            ["Secret/web-admin", "PersistentVolume/pv", "Service/web", "Service/web-client", "StatefulSet/web"]
        );
    }

    #[test]
    fn an_object_of_an_unknown_kind_is_refused() {
        assert!(effects(vec![json!({ "kind": "Widget", "metadata": { "name": "w" } })]).is_err());
    }
}

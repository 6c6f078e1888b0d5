//! The Service that a set names as its own gives each member its name. Without it
//! members do not find one another any more, and go on without the others.

use serde_json::Value;

use super::super::error::EffectError;
use crate::facts::reader::Reader;
use crate::facts::set::Set;
use crate::objects::kinds::ApiKind;

/// Whether members could get other names, or none: who is chosen, who has a name
/// before it is ready, and whether members have names of their own at all.
pub(super) fn changes_names(before: &Value, after: &Value) -> bool {
    let of = |service: &Value| {
        let spec = &service["spec"];
        let early = spec["publishNotReadyAddresses"] == true;
        (spec["selector"].clone(), early, spec["clusterIP"] == "None", spec["type"] == "ExternalName")
    };
    after["kind"] == "Service" && of(before) != of(after)
}

/// No set goes by the name of this Service.
pub(super) async fn governs_no_set(service: &Value, reader: &Reader) -> Result<(), EffectError> {
    let Some(name) = service["metadata"]["name"].as_str().filter(|_| service["kind"] == "Service") else {
        return Ok(());
    };
    let Some(kind) = ApiKind::named("StatefulSet") else { return Ok(()) };
    let namespace = service["metadata"]["namespace"].as_str().unwrap_or_default();
    let governed = |found: &Value| {
        let set = Set::read(found)?;
        (set.service_name.as_deref() == Some(name)).then_some(set.meta.name)
    };
    let Some(set) = reader.list_as(kind, namespace, None, governed).await?.into_iter().next() else { return Ok(()) };
    Err(EffectError::Guarded {
        code: "governs-set",
        why: format!("the members of StatefulSet `{set}` have their names from Service `{name}`"),
        hint: format!(
            "make another Service for what you want; `{name}` goes, or gets another selector, once no set has it as its `spec.serviceName`"
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_gives_members_their_names_is_more_than_ports_and_labels() {
        let before = json!({ "kind": "Service", "metadata": { "labels": {} },
                             "spec": { "clusterIP": "None", "selector": { "app": "web" }, "ports": [] } });
        for (place, value, told) in [
            ("/metadata/labels", json!({ "a": "b" }), false),
            ("/spec/ports", json!([{ "port": 80 }]), false),
            ("/spec/selector", json!({ "app": "db" }), true),
            ("/spec/selector", json!(null), true),
            ("/spec/clusterIP", json!("10.0.0.1"), true),
        ] {
            let mut after = before.clone();
            *after.pointer_mut(place).unwrap() = value;
            assert_eq!(changes_names(&before, &after), told, "{after}");
        }
        let mut early = before.clone();
        early["spec"]["publishNotReadyAddresses"] = json!(true);
        assert!(changes_names(&before, &early));
    }
}

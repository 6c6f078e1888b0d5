//! What would be there must not take members of a set away, nor their data: an
//! autoscaler does so without asking anybody, one member after the other. Nor may
//! it take the names of members away, or its own way back.

use serde_json::Value;

use super::super::error::EffectError;
use super::governs::{changes_names, governs_no_set};
use crate::facts::reader::Reader;
use crate::facts::set::Set;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// Who asks for a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sayer {
    Script,
    /// It puts back what somebody had written before the run.
    Undo,
}

fn shrinks(why: String, hint: &str) -> EffectError {
    EffectError::Guarded { code: "autoscaler-shrinks", why, hint: hint.to_owned() }
}

/// What an autoscaler may scale a set to; both are 1 where nobody says more.
fn range(scaler: &Value) -> (u64, u64) {
    let number = |field: &str| scaler["spec"][field].as_u64().unwrap_or(1);
    (number("minReplicas"), number("maxReplicas"))
}

/// Guards what is to be written.
pub(super) async fn harmless(
    before: Option<&Value>,
    after: &Value,
    sayer: Sayer,
    reader: &Reader,
) -> Result<(), EffectError> {
    if let Some(before) = before {
        can_come_back(before, after)?;
        if sayer == Sayer::Script && changes_names(before, after) {
            governs_no_set(before, reader).await?;
        }
    }
    let target = &after["spec"]["scaleTargetRef"];
    if after["kind"] != "HorizontalPodAutoscaler" || target["kind"] != "StatefulSet" {
        return Ok(());
    }
    let (Some(kind), Some(name)) = (ApiKind::named("StatefulSet"), target["name"].as_str()) else { return Ok(()) };
    let namespace = after["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let found = reader.get(&ObjectRef { kind, namespace, name: name.to_owned() }).await?;
    match found.as_deref().and_then(Set::read) {
        Some(set) => may_scale(&set, before, after, sayer),
        None if sayer == Sayer::Undo => Ok(()),
        None => Err(shrinks(
            format!("there is no StatefulSet `{name}`, so that nobody can tell how many members it would leave"),
            "make the set first, and its autoscaler then",
        )),
    }
}

/// All that decides about the number of members but for its limits: other metrics
/// or another pace may take those away that the former ones have left.
fn besides_range(scaler: &Value) -> Value {
    let mut rest = scaler["spec"].clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.shift_remove("minReplicas");
        fields.shift_remove("maxReplicas");
    }
    rest
}

/// Nothing takes `immutable` back, and no other value can be written then.
fn can_come_back(before: &Value, after: &Value) -> Result<(), EffectError> {
    if before["immutable"] == true || after["immutable"] != true {
        return Ok(());
    }
    Err(EffectError::Guarded {
        code: "no-way-back",
        why: "what is `immutable` stays so, and no undo could write its former values".to_owned(),
        hint: "make a new one that is: `k8s::create(#{ …, immutable: true })`".to_owned(),
    })
}

fn may_scale(set: &Set, before: Option<&Value>, after: &Value, sayer: Sayer) -> Result<(), EffectError> {
    let (name, have) = (&set.meta.name, set.range.replicas);
    if set.when_scaled.as_str() == "Delete" {
        let why = format!(
            "it would scale StatefulSet `{name}`, whose policy `whenScaled: Delete` deletes claims with their data"
        );
        return Err(shrinks(why, "change that policy first: `set.keep_claims()`"));
    }
    let (least, most) = range(after);
    let could_before = before.is_some_and(|before| {
        let (former_least, former_most) = range(before);
        besides_range(before) == besides_range(after) && least >= former_least && most >= former_most
    });
    let left = least.min(most);
    // An undo may put a former minimum back. A maximum takes members away without anybody's measurement.
    let puts_back = sayer == Sayer::Undo && most >= have;
    if puts_back || could_before || left >= have {
        return Ok(());
    }
    let why = format!("it may take members of StatefulSet `{name}` away: it has {have}, and could have {left}");
    Err(shrinks(why, "write `minReplicas` as many as the set has, or scale it down first: `set.scale(n)`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scaler(least: Option<u64>, most: u64) -> Value {
        let target = json!({ "kind": "StatefulSet", "name": "web" });
        json!({ "spec": { "minReplicas": least, "maxReplicas": most, "scaleTargetRef": target } })
    }

    fn set(when_scaled: &str) -> Set {
        let policy = json!({ "whenScaled": when_scaled });
        let spec = json!({ "replicas": 3, "persistentVolumeClaimRetentionPolicy": policy });
        Set::read(&json!({ "metadata": { "name": "web", "uid": "u" }, "spec": spec })).unwrap()
    }

    #[test]
    fn one_that_may_go_below_what_the_set_has_is_refused() {
        let may =
            |before: Option<&Value>, after: &Value, sayer| may_scale(&set("Retain"), before, after, sayer).is_ok();
        for (least, most, allowed) in
            [(Some(3), 5, true), (Some(3), 3, true), (Some(2), 5, false), (None, 5, false), (Some(3), 2, false)]
        {
            assert_eq!(may(None, &scaler(least, most), Sayer::Script), allowed, "{least:?} {most}");
            assert_eq!(may(None, &scaler(least, most), Sayer::Undo), most >= 3, "{least:?} {most}");
        }
        // What somebody else has allowed is no matter of whoever changes its labels, or raises it.
        assert!(may(Some(&scaler(None, 5)), &scaler(None, 5), Sayer::Script));
        assert!(may(Some(&scaler(None, 5)), &scaler(Some(2), 6), Sayer::Script));
        assert!(!may(Some(&scaler(Some(2), 5)), &scaler(Some(1), 5), Sayer::Script));
        let mut elsewhere = scaler(None, 5);
        elsewhere["spec"]["scaleTargetRef"]["name"] = json!("db");
        assert!(!may(Some(&elsewhere), &scaler(None, 5), Sayer::Script));
    }

    #[test]
    fn one_that_decides_otherwise_is_refused_with_the_same_limits_too() {
        for field in ["behavior", "metrics"] {
            let mut other = scaler(None, 5);
            other["spec"][field] = json!(["x"]);
            let may = |sayer| may_scale(&set("Retain"), Some(&scaler(None, 5)), &other, sayer).is_ok();
            assert!(!may(Sayer::Script) && may(Sayer::Undo), "{field}");
        }
    }

    #[test]
    fn what_becomes_immutable_is_refused_if_it_was_not() {
        let map = |immutable: Value| json!({ "kind": "ConfigMap", "immutable": immutable });
        for (before, after, allowed) in [
            (json!(null), json!(true), false),
            (json!(false), json!(true), false),
            (json!(true), json!(true), true),
            (json!(null), json!(false), true),
        ] {
            assert_eq!(can_come_back(&map(before), &map(after.clone())).is_ok(), allowed, "{after}");
        }
    }

    #[test]
    fn one_of_a_set_that_deletes_claims_is_refused_whoever_asks() {
        for sayer in [Sayer::Script, Sayer::Undo] {
            assert!(may_scale(&set("Delete"), None, &scaler(Some(3), 5), sayer).is_err(), "{sayer:?}");
        }
    }
}

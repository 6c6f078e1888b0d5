//! Annotations of the sandbox that nobody would obey: misspelt, with a value that
//! cannot be read, or on a set in place of its pods. A real server says nothing
//! of them.

use serde_json::{Map, Value};

use crate::objects::kinds::ApiKind;
use crate::objects::nearest::within;
use crate::objects::stuck::KNOB;
use crate::simulator::controllers::kubelet::{DOWN_SINCE, HANGING, KNOBS};

/// How many letters may be wrong for a name to be recognised.
const FURTHEST: usize = 3;

/// Warnings about those that are new or changed.
pub(super) fn of(kind: &ApiKind, old: Option<&Value>, new: &Value) -> Vec<String> {
    let own = "/metadata/annotations";
    let template = "/spec/template/metadata/annotations";
    match kind.kind {
        "Pod" | "Node" | "PersistentVolumeClaim" => each(own, old, new, unread),
        "StatefulSet" => {
            let mut warnings = each(own, old, new, |_, _| Some(misplaced()));
            warnings.extend(each(template, old, new, unread));
            warnings
        }
        _ => Vec::new(),
    }
}

/// What is wrong with the annotations at this place.
fn each(place: &str, old: Option<&Value>, new: &Value, wrong: impl Fn(&str, &str) -> Option<String>) -> Vec<String> {
    let before = old.and_then(|old| old.pointer(place));
    let annotations = new.pointer(place).and_then(Value::as_object).into_iter().flat_map(Map::iter);
    let fresh = annotations.filter(|(key, value)| {
        key.starts_with(KNOB) && before.is_none_or(|before| before.get(key.as_str()) != Some(*value))
    });
    let path = place.trim_start_matches('/').replace('/', ".");
    let told = fresh.filter_map(|(key, value)| {
        let why = wrong(key, value.as_str().unwrap_or_default())?;
        Some(format!("{path}[{key}]: {why}"))
    });
    told.collect()
}

fn misplaced() -> String {
    "pods take this from spec.template.metadata.annotations, not from their set".to_owned()
}

fn unread(key: &str, value: &str) -> Option<String> {
    if matches!(key, DOWN_SINCE | HANGING) {
        return None;
    }
    match KNOBS.iter().find(|knob| knob.key == key) {
        Some(knob) if knob.value.takes(value) => None,
        Some(knob) => Some(format!("{value:?} cannot be read, it takes {}", knob.value)),
        None => {
            let meant = within(FURTHEST, key, KNOBS.iter().map(|knob| knob.key));
            let hint = meant.map_or_else(String::new, |known| format!("; did you mean {known}?"));
            Some(format!("the sandbox does not know it{hint}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: &str, old: Option<&Value>, new: &Value) -> Vec<String> {
        of(ApiKind::named(kind).expect("a known kind"), old, new)
    }

    fn pod(annotations: &Value) -> Value {
        json!({"metadata": {"annotations": annotations}})
    }

    #[test]
    fn a_misspelt_knob_is_told_with_the_one_that_was_meant() {
        let wrong = pod(&json!({"sandbox.kubectl-stateful/crashloop": "x", "other/crashloop": "x"}));
        let told = "metadata.annotations[sandbox.kubectl-stateful/crashloop]: the sandbox does not know it; did you \
                    mean sandbox.kubectl-stateful/crash-loop?";
        assert_eq!(said("Pod", None, &wrong), [told]);
        assert_eq!(said("Pod", Some(&wrong), &wrong), [""; 0], "it is told once");
        let strange = pod(&json!({"sandbox.kubectl-stateful/something-else": ""}));
        let told = "metadata.annotations[sandbox.kubectl-stateful/something-else]: the sandbox does not know it";
        assert_eq!(said("Node", None, &strange), [told]);
    }

    #[test]
    fn a_value_that_cannot_be_read_is_told() {
        for (key, good, bad) in [
            ("start-seconds", "0", "soon"),
            ("run-seconds", "60", "-1"),
            ("stop-seconds", "never", "ever"),
            ("exit-code", "oom", "one"),
            ("unready", "30-50", "50-30"),
        ] {
            let key = format!("{KNOB}{key}");
            assert_eq!(said("Pod", None, &pod(&json!({key.as_str(): good}))), [""; 0]);
            let told = said("Pod", None, &pod(&json!({key.as_str(): bad})));
            assert!(told.len() == 1 && told[0].contains(&format!("{bad:?} cannot be read")), "{told:?}");
        }
        for knob in KNOBS {
            assert!(said("Pod", None, &pod(&json!({knob.key: "1-2"}))).len() < 2);
        }
    }

    #[test]
    fn a_knob_on_a_set_is_told_where_it_belongs() {
        let set = json!({
            "metadata": {"annotations": {"sandbox.kubectl-stateful/never-ready": "yes"}},
            "spec": {"template": {"metadata": {"annotations": {"sandbox.kubectl-stateful/never-redy": "yes"}}}},
        });
        let told = said("StatefulSet", None, &set);
        assert!(told[0].ends_with("pods take this from spec.template.metadata.annotations, not from their set"));
        assert!(told[1].starts_with("spec.template.metadata.annotations[sandbox.kubectl-stateful/never-redy]: "));
    }
}

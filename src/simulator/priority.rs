//! Priorities: a pod gets that of the class that it names, or of the default
//! one. What comes of it, preemption, is not played.

use serde_json::Value;

use super::status::Refusal;
use super::store::Store;
use crate::objects::kinds::ApiKind;

/// Admission of a new object, or of a change of one: pods get their priority,
/// and there is one default class.
///
/// # Errors
/// 403 with the admission controller's text.
pub fn admit(store: &Store, kind: &ApiKind, is_new: bool, object: &mut Value) -> Result<(), Refusal> {
    match kind.kind {
        "Pod" if is_new => of_pod(store, kind, object),
        "PriorityClass" if object["globalDefault"] == true => only_default(store, kind, object),
        _ => Ok(()),
    }
}

fn classes(store: &Store) -> impl Iterator<Item = &Value> {
    let kind = ApiKind::named("PriorityClass");
    kind.into_iter().flat_map(|kind| store.objects(kind, "")).map(|class| &**class)
}

/// The default class; of several that with the lowest priority.
fn default_class(store: &Store) -> Option<&Value> {
    let defaults = classes(store).filter(|class| class["globalDefault"] == true);
    defaults.min_by_key(|class| class["value"].as_i64().unwrap_or(0))
}

fn of_pod(store: &Store, kind: &ApiKind, pod: &mut Value) -> Result<(), Refusal> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let forbidden = |why: &str| Err(Refusal::forbidden(kind, &name, why));
    let class = match pod["spec"]["priorityClassName"].as_str().filter(|name| !name.is_empty()) {
        None => default_class(store),
        Some(wanted) => {
            let Some(class) = classes(store).find(|class| class["metadata"]["name"] == wanted) else {
                return forbidden(&format!("no PriorityClass with name {wanted} was found"));
            };
            Some(class)
        }
    };
    let priority = class.map_or(Value::from(0), |class| class["value"].clone());
    let policy = class.map_or("PreemptLowerPriority", |class| class["preemptionPolicy"].as_str().unwrap_or_default());
    let spec = &mut pod["spec"];
    if !spec["priority"].is_null() && spec["priority"] != priority {
        return forbidden(&format!(
            "the integer value of priority ({}) must not be provided in pod spec; priority admission controller computed \
             {priority} from the given PriorityClass name",
            spec["priority"]
        ));
    }
    if let Some(given) = spec["preemptionPolicy"].as_str().filter(|given| !policy.is_empty() && *given != policy) {
        return forbidden(&format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        ));
    }
    if let Some(class) = class {
        spec["priorityClassName"] = class["metadata"]["name"].clone();
    }
    spec["priority"] = priority;
    if !policy.is_empty() {
        spec["preemptionPolicy"] = policy.into();
    }
    Ok(())
}

fn only_default(store: &Store, kind: &ApiKind, class: &Value) -> Result<(), Refusal> {
    let name = class["metadata"]["name"].as_str().unwrap_or_default();
    let other = default_class(store).and_then(|held| held["metadata"]["name"].as_str()).filter(|held| *held != name);
    other.map_or(Ok(()), |held| {
        let why = format!("PriorityClass {held} is already marked as default. Only one default can exist");
        Err(Refusal::forbidden(kind, name, &why))
    })
}

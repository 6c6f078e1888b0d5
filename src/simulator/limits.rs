//! Pods that are not let in: of a class of runtime, of which there is none
//! here, and in a namespace that limits what pods do. A copy takes the
//! original's word for both.

use serde_json::Value;

use super::status::Refusal;
use super::store::Store;
use crate::objects::kinds::ApiKind;

const LEVEL: &str = "pod-security.kubernetes.io/enforce";

/// Lets a new object pass or not.
///
/// # Errors
/// 403 for a class of runtime and for what only such a class may say; 501
/// where the namespace limits what pods may do.
pub fn admit(store: &Store, kind: &ApiKind, object: &Value, is_copy: bool) -> Result<(), Refusal> {
    if kind.kind != "Pod" || is_copy {
        return Ok(());
    }
    if is_limited(store, object) {
        return Err(Refusal::not_simulated("pod security admission"));
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let refused = |why: &str| Err(Refusal::forbidden(kind, name, &format!("pod rejected: {why}")));
    match object["spec"]["runtimeClassName"].as_str() {
        Some(class) => refused(&format!("RuntimeClass {class:?} not found")),
        None if object["spec"]["overhead"].is_null() => Ok(()),
        None => refused("Pod Overhead set without corresponding RuntimeClass defined Overhead"),
    }
}

fn is_limited(store: &Store, pod: &Value) -> bool {
    let home = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let home = ApiKind::named("Namespace").and_then(|kind| store.object(kind, "", home));
    let level = home.and_then(|home| home["metadata"]["labels"][LEVEL].as_str());
    level.is_some_and(|level| level != "privileged")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_copy_takes_the_word_of_its_original() {
        let kind = ApiKind::named("Pod").expect("a kind");
        let pod = json!({"metadata": {"name": "a"}, "spec": {"runtimeClassName": "gvisor"}});
        assert!(admit(&Store::default(), kind, &pod, true).is_ok());
        assert!(admit(&Store::default(), kind, &pod, false).is_err());
    }
}

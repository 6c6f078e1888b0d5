//! What a set refers to and does not bring: its headless Service, and the keys
//! of Secrets and ConfigMaps. The server checks none of it, and the pods find
//! out much later (S1-e7, S3-e2).

use std::sync::Arc;

use serde_json::Value;

use super::Context;
use crate::cluster::failure::explain;
use crate::error::Failure;
use crate::facts::reader::{Reader, is_forbidden};
use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::runbook::consistency::{around, wanted};
use crate::runbook::vocabulary::Existing;

/// A line for everything that is not there, or not as the set needs it.
pub async fn check(
    objects: &[Value],
    namespace: &str,
    reader: &Reader,
    context: &Context<'_>,
) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for set in objects.iter().filter(|object| object["kind"] == "StatefulSet") {
        let mut known: Vec<Value> = objects.to_vec();
        let mut unknown = Vec::new();
        for needed in wanted(set) {
            let Existing { kind, name } = &needed;
            let is_it = |object: &Value| object["kind"] == kind.as_str() && object["metadata"]["name"] == name.as_str();
            let Some(kind) = ApiKind::named(kind).filter(|_| !known.iter().any(is_it)) else { continue };
            let reference = ObjectRef { kind, namespace: namespace.to_owned(), name: name.clone() };
            match reader.get(&reference).await {
                Ok(found) => known.extend(found.map(Arc::unwrap_or_clone)),
                // What may not be seen may well be there.
                Err(error) if is_forbidden(&error) => unknown.push(needed),
                // No name that the server would take; the review says so.
                Err(kube::Error::BuildRequest(_)) => {}
                Err(error) => {
                    let what = format!("reading `{reference}`");
                    return Err(explain(&error, &context.connection.identity, &what));
                }
            }
        }
        lines.extend(around(set, &known, &unknown));
    }
    Ok(lines)
}

//! Rights. Everything is allowed but what the options deny, so that missing
//! rights can be tried out; access reviews answer from the same list.

use serde_json::Value;

use super::document::Node;
use super::request::{ObjectCall, Part, Raw};
use super::status::Refusal;
use super::world::Reply;

/// The name under which everybody comes in.
const USER: &str = "sandbox";

fn is_denied(denied: &[(String, String)], verb: &str, resource: &str) -> bool {
    denied.iter().any(|(bad_verb, bad_resource)| {
        (bad_verb == verb || bad_verb == "*") && (bad_resource == resource || bad_resource == "*")
    })
}

/// Lets a request through.
///
/// # Errors
/// 403 with the authoriser's text.
pub fn check(denied: &[(String, String)], call: &ObjectCall) -> Result<(), Refusal> {
    let verb = call.action.verb();
    let name = match call.part {
        Part::Whole => call.kind.plural.to_owned(),
        part => format!("{}/{}", call.kind.plural, part.name()),
    };
    if !is_denied(denied, verb, &name) {
        return Ok(());
    }
    let scope = if call.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", call.namespace)
    };
    let why = format!("User {USER:?} cannot {verb} resource {name:?} in API group {:?} {scope}", call.kind.group);
    Err(Refusal::denied(call.kind, &call.name, &why))
}

/// Answers a `SelfSubjectAccessReview`.
///
/// # Errors
/// 400 or 415 for a body that is none.
pub fn review(denied: &[(String, String)], raw: &Raw) -> Result<Reply, Refusal> {
    if raw.method != http::Method::POST {
        return Err(Refusal::method_not_allowed());
    }
    if raw.content_type != "application/json" {
        return Err(Refusal::unsupported_body());
    }
    let body: Node = serde_json::from_slice(&raw.body).map_err(|error| Refusal::bad_request(&error.to_string()))?;
    let Value::Object(mut review) = body.value() else {
        return Err(Refusal::bad_request("the body is no SelfSubjectAccessReview"));
    };
    let asked = review.get("spec").map_or(&Value::Null, |spec| &spec["resourceAttributes"]);
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let name = match text("subresource") {
        "" => text("resource").to_owned(),
        part => format!("{}/{part}", text("resource")),
    };
    let allowed = !is_denied(denied, text("verb"), &name);
    review.insert("kind".to_owned(), "SelfSubjectAccessReview".into());
    review.insert("apiVersion".to_owned(), "authorization.k8s.io/v1".into());
    review.entry("metadata").or_insert_with(|| serde_json::json!({}));
    review.insert("status".to_owned(), serde_json::json!({ "allowed": allowed }));
    Ok(Reply::json(201, Value::Object(review)))
}

//! Refusals in words that only custom objects get to hear.

use serde_json::{Value, json};

use crate::objects::kinds::ApiKind;
use crate::simulator::status::{Refusal, details, resource};

/// A definition must not look as if its objects were converted.
///
/// # Errors
/// 501 for conversion by webhook.
pub fn check_conversion(object: &Value) -> Result<(), Refusal> {
    let is_converted =
        object["kind"] == "CustomResourceDefinition" && object["spec"]["conversion"]["strategy"] == "Webhook";
    if is_converted { Err(Refusal::not_simulated("conversion of custom resources by webhook")) } else { Ok(()) }
}

impl Refusal {
    /// A patch of a custom object in a format that it does not know.
    #[must_use]
    pub fn unsupported_custom_patch() -> Self {
        let message = "the body of the request was in an unknown format - accepted media types include: \
                       application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
        Self::status(415, "UnsupportedMediaType", message, None)
    }

    /// 405 of a custom object's endpoint.
    #[must_use]
    pub fn unsupported_verb(kind: &ApiKind, verb: &str) -> Self {
        let message = format!("{verb} is not supported on resources of kind {:?}", resource(kind));
        Self::status(405, "MethodNotAllowed", &message, Some(details("", kind.group, kind.plural).into()))
    }

    /// 500 with a cause.
    #[must_use]
    pub fn internal_cause(why: &str) -> Self {
        let details = json!({"causes": [{ "message": why }]});
        Self::status(500, "InternalError", &format!("Internal error occurred: {why}"), Some(details))
    }
}

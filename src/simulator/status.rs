//! Refusals: the `Status` bodies of a real server, with its texts, reasons and
//! details. `NotFound` names the plural, `Invalid` and preconditions name the
//! kind; clients rely on both.

use serde_json::{Map, Value, json};

pub use super::cause::Cause;
use crate::objects::kinds::ApiKind;

/// Why a request was not done, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub code: u16,
    /// A `Status` object, or plain text where the real server answers text.
    pub body: Body,
    /// Texts of `Warning` headers.
    pub warnings: Vec<String>,
}

/// The two forms of an error body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    Status(Value),
    Text(String),
}

/// `statefulsets.apps`, as `NotFound` and `Conflict` name a resource.
#[must_use]
pub fn resource(kind: &ApiKind) -> String {
    if kind.group.is_empty() { kind.plural.to_owned() } else { format!("{}.{}", kind.plural, kind.group) }
}

/// `StatefulSet.apps`, as `Invalid` and failed preconditions name a kind.
#[must_use]
pub fn group_kind(kind: &ApiKind) -> String {
    if kind.group.is_empty() { kind.name().to_owned() } else { format!("{}.{}", kind.name(), kind.group) }
}

/// Which object a refusal is about; what is empty is left out.
pub(super) fn details(name: &str, group: &str, kind: &str) -> Map<String, Value> {
    let mut details = Map::new();
    for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            details.insert(key.to_owned(), Value::from(value));
        }
    }
    details
}

impl Refusal {
    pub(super) fn status(code: u16, reason: &str, message: &str, details: Option<Value>) -> Self {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        });
        if let Some(fields) = status.as_object_mut() {
            if !reason.is_empty() {
                fields.insert("reason".to_owned(), Value::from(reason));
            }
            if let Some(details) = details {
                fields.insert("details".to_owned(), details);
            }
            fields.insert("code".to_owned(), Value::from(code));
        }
        Self { code, body: Body::Status(status), warnings: Vec::new() }
    }

    /// `404 page not found`: no such group or path.
    #[must_use]
    pub fn no_page() -> Self {
        Self { code: 404, body: Body::Text("404 page not found\n".to_owned()), warnings: Vec::new() }
    }

    /// A known group without that resource.
    #[must_use]
    pub fn no_resource() -> Self {
        Self::status(404, "NotFound", "the server could not find the requested resource", Some(json!({})))
    }

    #[must_use]
    pub fn not_found(kind: &ApiKind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", resource(kind));
        Self::status(404, "NotFound", &message, Some(details(name, kind.group, kind.plural).into()))
    }

    #[must_use]
    pub fn already_exists(kind: &ApiKind, name: &str, is_terminating: bool) -> Self {
        let going = if is_terminating { "object is being deleted: " } else { "" };
        let message = format!("{going}{} {name:?} already exists", resource(kind));
        Self::status(409, "AlreadyExists", &message, Some(details(name, kind.group, kind.plural).into()))
    }

    /// A 409 about a resource, such as a stale `resourceVersion`.
    #[must_use]
    pub fn conflict(kind: &ApiKind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", resource(kind));
        Self::status(409, "Conflict", &message, Some(details(name, kind.group, kind.plural).into()))
    }

    /// The object changed since it was read.
    #[must_use]
    pub fn stale(kind: &ApiKind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    /// A failed precondition of DELETE; it names the kind, not the plural.
    #[must_use]
    pub fn precondition(kind: &ApiKind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", group_kind(kind));
        Self::status(409, "Conflict", &message, Some(details(name, kind.group, kind.name()).into()))
    }

    /// Server-side apply met fields of other managers.
    #[must_use]
    pub fn apply_conflict(message: &str, causes: &[(String, String)]) -> Self {
        let causes: Vec<Value> = causes
            .iter()
            .map(|(message, field)| json!({"reason": "FieldManagerConflict", "message": message, "field": field}))
            .collect();
        Self::status(409, "Conflict", message, Some(json!({ "causes": causes })))
    }

    /// 422 with one cause for each field.
    #[must_use]
    pub fn invalid(kind: &ApiKind, name: &str, causes: &[Cause]) -> Self {
        Self::invalid_named(kind.group, kind.name(), name, causes)
    }

    /// 422 for things that are no kind of ours, such as `Scale` or `PatchOptions`.
    #[must_use]
    pub fn invalid_named(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for cause in causes {
            let line = cause.line();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let text = if let [only] = lines.as_slice() { only.clone() } else { format!("[{}]", lines.join(", ")) };
        let full = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut details = details(name, group, kind);
        let causes: Vec<Value> = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
            .collect();
        details.insert("causes".to_owned(), Value::from(causes));
        Self::status(422, "Invalid", &format!("{full} {name:?} is invalid: {text}"), Some(details.into()))
    }

    /// 422 for a JSON patch that cannot be applied; the real server keeps the
    /// reason to itself.
    #[must_use]
    pub fn unusable_patch() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::status(422, "Invalid", message, Some(json!({})))
    }

    #[must_use]
    pub fn bad_request(message: &str) -> Self {
        Self::status(400, "BadRequest", message, None)
    }

    #[must_use]
    pub fn forbidden(kind: &ApiKind, name: &str, why: &str) -> Self {
        let message = format!("{} {name:?} is forbidden: {why}", resource(kind));
        Self::status(403, "Forbidden", &message, Some(details(name, kind.group, kind.plural).into()))
    }

    /// 403 of the authoriser; a collection has no name.
    #[must_use]
    pub fn denied(kind: &ApiKind, name: &str, why: &str) -> Self {
        let subject = if name.is_empty() { resource(kind) } else { format!("{} {name:?}", resource(kind)) };
        let message = format!("{subject} is forbidden: {why}");
        Self::status(403, "Forbidden", &message, Some(details(name, kind.group, kind.plural).into()))
    }

    /// What was found odd before this was refused.
    #[must_use]
    pub fn after_warnings(mut self, mut warnings: Vec<String>) -> Self {
        warnings.append(&mut self.warnings);
        self.warnings = warnings;
        self
    }

    /// Adds a machine-readable cause to the details.
    #[must_use]
    pub fn with_cause(mut self, reason: &str, message: &str, field: &str) -> Self {
        if let Body::Status(status) = &mut self.body {
            let mut cause = json!({ "reason": reason, "message": message });
            if !field.is_empty() {
                cause["field"] = Value::from(field);
            }
            status["details"]["causes"] = json!([cause]);
        }
        self
    }

    /// 429: the disruption budget of a pod does not let it be evicted.
    #[must_use]
    pub fn too_many_disruptions(why: &str, retry_after: Option<u32>) -> Self {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let mut details = json!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
        if let Some(seconds) = retry_after {
            details["retryAfterSeconds"] = Value::from(seconds);
        }
        Self::status(429, "TooManyRequests", message, Some(details))
    }

    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::status(405, "MethodNotAllowed", message, Some(json!({})))
    }

    /// A write body in a format that we do not read.
    #[must_use]
    pub fn unsupported_body() -> Self {
        let message = "the body of the request was in an unknown format - accepted media types include: \
                       application/json, application/yaml, application/vnd.kubernetes.protobuf";
        Self::status(415, "UnsupportedMediaType", message, None)
    }

    /// A patch of unknown type.
    #[must_use]
    pub fn unsupported_patch() -> Self {
        Self::status(415, "UnsupportedMediaType", "415: Unsupported Media Type", Some(json!({})))
    }

    /// No token, or another one than ours.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::status(401, "Unauthorized", "Unauthorized", None)
    }

    /// The request did not arrive in time.
    #[must_use]
    pub fn request_timeout() -> Self {
        Self::status(408, "Timeout", "the request did not arrive in time", None)
    }

    /// Nobody was waited for any longer.
    #[must_use]
    pub fn unavailable(message: &str) -> Self {
        Self::status(503, "ServiceUnavailable", message, None)
    }

    /// No media type that the client accepts.
    #[must_use]
    pub fn no_media_type() -> Self {
        let message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
                       application/vnd.kubernetes.protobuf";
        Self::status(406, "NotAcceptable", message, Some(json!({})))
    }

    /// A known media type, but no form of answer that the client accepts.
    #[must_use]
    pub fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json, application/yaml, \
                       application/vnd.kubernetes.protobuf";
        Self::status(406, "NotAcceptable", message, None)
    }

    #[must_use]
    pub fn too_large() -> Self {
        Self::entity_too_large("limit is 3145728")
    }

    #[must_use]
    pub fn entity_too_large(why: &str) -> Self {
        Self::status(413, "RequestEntityTooLarge", &format!("Request entity too large: {why}"), None)
    }

    /// The list is to be that of a revision that is no longer kept.
    #[must_use]
    pub fn expired_list() -> Self {
        Self::status(410, "Expired", "The resourceVersion for the provided list is too old.", None)
    }

    /// The rest of such a list; with this token it is that of the newest revision.
    #[must_use]
    pub fn expired_rest(token: String) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a \
                       new list without the continue parameter, or use the continue token in this response to retrieve \
                       the remainder of the results. Continuing with the provided token results in an inconsistent \
                       list - objects that were created, modified, or deleted between the time the first chunk was \
                       returned and now may show up in the list.";
        let mut refusal = Self::status(410, "Expired", message, None);
        if let Body::Status(status) = &mut refusal.body {
            status["metadata"]["continue"] = token.into();
        }
        refusal
    }

    #[must_use]
    pub fn expired_watch() -> Self {
        Self::status(410, "Expired", "The resourceVersion for the provided watch is too old.", None)
    }

    /// The watch asks for a past that is no longer kept.
    #[must_use]
    pub fn expired(asked: u64, oldest: u64) -> Self {
        Self::status(410, "Expired", &format!("too old resource version: {asked} ({oldest})"), None)
    }

    /// The read asks for a revision that does not exist yet.
    #[must_use]
    pub fn from_the_future(asked: u64, now: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {now}");
        let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        Self::status(504, "Timeout", &message, Some(json!({"causes": [cause], "retryAfterSeconds": 1})))
    }

    /// An error without a reason, as server-side apply reports bad fields.
    #[must_use]
    pub fn internal(message: &str) -> Self {
        Self::status(500, "", message, None)
    }

    /// A condition of the simulation itself (its file, its lock). No server has
    /// this reason, so that nobody looks for the log of one; and a code after
    /// which no read is repeated, since the file stays as it is.
    #[must_use]
    pub fn broken(message: &str) -> Self {
        Self::status(507, "SandboxUnusable", message, None)
    }

    /// The same for a sandbox that was thrown away meanwhile.
    #[must_use]
    pub fn removed(message: &str) -> Self {
        Self::status(507, "SandboxGone", message, None)
    }

    /// 403 of the authoriser for what is no object.
    #[must_use]
    pub fn denied_path(user: &str, verb: &str, path: &str) -> Self {
        let message = format!("forbidden: User {user:?} cannot {verb} path {path:?}");
        Self::status(403, "Forbidden", &message, Some(json!({})))
    }

    /// Exists in Kubernetes, but not here.
    #[must_use]
    pub fn not_simulated(what: &str) -> Self {
        let message = format!("the simulated cluster does not have {what}");
        Self::status(501, "NotImplemented", &message, Some(json!({})))
    }

    /// The body as JSON.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self.body {
            Body::Status(status) => status,
            Body::Text(text) => Value::from(text),
        }
    }

    /// The message, for controllers and tests.
    #[must_use]
    pub fn message(&self) -> &str {
        match &self.body {
            Body::Status(status) => status["message"].as_str().unwrap_or_default(),
            Body::Text(text) => text,
        }
    }
}

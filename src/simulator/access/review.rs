//! Access reviews: questions about rights that are answered and not stored.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::rules::grants;
use super::{Decision, Rights, User, Wish, refusal_text};
use crate::objects::kinds::ApiKind;
use crate::simulator::body;
use crate::simulator::patch::field_set::FieldSet;
use crate::simulator::patch::managed_fields::{Managed, Operation, Owner};
use crate::simulator::query::Query;
use crate::simulator::request::Raw;
use crate::simulator::schema::table;
use crate::simulator::settle::settle;
use crate::simulator::status::{Cause, Refusal};
use crate::simulator::world::{Reply, manager};

const GROUP: &str = "authorization.k8s.io";

/// The four reviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    SelfAccess,
    SelfRules,
    Access,
    LocalAccess,
}

impl Review {
    pub const ALL: [Self; 4] = [Self::SelfAccess, Self::SelfRules, Self::Access, Self::LocalAccess];

    /// The kind that stands in paths and bodies.
    #[must_use]
    pub fn kind(self) -> ApiKind {
        let (kind, plural) = match self {
            Self::SelfAccess => ("SelfSubjectAccessReview", "selfsubjectaccessreviews"),
            Self::SelfRules => ("SelfSubjectRulesReview", "selfsubjectrulesreviews"),
            Self::Access => ("SubjectAccessReview", "subjectaccessreviews"),
            Self::LocalAccess => ("LocalSubjectAccessReview", "localsubjectaccessreviews"),
        };
        ApiKind { group: GROUP, version: "v1", kind, plural, namespaced: self == Self::LocalAccess }
    }

    /// The review with this plural, asked for in a namespace or not.
    #[must_use]
    pub fn at(plural: &str, is_namespaced: bool) -> Option<Self> {
        Self::ALL.into_iter().find(|review| review.kind().plural == plural && review.kind().namespaced == is_namespaced)
    }
}

/// Answers a review.
///
/// # Errors
/// 400, 403, 405, 415 or 422 for a question that cannot be asked so.
pub fn answer(
    rights: &Rights<'_>,
    review: Review,
    namespace: &str,
    raw: &Raw,
    now: Timestamp,
) -> Result<Reply, Refusal> {
    let kind = review.kind();
    if raw.method != Method::POST {
        return Err(Refusal::method_not_allowed());
    }
    let asked = Wish {
        verb: "create".to_owned(),
        group: GROUP.to_owned(),
        resource: kind.plural.to_owned(),
        namespace: namespace.to_owned(),
        ..Wish::default()
    };
    let user = raw.user.as_ref();
    if let Decision::Denied(reason) = rights.decide(user, &asked)
        && user.is_some()
    {
        return Err(Refusal::denied(&kind, "", &refusal_text(user, &asked, &reason)));
    }
    let query = Query::parse(&raw.query, &raw.method, true)?;
    let shape = table().kind(kind.kind);
    let object = body::object(raw, &kind.api_version(), kind.kind, query.field_validation)?.object;
    let mut object = settle(&shape, object).unwrap_or_default();
    if review == Review::SelfRules {
        return own_rules(rights, user, &object);
    }
    check(review, namespace, &object["spec"])?;
    let owner = Owner {
        operation: Operation::Update,
        manager: manager(&query, raw),
        api_version: kind.api_version(),
        subresource: String::new(),
    };
    let mut managed = Managed::default();
    managed.updated(&shape, &shape.zero(), &object, &owner, &FieldSet::default(), now);
    if kind.namespaced {
        object["metadata"]["namespace"] = namespace.into();
    }
    managed.store(&mut object);
    let spec = &object["spec"];
    let subject = named_in(spec);
    let subject = if review == Review::SelfAccess { user } else { Some(&subject) };
    let (is_allowed, reason) = match rights.decide(subject, &wish(spec)) {
        Decision::Allowed(reason) => (true, reason),
        Decision::Denied(reason) => (false, reason),
    };
    object["status"] = json!({ "allowed": is_allowed });
    if !reason.is_empty() {
        object["status"]["reason"] = reason.into();
    }
    Ok(Reply::json(201, object))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn check(review: Review, namespace: &str, spec: &Value) -> Result<(), Refusal> {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let mut causes = Vec::new();
    if !resource.is_null() && !path.is_null() {
        let shown = json!({"Path": text(path, "path"), "Verb": text(path, "verb")});
        let why = "cannot be specified in combination with resourceAttributes";
        causes.push(Cause::invalid("spec.nonResourceAttributes", &shown, why));
    }
    if resource.is_null() && path.is_null() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        causes.push(Cause::invalid("spec.resourceAttributes", &Value::Null, why));
    }
    if review != Review::SelfAccess && text(spec, "user").is_empty() && spec["groups"].is_null() {
        causes.push(Cause::invalid("spec.user", &"".into(), "at least one of user or group must be specified"));
    }
    if review == Review::LocalAccess && text(resource, "namespace") != namespace {
        let given = text(resource, "namespace").into();
        causes.push(Cause::invalid("spec.resourceAttributes.namespace", &given, "must match metadata.namespace"));
    }
    if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid_named(GROUP, "", "", &causes)) }
}

fn wish(spec: &Value) -> Wish {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    if resource.is_null() {
        return Wish { verb: text(path, "verb").to_owned(), path: text(path, "path").to_owned(), ..Wish::default() };
    }
    let whole = text(resource, "resource");
    Wish {
        verb: text(resource, "verb").to_owned(),
        group: text(resource, "group").to_owned(),
        resource: match text(resource, "subresource") {
            "" => whole.to_owned(),
            part => format!("{whole}/{part}"),
        },
        namespace: text(resource, "namespace").to_owned(),
        name: text(resource, "name").to_owned(),
        path: String::new(),
    }
}

/// The user that a review is about; only the groups that are given count.
fn named_in(spec: &Value) -> User {
    let groups = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    User { name: text(spec, "user").to_owned(), groups: groups.collect() }
}

fn own_rules(rights: &Rights<'_>, user: Option<&User>, object: &Value) -> Result<Reply, Refusal> {
    let namespace = text(&object["spec"], "namespace");
    if namespace.is_empty() {
        return Err(Refusal::bad_request("no namespace on request"));
    }
    let rules = match user {
        Some(user) => grants(rights.store, user, namespace).0.into_iter().flat_map(|grant| grant.rules).collect(),
        None => vec![
            json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}),
            json!({"verbs": ["*"], "nonResourceURLs": ["*"]}),
        ],
    };
    let (paths, resources): (Vec<Value>, Vec<Value>) =
        rules.into_iter().partition(|rule| !rule["nonResourceURLs"].is_null());
    Ok(Reply::json(
        201,
        json!({
            "kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {},
            "status": {"resourceRules": resources, "nonResourceRules": paths, "incomplete": false},
        }),
    ))
}

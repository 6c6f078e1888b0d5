//! Access reviews: questions about rights that are answered and not stored.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::rules::grants;
use super::{ADMINISTRATOR, Decision, MASTERS, Rights, User, Wish, refusal_text};
use crate::objects::kinds::ApiKind;
use crate::simulator::body;
use crate::simulator::clock::clock_text;
use crate::simulator::patch::field_set::FieldSet;
use crate::simulator::patch::managed_fields::{Managed, Operation, Owner};
use crate::simulator::query::Query;
use crate::simulator::request::Raw;
use crate::simulator::schema::table;
use crate::simulator::settle::settle;
use crate::simulator::status::{Cause, Refusal};
use crate::simulator::world::{Reply, manager};

const GROUP: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// Questions about rights, and the one about who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    SelfAccess,
    SelfRules,
    Access,
    LocalAccess,
    Oneself,
}

impl Review {
    pub const ALL: [Self; 5] = [Self::SelfAccess, Self::SelfRules, Self::Access, Self::LocalAccess, Self::Oneself];

    /// The kind that stands in paths and bodies.
    #[must_use]
    pub fn kind(self) -> ApiKind {
        let (kind, plural) = match self {
            Self::SelfAccess => ("SelfSubjectAccessReview", "selfsubjectaccessreviews"),
            Self::SelfRules => ("SelfSubjectRulesReview", "selfsubjectrulesreviews"),
            Self::Access => ("SubjectAccessReview", "subjectaccessreviews"),
            Self::LocalAccess => ("LocalSubjectAccessReview", "localsubjectaccessreviews"),
            Self::Oneself => ("SelfSubjectReview", "selfsubjectreviews"),
        };
        let group = if self == Self::Oneself { AUTHENTICATION } else { GROUP };
        ApiKind { group, version: "v1", kind, plural, namespaced: self == Self::LocalAccess, has_status: false }
    }

    /// The review with this plural, asked for in a namespace or not.
    #[must_use]
    pub fn at(group: &str, plural: &str, is_namespaced: bool) -> Option<Self> {
        Self::ALL.into_iter().find(|review| {
            let kind = review.kind();
            kind.group == group && kind.plural == plural && kind.namespaced == is_namespaced
        })
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
    let verb = match raw.method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "deletecollection",
        _ => "list",
    };
    let asked = Wish {
        verb: verb.to_owned(),
        group: kind.group.to_owned(),
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
    if raw.method != Method::POST {
        return Err(Refusal::method_not_allowed());
    }
    let query = Query::parse(&raw.query, &raw.method, true)?;
    let shape = table().kind(kind.kind);
    let object = body::object(raw, &kind.api_version(), kind.kind, query.field_validation)?.object;
    let mut object = settle(&shape, object).unwrap_or_default();
    if review == Review::SelfRules {
        return own_rules(rights, user, &object);
    }
    if review == Review::Oneself {
        return Ok(oneself(user, now));
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

/// Who asks, as the server knows them.
fn oneself(user: Option<&User>, now: Timestamp) -> Reply {
    let user = user.cloned().unwrap_or_else(administrator);
    let mut known = json!({"username": user.name});
    if !user.uid.is_empty() {
        known["uid"] = user.uid.into();
    }
    known["groups"] = user.groups.into();
    if !user.extra.is_empty() {
        known["extra"] = json!(user.extra);
    }
    let body = json!({
        "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": clock_text(now)},
        "status": {"userInfo": known},
    });
    Reply::json(201, body)
}

fn administrator() -> User {
    User::named(ADMINISTRATOR, vec![MASTERS.to_owned()])
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
    User { name: text(spec, "user").to_owned(), groups: groups.collect(), ..User::default() }
}

fn own_rules(rights: &Rights<'_>, user: Option<&User>, object: &Value) -> Result<Reply, Refusal> {
    let namespace = text(&object["spec"], "namespace");
    if namespace.is_empty() {
        return Err(Refusal::bad_request("no namespace on request"));
    }
    let user = user.cloned().unwrap_or_else(administrator);
    let rules = grants(rights.store, &user, namespace).0.into_iter().flat_map(|grant| grant.rules);
    let (paths, resources): (Vec<Value>, Vec<Value>) = rules.partition(|rule| !rule["nonResourceURLs"].is_null());
    Ok(Reply::json(
        201,
        json!({
            "kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {},
            "status": {"resourceRules": resources, "nonResourceRules": paths, "incomplete": false},
        }),
    ))
}

//! From method, path and query to a typed request. What Kubernetes has but we
//! do not simulate is told apart from what does not exist at all.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::access::{Review, User};
pub use super::call::{Action, Call, ObjectCall, Page, Part, PatchKind};
use super::groups::{check_served, kind_at, known_group};
use super::query::Query;
use super::status::Refusal;
use super::store::Store;
use crate::objects::kinds::ApiKind;
use crate::objects::looked_for::LookedFor;

/// A request as it came in.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    pub method: Method,
    pub path: String,
    pub query: String,
    /// Without parameters such as `charset`.
    pub content_type: String,
    pub user_agent: String,
    /// On whose behalf, if not the administrator's.
    pub user: Option<User>,
    /// What the asker picks out of a list, if he told in passing.
    pub looked_for: Option<LookedFor>,
    pub body: Bytes,
    /// The body of a writer of the cluster's own, which need not be read.
    pub handed: Option<Arc<Value>>,
}

impl Raw {
    /// What a writer of the cluster's own asks, with its name as field manager.
    pub(super) fn by(
        name: &str,
        method: Method,
        path: String,
        content_type: &str,
        body: impl Into<Arc<Value>>,
    ) -> Self {
        Self {
            method,
            path,
            query: format!("fieldManager={name}"),
            content_type: content_type.to_owned(),
            user_agent: name.to_owned(),
            handed: Some(body.into()),
            ..Self::default()
        }
    }

    /// Whether anything came with it.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.body.is_empty() && self.handed.is_none()
    }
}

/// Subresources that need a real node or are not simulated.
const OTHER_PARTS: &[(&str, &[&str])] = &[
    ("Pod", &["attach", "ephemeralcontainers", "exec", "portforward", "proxy", "resize"]),
    ("ServiceAccount", &["token"]),
    ("Node", &["proxy"]),
    ("Service", &["proxy"]),
];

/// Reads a request.
///
/// # Errors
/// A `Refusal`: 404 for what does not exist, 501 for what is not simulated,
/// 405 and 415 for methods and formats that do not fit.
pub fn parse(raw: &Raw, store: &Store) -> Result<Call, Refusal> {
    let parts: Vec<&str> = raw.path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["version" | "api"] | ["apis", _, _] if raw.method != Method::GET => Err(Refusal::method_not_allowed()),
        ["version"] => Ok(Call::Page(Page::Version)),
        ["readyz" | "livez" | "healthz", ..] => Ok(Call::Page(Page::Health)),
        ["openapi", "v2"] => Ok(Call::Page(Page::OpenApiBefore)),
        ["openapi", "v3"] => Ok(Call::Page(Page::OpenApi(None))),
        ["openapi", "v3", "api", "v1"] => Ok(Call::Page(Page::OpenApi(Some((String::new(), "v1".to_owned()))))),
        ["openapi", "v3", "apis", group, version] => {
            check_served(store, group, version)?;
            Ok(Call::Page(Page::OpenApi(Some(((*group).to_owned(), (*version).to_owned())))))
        }
        ["api"] => Ok(Call::Page(Page::CoreVersions)),
        ["apis"] => Ok(Call::Page(Page::Groups)),
        ["api", "v1"] => Ok(Call::Page(Page::Resources(String::new(), "v1".to_owned()))),
        ["api", "v1", "limitranges"] | ["api", "v1", "namespaces", _, "limitranges"] if raw.method == Method::GET => {
            Ok(Call::Page(Page::NoLimitRanges))
        }
        ["api", "v1", rest @ ..] => objects(raw, store, ("", "v1"), rest),
        ["apis", "authentication.k8s.io", "v1", "tokenreviews"] => Err(Refusal::not_simulated("tokenreviews")),
        ["apis", group @ ("authentication.k8s.io" | "authorization.k8s.io"), "v1", plural] => {
            let review = Review::at(group, plural, false).ok_or_else(Refusal::no_resource)?;
            Ok(Call::Review(review, String::new()))
        }
        ["apis", "authorization.k8s.io", "v1", "namespaces", namespace, plural] => {
            let review = Review::at("authorization.k8s.io", plural, true).ok_or_else(Refusal::no_resource)?;
            Ok(Call::Review(review, (*namespace).to_owned()))
        }
        ["apis", group] => known_group(store, group).map(|_| Call::Page(Page::Group((*group).to_owned()))),
        ["apis", group, version] => {
            check_served(store, group, version)?;
            Ok(Call::Page(Page::Resources((*group).to_owned(), (*version).to_owned())))
        }
        ["apis", group, version, rest @ ..] => {
            check_served(store, group, version)?;
            objects(raw, store, (group, version), rest)
        }
        _ => Err(Refusal::no_page()),
    }
}

fn objects(raw: &Raw, store: &Store, group: (&str, &str), rest: &[&str]) -> Result<Call, Refusal> {
    // The old spelling of a watch, of a collection or of one object.
    let (is_old_watch, rest) = match rest {
        ["watch", rest @ ..] if !rest.is_empty() && raw.method == Method::GET => (true, rest),
        rest => (false, rest),
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, resource, rest @ ..] if !matches!(*resource, "status" | "finalize") => {
            (*namespace, [&[*resource], rest].concat())
        }
        rest => ("", rest.to_vec()),
    };
    let (resource, name, part) = match rest.as_slice() {
        [resource] => (*resource, "", ""),
        [resource, name] => (*resource, *name, ""),
        [resource, name, part] | [resource, name, part @ "proxy", ..] => (*resource, *name, *part),
        _ => return Err(Refusal::no_resource()),
    };
    let kind = kind_at(raw, store, group, resource)?;
    if !kind.namespaced && !namespace.is_empty() {
        return Err(if kind.is_custom() { Refusal::no_page() } else { Refusal::no_resource() });
    }
    let part = if kind.is_custom() { custom_part(store, kind, name, part)? } else { subresource(kind, part)? };
    let mut query = Query::parse(&raw.query, &raw.method, name.is_empty() || is_old_watch)?;
    query.fields.check(kind)?;
    let mut name = name;
    if is_old_watch {
        query.watch = true;
        if !name.is_empty() {
            query.fields.require_name(name);
            name = "";
        }
    }
    let action = action(raw, kind, namespace, name, part, &query)?;
    if matches!(action, Action::List | Action::Watch | Action::DeleteCollection) {
        query.check_versions()?;
    }
    Ok(Call::Objects(Box::new(ObjectCall {
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        part,
        action,
        query,
    })))
}

fn custom_part(store: &Store, kind: &ApiKind, name: &str, part: &str) -> Result<Part, Refusal> {
    let has_scale = || store.version_of(kind).is_some_and(|(_, version)| version.replicas.is_some());
    match part {
        "" => Ok(Part::Whole),
        "status" if kind.has_status => Ok(Part::Status),
        "scale" if has_scale() => Ok(Part::Scale),
        _ => Err(Refusal::not_found(kind, name)),
    }
}

fn subresource(kind: &'static ApiKind, part: &str) -> Result<Part, Refusal> {
    match part {
        "" => Ok(Part::Whole),
        "status" if kind.has_status => Ok(Part::Status),
        "scale" if kind.kind == "StatefulSet" => Ok(Part::Scale),
        "binding" if kind.kind == "Pod" => Ok(Part::Binding),
        "eviction" if kind.kind == "Pod" => Ok(Part::Eviction),
        "finalize" if kind.kind == "Namespace" => Ok(Part::Finalize),
        "log" if kind.kind == "Pod" => Ok(Part::Log),
        other if OTHER_PARTS.iter().any(|(owner, parts)| *owner == kind.kind && parts.contains(&other)) => {
            Err(Refusal::not_simulated(&format!("{}/{other}", kind.plural)))
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn action(
    raw: &Raw,
    kind: &'static ApiKind,
    namespace: &str,
    name: &str,
    part: Part,
    query: &Query,
) -> Result<Action, Refusal> {
    let on_collection = name.is_empty();
    if !on_collection && kind.namespaced && namespace.is_empty() {
        return Err(if kind.is_custom() { Refusal::no_page() } else { Refusal::no_resource() });
    }
    match (&raw.method, on_collection) {
        (&Method::GET, true) if query.watch => Ok(Action::Watch),
        (&Method::GET, true) => Ok(Action::List),
        (&Method::GET, false) if matches!(part, Part::Whole | Part::Status | Part::Scale | Part::Log) => {
            Ok(Action::Get)
        }
        (&Method::POST, true) if !kind.namespaced || !namespace.is_empty() => Ok(Action::Create),
        (&Method::POST, false) if matches!(part, Part::Binding | Part::Eviction) => Ok(Action::Create),
        (&Method::PUT, false) if !matches!(part, Part::Binding | Part::Eviction | Part::Log) => Ok(Action::Update),
        (&Method::PATCH, false) if matches!(part, Part::Whole | Part::Status | Part::Scale) => {
            patch_kind(&raw.content_type).map(Action::Patch)
        }
        (&Method::DELETE, false) if part == Part::Whole => Ok(Action::Delete),
        (&Method::DELETE, true) if goes_at_once(kind) && (!kind.namespaced || !namespace.is_empty()) => {
            Ok(Action::DeleteCollection)
        }
        _ if kind.is_custom() && raw.method == Method::DELETE => Err(Refusal::unsupported_verb(kind, "delete")),
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// Whether a collection of them can be deleted in one request.
#[must_use]
pub fn goes_at_once(kind: &ApiKind) -> bool {
    kind.kind != "Namespace"
}

pub(super) fn patch_kind(content_type: &str) -> Result<PatchKind, Refusal> {
    match content_type {
        "application/json-patch+json" => Ok(PatchKind::Json),
        "application/merge-patch+json" => Ok(PatchKind::Merge),
        "application/strategic-merge-patch+json" => Ok(PatchKind::Strategic),
        "application/apply-patch+yaml" => Ok(PatchKind::Apply),
        _ => Err(Refusal::unsupported_patch()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(method: Method, path: &str, content_type: &str) -> Result<Call, Refusal> {
        let raw = Raw { method, path: path.to_owned(), content_type: content_type.to_owned(), ..Raw::default() };
        parse(&raw, &Store::default())
    }

    fn object_call(method: Method, path: &str) -> ObjectCall {
        match parsed(method, path, "application/merge-patch+json") {
            Ok(Call::Objects(call)) => *call,
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn paths_are_taken_apart() {
        let call = object_call(Method::GET, "/apis/apps/v1/namespaces/db/statefulsets/web/scale");
        assert_eq!(
            (call.kind.kind, &*call.namespace, &*call.name, call.part),
            ("StatefulSet", "db", "web", Part::Scale)
        );
        let call = object_call(Method::PATCH, "/api/v1/namespaces/db");
        assert_eq!((call.kind.kind, &*call.namespace, &*call.name), ("Namespace", "", "db"));
        let call = object_call(Method::PUT, "/api/v1/namespaces/db/status");
        assert_eq!((call.kind.kind, &*call.name, call.part), ("Namespace", "db", Part::Status));
        assert_eq!(object_call(Method::GET, "/api/v1/pods").action, Action::List);
    }

    #[test]
    fn what_is_not_simulated_is_refused_by_name() {
        for (path, code) in [
            ("/apis/batch/v1/jobs", 501),
            ("/apis/autoscaling/v1/horizontalpodautoscalers", 501),
            ("/apis/apps/v1/deployments", 501),
            ("/api/v1/namespaces/a/pods/b/exec", 501),
            ("/api/v1/namespaces/a/pods/b/proxy/metrics/all", 501),
            ("/api/v1/nodes/a/proxy/stats", 501),
            ("/api/v1/namespaces/a/configmaps/b/proxy/c", 404),
            ("/apis/foo/v1/bars", 404),
            ("/apis/apps/v1/bars", 404),
            ("/api/v1/namespaces/a/configmaps/b/status", 404),
        ] {
            assert_eq!(parsed(Method::GET, path, "").expect_err(path).code, code, "{path}");
        }
        let refused = parsed(Method::PATCH, "/api/v1/nodes/a", "text/plain").expect_err("no patch format");
        assert_eq!(refused.code, 415);
    }
}

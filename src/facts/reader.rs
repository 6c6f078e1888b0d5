//! The only way in which facts are read: quorum reads, never a watch cache
//! (H-32), so no request carries a `resourceVersion`. Answers stay untyped,
//! because what is read may have to be written back whole.

pub mod answer;
mod page;
#[cfg(test)]
mod tests;
mod users;

use std::borrow::Cow;
use std::sync::Arc;

use http::Request;
use http::header::{ACCEPT, HeaderValue};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use kube::core::Request as Builder;
use kube::core::params::{GetParams, ListParams};
use kube::core::request::Error as Unbuilt;
use serde_json::{Value, json};

use self::answer::Answer;
use self::page::{LeftOut, Page};
use crate::objects::kinds::{ApiKind, ObjectRef, collection_path};
use crate::objects::looked_for::LookedFor;

/// Objects per page of a list.
const PAGE: u32 = 500;

/// Bytes of a log that are read: a line may have no end.
const MOST_OF_A_LOG: usize = 4096;

/// More pages than any cluster has; a server that goes on is broken.
const MOST_PAGES: usize = 10_000;

/// A server that cannot leave the rest out sends it.
const METADATA_ALONE: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// What is asked for of a list.
struct List {
    page: ListParams,
    left_out: LeftOut,
    /// Of each object the metadata alone.
    names: bool,
    /// All that is kept of it.
    looked_for: Option<LookedFor>,
}

/// Reads one cluster.
#[derive(Clone)]
pub struct Reader {
    client: kube::Client,
}

impl Reader {
    #[must_use]
    pub const fn new(client: kube::Client) -> Self {
        Self { client }
    }

    /// One object; `None` if it does not exist.
    pub async fn get(&self, object: &ObjectRef) -> Result<Option<Arc<Value>>, kube::Error> {
        let path = collection(object.kind, &object.namespace)?;
        check_segment(&object.name)?;
        let request = Builder::new(path).get(&object.name, &GetParams::default()).map_err(kube::Error::BuildRequest)?;
        match self.ask(request).await {
            Ok(found) => Ok(Some(named(found, object.kind))),
            Err(error) if has_code(&error, 404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All objects of a kind, by namespace and name. An empty `namespace`
    /// means all of them. The list is read in pages; if it expires on the way,
    /// it is read once more from the start.
    pub async fn list(
        &self,
        kind: &ApiKind,
        namespace: &str,
        label_selector: Option<&str>,
    ) -> Result<Vec<Value>, kube::Error> {
        let page = ListParams { label_selector: label_selector.map(str::to_owned), ..ListParams::default() };
        self.collect(kind, namespace, page).await
    }

    /// The events about one object, by its UID.
    pub async fn events_about(&self, uid: &str, namespace: &str) -> Result<Vec<Value>, kube::Error> {
        let Some(kind) = ApiKind::named("Event") else { return Ok(Vec::new()) };
        let field_selector = Some(format!("involvedObject.uid={uid}"));
        self.collect(kind, namespace, ListParams { field_selector, ..ListParams::default() }).await
    }

    /// The last lines that a container wrote, in this run or in the one before.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        lines: usize,
    ) -> Result<String, kube::Error> {
        for name in [namespace, pod, container] {
            check_segment(name)?;
        }
        let path = format!(
            "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&tailLines={lines}&limitBytes={MOST_OF_A_LOG}{}",
            if previous { "&previous=true" } else { "" }
        );
        self.client.request_text(get(&path)?).await
    }

    /// The same, each object as `view` makes it: of a long list no more than the
    /// text of a page is held as it was answered, and what no view of the kind
    /// has is not even decoded.
    pub async fn list_as<T>(
        &self,
        kind: &ApiKind,
        namespace: &str,
        label_selector: Option<&str>,
        view: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, kube::Error> {
        let page = ListParams { label_selector: label_selector.map(str::to_owned), ..ListParams::default() };
        let view = |object: Cow<'_, Value>| view(&object);
        self.collect_as(
            kind,
            namespace,
            List { page, left_out: LeftOut::of(kind.kind), names: false, looked_for: None },
            view,
        )
        .await
    }

    /// The names of all objects of a kind, for which the server sends no more
    /// than their metadata.
    pub async fn names(&self, kind: &ApiKind, namespace: &str) -> Result<Vec<String>, kube::Error> {
        let (page, left_out) = (ListParams::default(), LeftOut::ALL_BUT_METADATA);
        let list = List { page, left_out, names: true, looked_for: None };
        let name = |object: Cow<'_, Value>| object["metadata"]["name"].as_str().map(str::to_owned);
        self.collect_as(kind, namespace, list, name).await
    }

    async fn collect(&self, kind: &ApiKind, namespace: &str, page: ListParams) -> Result<Vec<Value>, kube::Error> {
        let whole = |object: Cow<'_, Value>| {
            let mut object = object.into_owned();
            name_kind(&mut object, kind);
            Some(object)
        };
        let list = List { page, left_out: LeftOut::NOTHING, names: false, looked_for: None };
        self.collect_as(kind, namespace, list, whole).await
    }

    async fn collect_as<T>(
        &self,
        kind: &ApiKind,
        namespace: &str,
        list: List,
        keep: impl Fn(Cow<'_, Value>) -> Option<T>,
    ) -> Result<Vec<T>, kube::Error> {
        let path = collection(kind, namespace)?;
        let keep = |object: Cow<'_, Value>| Some((place(&object), keep(object)?));
        let mut items = match self.pages(&path, &list, &keep).await {
            Err(error) if has_code(&error, 410) => self.pages(&path, &list, &keep).await?,
            found => found?,
        };
        items.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }

    /// Whether the caller may do this, as the server itself judges; an empty
    /// `namespace` asks for all of them. It posts a review and changes nothing.
    pub async fn may(&self, verb: &str, kind: &ApiKind, namespace: &str) -> Result<bool, kube::Error> {
        Ok(self.review(verb, kind, "", namespace).await? == Some(true))
    }

    /// The same for a subresource, empty for none; `None` where the server could
    /// not find out.
    #[expect(clippy::disallowed_methods, reason = "a review is posted and changes nothing")]
    pub async fn review(
        &self,
        verb: &str,
        kind: &ApiKind,
        subresource: &str,
        namespace: &str,
    ) -> Result<Option<bool>, kube::Error> {
        let mut wanted = json!({"verb": verb, "group": kind.group, "version": kind.version, "resource": kind.plural});
        if !subresource.is_empty() {
            wanted["subresource"] = json!(subresource);
        }
        if kind.namespaced && !namespace.is_empty() {
            wanted["namespace"] = json!(namespace);
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wanted},
        });
        let request = Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(review.to_string().into_bytes())
            .map_err(kube::Error::HttpError)?;
        let answer = self.ask(request).await?;
        let status = &answer["status"];
        let is_unsure = status["evaluationError"].as_str().is_some_and(|why| !why.is_empty());
        Ok(match (status["allowed"] == true, is_unsure && status["denied"] != true) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        })
    }

    /// Who the caller is to the server; `None` where it does not say. It posts a
    /// review and changes nothing.
    #[expect(clippy::disallowed_methods, reason = "a review is posted and changes nothing")]
    pub async fn whoami(&self) -> Option<String> {
        let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
        let request = Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(review.to_string().into_bytes())
            .ok()?;
        let answer = self.ask(request).await.ok()?;
        answer["status"]["userInfo"]["username"].as_str().map(str::to_owned)
    }

    pub async fn namespace_exists(&self, namespace: &str) -> Result<bool, kube::Error> {
        Ok(self.namespace_uid(namespace).await?.is_some())
    }

    /// The UID of a namespace; `None` if it does not exist. That of `kube-system`
    /// tells one cluster from another, whatever either is called.
    pub async fn namespace_uid(&self, namespace: &str) -> Result<Option<String>, kube::Error> {
        check_segment(namespace)?;
        let path = format!("/api/v1/namespaces/{namespace}");
        match self.ask(get(&path)?).await {
            Ok(found) => Ok(Some(found["metadata"]["uid"].as_str().unwrap_or_default().to_owned())),
            Err(error) if has_code(&error, 404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The server's time, by the second, and its version; `None` for what it
    /// does not tell.
    pub async fn server(&self) -> (Option<Timestamp>, Option<String>) {
        let Ok(request) = Request::get("/version").body(kube::client::Body::empty()) else { return (None, None) };
        let Ok(answer) = self.client.send(request).await else { return (None, None) };
        let date = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        let at = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|zoned| zoned.timestamp());
        let body = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        (at, told["gitVersion"].as_str().map(str::to_owned))
    }

    /// The items of all pages of one list.
    async fn pages<T>(
        &self,
        path: &str,
        list: &List,
        keep: &impl Fn(Cow<'_, Value>) -> Option<T>,
    ) -> Result<Vec<T>, kube::Error> {
        let mut page = list.page.clone().limit(PAGE);
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut request = Builder::new(path).list(&page).map_err(kube::Error::BuildRequest)?;
            if list.names {
                request.headers_mut().insert(ACCEPT, HeaderValue::from_static(METADATA_ALONE));
            }
            if let Some(looked_for) = &list.looked_for {
                request.extensions_mut().insert(looked_for.clone());
            }
            let found = match answer::ask(&self.client, request).await? {
                Answer::List(objects, next) => Page::of(&objects, next, keep),
                Answer::Object(_) => return Err(kube::Error::Service("the server's answer is no list".into())),
                Answer::Text(text) => page::read(&text, list.left_out, keep).map_err(kube::Error::SerdeError)?,
            };
            all.extend(found.items);
            if found.next.is_none() {
                return Ok(all);
            }
            page.continue_token = found.next;
        }
        Err(kube::Error::Service("the server's list does not end".into()))
    }

    /// Sends a request and decodes the answer here, since kube's own decoder
    /// logs whole answers that it cannot read, Secrets included.
    async fn ask(&self, request: Request<Vec<u8>>) -> Result<Arc<Value>, kube::Error> {
        let found = answer::ask(&self.client, request).await?.object()?;
        if found.is_object() { Ok(found) } else { Err(kube::Error::Service("the server's answer is no object".into())) }
    }
}

/// Whether the server refused because of missing rights.
#[must_use]
pub fn is_forbidden(error: &kube::Error) -> bool {
    has_code(error, 403)
}

/// Whether the server does not have this object or this API at all.
#[must_use]
pub fn is_missing(error: &kube::Error) -> bool {
    has_code(error, 404) || has_code(error, 501)
}

fn has_code(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

/// Namespace and name, for sorting.
fn place(object: &Value) -> (Option<String>, Option<String>) {
    let text = |key: &str| object["metadata"][key].as_str().map(str::to_owned);
    (text("namespace"), text("name"))
}

fn get(path: &str) -> Result<Request<Vec<u8>>, kube::Error> {
    Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)
}

/// The path of an object whose names are names.
///
/// # Errors
/// One of them could lead to another object.
pub fn path_of(object: &ObjectRef) -> Result<String, kube::Error> {
    check_segment(&object.name)?;
    Ok(format!("{}/{}", collection(object.kind, &object.namespace)?, object.name))
}

/// The path of all objects of a kind in a namespace; of all there are if that is empty.
///
/// # Errors
/// The namespace is no name.
pub fn collection(kind: &ApiKind, namespace: &str) -> Result<String, kube::Error> {
    if !namespace.is_empty() {
        check_segment(namespace)?;
    }
    Ok(collection_path(kind, namespace))
}

/// A name becomes part of a path: what is no Kubernetes name could lead to
/// another object, and an empty one would turn a get into a list.
fn check_segment(name: &str) -> Result<(), kube::Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(allowed) {
        return Err(kube::Error::BuildRequest(Unbuilt::Validation(format!("`{name}` is not a name"))));
    }
    Ok(())
}

/// The object with its kind, which most answers say already.
fn named(mut object: Arc<Value>, kind: &ApiKind) -> Arc<Value> {
    if object["kind"] != kind.kind || object["apiVersion"] != kind.api_version() {
        name_kind(Arc::make_mut(&mut object), kind);
    }
    object
}

/// Items of a list come without `apiVersion` and `kind`.
fn name_kind(object: &mut Value, kind: &ApiKind) {
    let Some(fields) = object.as_object_mut() else { return };
    let mut named = serde_json::Map::new();
    named.insert("apiVersion".to_owned(), json!(kind.api_version()));
    named.insert("kind".to_owned(), json!(kind.kind));
    fields.remove("apiVersion");
    fields.remove("kind");
    named.append(fields);
    *fields = named;
}

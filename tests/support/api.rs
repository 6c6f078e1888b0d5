//! Plain requests to an API server in JSON, for everything in the harness that
//! has to look or to write. An answer that is no success is an error with the
//! server's own words.

use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use kubectl_stateful::objects::kinds::{ApiKind, collection_path};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A runtime of one thread, for tests that are written in sequence.
pub fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| format!("runtime: {error}"))
}

/// The requests that the harness sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
    MergePatch,
}

/// A client that writes as one field manager.
#[derive(Clone)]
pub struct Api {
    client: Client,
    manager: &'static str,
}

/// Why a request was not answered with success.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status; `None` if there was no answer.
    pub code: Option<u16>,
    pub message: String,
}

impl From<Refusal> for String {
    fn from(refusal: Refusal) -> Self {
        refusal.message
    }
}

impl Api {
    pub fn new(client: Client, manager: &'static str) -> Self {
        Self { client, manager }
    }

    /// The field manager that writes are made as.
    pub fn manager(&self) -> &'static str {
        self.manager
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let refused = |code, message: &str| Refusal { code, message: format!("{method:?} {path}: {message}") };
        let (verb, content) = match method {
            Method::Get => ("GET", "application/json"),
            Method::Post => ("POST", "application/json"),
            Method::Put => ("PUT", "application/json"),
            Method::Delete => ("DELETE", "application/json"),
            Method::MergePatch => ("PATCH", "application/merge-patch+json"),
        };
        let uri = match method {
            Method::Get | Method::Delete => path.to_owned(),
            Method::Post | Method::Put | Method::MergePatch => format!("{path}?fieldManager={}", self.manager),
        };
        let bytes = body.map(|value| value.to_string().into_bytes()).unwrap_or_default();
        let request = http::Request::builder()
            .method(verb)
            .uri(uri)
            .header(http::header::CONTENT_TYPE, content)
            .body(Body::from(bytes))
            .map_err(|error| refused(None, &error.to_string()))?;
        let answer = self.client.send(request).await.map_err(|error| refused(None, &error.to_string()))?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.map_err(|error| refused(None, &error.to_string()))?.to_bytes();
        let value: Value = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        if status.is_success() {
            Ok(value)
        } else {
            let said = value["message"].as_str().map_or_else(|| value.to_string(), str::to_owned);
            Err(refused(Some(status.as_u16()), &format!("{status}: {said}")))
        }
    }

    pub async fn get(&self, kind: &str, namespace: &str, name: &str) -> Result<Option<Value>, Refusal> {
        match self.send(Method::Get, &path_of(kind, namespace, name), None).await {
            Ok(object) => Ok(Some(object)),
            Err(refusal) if refusal.code == Some(404) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// All objects of a kind, sorted by namespace and name, each with the
    /// `apiVersion` and `kind` that the server leaves out of lists.
    pub async fn list(&self, kind: &str, namespace: &str) -> Result<Vec<Value>, Refusal> {
        let known = known(kind);
        let mut list = self.send(Method::Get, &collection_path(known, namespace), None).await?;
        let mut items = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
        for item in &mut items {
            item["apiVersion"] = known.api_version().into();
            item["kind"] = kind.into();
        }
        let key = |item: &Value, field: &str| item["metadata"][field].as_str().unwrap_or_default().to_owned();
        items.sort_by_key(|item| (key(item, "namespace"), key(item, "name")));
        Ok(items)
    }

    /// POST of a complete object.
    pub async fn create(&self, object: &Value) -> Result<Value, Refusal> {
        let kind = known(object["kind"].as_str().unwrap_or_default());
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        self.send(Method::Post, &collection_path(kind, namespace), Some(object)).await
    }
}

/// The path of one object; a harness that names an unknown kind is wrong.
pub fn path_of(kind: &str, namespace: &str, name: &str) -> String {
    format!("{}/{name}", collection_path(known(kind), namespace))
}

fn known(kind: &str) -> &'static ApiKind {
    ApiKind::named(kind).unwrap_or_else(|| panic!("the table of kinds does not hold `{kind}`"))
}

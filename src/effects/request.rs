//! The requests that effects send. Objects that are read in order to be written
//! stay `serde_json::Value`: typed structs would drop fields newer than they are.

#![expect(clippy::disallowed_methods, reason = "every write of the program is made here")]

use http::Request;
use serde_json::{Value, json};

use crate::objects::kinds::{ObjectRef, collection_path};

/// The name under which the cluster remembers which fields are ours.
pub const FIELD_MANAGER: &str = "kubectl-stateful";

/// Whether the server is to store the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Real,
    DryRun,
}

impl Mode {
    fn query(self) -> &'static str {
        match self {
            Self::Real => "",
            Self::DryRun => "&dryRun=All",
        }
    }
}

/// Server-side apply without force: a conflict is an answer, not an obstacle.
pub async fn apply(
    client: &kube::Client,
    object: &ObjectRef,
    manifest: &Value,
    mode: Mode,
) -> Result<Value, kube::Error> {
    let uri =
        format!("{}?fieldManager={FIELD_MANAGER}&force=false&fieldValidation=Strict{}", object.path(), mode.query());
    // JSON is YAML, so the apply body needs no second serialiser.
    let request = Request::patch(uri)
        .header(http::header::CONTENT_TYPE, "application/apply-patch+yaml")
        .body(manifest.to_string().into_bytes())
        .map_err(kube::Error::HttpError)?;
    client.request(request).await
}

/// POST of a whole object.
pub async fn create(
    client: &kube::Client,
    object: &ObjectRef,
    manifest: &Value,
    mode: Mode,
) -> Result<Value, kube::Error> {
    let collection = collection_path(object.kind, &object.namespace);
    let uri = format!("{collection}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict{}", mode.query());
    let request = Request::post(uri)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(manifest.to_string().into_bytes())
        .map_err(kube::Error::HttpError)?;
    client.request(request).await
}

/// PUT of the `scale` subresource; `body` carries UID and version.
pub async fn put_scale(client: &kube::Client, set: &ObjectRef, body: &Value) -> Result<Value, kube::Error> {
    let uri = format!("{}/scale?fieldManager={FIELD_MANAGER}", set.path());
    send(client, Request::put(uri), "application/json", body).await
}

/// Merge patch of an object; what is in `patch` includes the version that was read.
pub async fn merge_patch(client: &kube::Client, object: &ObjectRef, patch: &Value) -> Result<Value, kube::Error> {
    let uri = format!("{}?fieldManager={FIELD_MANAGER}", object.path());
    send(client, Request::patch(uri), "application/merge-patch+json", patch).await
}

/// JSON patch of an object, whose `test` operations are its precondition.
pub async fn json_patch(client: &kube::Client, object: &ObjectRef, patch: &Value) -> Result<Value, kube::Error> {
    let uri = format!("{}?fieldManager={FIELD_MANAGER}", object.path());
    send(client, Request::patch(uri), "application/json-patch+json", patch).await
}

/// PUT of a whole object, which carries the version that was read.
pub async fn replace(client: &kube::Client, object: &ObjectRef, body: &Value) -> Result<Value, kube::Error> {
    let uri = format!("{}?fieldManager={FIELD_MANAGER}", object.path());
    send(client, Request::put(uri), "application/json", body).await
}

/// DELETE of exactly the object with this UID.
pub async fn delete(client: &kube::Client, object: &ObjectRef, uid: &str) -> Result<Value, kube::Error> {
    let body = json!({ "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": { "uid": uid } });
    send(client, Request::delete(object.path()), "application/json", &body).await
}

async fn send(
    client: &kube::Client,
    request: http::request::Builder,
    content_type: &str,
    body: &Value,
) -> Result<Value, kube::Error> {
    let request = request
        .header(http::header::CONTENT_TYPE, content_type)
        .body(body.to_string().into_bytes())
        .map_err(kube::Error::HttpError)?;
    // Decoded here: kube's own decoder logs whole answers that it cannot read.
    let text = client.request_text(request).await?;
    serde_json::from_str(&text).map_err(kube::Error::SerdeError)
}

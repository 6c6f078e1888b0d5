//! The requests that effects send. Objects that are read in order to be written
//! stay `serde_json::Value`: typed structs would drop fields newer than they are.

#![expect(clippy::disallowed_methods, reason = "every write of the program is made here")]

use http::Request;
use serde_json::Value;

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

//! What somebody does to a simulated cluster by hand, past every connection: a
//! test of a runbook begins with a set, and says how its pods answer.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use tower::ServiceExt as _;

use super::engine::Simulator;

impl Simulator {
    /// Creates an object in the collection at `path`.
    ///
    /// # Errors
    /// What the server said to it.
    pub async fn create_by_hand(&self, path: &str, object: &Value) -> Result<(), String> {
        self.write_by_hand(Method::POST, path, "application/json", object).await
    }

    /// Merges a change into the object at `path`.
    ///
    /// # Errors
    /// What the server said to it.
    pub async fn merge_by_hand(&self, path: &str, change: &Value) -> Result<(), String> {
        self.write_by_hand(Method::PATCH, path, "application/merge-patch+json", change).await
    }

    async fn write_by_hand(&self, method: Method, path: &str, content_type: &str, body: &Value) -> Result<(), String> {
        let request = Request::builder().method(method).uri(path).header("content-type", content_type);
        let request = request.body(Full::new(Bytes::from(body.to_string()))).map_err(|why| why.to_string())?;
        let answer = self.service().oneshot(request).await.map_err(|_| "nobody answers".to_owned())?;
        if answer.status().is_success() {
            return Ok(());
        }
        let bytes = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let told: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        Err(told["message"].as_str().unwrap_or("refused").to_owned())
    }
}

//! How an answer comes: as text over a network, as values from a server in this
//! process. A plan asks its copy many times a step, and most of what it is
//! answered would be written out and read again for nothing.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::Request;
use serde_json::Value;

use crate::objects::handed::{Handed, Tray};

/// What the server said to a request that it did not refuse.
pub enum Answer {
    Object(Arc<Value>),
    /// A page of a list, and the token of the next one.
    List(Vec<Arc<Value>>, Option<String>),
    Text(String),
}

/// Sends a request.
///
/// # Errors
/// A refusal, or none at all.
pub fn ask(client: &kube::Client, mut request: Request<Vec<u8>>) -> BoxFuture<'_, Result<Answer, kube::Error>> {
    let tray = Tray::default();
    request.extensions_mut().insert(tray.clone());
    async move {
        let text = client.request_text(request).await?;
        Ok(match tray.take() {
            Some(Handed::Object(object)) => Answer::Object(object),
            Some(Handed::List(objects, next)) => Answer::List(objects, next),
            None => Answer::Text(text),
        })
    }
    .boxed()
}

impl Answer {
    /// The object that was answered.
    ///
    /// # Errors
    /// What is no JSON, or a list that was handed over where none was asked for.
    pub fn object(self) -> Result<Arc<Value>, kube::Error> {
        match self {
            Self::Object(object) => Ok(object),
            Self::List(..) => Err(kube::Error::Service("the server's answer is a list".into())),
            // Decoded here: kube's own decoder logs whole answers that it cannot read, also those with a Secret.
            Self::Text(text) => serde_json::from_str(&text).map(Arc::new).map_err(kube::Error::SerdeError),
        }
    }
}

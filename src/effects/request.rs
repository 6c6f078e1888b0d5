//! The requests that effects send. Objects that are read in order to be written
//! stay `serde_json::Value`: typed structs would drop fields newer than they are.

#![expect(clippy::disallowed_methods, reason = "every write of the program is made here")]

use std::sync::Arc;

use http::Request;
use serde_json::{Value, json};

use super::error::EffectError;
use super::target::Target;
use crate::facts::reader::{answer, collection, path_of};
use crate::objects::kinds::ObjectRef;

/// The name under which the cluster remembers which fields are ours.
pub const FIELD_MANAGER: &str = "kubectl-stateful";

/// Who we are to audit logs: deletions know no field manager.
const AGENT: &str = concat!("kubectl-stateful/", env!("CARGO_PKG_VERSION"));

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

/// Which fields an apply takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Those that are nobody else's.
    Free,
    /// All, whoever has written them.
    All,
}

/// Server-side apply without force: a conflict is an answer, not an obstacle.
pub async fn apply(
    client: &kube::Client,
    object: &ObjectRef,
    manifest: &Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    apply_as(client, object, manifest, Claim::Free, mode).await
}

/// Server-side apply that may take fields over.
pub async fn apply_as(
    client: &kube::Client,
    object: &ObjectRef,
    manifest: &Value,
    claim: Claim,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    let force = claim == Claim::All;
    let uri = format!(
        "{}?fieldManager={FIELD_MANAGER}&force={force}&fieldValidation=Strict{}",
        path_of(object)?,
        mode.query()
    );
    // JSON is YAML, so the apply body needs no second serialiser.
    send(client, Request::patch(uri), "application/apply-patch+yaml", manifest).await
}

/// POST of a whole object.
pub async fn create(
    client: &kube::Client,
    object: &ObjectRef,
    manifest: &Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    let collection = collection(object.kind, &object.namespace)?;
    let uri = format!("{collection}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict{}", mode.query());
    send(client, Request::post(uri), "application/json", manifest).await
}

/// PUT of the `scale` subresource; `body` carries UID and version.
pub async fn put_scale(
    client: &kube::Client,
    set: &ObjectRef,
    body: &Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    let uri = format!("{}/scale?fieldManager={FIELD_MANAGER}{}", path_of(set)?, mode.query());
    send(client, Request::put(uri), "application/json", body).await
}

/// Merge patch of an object; what is in `patch` includes the version that was read.
async fn merge_patch(
    client: &kube::Client,
    object: &ObjectRef,
    patch: &Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    send(client, Request::patch(place(object, mode)?), "application/merge-patch+json", patch).await
}

/// Merge patch of exactly the object that was read, as it was read.
///
/// # Errors
/// `Overtaken` if it was changed since.
pub async fn patch_as_read(
    client: &kube::Client,
    target: &Target,
    before: &Value,
    mut patch: Value,
    mode: Mode,
) -> Result<Arc<Value>, EffectError> {
    patch["metadata"]["uid"] = json!(target.uid);
    patch["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
    merge_patch(client, &target.object, &patch, mode).await.map_err(EffectError::of_guarded_write)
}

/// Merge patch of exactly the object that was read, whose fields must be known. A dry run
/// names no version.
pub async fn merge(
    client: &kube::Client,
    object: &ObjectRef,
    before: &Value,
    patch: &Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    let mut body = patch.clone();
    let metadata = body.as_object_mut().map(|body| body.entry("metadata").or_insert_with(|| json!({})));
    let Some(metadata) = metadata.and_then(Value::as_object_mut) else {
        return Err(kube::Error::Service("the patch, or its `metadata`, is no map".into()));
    };
    metadata.insert("uid".to_owned(), before["metadata"]["uid"].clone());
    if mode == Mode::Real {
        metadata.insert("resourceVersion".to_owned(), before["metadata"]["resourceVersion"].clone());
    }
    let uri = format!("{}&fieldValidation=Strict", place(object, mode)?);
    send(client, Request::patch(uri), "application/merge-patch+json", &body).await
}

/// JSON patch of an object, whose `test` operations are its precondition.
pub async fn json_patch(
    client: &kube::Client,
    object: &ObjectRef,
    patch: &Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    send(client, Request::patch(place(object, mode)?), "application/json-patch+json", patch).await
}

/// PUT of a whole object, which carries the version that was read.
pub async fn replace(
    client: &kube::Client,
    object: &ObjectRef,
    body: &Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    send(client, Request::put(place(object, mode)?), "application/json", body).await
}

/// What the object must be that is deleted.
#[derive(Clone, Copy, Debug)]
pub enum Only<'a> {
    /// The one with this UID, whatever has become of it.
    Uid(&'a str),
    /// Exactly this one, as it was read.
    AsRead(&'a Value),
}

impl Only<'_> {
    fn preconditions(self) -> Value {
        match self {
            Self::Uid(uid) => json!({ "uid": uid }),
            Self::AsRead(object) => {
                let meta = &object["metadata"];
                json!({ "uid": meta["uid"], "resourceVersion": meta["resourceVersion"] })
            }
        }
    }
}

/// DELETE under a precondition. A body makes the server overlook the query, so
/// that a dry run that stood in the query alone would delete.
pub async fn delete(
    client: &kube::Client,
    object: &ObjectRef,
    only: Only<'_>,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    let body = json!({ "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": only.preconditions() });
    send_deletion(client, object, body, mode).await
}

/// DELETE of exactly the object that was read. What it owns stays, of whatever kind that
/// is: nobody can list all kinds of a cluster (SS-97).
pub async fn delete_as_read(
    client: &kube::Client,
    object: &ObjectRef,
    before: &Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    let body = json!({ "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Orphan",
                       "preconditions": Only::AsRead(before).preconditions() });
    send_deletion(client, object, body, mode).await
}

async fn send_deletion(
    client: &kube::Client,
    object: &ObjectRef,
    mut body: Value,
    mode: Mode,
) -> Result<Arc<Value>, kube::Error> {
    let uri = match mode {
        Mode::Real => path_of(object)?,
        Mode::DryRun => {
            body["dryRun"] = json!(["All"]);
            format!("{}?dryRun=All", path_of(object)?)
        }
    };
    send(client, Request::delete(uri), "application/json", &body).await
}

/// An object, as it is written to by us.
fn place(object: &ObjectRef, mode: Mode) -> Result<String, kube::Error> {
    Ok(format!("{}?fieldManager={FIELD_MANAGER}{}", path_of(object)?, mode.query()))
}

async fn send(
    client: &kube::Client,
    request: http::request::Builder,
    content_type: &str,
    body: &Value,
) -> Result<Arc<Value>, kube::Error> {
    let request = request
        .header(http::header::CONTENT_TYPE, content_type)
        .header(http::header::USER_AGENT, AGENT)
        .body(body.to_string().into_bytes())
        .map_err(kube::Error::HttpError)?;
    answer::ask(client, request).await?.object()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::Response;
    use http_body_util::BodyExt as _;
    use kube::client::Body;

    use super::*;
    use crate::objects::kinds::ApiKind;

    /// Query and body of what each kind of write sends in this mode.
    async fn sent(mode: Mode) -> Vec<(String, String)> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let service = tower::service_fn(move |request: Request<Body>| {
            let log = Arc::clone(&log);
            async move {
                let line = format!("{} {}", request.method(), request.uri().query().unwrap_or_default());
                assert_eq!(request.headers()[http::header::USER_AGENT], AGENT, "{line}");
                let body = request.into_body().collect().await?.to_bytes();
                log.lock().unwrap().push((line, String::from_utf8_lossy(&body).into_owned()));
                Ok::<_, tower::BoxError>(Response::new(Body::from(b"{}".to_vec())))
            }
        });
        let client = kube::Client::new(service, "default");
        let kind = ApiKind::named("PersistentVolumeClaim").unwrap();
        let object = ObjectRef { kind, namespace: "default".to_owned(), name: "data-web-0".to_owned() };
        let body = json!({});
        apply(&client, &object, &body, mode).await.unwrap();
        create(&client, &object, &body, mode).await.unwrap();
        put_scale(&client, &object, &body, mode).await.unwrap();
        merge_patch(&client, &object, &body, mode).await.unwrap();
        json_patch(&client, &object, &body, mode).await.unwrap();
        replace(&client, &object, &body, mode).await.unwrap();
        merge(&client, &object, &body, &body, mode).await.unwrap();
        delete_as_read(&client, &object, &body, mode).await.unwrap();
        delete(&client, &object, Only::Uid("51f0"), mode).await.unwrap();
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    #[tokio::test]
    async fn a_write_whose_names_could_lead_elsewhere_is_not_sent() {
        let service =
            tower::service_fn(|_: Request<Body>| async { Err::<Response<Body>, tower::BoxError>("sent".into()) });
        let client = kube::Client::new(service, "default");
        let kind = ApiKind::named("ConfigMap").unwrap();
        let body = json!({});
        for (namespace, name) in [("default", "../secrets/key"), ("default", ""), ("default", "a?b"), ("a/b", "a")] {
            let object = ObjectRef { kind, namespace: namespace.to_owned(), name: name.to_owned() };
            let mode = Mode::Real;
            let refused = [
                apply(&client, &object, &body, mode).await,
                put_scale(&client, &object, &body, mode).await,
                merge(&client, &object, &body, &body, mode).await,
                json_patch(&client, &object, &body, mode).await,
                replace(&client, &object, &body, mode).await,
                delete(&client, &object, Only::Uid("51f0"), mode).await,
                delete_as_read(&client, &object, &body, mode).await,
            ];
            for answered in refused {
                let error = answered.unwrap_err().to_string();
                assert!(error.contains("is not a name"), "{namespace}/{name}: {error}");
            }
        }
        let object = ObjectRef { kind, namespace: "a/b".to_owned(), name: "a".to_owned() };
        let error = create(&client, &object, &body, Mode::Real).await.unwrap_err().to_string();
        assert!(error.contains("is not a name"), "{error}");
    }

    #[tokio::test]
    async fn a_patch_that_is_no_map_is_not_sent() {
        let service =
            tower::service_fn(|_: Request<Body>| async { Err::<Response<Body>, tower::BoxError>("sent".into()) });
        let client = kube::Client::new(service, "default");
        let kind = ApiKind::named("ConfigMap").unwrap();
        let object = ObjectRef { kind, namespace: "default".to_owned(), name: "a".to_owned() };
        for patch in [json!("x"), json!(["x"]), json!({ "metadata": "x" }), json!({ "metadata": null })] {
            let error = merge(&client, &object, &json!({}), &patch, Mode::Real).await.unwrap_err();
            assert!(error.to_string().contains("is no map"), "{patch}: {error}");
        }
    }

    #[tokio::test]
    async fn a_dry_run_says_so_in_the_query_and_where_a_body_has_options_there_too() {
        let dry = sent(Mode::DryRun).await;
        for (line, _) in &dry {
            let values: Vec<_> = line.split([' ', '&']).filter(|part| *part == "dryRun=All").collect();
            assert_eq!(values.len(), 1, "{line}");
        }
        let (line, body) = dry.last().unwrap();
        assert!(line.starts_with("DELETE") && body.contains(r#""dryRun":["All"]"#), "{line} {body}");
        assert!(body.contains(r#""uid":"51f0""#), "{body}");
        let real = sent(Mode::Real).await;
        assert!(real.iter().all(|(line, body)| !line.contains("dryRun") && !body.contains("dryRun")), "{real:?}");
    }
}

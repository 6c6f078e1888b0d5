//! One step of an entry of the corpus: the request that it stands for, and what
//! is kept of the answer.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, USER_AGENT, WARNING};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::support::streams::within_patience;

/// What is written for a namespace in requests and golden answers.
const NAMESPACE: &str = "$NAMESPACE";

/// A server that has not heard of it by then will not.
const MOST_TRIES: usize = 20_000;

/// One request, or a look at a watch. `$NAMESPACE` and `${N/pointer}` (a value
/// from the answer to step N, counted from 1) are filled in everywhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Method and path with query. The user agent is `corpus`.
    #[serde(default)]
    pub request: String,
    /// The request opens a watch: later steps look at its events.
    #[serde(default)]
    pub opens: bool,
    /// In place of `request`: the next events of the watch that this step opened.
    pub events: Option<usize>,
    /// How many events; without it, all until the watch ends.
    pub count: Option<usize>,
    /// The events come when some time has passed; without a count, that is so
    /// anyhow.
    #[serde(default)]
    pub later: bool,
    /// In place of `request`: from here on, revisions before this may be
    /// forgotten. When they are, `until: 410` finds out.
    #[serde(default)]
    pub forget: bool,
    /// Who asks, if not the administrator.
    #[serde(rename = "as")]
    user: Option<User>,
    /// Content type of the body; JSON if absent.
    #[serde(rename = "type")]
    content: Option<String>,
    /// `Accept` header; `table` stands for the server-side table of objects. JSON
    /// if absent.
    accept: Option<String>,
    #[serde(default)]
    body: Option<Value>,
    /// A body that is sent as it stands, in place of `body`.
    text: Option<String>,
    /// A body of bytes, in place of `body`.
    base64: Option<String>,
    /// Sent again until it is answered with this code: the real server's
    /// admission hears of a quota, and its authoriser of a role, a moment after
    /// it is stored. For reads and dry runs only.
    until: Option<u16>,
    /// JSON pointers into the answer that are not compared.
    #[serde(default)]
    pub without: Vec<String>,
}

/// Somebody without the administrator's rights; groups of nobody, if without name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    #[serde(default)]
    name: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    extra: BTreeMap<String, String>,
}

pub(super) struct Answer {
    pub code: u16,
    pub warnings: Vec<String>,
    /// What is not the same with every answer.
    pub headers: Map<String, Value>,
    pub body: Value,
    /// In place of the body, if the step opens a watch and was let.
    pub stream: Option<Body>,
}

impl Step {
    pub async fn answered(&self, client: &Client, namespace: &str, earlier: &[Value]) -> Result<Answer, String> {
        let mut answer = self.send(client, namespace, earlier).await?;
        let Some(until) = self.until else { return Ok(answer) };
        if !self.request.contains("dryRun=All") && !self.request.starts_with("GET ") {
            return Err("only a read or a dry run can be sent again".to_owned());
        }
        for _ in 1..MOST_TRIES {
            if answer.code == until {
                return Ok(answer);
            }
            answer = self.send(client, namespace, earlier).await?;
        }
        Err(format!("never answered with {until}, at last with {}: {}", answer.code, answer.body))
    }

    async fn send(&self, client: &Client, namespace: &str, earlier: &[Value]) -> Result<Answer, String> {
        let line = fill(&self.request, namespace, earlier)?;
        let (method, path) = line.split_once(' ').ok_or("`request` is not METHOD PATH")?;
        if is_cached_read(method, path) {
            catch_up(client, path).await?;
        }
        let body = match (&self.text, &self.body) {
            (Some(text), _) => fill(text, namespace, earlier)?,
            (None, Some(body)) => filled(body, namespace, earlier)?.to_string(),
            (None, None) => String::new(),
        };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, self.accept.as_deref().map_or("application/json", accepted))
            .header(USER_AGENT, "corpus/1.0")
            .header(CONTENT_TYPE, self.content.as_deref().unwrap_or("application/json"));
        let request = self.user.iter().fold(request, |request, user| {
            let name = user.name.replace(NAMESPACE, namespace);
            let request = if name.is_empty() { request } else { request.header("Impersonate-User", name) };
            let request = if user.uid.is_empty() { request } else { request.header("Impersonate-Uid", &user.uid) };
            let request = user
                .extra
                .iter()
                .fold(request, |request, (key, value)| request.header(format!("Impersonate-Extra-{key}"), value));
            user.groups.iter().fold(request, |request, group| {
                request.header("Impersonate-Group", group.replace(NAMESPACE, namespace))
            })
        });
        let body = match &self.base64 {
            Some(bytes) => STANDARD.decode(bytes).map_err(|error| error.to_string())?,
            None => body.into_bytes(),
        };
        let request = request.body(Body::from(body)).map_err(|error| error.to_string())?;
        let answer = client.send(request).await.map_err(|error| error.to_string())?;
        let code = answer.status().as_u16();
        let warnings = answer.headers().get_all(WARNING).iter();
        let warnings = warnings.map(|header| String::from_utf8_lossy(header.as_bytes()).into_owned()).collect();
        let headers = told_headers(answer.headers());
        if self.opens && code == 200 {
            return Ok(Answer { code, warnings, headers, body: "<stream>".into(), stream: Some(answer.into_body()) });
        }
        let bytes = within_patience(answer.into_body().collect()).await?.map_err(|error| error.to_string())?.to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok(Answer { code, warnings, headers, body, stream: None })
    }
}

/// Whether a real server answers from its watch cache as that stands at the moment.
fn is_cached_read(method: &str, path: &str) -> bool {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    method == "GET" && query.contains("resourceVersion=") && !query.contains("resourceVersionMatch=Exact")
}

/// Has the watch cache of a real server hear of all writes so far, by a
/// consistent list of the same resource, which waits for it. How far the cache
/// is behind is not what the entries compare.
async fn catch_up(client: &Client, path: &str) -> Result<(), String> {
    let request = http::Request::get(collection(path)).body(Body::empty()).map_err(|error| error.to_string())?;
    let answer = client.send(request).await.map_err(|error| error.to_string())?;
    within_patience(answer.into_body().collect()).await?.map_err(|error| error.to_string())?;
    Ok(())
}

/// The path of all objects of the resource that a path is of, without a query.
fn collection(path: &str) -> &str {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]).collect();
    let version = if path.starts_with("/api/") { 1 } else { 2 };
    let in_namespace = path[ends[version.min(ends.len() - 1)]..].starts_with("/namespaces/");
    let resource = version + if in_namespace && ends.len() > version + 3 { 3 } else { 1 };
    &path[..ends[resource.min(ends.len() - 1)]]
}

/// The type of an answer that is no JSON, and when to come again.
fn told_headers(headers: &HeaderMap) -> Map<String, Value> {
    let told = [CONTENT_TYPE, RETRY_AFTER].into_iter().filter_map(|name| {
        let value = String::from_utf8_lossy(headers.get(&name)?.as_bytes()).into_owned();
        (value != "application/json").then(|| (name.to_string(), value.into()))
    });
    told.collect()
}

fn accepted(wish: &str) -> &str {
    if wish == "table" { "application/json;as=Table;v=v1;g=meta.k8s.io" } else { wish }
}

/// A value with every string in it filled.
fn filled(value: &Value, namespace: &str, earlier: &[Value]) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, namespace, earlier)?),
        Value::Array(items) => {
            items.iter().map(|item| filled(item, namespace, earlier)).collect::<Result<Vec<_>, _>>()?.into()
        }
        Value::Object(fields) => {
            let mut object = Map::new();
            for (key, value) in fields {
                object.insert(fill(key, namespace, earlier)?, filled(value, namespace, earlier)?);
            }
            object.into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

fn fill(text: &str, namespace: &str, earlier: &[Value]) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, after) = after.split_once('}').ok_or_else(|| format!("`${{` without `}}` in `{text}`"))?;
        let (step, pointer) = reference.split_at(reference.find('/').unwrap_or(reference.len()));
        let answer = step.parse::<usize>().ok().and_then(|step| earlier.get(step.checked_sub(1)?));
        let value = answer.and_then(|answer| answer.pointer(pointer)?.as_str());
        filled.push_str(before);
        filled.push_str(value.ok_or_else(|| format!("`{reference}` is no text in an earlier answer"))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled.replace(NAMESPACE, namespace))
}

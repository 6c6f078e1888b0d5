//! The corpus of requests: each file of `tests/corpus/` is one entry, a short
//! sequence of requests; its answers from a real server lie in canonical form
//! in `tests/corpus/golden/MINOR/`. The same entry is played against the real
//! API server (which may rewrite the golden answers) and against the simulator.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use super::canonical::{Canon, differences};
use super::streams::{Streams, within_patience};

/// The minor release of Kubernetes that the golden answers come from.
pub const MINOR: &str = "1.36";

/// What is written for a namespace in requests and golden answers.
const NAMESPACE: &str = "$NAMESPACE";

/// The file beside the entries that is none: where the simulator is known to
/// answer otherwise.
pub const KNOWN_DIFFERENCES: &str = "known-differences";

/// A server that has not heard of it by then will not.
const MOST_TRIES: usize = 2000;

/// More differences than this do not help anybody.
const SHOWN: usize = 20;

/// One file of the corpus.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    #[serde(skip)]
    pub name: String,
    /// What the golden answers of this entry are evidence of.
    proves: String,
    steps: Vec<Step>,
}

/// One request, or a look at a watch. `$NAMESPACE` and `${N/pointer}` (a value
/// from the answer to step N, counted from 1) are filled in everywhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Method and path with query. The user agent is `corpus`.
    #[serde(default)]
    request: String,
    /// The request opens a watch: later steps look at its events.
    #[serde(default)]
    opens: bool,
    /// In place of `request`: the next events of the watch that this step opened.
    events: Option<usize>,
    /// How many events; without it, all until the watch ends.
    count: Option<usize>,
    /// The events come when some time has passed; without a count, that is so
    /// anyhow.
    #[serde(default)]
    later: bool,
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
    without: Vec<String>,
}

/// Somebody without the administrator's rights; groups of nobody, if without name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    #[serde(default)]
    name: String,
    #[serde(default)]
    groups: Vec<String>,
}

/// All entries, sorted by name.
pub fn entries() -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for path in files_of(&folder(), "yaml")? {
        if stem(&path) == KNOWN_DIFFERENCES {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
        let mut entry: Entry =
            serde_saphyr::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
        entry.name = stem(&path);
        entries.push(entry);
    }
    Ok(entries)
}

/// Golden answers that no entry asks for any more.
pub fn orphans(entries: &[Entry]) -> Result<Vec<String>, String> {
    let known: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let golden = files_of(&golden_folder(), "json")?;
    Ok(golden.iter().map(|path| stem(path)).filter(|name| !known.contains(name.as_str())).collect())
}

impl Entry {
    /// Sends the requests one after the other in `namespace`, which must
    /// exist, and gives the canonical answers. `pass` has simulated time pass,
    /// for a watch that is to end.
    pub async fn play(&self, client: &Client, namespace: &str, pass: &dyn Fn()) -> Result<Value, String> {
        let mut canon = Canon::new(namespace);
        let mut bodies: Vec<Value> = Vec::new();
        let mut answers = Vec::new();
        let mut streams = Streams::default();
        for (number, step) in self.steps.iter().enumerate() {
            let wrong = |error: String| format!("{} step {}: {error}", self.name, number + 1);
            if let Some(opener) = step.events {
                if step.later || step.count.is_none() {
                    pass();
                }
                let told = match step.count {
                    Some(count) => streams.take(opener, count).await,
                    None => streams.rest(opener).await,
                };
                let told = Value::from(told.map_err(wrong)?);
                answers.push(json!({"events": opener, "told": canon.canonical(&told)}));
                bodies.push(told);
                continue;
            }
            let mut answer = step.answered(client, namespace, &bodies).await.map_err(wrong)?;
            if let Some(stream) = answer.stream.take() {
                streams.insert(number + 1, stream);
            }
            let mut compared = answer.body.clone();
            for pointer in &step.without {
                remove(&mut compared, pointer);
            }
            answers.push(json!({
                "request": step.request,
                "code": answer.code,
                "warnings": canon.canonical(&answer.warnings.into()),
                "body": canon.canonical(&compared),
            }));
            bodies.push(answer.body);
        }
        Ok(json!({"proves": self.proves, "answers": answers}))
    }

    /// Method and path of each request.
    pub fn requests(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.request.as_str())
    }

    /// Compares played answers with the golden ones.
    pub fn check(&self, played: &Value) -> Result<(), String> {
        report(&self.name, self.compare(played)?)
    }

    /// Where played answers differ from the golden ones, one line per place,
    /// each beginning with the place as a JSON pointer and a colon.
    pub fn compare(&self, played: &Value) -> Result<Vec<String>, String> {
        let path = self.golden_path();
        let text = fs::read_to_string(&path).map_err(|error| {
            let remedy = "make it with `UPDATE_GOLDEN=1 cargo test --test live corpus`";
            format!("`{}`: {error}; {remedy}", path.display())
        })?;
        let golden: Value = serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
        Ok(differences(&golden, played))
    }

    pub fn golden_path(&self) -> PathBuf {
        golden_folder().join(format!("{}.json", self.name))
    }
}

/// Differences that were found in an entry, as an error if there are any.
pub fn report(name: &str, mut found: Vec<String>) -> Result<(), String> {
    if found.is_empty() {
        return Ok(());
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let more = if more > 0 { format!("\n… and {more} more") } else { String::new() };
    Err(format!("`{name}` differs from the golden answers:\n{}{more}", found.join("\n")))
}

struct Answer {
    code: u16,
    warnings: Vec<String>,
    body: Value,
    /// In place of the body, if the step opens a watch and was let.
    stream: Option<Body>,
}

impl Step {
    async fn answered(&self, client: &Client, namespace: &str, earlier: &[Value]) -> Result<Answer, String> {
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
        let body = match (&self.text, &self.body) {
            (Some(text), _) => fill(text, namespace, earlier)?,
            (None, Some(body)) => filled(body, namespace, earlier)?.to_string(),
            (None, None) => String::new(),
        };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::ACCEPT, self.accept.as_deref().map_or("application/json", accepted))
            .header(http::header::USER_AGENT, "corpus/1.0")
            .header(http::header::CONTENT_TYPE, self.content.as_deref().unwrap_or("application/json"));
        let request = self.user.iter().fold(request, |request, user| {
            let name = user.name.replace(NAMESPACE, namespace);
            let request = if name.is_empty() { request } else { request.header("Impersonate-User", name) };
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
        let warnings = answer.headers().get_all(http::header::WARNING).iter();
        let warnings = warnings.map(|header| String::from_utf8_lossy(header.as_bytes()).into_owned()).collect();
        if self.opens && code == 200 {
            return Ok(Answer { code, warnings, body: "<stream>".into(), stream: Some(answer.into_body()) });
        }
        let bytes = within_patience(answer.into_body().collect()).await?.map_err(|error| error.to_string())?.to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok(Answer { code, warnings, body, stream: None })
    }
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
            let mut object = serde_json::Map::new();
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

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(fields)) = value.pointer_mut(parent) {
        fields.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
    }
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn golden_folder() -> PathBuf {
    folder().join("golden").join(MINOR)
}

pub fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

pub fn files_of(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let listed = fs::read_dir(folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

//! One corpus of requests, two servers. The answers of a real API server stand
//! in `corpus/*.golden.json`; the simulator must give the same ones, texts
//! included. Each script runs in a namespace of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use http::Request;
use kube::client::Body;
use serde_json::{Map, Value, json};

use crate::support::cluster;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulator/corpus")
}

/// The scripts, by file name without ending.
fn scripts() -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = fs::read_dir(folder())
        .expect("corpus")
        .filter_map(|entry| {
            let name = entry.expect("entry").file_name().into_string().expect("UTF-8");
            let stem = name.strip_suffix(".script.json")?.to_owned();
            let script = serde_json::from_slice(&fs::read(folder().join(&name)).expect("script")).expect("JSON");
            Some((stem, script))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

async fn ask(client: &kube::Client, method: &str, path: &str, kind: &str, body: String) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .header("accept", "application/json")
        .header("user-agent", "corpus/1.0")
        .body(Body::from(body.into_bytes()))
        .expect("request");
    let response = client.send(request).await.expect("an answer");
    let code = response.status().as_u16();
    let warnings: Vec<String> = response
        .headers()
        .get_all("warning")
        .iter()
        .map(|warning| warning.to_str().expect("ASCII").to_owned())
        .collect();
    let bytes = response.into_body().collect_bytes().await.expect("body");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::from(text));
    json!({"code": code, "warnings": warnings, "body": body})
}

/// Runs a script; answers in canonical form.
async fn play(client: &kube::Client, name: &str, script: &Value) -> Vec<Value> {
    let namespace = format!("corpus-{name}");
    let setup = json!({"metadata": {"name": namespace}}).to_string();
    ask(client, "POST", "/api/v1/namespaces", "application/json", setup).await;
    let mut canon = Canon::default();
    let mut answers = Vec::new();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    known.insert("{ns}".to_owned(), namespace.clone());
    for step in script.as_array().expect("steps") {
        let fill = |text: &str| known.iter().fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value));
        let path = fill(step["path"].as_str().expect("path"));
        let body = if step["body"].is_string() {
            fill(step["body"].as_str().expect("text"))
        } else {
            fill(&step["body"].to_string())
        };
        let body = if step["body"].is_null() { String::new() } else { body };
        let method = step["method"].as_str().expect("method");
        let kind = match step["type"].as_str().unwrap_or("json") {
            "json" => "application/json",
            "merge" => "application/merge-patch+json",
            "strategic" => "application/strategic-merge-patch+json",
            "jsonpatch" => "application/json-patch+json",
            "apply" => "application/apply-patch+yaml",
            other => other,
        };
        let answer = ask(client, method, &path, kind, body).await;
        if let Some(mark) = step["keep"].as_str() {
            for field in ["uid", "resourceVersion"] {
                if let Some(value) = answer["body"]["metadata"][field].as_str() {
                    known.insert(format!("{{{mark}.{field}}}"), value.to_owned());
                }
            }
        }
        answers.push(canon.of(&answer, &namespace));
    }
    answers
}

/// Replaces what differs between two servers by symbols: the same value gets
/// the same symbol throughout a script.
#[derive(Default)]
struct Canon {
    symbols: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
}

impl Canon {
    fn of(&mut self, answer: &Value, namespace: &str) -> Value {
        let walked = self.walk("", answer);
        self.replace(&walked, namespace)
    }

    fn symbol(&mut self, kind: &'static str, value: &str) -> String {
        if !self.symbols.contains_key(value) {
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            self.symbols.insert(value.to_owned(), format!("<{kind} {count}>"));
        }
        self.symbols[value].clone()
    }

    /// Learns symbols and drops nulls, times and diffs.
    fn walk(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut out = Map::new();
                let is_list = fields.get("items").is_some_and(Value::is_array);
                for (name, value) in fields {
                    // The revision of a list depends on what else goes on.
                    if is_list && name == "metadata" {
                        continue;
                    }
                    if value.is_null() || name == "time" && fields.contains_key("fieldsType") {
                        continue;
                    }
                    out.insert(name.clone(), self.walk(name, value));
                }
                Value::Object(out)
            }
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(|item| self.walk(key, item)).collect();
                if key == "managedFields" {
                    items.sort_by_key(|entry| {
                        ["operation", "manager", "subresource"]
                            .map(|name| entry[name].as_str().unwrap_or("").to_owned())
                    });
                }
                Value::Array(items)
            }
            Value::String(text) => {
                let kind = match key {
                    "uid" if text.len() == 36 => Some("uid"),
                    "resourceVersion" => Some("version"),
                    "clusterIP" | "clusterIPs" if text.starts_with("10.96.") => Some("address"),
                    _ => None,
                };
                if let Some(kind) = kind {
                    return Value::from(self.symbol(kind, text));
                }
                if text.parse::<jiff::Timestamp>().is_ok() {
                    return Value::from("<time>");
                }
                // Diffs of Go structs and the server's own revision.
                let text = text.split("\n@@").next().unwrap_or_default();
                Value::from(text.split(", current: ").next().unwrap_or_default())
            }
            Value::Number(number) if key == "nodePort" => {
                let allotted = number.as_i64().is_some_and(|port| (30_000..=32_767).contains(&port));
                if allotted { Value::from("<port>") } else { value.clone() }
            }
            other => other.clone(),
        }
    }

    fn replace(&self, value: &Value, namespace: &str) -> Value {
        match value {
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.replace(value, namespace))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.replace(item, namespace)).collect(),
            Value::String(text) => {
                let long = self.symbols.iter().filter(|(value, _)| value.len() > 6);
                let text = long.fold(text.clone(), |text, (value, symbol)| text.replace(value, symbol));
                let text = self.in_parentheses(&text);
                Value::from(text.replace(namespace, "{ns}"))
            }
            other => other.clone(),
        }
    }

    /// Versions are short numbers: only whole ones in parentheses are replaced.
    fn in_parentheses(&self, text: &str) -> String {
        let versions = self.symbols.iter().filter(|(value, _)| value.len() <= 6);
        versions
            .fold(text.to_owned(), |text, (value, symbol)| text.replace(&format!("({value})"), &format!("({symbol})")))
    }
}

/// Where the first difference is, for a readable failure.
fn difference(path: &str, real: &Value, ours: &Value) -> Option<String> {
    match (real, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            let mut keys = keys.cloned().collect::<Vec<_>>();
            keys.sort();
            keys.iter().find_map(|key| {
                difference(
                    &format!("{path}.{key}"),
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                )
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(index, (a, b))| difference(&format!("{path}[{index}]"), a, b))
        }
        (a, b) if a == b => None,
        (a, b) => Some(format!("{path}\n    real {a}\n    ours {b}")),
    }
}

#[tokio::test]
async fn the_simulator_answers_as_the_real_server_did() {
    let mut differences = Vec::new();
    for (name, script) in scripts() {
        let golden = fs::read(folder().join(format!("{name}.golden.json"))).expect("golden answers");
        let golden: Value = serde_json::from_slice(&golden).expect("JSON");
        let answers = play(&cluster().client(), &name, &script).await;
        let golden = golden.as_array().expect("answers");
        assert_eq!(golden.len(), answers.len(), "{name} was changed: record it anew");
        for (index, (real, ours)) in golden.iter().zip(&answers).enumerate() {
            let step = &script[index];
            differences.extend(
                difference("", real, ours)
                    .map(|found| format!("{name}[{index}] {} {}: {found}", step["method"], step["path"])),
            );
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
#[ignore = "writes the golden answers from the server of the current kubeconfig"]
async fn record_the_golden_answers() {
    let mut config = kube::Config::infer().await.expect("a kubeconfig");
    config.default_retry = false;
    let client = kube::Client::try_from(config).expect("a client");
    for (name, script) in scripts() {
        let answers = play(&client, &name, &script).await;
        // One answer a line, so that a change shows where it is.
        let lines: Vec<String> = answers.iter().map(Value::to_string).collect();
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        fs::write(folder().join(format!("{name}.golden.json")), text).expect("written");
    }
}

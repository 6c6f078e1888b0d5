//! The corpus of requests: each file of `tests/corpus/` is one entry, a short
//! sequence of requests; its answers from a real server lie in canonical form
//! in `tests/corpus/golden/MINOR/`. The same entry is played against the real
//! API server (which may rewrite the golden answers) and against the simulator.

mod step;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kube::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::canonical::{Canon, differences};
use super::streams::Streams;
use step::Step;

/// The minor release of Kubernetes that the golden answers come from.
pub const MINOR: &str = "1.36";

/// The file beside the entries that is none: where the simulator is known to
/// answer otherwise.
pub const KNOWN_DIFFERENCES: &str = "known-differences";

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
    /// Where it is played.
    #[serde(default)]
    pub plane: Plane,
    steps: Vec<Step>,
}

/// Where an entry is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plane {
    /// Beside an API server alone.
    #[default]
    Bare,
    /// The same, where old revisions are soon forgotten.
    Forgetful,
    /// Where `rollingUpdate.maxUnavailable` of a set counts. Controllers run there:
    /// such an entry has dry runs alone.
    Gated,
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
        if entry.plane == Plane::Gated && entry.requests().any(|request| !request.contains("dryRun=All")) {
            return Err(format!("`{}`: controllers answer too where it is played", path.display()));
        }
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
    /// for a watch that is to end, or has the past forgotten.
    pub async fn play(&self, client: &Client, namespace: &str, pass: &dyn Fn()) -> Result<Value, String> {
        let mut canon = Canon::new(namespace);
        let mut bodies: Vec<Value> = Vec::new();
        let mut answers = Vec::new();
        let mut streams = Streams::default();
        for (number, step) in self.steps.iter().enumerate() {
            let wrong = |error: String| format!("{} step {}: {error}", self.name, number + 1);
            if step.forget {
                pass();
                bodies.push(Value::Null);
                continue;
            }
            if let Some(opener) = step.events {
                if step.later || step.count.is_none() {
                    pass();
                }
                let told = match step.count {
                    Some(count) => streams.take(opener, count, step.later).await,
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
            let mut told = json!({
                "request": step.request,
                "code": answer.code,
                "warnings": canon.canonical(&answer.warnings.into()),
                "body": canon.canonical(&compared),
            });
            if !answer.headers.is_empty() {
                told["headers"] = canon.canonical(&answer.headers.into());
            }
            answers.push(told);
            bodies.push(answer.body);
        }
        Ok(json!({"proves": self.proves, "answers": answers}))
    }

    /// The places in answers that are not compared.
    pub fn left_out(&self) -> BTreeSet<&str> {
        self.steps.iter().flat_map(|step| step.without.iter().map(String::as_str)).collect()
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

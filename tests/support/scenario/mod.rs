//! Scenarios over time: each file of `tests/scenarios/` says what is done to a
//! cluster with one StatefulSet `web` and when it is left alone. What has come
//! of it at each rest, and the course that the pods took since the last one,
//! lies in canonical form in `tests/scenarios/golden/MINOR/`. The same file is
//! played on the real control plane (which may rewrite the golden form) and in
//! the simulator, with its own controllers and its virtual time.

mod base;
mod picture;
mod play;
mod step;
mod story;

pub use play::Stage;
pub use story::{Change, RECORDED};

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::canonical::differences;
use super::corpus::{MINOR, files_of, stem};
use step::Step;

/// One file of `tests/scenarios/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    #[serde(skip)]
    pub name: String,
    /// What the golden form of this scenario is evidence of.
    proves: String,
    /// Merged into the spec of the set `web`, which then is created, and left
    /// alone, before the first step.
    set: Option<Map<String, Value>>,
    /// Merged into the class of the scenario, which bears the namespace's name
    /// and provisions at once; `null` for none.
    #[serde(default = "empty")]
    class: Value,
    /// Pods come and go in no promised order; the course is told pod by pod.
    #[serde(default)]
    unordered: bool,
    /// The longest time in seconds for which nothing changes although
    /// something is still to come, such as `minReadySeconds`.
    #[serde(default)]
    lull: u64,
    /// How it moves on.
    #[serde(default)]
    pace: Pace,
    /// It is about which volumes are attached where: the attachments and what is
    /// told of them are looked at too. Its pods name their nodes.
    #[serde(default)]
    attachments: bool,
    /// Where it is played.
    #[serde(default)]
    pub plane: Plane,
    #[serde(default)]
    steps: Vec<Step>,
}

/// How a scenario moves on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Pace {
    /// From rest to rest.
    #[default]
    Steady,
    /// Something goes on for ever, such as a container that ends and is started
    /// again.
    Restless,
    /// Its set is refused something for a time, so that its controller looks at
    /// it ever more rarely. Where time cannot be advanced, an annotation has it
    /// looked at again while something is waited for.
    BacksOff,
}

/// Where a scenario is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plane {
    /// On one with many others beside it.
    #[default]
    Shared,
    /// On one with no other beside it: it changes what all of the cluster has in
    /// common, such as its default class.
    Alone,
    /// On one where `rollingUpdate.maxUnavailable` of a set counts (SS-63).
    Gated,
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// All scenarios, sorted by name.
pub fn scenarios() -> Result<Vec<Scenario>, String> {
    let mut scenarios = Vec::new();
    for path in files_of(&folder(), "yaml")? {
        let wrong = |error: String| format!("`{}`: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let mut scenario: Scenario = serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        scenario.name = stem(&path);
        scenarios.push(scenario);
    }
    Ok(scenarios)
}

/// Golden forms that no scenario asks for any more.
pub fn orphans(scenarios: &[Scenario]) -> Result<Vec<String>, String> {
    let golden = files_of(&golden_folder(), "json")?.into_iter().map(|path| stem(&path));
    Ok(golden.filter(|name| !scenarios.iter().any(|scenario| scenario.name == *name)).collect())
}

impl Scenario {
    /// Whether nothing changes any more after the last rest.
    pub fn ends(&self) -> bool {
        self.pace != Pace::Restless
    }

    /// What it is evidence of.
    pub fn proves(&self) -> &str {
        &self.proves
    }

    /// The golden form; null if there is none yet.
    pub fn golden(&self) -> Result<Value, String> {
        let path = self.golden_path();
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
            Err(error) => Err(format!("`{}`: {error}", path.display())),
        }
    }

    /// Makes what was played the golden form.
    pub fn write_golden(&self, played: &Value) -> Result<(), String> {
        let text = serde_json::to_string_pretty(played).map_err(|error| error.to_string())? + "\n";
        fs::create_dir_all(golden_folder()).map_err(|error| error.to_string())?;
        fs::write(self.golden_path(), text).map_err(|error| error.to_string())
    }

    /// Where what was played differs from the golden form, one line per place.
    pub fn compare(&self, played: &Value) -> Result<Vec<String>, String> {
        match self.golden()? {
            Value::Null => Err(format!(
                "`{}` has no golden form; make it with `UPDATE_GOLDEN=1 cargo test --test live scenario::{}`",
                self.name, self.name
            )),
            golden => Ok(differences(&golden, played)),
        }
    }

    fn golden_path(&self) -> PathBuf {
        golden_folder().join(format!("{}.json", self.name))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn golden_folder() -> PathBuf {
    folder().join("golden").join(MINOR)
}

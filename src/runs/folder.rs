//! The folder of a runbook's run: what was asked, the script as it was, the
//! approved plan, and the journal. Everything that a resume or an undo needs is
//! in it.

use std::cmp::Reverse;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::id::RunId;
use super::journal::{self, Journal, JournalError};
use super::number;
use super::places::{private_file, sync_folder};
use super::plan::Plan;
use super::run::{close_to_others, make_folder};

/// What a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    pub api_version: String,
    pub kind: String,
    /// How many runs had begun in this home by then, with this one.
    #[serde(default)]
    pub number: u64,
    /// `run scale-down`, `init couchdb`, …
    pub command: String,
    /// The cluster in words for people.
    pub cluster: String,
    pub server: String,
    #[serde(default)]
    pub cluster_uid: Option<String>,
    pub namespace: String,
    #[serde(default)]
    pub namespace_uid: Option<String>,
    /// Name of the runbook; none for what makes objects.
    #[serde(default)]
    pub runbook: Option<String>,
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The flags by which somebody answered questions of the script beforehand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<String>,
    /// Who ran it, as the cluster knows them; none where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The most earlier plans that are kept of a run.
const MOST: u32 = 999;

/// A run that is on disk.
#[derive(Clone, Debug)]
pub struct RunFolder {
    pub id: RunId,
    pub path: PathBuf,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The words of its last line: `done`, `undone`, `stopped`, `interrupted`.
    Ended(String),
    /// Its last line is no end: it is running, or was killed.
    Open,
}

impl RunFolder {
    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// It cannot be written; nothing is left of it.
    pub fn create(runs: &Path, id: RunId, about: &About, plan: &Plan, source: &str) -> io::Result<(Self, Journal)> {
        let folder = Self { path: runs.join(id.as_str()), id };
        let about = About { number: number::next(runs), ..about.clone() };
        make_folder(&folder.path)?;
        folder.fill(&about, plan, source).map(|journal| (folder.clone(), journal)).inspect_err(|_| {
            // Nothing has happened in it, and half a description helps nobody.
            let _ = fs::remove_dir_all(&folder.path);
        })
    }

    fn fill(&self, about: &About, plan: &Plan, source: &str) -> io::Result<Journal> {
        close_to_others(&self.path)?;
        self.write("run.json", &serde_json::to_string_pretty(about)?)?;
        self.write("plan.json", &serde_json::to_string_pretty(plan)?)?;
        self.write("script.rhai", source)?;
        Journal::create(&self.path)
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut file = private_file(&self.path.join(name))?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    }

    /// The run with this id.
    ///
    /// # Errors
    /// There is none.
    pub fn open(runs: &Path, id: &str) -> io::Result<Self> {
        let id =
            RunId::read(id).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "that is no id of a run"))?;
        let path = runs.join(id.as_str());
        if path.is_dir() { Ok(Self { id, path }) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// All runs, the one that began last first.
    #[must_use]
    pub fn all(runs: &Path) -> Vec<Self> {
        let names = fs::read_dir(runs).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut found: Vec<Self> = names.filter_map(|name| Self::open(runs, name.to_str()?).ok()).collect();
        found.sort_by_cached_key(|run| Reverse((number::of(&run.path), run.id.clone())));
        found
    }

    /// Whether it has a journal: without one nothing has happened in it.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        journal::is_there(&self.path)
    }

    /// # Errors
    /// The file cannot be read.
    pub fn about(&self) -> io::Result<About> {
        Ok(serde_json::from_str(&fs::read_to_string(self.path.join("run.json"))?)?)
    }

    /// # Errors
    /// The file cannot be read.
    pub fn plan(&self) -> io::Result<Plan> {
        Ok(serde_json::from_str(&fs::read_to_string(self.path.join("plan.json"))?)?)
    }

    /// Another plan for what is left; the one before stays beside it.
    ///
    /// # Errors
    /// It cannot be written: the plan is the one that it was.
    pub fn replace_plan(&self, plan: &Plan) -> io::Result<()> {
        let path = self.path.join("plan.json");
        let earlier =
            (1..=MOST).map(|number| self.path.join(format!("plan-{number}.json"))).find(|path| !path.exists());
        if let Some(earlier) = earlier {
            fs::copy(&path, earlier)?;
        }
        self.put("plan.json", &serde_json::to_string_pretty(plan)?)
    }

    /// Writes a file of the folder, whole or not at all.
    ///
    /// # Errors
    /// It cannot be written: what was there is there.
    pub fn put(&self, name: &str, text: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_data()?;
        file.persist(self.path.join(name)).map_err(|why| why.error)?;
        sync_folder(&self.path)
    }

    /// # Errors
    /// The file cannot be read.
    pub fn script(&self) -> io::Result<String> {
        fs::read_to_string(self.path.join("script.rhai"))
    }

    /// The lines of its journal.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn lines(&self) -> Result<Vec<Value>, JournalError> {
        journal::read(&self.path)
    }

    /// Where it stands.
    #[must_use]
    pub fn state(lines: &[Value]) -> State {
        match lines.last() {
            Some(line) if line["state"] == "ended" => State::Ended(line["how"].as_str().unwrap_or_default().to_owned()),
            Some(_) | None => State::Open,
        }
    }
}

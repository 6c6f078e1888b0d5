//! One execution with its own folder. Every effect passes through `perform`,
//! which writes the intent before and the outcome after it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::event::{Event, Observer, Outcome};
use super::id::RunId;
use super::journal::Journal;
use super::places::{private_file, private_folder};
use crate::cluster::Connection;
use crate::effects::{Effect, EffectError, Secrets};

/// What a run is, written to `run.json` before its first effect.
pub struct Header<'a> {
    /// `init couchdb`, `create pv`, …
    pub command: &'a str,
    pub namespace: &'a str,
    /// Where each answer came from and what it is; no secret values.
    pub answers: Value,
}

/// A run that has begun.
pub struct Run {
    pub id: RunId,
    pub folder: PathBuf,
    journal: Journal,
    /// `Kind/name` of what this run has created or changed.
    changed: Vec<String>,
}

impl Run {
    /// Makes the run's folder below `runs` and writes what is about to happen.
    pub fn begin(
        runs: &Path,
        connection: &Connection,
        header: &Header<'_>,
        effects: &[Effect],
    ) -> Result<Self, RunError> {
        let mut random = [0; 4];
        connection.entropy.fill(&mut random);
        let id = RunId::new(connection.clock.now(), random);
        let folder = runs.join(id.as_str());
        let failed = |cause| RunError::Folder { folder: folder.clone(), cause };
        make_folder(&folder).map_err(failed)?;
        let journal = prepare(&folder, connection, header, effects).map_err(|cause| {
            // Nothing has happened in it, and half a description helps nobody.
            let _ = fs::remove_dir_all(&folder);
            failed(cause)
        })?;
        Ok(Self { id, folder, journal, changed: Vec::new() })
    }

    /// What this run has created or changed so far, `Kind/name`.
    #[must_use]
    pub fn changed(&self) -> &[String] {
        &self.changed
    }

    /// Performs one effect between its two lines in the journal.
    pub async fn perform(
        &mut self,
        effect: &Effect,
        secrets: &dyn Secrets,
        connection: &Connection,
        observer: &dyn Observer,
    ) -> Result<(), RunError> {
        let number = self.journal.next_number();
        let now = || connection.clock.now();
        self.journal.intent(number, now(), &effect.describe()).map_err(RunError::Journal)?;
        let object = effect.object().to_string();
        observer.event(Event::Intent { object: object.clone() });
        match effect.perform(connection, secrets).await {
            Ok(done) => {
                if matches!(done.outcome, Outcome::Created | Outcome::Changed) {
                    self.changed.push(object.clone());
                }
                self.journal.done(number, now(), &json!(done.outcome), &done.undo).map_err(RunError::Journal)?;
                observer.event(Event::Effect { object, outcome: done.outcome });
                Ok(())
            }
            Err(error) => {
                if matches!(error, EffectError::AnswerLost { .. }) {
                    self.changed.push(format!("{object} (perhaps: the answer was lost)"));
                }
                // The server's refusal matters more than a journal that cannot take it.
                let _ = self.journal.failed(number, now(), &error.for_journal());
                Err(RunError::Effect { object, error: Box::new(error) })
            }
        }
    }

    /// Writes how the run ended.
    pub fn end(&mut self, connection: &Connection, how: &str) -> Result<(), RunError> {
        self.journal.ended(connection.clock.now(), how).map_err(RunError::Journal)
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(runs) = folder.parent() {
        private_folder(runs)?;
    }
    // Not recursive: two runs must never share a folder.
    fs::create_dir(folder)
}

fn prepare(folder: &Path, connection: &Connection, header: &Header<'_>, effects: &[Effect]) -> io::Result<Journal> {
    close_to_others(folder)?;
    let about = json!({
        "apiVersion": "kubectl-stateful/v1",
        "kind": "Run",
        "command": header.command,
        "cluster": connection.identity.name,
        "server": connection.identity.server,
        "namespace": header.namespace,
        "answers": header.answers,
        "effects": effects.iter().map(Effect::describe).collect::<Vec<_>>(),
    });
    let mut file = private_file(&folder.join("run.json"))?;
    file.write_all(serde_json::to_string_pretty(&about).unwrap_or_default().as_bytes())?;
    file.sync_data()?;
    Journal::create(folder)
}

#[cfg(unix)]
fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the run's folder `{}` cannot be made: {cause}", folder.display())]
    Folder { folder: PathBuf, cause: io::Error },
    #[error("the run's journal cannot be written: {0}")]
    Journal(io::Error),
    #[error("`{object}`: {error}")]
    Effect { object: String, error: Box<EffectError> },
}

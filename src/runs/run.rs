//! One execution with its own folder. Every effect passes through `perform`,
//! which writes the intent before and the outcome after it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::event::{Event, Observer};
use super::id::RunId;
use super::journal::Journal;
use super::number;
use super::places::{private_file, private_folder, sync_folder};
use crate::cluster::Connection;
use crate::effects::{Effect, EffectError, Preview, Ready, Secrets};

/// How often an effect is tried whose object changes between the last look and
/// the write: controllers write statuses, but not for ever.
const TRIES: usize = 5;

/// What a run is, written to `run.json` before its first effect.
pub struct Header<'a> {
    /// `init couchdb`, `create pv`, …
    pub command: &'a str,
    pub namespace: &'a str,
    /// UIDs of `kube-system` and of the namespace, which make sure later that
    /// this is the same cluster; `None` where they may not be read.
    pub cluster_uid: Option<String>,
    pub namespace_uid: Option<String>,
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
    /// Makes the run's folder below `runs` and writes what is about to happen:
    /// `effects` in the words of `Effect::describe`.
    pub fn begin(
        runs: &Path,
        connection: &Connection,
        header: &Header<'_>,
        effects: &[Value],
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

    /// Performs one effect, which was approved as `approved`, and gives back the
    /// object as it is then.
    ///
    /// # Errors
    /// The effect was refused, or would do something else by now; or a line of
    /// the journal could not be written.
    pub async fn perform(
        &mut self,
        effect: &Effect,
        approved: &Preview,
        secrets: &dyn Secrets,
        connection: &Connection,
        observer: &dyn Observer,
    ) -> Result<Value, RunError> {
        let object = effect.object().to_string();
        let stopped = |error| RunError::Effect { object: object.clone(), error: Box::new(error) };
        let mut tries = 1;
        loop {
            let ready = effect.prepare(connection, approved, secrets).await.map_err(stopped)?;
            match self.write(effect, ready, secrets, connection, observer).await {
                Err(RunError::Effect { error, .. }) if matches!(*error, EffectError::Overtaken) && tries < TRIES => {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    /// The one write, between its two lines in the journal.
    async fn write(
        &mut self,
        effect: &Effect,
        ready: Ready,
        secrets: &dyn Secrets,
        connection: &Connection,
        observer: &dyn Observer,
    ) -> Result<Value, RunError> {
        let now = || connection.clock.now();
        let number = self.journal.next_number();
        let object = effect.object().to_string();
        let holds = ready.preview.holds();
        if !holds {
            let undo = ready.undo(effect);
            self.journal.intent(number, now(), &effect.describe(), &undo).map_err(RunError::Journal)?;
            observer.event(Event::Intent { object: object.clone() });
        }
        match effect.perform(ready, connection, secrets).await {
            Ok(done) => {
                let outcome = json!(done.outcome);
                if holds {
                    self.journal.already(number, now(), &effect.describe(), &outcome).map_err(RunError::Journal)?;
                } else {
                    self.changed.push(object.clone());
                    let uid = done.created.as_deref();
                    self.journal.done(number, now(), &outcome, uid).map_err(RunError::Journal)?;
                }
                observer.event(Event::Effect { object, outcome: done.outcome });
                Ok(Arc::unwrap_or_clone(done.after))
            }
            Err(error) => {
                match error {
                    EffectError::AnswerLost { .. } => {
                        self.changed.push(format!("{object} (perhaps: the answer was lost)"));
                    }
                    EffectError::Merged { .. } => self.changed.push(format!("{object} (merged into another)")),
                    _ => {}
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

pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(runs) = folder.parent() {
        private_folder(runs)?;
    }
    // Not recursive: two runs must never share a folder.
    fs::create_dir(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

fn prepare(folder: &Path, connection: &Connection, header: &Header<'_>, effects: &[Value]) -> io::Result<Journal> {
    close_to_others(folder)?;
    let about = json!({
        "apiVersion": "kubectl-stateful/v1",
        "kind": "Run",
        "number": folder.parent().map_or(1, number::next),
        "command": header.command,
        "cluster": connection.identity.name,
        "server": connection.identity.server,
        "clusterUid": header.cluster_uid,
        "namespace": header.namespace,
        "namespaceUid": header.namespace_uid,
        "answers": header.answers,
        "effects": effects,
    });
    let mut file = private_file(&folder.join("run.json"))?;
    file.write_all(serde_json::to_string_pretty(&about).unwrap_or_default().as_bytes())?;
    file.sync_data()?;
    Journal::create(folder)
}

#[cfg(unix)]
pub(super) fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
pub(super) fn close_to_others(_: &Path) -> io::Result<()> {
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

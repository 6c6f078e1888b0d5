//! A program that is run in a member's pod, at most once for each intent.
//!
//! Nothing takes it back, since nobody here knows what it does. It succeeds with
//! exit code 0. Any other code is its answer too, and nothing follows it; where
//! no code was heard, the program may have run, and may run on.

use std::time::Duration;

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::EffectError;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::printed::{BYTES, Printed};
use super::ready::{Done, Ready};
use super::shell;
use crate::cluster::exec::{ExecError, Heard, Program};
use crate::cluster::{Connection, Pause};
use crate::facts::reader::Reader;
use crate::objects::kinds::ObjectRef;

/// How long nothing is done but listening.
const BREATH: Duration = Duration::from_secs(5);

/// The container that is meant where nobody names one.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Run `command` in a member's pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exec {
    pub pod: ObjectRef,
    pub set: String,
    pub ordinal: u64,
    pub container: Option<String>,
    pub command: Command,
    /// Seconds.
    pub at_most: u64,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// A line for the pod's `sh`, which finds `ORDINAL`, `SET` and `NAMESPACE`
    /// in its environment.
    Shell(String),
    /// A program and its arguments.
    Words(Vec<String>),
}

/// How a program ended, with the last of what it printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ran {
    /// `None`: nobody knows.
    pub exit_code: Option<i32>,
    pub printed: String,
}

impl Command {
    /// For people, as one would type it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Shell(line) => line.clone(),
            Self::Words(words) => words.iter().map(|word| shell::quote(word)).collect::<Vec<_>>().join(" "),
        }
    }
}

impl Exec {
    pub(super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let found = Reader::new(connection.client.clone()).get(&self.pod).await?;
        let pod = found.ok_or(EffectError::Vanished)?;
        if !pod["metadata"]["deletionTimestamp"].is_null() {
            return Err(EffectError::Terminating);
        }
        let container = self.container_of(&pod)?;
        let statuses = pod["status"]["containerStatuses"].as_array();
        let status = statuses.into_iter().flatten().find(|status| status["name"] == container);
        if status.is_none_or(|status| status["state"]["running"].is_null()) {
            return Err(EffectError::Guarded {
                code: "container-not-running",
                why: format!("its container `{container}` does not run: nothing can be asked there"),
                hint: format!("`kubectl stateful status {}` says why", self.set),
            });
        }
        let change = Change::Runs { container: container.to_owned(), command: self.command.shown() };
        Ok(Ready { preview: Preview::of(change, Some(&pod), Value::Null), before: Some(pod) })
    }

    /// The container that is named, or else the pod's default one.
    fn container_of<'a>(&'a self, pod: &'a Value) -> Result<&'a str, EffectError> {
        let all = pod["spec"]["containers"].as_array();
        let names: Vec<&str> = all.into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
        let default = || pod["metadata"]["annotations"][DEFAULT_CONTAINER].as_str().filter(|name| names.contains(name));
        match self.container.as_deref() {
            Some(wanted) if names.contains(&wanted) => Ok(wanted),
            Some(wanted) => Err(EffectError::Guarded {
                code: "no-container",
                why: format!("has no container `{wanted}`"),
                hint: format!("its containers: {}", names.join(", ")),
            }),
            None => default().or(names.first().copied()).ok_or(EffectError::Vanished),
        }
    }

    /// Runs it and listens until it ends. `keep` is called again and again while
    /// it runs, for what must not lapse meanwhile.
    ///
    /// # Errors
    /// Any end but exit code 0; nobody may know which.
    pub async fn run(
        &self,
        ready: &Ready,
        connection: &Connection,
        keep: impl AsyncFn() -> Result<(), EffectError>,
    ) -> Result<Done, EffectError> {
        let program = self.program(ready.before.as_deref().unwrap_or(&Value::Null))?;
        let mut printed = Printed::default();
        match listen(&program, Duration::from_secs(self.at_most), connection, keep, &mut printed).await {
            Ok(0) => {
                let ran = Ran { exit_code: Some(0), printed: printed.text() };
                Ok(Done::changed(Outcome::Ran, json!(ran)))
            }
            Ok(code) => Err(EffectError::SaidNo { code, printed: printed.text() }),
            Err(ExecError::Refused(error)) => Err((*error).into()),
            Err(ExecError::Lost(why)) => Err(EffectError::Unanswered { why, printed: printed.text() }),
        }
    }

    /// Runs it for what it prints: its author says that it only reads, so it is no
    /// effect, has no intent and may be run again.
    ///
    /// # Errors
    /// As `run`, and if it prints too much to be an answer.
    pub async fn query(
        &self,
        connection: &Connection,
        keep: impl AsyncFn() -> Result<(), EffectError>,
    ) -> Result<String, EffectError> {
        let ready = self.look(connection).await?;
        let program = self.program(ready.before.as_deref().unwrap_or(&Value::Null))?;
        let mut printed = Printed::default();
        match listen(&program, Duration::from_secs(self.at_most), connection, keep, &mut printed).await {
            Ok(0) => printed.whole().ok_or_else(|| EffectError::Guarded {
                code: "answer-too-long",
                why: format!("`{}` prints more than {BYTES} bytes", self.command.shown()),
                hint: "let the command print only what decides".to_owned(),
            }),
            Ok(code) => Err(EffectError::SaidNo { code, printed: printed.text() }),
            Err(ExecError::Refused(error)) => Err((*error).into()),
            Err(ExecError::Lost(why)) => Err(EffectError::Unanswered { why, printed: printed.text() }),
        }
    }

    fn program(&self, pod: &Value) -> Result<Program, EffectError> {
        let words = match &self.command {
            Command::Words(words) => words.clone(),
            Command::Shell(line) => {
                let ordinal = self.ordinal.to_string();
                let known = [("ORDINAL", &ordinal), ("SET", &self.set), ("NAMESPACE", &self.pod.namespace)];
                vec!["sh".to_owned(), "-c".to_owned(), shell::with_environment(&known, line)]
            }
        };
        Ok(Program {
            namespace: self.pod.namespace.clone(),
            pod: self.pod.name.clone(),
            container: self.container_of(pod)?.to_owned(),
            words,
        })
    }
}

/// Listens until it ends; gives back its code.
async fn listen(
    program: &Program,
    longest: Duration,
    connection: &Connection,
    keep: impl AsyncFn() -> Result<(), EffectError>,
    printed: &mut Printed,
) -> Result<i32, ExecError> {
    let lost = |why: &str| Err(ExecError::Lost(why.to_owned()));
    let clock = &connection.clock;
    let begin = clock.now();
    let mut output = connection.exec.start(program).await?;
    loop {
        if connection.interrupt.is_raised() {
            return lost("interrupted");
        }
        keep().await.map_err(|why| ExecError::Lost(format!("the lock {why}")))?;
        let gone = Duration::try_from(clock.now().duration_since(begin)).unwrap_or_default();
        let left = longest.saturating_sub(gone);
        if left.is_zero() {
            return lost(&format!("it had not ended after {}s", longest.as_secs()));
        }
        tokio::select! {
            biased;
            heard = output.next() => match heard {
                Some(Ok(Heard::Printed(bytes))) => printed.add(&bytes),
                Some(Ok(Heard::Exited(code))) => return Ok(code),
                Some(Err(why)) => return Err(why),
                None => return lost("nothing was heard of its end"),
            },
            // A simulated clock jumps as soon as it is asked to pause.
            paused = async { clock.pause(left.min(BREATH)).await } => match paused {
                Ok(Pause::Passed) => {}
                Ok(Pause::Idle) => return lost("nothing would ever end it"),
                Err(_) => return lost("interrupted"),
            },
        }
    }
}

#[cfg(test)]
#[path = "exec_tests.rs"]
mod tests;

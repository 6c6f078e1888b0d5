//! Programs in a member's pod.

use rhai::{Array, Dynamic, Map};

use super::super::engine::thrown;
use super::handles::{AT_MOST, Outcome, seconds};
use super::member::MemberHandle;
use crate::effects::Effect;
use crate::effects::exec::{Command, Exec};
use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::runs::call::Call;

impl MemberHandle {
    /// Runs a program in the member's pod: a text is a line for its shell.
    pub(super) fn exec(&mut self, command: &Dynamic, options: &Map) -> Outcome<()> {
        let exec = self.program(command, options, &["container", "at_most"])?;
        self.bridge.ask(Call::Effect { effect: Effect::Exec(exec) }).map(drop)
    }

    /// What a program prints that only reads, as its author says.
    pub(super) fn query(&mut self, command: &Dynamic, options: &Map) -> Outcome<String> {
        let exec = self.program(command, options, &["assume", "container", "at_most"])?;
        let answer = self.bridge.ask(Call::Query { exec, assume: option(options, "assume")? })?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }

    fn program(&self, command: &Dynamic, options: &Map, known: &[&str]) -> Outcome<Exec> {
        if let Some(unknown) = options.keys().find(|key| !known.contains(&key.as_str())) {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            return Err(thrown(format!("unknown option `{unknown}`"), &format!("known are {}", known.join(", "))));
        }
        let set = &self.set.target.object;
        Ok(Exec {
            pod: ObjectRef { kind: pod_kind(), namespace: set.namespace.clone(), name: self.now.pod.clone() },
            set: set.name.clone(),
            ordinal: self.now.ordinal,
            container: option(options, "container")?.filter(|name| !name.is_empty()),
            command: command_of(command)?,
            at_most: option(options, "at_most")?.map_or(Ok(AT_MOST), |time| seconds(&time))?,
        })
    }
}

fn option(options: &Map, name: &str) -> Outcome<Option<String>> {
    match options.get(name) {
        Some(value) if !value.is_unit() => {
            let text = value.clone().into_string();
            text.map(Some).map_err(|found| thrown(format!("`{name}` must be text, and is {found}"), ""))
        }
        _ => Ok(None),
    }
}

fn pod_kind() -> &'static ApiKind {
    let Some(kind) = ApiKind::named("Pod") else { unreachable!("pods are in the list of kinds") };
    kind
}

/// What is run: a line for a shell, or words that none reads.
fn command_of(command: &Dynamic) -> Outcome<Command> {
    let words = command.read_lock::<Array>().map(|words| {
        let word = |one: &Dynamic| one.clone().into_string().ok();
        words.iter().map(word).collect::<Option<Vec<String>>>().filter(|words| !words.is_empty())
    });
    let command = match words {
        Some(words) => words.map(Command::Words),
        None => command.clone().into_string().ok().filter(|line| !line.trim().is_empty()).map(Command::Shell),
    };
    command.ok_or_else(|| thrown("there is no command to run", "give a text for the shell, or a list of words"))
}

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
        if let Some(unknown) = options.keys().find(|key| !["container", "at_most"].contains(&key.as_str())) {
            return Err(thrown(format!("unknown option `{unknown}`"), "known are `container` and `at_most`"));
        }
        let option = |name: &str| match options.get(name) {
            Some(value) if !value.is_unit() => value.clone().into_string().map(Some),
            _ => Ok(None),
        };
        let text =
            |name: &str| option(name).map_err(|found| thrown(format!("`{name}` must be text, and is {found}"), ""));
        let set = &self.set.target.object;
        let Some(kind) = ApiKind::named("Pod") else { return Ok(()) };
        let effect = Effect::Exec(Exec {
            pod: ObjectRef { kind, namespace: set.namespace.clone(), name: self.now.pod.clone() },
            set: set.name.clone(),
            ordinal: self.now.ordinal,
            container: text("container")?.filter(|name| !name.is_empty()),
            command: command_of(command)?,
            at_most: text("at_most")?.map_or(Ok(AT_MOST), |time| seconds(&time))?,
        });
        self.bridge.ask(Call::Effect { effect }).map(drop)
    }
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

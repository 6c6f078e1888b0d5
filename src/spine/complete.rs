//! Answers to `kubectl stateful <TAB>`. Commands, flags and fixed values come
//! from the command itself; names of sets, namespaces, classes and nodes from
//! the cluster, within a second in all and silent when that is not enough.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{Resettable, Str};
use clap::{ArgMatches, Command, FromArgMatches as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use serde_json::Value;

use super::parse::Own;
use super::{connect, parse, values};
use crate::cli::GlobalFlags;
use crate::cluster::Interrupt;
use crate::commands::completion;
use crate::commands::runbook::command::SHORT;
use crate::error::Failure;
use crate::facts::reader::Reader;
use crate::objects::kinds::ApiKind;
use crate::report::output::Output;
use crate::runbook::header::Header;
use crate::runbook::recipe::Recipe;
use crate::runbook::script::Runbook;
use crate::runs::places::Places;
use crate::wizard::create::kinds;
use crate::wizard::flags as wizard_flags;
use crate::wizard::parameter::{Parameter, Type};

/// How the names of parameters end that take the name of a container.
const CONTAINER: &str = "container";

/// A person at the keyboard waits no longer than this for a name.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints candidates for the last word.
pub fn answer(words: &[OsString]) -> ExitCode {
    let places = Places::from_env(|name| std::env::var_os(name));
    // An unusable recipe or a broken terminal is not told in the middle of a TAB.
    if let Ok((command, own)) = with_own_scripts(words, places.as_ref()) {
        let live = Arc::new(Live { words: words.to_vec(), deadline: deadline() });
        let text = completion::answer(with_live_names(command, own.as_ref(), words, &live), words.to_vec());
        let _ = Output::of_process().write(&text);
    }
    ExitCode::SUCCESS
}

/// Raised when the patience is at its end, wherever the lookup is by then: in a
/// credential plugin, on the wire or waiting for a sandbox.
fn deadline() -> Interrupt {
    let deadline = Interrupt::default();
    let raised = deadline.clone();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        raised.raise();
    });
    deadline
}

/// The command with the user's own scripts: their names, and the flags of the
/// one that the words name.
fn with_own_scripts(words: &[OsString], places: Option<&Places>) -> Result<(Command, Option<Own>), Failure> {
    let Some(places) = places else { return Ok((parse::command(words, None)?, None)) };
    let (_, before) = words.split_last().unwrap_or((&EMPTY, &[]));
    let named = |verb: &str| before.iter().skip_while(|word| *word != verb).nth(1).and_then(|word| word.to_str());
    let is_own = |name: &&str, shipped: &[(String, Header)]| {
        !name.starts_with('-') && !shipped.iter().any(|(known, _)| known == name)
    };
    let recipe = named("init").filter(|name| is_own(name, Recipe::shipped_headers()));
    let runbook = named("run").or_else(|| named("plan")).filter(|name| is_own(name, Runbook::shipped_headers()));
    let own = match (recipe, runbook) {
        (Some(name), _) => Recipe::find(name, &places.config).ok().map(Own::Recipe),
        (None, Some(name)) => Runbook::find(name, &places.config).ok().map(Own::Runbook),
        (None, None) => None,
    };
    if own.is_some() {
        return Ok((parse::command(words, own.as_ref())?, own));
    }
    let own = Recipe::own_summaries(&places.config);
    let own = own.into_iter().map(|(name, summary)| Command::new(name).about(summary));
    let command = parse::command(words, None)?;
    let named = |verb: &str| before.iter().any(|word| word == verb);
    Ok((if named("init") { command.mut_subcommand("init", |init| init.subcommands(own)) } else { command }, None))
}

const EMPTY: OsString = OsString::new();

fn with_live_names(command: Command, own: Option<&Own>, words: &[OsString], live: &Arc<Live>) -> Command {
    let names = |what: &'static str| {
        let live = Arc::clone(live);
        ArgValueCompleter::new(move |current: &OsStr| match what {
            CONTAINER => live.containers(current),
            kind => live.names(kind, current),
        })
    };
    let mut command = command
        .mut_arg("namespace", |arg| arg.add(names("Namespace")))
        .mut_arg("sandbox", |arg| arg.add(ArgValueCompleter::new(values::sandboxes)))
        .mut_subcommand("status", |status| status.mut_arg("set", |arg| arg.add(names("StatefulSet"))))
        .mut_subcommand("doctor", |doctor| doctor.mut_arg("set", |arg| arg.add(names("StatefulSet"))))
        .mut_subcommand("explain", |explain| {
            explain.mut_arg("code", |arg| arg.add(ArgValueCompleter::new(values::codes)))
        });
    let run = |verb: Command| verb.mut_arg("run", |arg| arg.add(ArgValueCompleter::new(values::runs)));
    for verb in ["resume", "undo", "report"] {
        command = command.mut_subcommand(verb, run);
    }
    let runbook = |verb: Command| verb.mut_arg("runbook", |arg| arg.add(ArgValueCompleter::new(values::runbooks)));
    command = command
        .mut_subcommand("runbook", |verbs| {
            ["show", "check", "test"].into_iter().fold(verbs, |verbs, verb| verbs.mut_subcommand(verb, runbook))
        })
        .mut_subcommand("runs", |runs| runs.mut_subcommand("unlock", run))
        .mut_subcommand("volumes", |volumes| volumes.mut_subcommand("restore", run));
    let is_named = |verb: &str| words.iter().any(|word| word == verb);
    let shipped = Recipe::shipped_headers().iter().map(|(name, header)| (name, header));
    let recipes = shipped.chain(own.and_then(|own| match own {
        Own::Recipe(recipe) => Some((&recipe.name, &recipe.header)),
        Own::Runbook(_) => None,
    }));
    for (recipe, header) in recipes.filter(|_| is_named("init")) {
        command = command.mut_subcommand("init", |init| {
            init.mut_subcommand(recipe, |verb| with_parameters(verb, &header.parameters, &names))
        });
    }
    let shipped = Runbook::shipped_headers().iter().map(|(name, header)| (name, header));
    let runbooks = shipped.chain(own.and_then(|own| match own {
        Own::Runbook(runbook) => Some((&runbook.name, &runbook.header)),
        Own::Recipe(_) => None,
    }));
    for (runbook, header) in runbooks {
        for verb in ["run", "plan"].into_iter().filter(|_| is_named("run") || is_named("plan")) {
            command = command.mut_subcommand(verb, |whole| {
                whole.mut_subcommand(runbook, |verb| with_parameters(verb, &header.parameters, &names))
            });
        }
        for (short, parent, _) in SHORT.iter().filter(|(_, _, book)| book == runbook) {
            let with = |verb: Command| with_parameters(verb, &header.parameters, &names);
            command = match parent {
                None => command.mut_subcommand(*short, with),
                Some(parent) => command.mut_subcommand(*parent, |whole| whole.mut_subcommand(*short, with)),
            };
        }
    }
    for kind in kinds().into_iter().filter(|_| is_named("create")) {
        command = command.mut_subcommand("create", |create| {
            create.mut_subcommand(kind.name, |verb| {
                // An alias that is offered would take the place of its command's name.
                let verb = verb.visible_alias(Resettable::<Str>::Reset).aliases(kind.aliases.iter().copied());
                with_parameters(verb, &kind.parameters, &names)
            })
        });
    }
    command
}

fn with_parameters(
    mut verb: Command,
    parameters: &[Parameter],
    names: &dyn Fn(&'static str) -> ArgValueCompleter,
) -> Command {
    for parameter in parameters {
        let completer = if let Some(live) = parameter.kind.live() {
            names(live.kind())
        } else if parameter.kind == Type::Secret {
            ArgValueCompleter::new(values::origins)
        } else if parameter.kind == Type::SecretKeys {
            ArgValueCompleter::new(values::keyed_origins)
        } else if parameter.name.ends_with(CONTAINER) {
            names(CONTAINER)
        } else {
            continue;
        };
        verb = verb.mut_arg(wizard_flags::origin_id(parameter), |arg| arg.add(completer));
    }
    verb
}

/// Asks the cluster that the words so far lead to.
struct Live {
    words: Vec<OsString>,
    deadline: Interrupt,
}

impl Live {
    fn names(&self, kind: &str, current: &OsStr) -> Vec<CompletionCandidate> {
        let objects = self.list(kind).unwrap_or_default();
        let names = objects.iter().filter_map(|object| object["metadata"]["name"].as_str());
        fitting(names, current)
    }

    /// The containers of the set that the words name, or of all sets.
    fn containers(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let set = self.matches().and_then(|matches| set_of(&matches));
        let sets = self.list("StatefulSet").unwrap_or_default();
        let meant = |object: &&Value| set.as_ref().is_none_or(|set| object["metadata"]["name"] == set.as_str());
        let of_set = |object: &Value| object["spec"]["template"]["spec"]["containers"].clone();
        let containers: Vec<Value> = sets.iter().filter(meant).map(of_set).collect();
        let each = containers.iter().filter_map(Value::as_array).flatten();
        let names: BTreeSet<&str> = each.filter_map(|container| container["name"].as_str()).collect();
        fitting(names.into_iter(), current)
    }

    fn list(&self, kind: &str) -> Option<Vec<Value>> {
        let kind = ApiKind::named(kind)?;
        let places = Places::from_env(|name| std::env::var_os(name))?;
        let global = self.global()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let found = runtime.block_on(async {
            let connection = connect::quietly(&global, &places, &self.deadline).ok()?;
            let namespace = if kind.namespaced { connection.namespace.as_str() } else { "" };
            let reader = Reader::new(connection.client.clone());
            reader.list(kind, namespace, None).await.ok()
        });
        // A name server that does not answer is not waited for either.
        runtime.shutdown_background();
        found
    }

    /// The connection flags among the words before the current one.
    fn global(&self) -> Option<GlobalFlags> {
        GlobalFlags::from_arg_matches(&self.matches()?).ok()
    }

    /// What the words before the current one say; those that make no sense yet are
    /// passed over.
    fn matches(&self) -> Option<ArgMatches> {
        let (_, before) = self.words.split_last()?;
        let words = std::iter::once(OsString::from("kubectl-stateful")).chain(before.iter().cloned());
        let command = parse::command(&self.words, None).ok()?.ignore_errors(true);
        command.try_get_matches_from(words).ok()
    }
}

/// The set that the innermost command is about.
fn set_of(matches: &ArgMatches) -> Option<String> {
    match matches.subcommand() {
        Some((_, inner)) => set_of(inner),
        None => matches.try_get_one::<String>("set").ok().flatten().cloned(),
    }
}

fn fitting<'a>(names: impl Iterator<Item = &'a str>, current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(start) = current.to_str() else { return Vec::new() };
    names.filter(|name| name.starts_with(start)).map(CompletionCandidate::new).collect()
}

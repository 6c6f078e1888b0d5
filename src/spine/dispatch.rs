//! From parsed words to the verb that runs, on the script thread, inside the
//! one runtime.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgMatches, FromArgMatches as _};

use super::capture::capture;
use super::connect::{self, Time};
use super::copies::OnSimulator;
use super::doctor;
use super::parse::{Parsed, Stop, parse};
use super::sandboxes;
use super::screen::TerminalScreen;
use super::serve;
use super::trials::SimulatedClusters;
use super::watch;
use crate::cli::Verb;
use crate::cluster::Interrupt;
use crate::commands::completion::{self, CompletionVerb};
use crate::commands::flags::DryRun;
use crate::commands::runbook::Intent;
use crate::commands::runbook::flags::RunFlags;
use crate::commands::runs::{ReportArgs, ResumeArgs, RunsArgs, RunsVerb, UndoArgs};
use crate::commands::sandbox::{self, SandboxArgs, SandboxVerb};
use crate::commands::screen::Screen as _;
use crate::commands::{Context, create, explain, init, questions, runbook, runbooks, status};
use crate::effects::Guards;
use crate::error::Failure;
use crate::objects::names;
use crate::report::terminal;
use crate::runbook::recipe::Recipe;
use crate::runbook::script::Runbook;
use crate::runs::pen::Pen;
use crate::runs::places::Places;

/// Runs what was parsed. A recipe that was not named is asked for, and the
/// words are parsed anew with its flags.
pub fn dispatch(
    mut words: Vec<OsString>,
    mut parsed: Parsed,
    places: Option<Places>,
    screen: &TerminalScreen,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    if let Some(("init", matches)) = parsed.matches.subcommand()
        && matches.subcommand().is_none()
    {
        let own = places.as_ref().map(|places| Recipe::own_summaries(&places.config)).unwrap_or_default();
        words.push(init::pick_recipe(own, screen)?.into());
        parsed = parse(&words, places.as_ref()).map_err(|stop| match stop {
            Stop::Failed(failure) => failure,
            Stop::Show(text) => Failure::usage("usage", text),
        })?;
    }
    with_verb(&parsed, places, screen, interrupt)
}

fn with_verb(
    parsed: &Parsed,
    places: Option<Places>,
    screen: &TerminalScreen,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let matches = &parsed.matches;
    if let Ok(Verb::Completion(arguments)) = Verb::from_arg_matches(matches) {
        return match arguments.verb {
            CompletionVerb::Install { dir } => {
                let link = completion::install(dir.as_deref())?;
                screen.tell(&format!("kubectl finds completions through {}", link.display()));
                Ok(())
            }
            CompletionVerb::Bash => screen.print(completion::BASH),
        };
    }
    if let Ok(Verb::Explain(arguments)) = Verb::from_arg_matches(matches) {
        return screen.print(&explain::explain(&arguments)?);
    }
    if let Ok(Verb::Doctor(arguments)) = Verb::from_arg_matches(matches)
        && !arguments.files.is_empty()
    {
        return doctor::of_files(&arguments, parsed, places.as_ref(), screen, interrupt);
    }
    let places = places.ok_or_else(|| {
        Failure::failed("no-home", "no folder for this program's files: HOME is not set")
            .hint("set HOME, or both XDG_STATE_HOME and XDG_CONFIG_HOME, to an absolute path")
    })?;
    if let Ok(Verb::Sandbox(arguments)) = Verb::from_arg_matches(matches) {
        match arguments.verb {
            SandboxVerb::Reset => return connect::reset_sandbox(&parsed.global, &places, screen, interrupt),
            SandboxVerb::List => return sandboxes::list(&places, screen),
            SandboxVerb::Show | SandboxVerb::Capture(_) | SandboxVerb::Serve(_) => {}
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::failed("no-runtime", format!("cannot start: {why}")))?;
    runtime.block_on(async {
        terminal::survive_size_limits();
        // All verbs together are a large future.
        Box::pin(run(parsed, &places, screen, interrupt)).await
    })
}

async fn run(parsed: &Parsed, places: &Places, screen: &TerminalScreen, interrupt: &Interrupt) -> Result<(), Failure> {
    let mut global = parsed.global.clone();
    // As for kubectl, an empty name is none.
    global.connection.namespace = global.connection.namespace.filter(|name| !name.is_empty());
    if let Some(name) = &global.connection.namespace {
        names::dns_label(name, names::LABEL_MAX)
            .map_err(|why| Failure::usage("bad-namespace", format!("`{name}` is no name of a namespace: {why}")))?;
    }
    let Some((verb, matches)) = parsed.matches.subcommand() else { return Ok(()) };
    if verb == "sandbox" && matches.subcommand_name() != Some("capture") {
        connect::choose_sandbox(&mut global);
    }
    if let Ok(Verb::Sandbox(SandboxArgs { verb: SandboxVerb::Serve(serving) })) =
        Verb::from_arg_matches(&parsed.matches)
    {
        return serve::serve(&global, places, serving.port, screen, interrupt).await;
    }
    let connection = if verb == "runbook" || asks_no_server(matches) {
        connect::offline(&global, places, interrupt)
    } else {
        let watches = matches!(Verb::from_arg_matches(&parsed.matches), Ok(Verb::Status(status)) if status.watch);
        let time = if watches { Time::Follows } else { Time::Jumps };
        connect::connect(&global, places, interrupt, screen, time)
    };
    let connection = connection.map_err(|failure| wrong_words(parsed, verb, matches).unwrap_or(failure))?;
    let context = Context {
        connection: &connection,
        copies: &OnSimulator,
        screen,
        places,
        guards: Guards::default(),
        pen: Pen::default(),
        namespace_given: global.connection.namespace.is_some(),
        connection_words: connect::words(&global),
    };
    let result = match verb {
        "init" => run_init(parsed, matches, &context).await,
        "create" => run_create(matches, &context).await,
        "run" | "plan" | "scale" | "volumes" => run_book(verb, parsed, matches, &context).await,
        _ => match Verb::from_arg_matches(&parsed.matches) {
            Ok(Verb::Status(arguments)) if arguments.watch => {
                watch::watch(&arguments, &connection, context.as_given(), screen).await
            }
            Ok(Verb::Status(arguments)) => match status::status(&arguments, &connection, context.as_given()).await {
                Ok(found) => screen.show_status(&found, arguments.output),
                Err(failure) => Err(failure),
            },
            Ok(Verb::Sandbox(arguments)) => match &arguments.verb {
                SandboxVerb::Capture(arguments) => capture(arguments, &context, screen, interrupt).await,
                SandboxVerb::Show | SandboxVerb::List | SandboxVerb::Reset | SandboxVerb::Serve(_) => {
                    sandbox::show(&context).await
                }
            },
            Ok(Verb::Doctor(arguments)) => doctor::of_sets(&arguments, &context, screen).await,
            Ok(verb @ (Verb::Resume(_) | Verb::Undo(_) | Verb::Report(_) | Verb::Runs(_))) => {
                about_run(verb, &context, screen).await
            }
            Ok(Verb::Runbook(arguments)) => runbooks::runbook(&arguments.verb, Arc::new(SimulatedClusters), &context),
            Ok(Verb::Completion(_) | Verb::Explain(_)) => Ok(()),
            Err(why) => Err(Failure::usage("usage", why.to_string())),
        },
    };
    screen.show_warnings(&connection);
    result.map_err(|failure| context.as_given().asked(failure))
}

/// What is asked about a run that is there already.
async fn about_run(verb: Verb, context: &Context<'_>, screen: &TerminalScreen) -> Result<(), Failure> {
    match verb {
        Verb::Resume(ResumeArgs { run, replan, run_again, flags, output }) => {
            let flags = RunFlags { run_again, output, ..flags.into() };
            if replan {
                runbook::replan(run.as_deref(), &flags, context).await
            } else {
                runbook::resume(run.as_deref(), &flags, context).await
            }
        }
        Verb::Undo(UndoArgs { run, run_again, leave_out, flags }) => {
            let flags = RunFlags { run_again, leave_out, ..flags.into() };
            runbook::undo(run.as_deref(), &flags, context).await
        }
        Verb::Report(ReportArgs { run, output }) => {
            screen.show_report(&runbook::report(run.as_deref(), context).await?, output)
        }
        Verb::Runs(RunsArgs { verb: None, all }) => runbook::list(all, context),
        Verb::Runs(RunsArgs { verb: Some(RunsVerb::Unlock { run }), .. }) => runbook::unlock(&run, context).await,
        Verb::Status(_)
        | Verb::Sandbox(_)
        | Verb::Doctor(_)
        | Verb::Completion(_)
        | Verb::Explain(_)
        | Verb::Runbook(_) => Ok(()),
    }
}

/// `--dry-run=client` of `init` and `create`.
fn asks_no_server(verb: &ArgMatches) -> bool {
    let what = verb.subcommand().map(|(_, what)| what);
    what.and_then(|what| what.try_get_one("dry_run").ok().flatten()) == Some(&DryRun::Client)
}

/// Without a cluster the words can still be wrong, and that is told first.
fn wrong_words(parsed: &Parsed, verb: &str, matches: &ArgMatches) -> Option<Failure> {
    let (name, matches) = matches.subcommand()?;
    if verb == "create" {
        return questions::wrong_words([verb, name], &create::kind(name)?.parameters, matches);
    }
    if let Some(book) = &parsed.runbook {
        return runbook::wrong_words(book, [verb, name], matches);
    }
    questions::wrong_words([verb, name], &parsed.recipe.as_ref()?.header.parameters, matches)
}

async fn run_init(parsed: &Parsed, matches: &ArgMatches, context: &Context<'_>) -> Result<(), Failure> {
    match (&parsed.recipe, matches.subcommand()) {
        (Some(recipe), Some((_, matches))) => init::init(recipe, matches, context).await,
        _ => Err(Failure::usage("no-recipe", "name a recipe")),
    }
}

async fn run_book(verb: &str, parsed: &Parsed, matches: &ArgMatches, context: &Context<'_>) -> Result<(), Failure> {
    if verb == "scale" {
        return runbook::scale(matches, context).await;
    }
    if let Ok(Some(path)) = matches.try_get_one::<PathBuf>("plan") {
        return runbook::go_by(path, matches, context).await;
    }
    let Some((name, inner)) = matches.subcommand() else {
        return Err(Failure::usage("no-runbook", "name a runbook").hint("kubectl stateful runbook list"));
    };
    if verb == "volumes" {
        if name == "list" {
            return runbook::volumes(inner.contains_id("output"), context).await;
        }
        let short = runbook::command::SHORT.iter().find(|(short, _, _)| *short == name);
        let book = short.and_then(|(_, _, book)| Runbook::shipped(book));
        let book = book.ok_or_else(|| Failure::usage("no-runbook", format!("no runbook for `volumes {name}`")))?;
        return runbook::go(&book, ["volumes", name], Intent::Run, inner, context).await;
    }
    let intent = if verb == "plan" { Intent::Plan } else { Intent::Run };
    match &parsed.runbook {
        Some(book) => runbook::go(book, [verb, name], intent, inner, context).await,
        None => Err(Failure::usage("no-runbook", "name a runbook").hint("kubectl stateful runbook list")),
    }
}

async fn run_create(matches: &ArgMatches, context: &Context<'_>) -> Result<(), Failure> {
    match matches.subcommand().and_then(|(name, matches)| Some((create::kind(name)?, matches))) {
        Some((kind, matches)) => create::create(&kind, matches, context).await,
        None => Err(Failure::usage("no-kind", "name a kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks_nobody(line: &str) -> bool {
        let words: Vec<OsString> =
            std::iter::once("kubectl-stateful").chain(line.split_whitespace()).map(OsString::from).collect();
        let Ok(parsed) = parse(&words, None) else { panic!("{line} is refused") };
        asks_no_server(parsed.matches.subcommand().unwrap().1)
    }

    #[test]
    fn only_a_client_dry_run_asks_no_server() {
        for line in
            ["init couchdb --dry-run=client", "init couchdb --dry-run", "create pvc a --size 1Gi --dry-run=client"]
        {
            assert!(asks_nobody(line), "{line}");
        }
        for line in
            ["init couchdb", "init couchdb --dry-run=server", "create pvc a --dry-run=none", "status", "sandbox show"]
        {
            assert!(!asks_nobody(line), "{line}");
        }
    }
}

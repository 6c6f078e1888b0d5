//! `runbook list|show|check|test`: the scripts themselves.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::Context;
use crate::error::Failure;
use crate::runbook::error::ScriptError;
use crate::runbook::lint::Finding;
use crate::runbook::script::Runbook;
use crate::runbook::trial::{Clusters, Tests};

/// List, show, check and test runbooks
#[derive(Args, Clone, Debug)]
pub struct RunbookArgs {
    #[command(subcommand)]
    pub verb: RunbookVerb,
}

/// What to do with them.
#[derive(Subcommand, Clone, Debug)]
pub enum RunbookVerb {
    /// List the runbooks that come with the program, and your own
    List,
    /// Print the text of a runbook, to read, or to change a copy of it
    Show {
        /// Its name, or a path
        runbook: String,
    },
    /// Check a runbook without running it
    Check {
        /// Its name, or a path
        runbook: String,
    },
    /// Run the tests beside a runbook of your own (`x_test.rhai` beside `x.rhai`) on simulated clusters
    Test {
        /// Its name, or a path
        runbook: String,
    },
}

/// Does it.
///
/// # Errors
/// There is no such runbook, or it cannot be used.
pub fn runbook(verb: &RunbookVerb, clusters: Arc<dyn Clusters>, context: &Context<'_>) -> Result<(), Failure> {
    let config = &context.places.config;
    match verb {
        RunbookVerb::List => {
            let mut text = String::new();
            for (name, header) in Runbook::shipped_headers() {
                let _ = writeln!(text, "{name:18}  {}", header.summary);
            }
            for name in Runbook::own_names(config) {
                let summary = match Runbook::find(&name, config) {
                    Ok(runbook) => runbook.header.summary,
                    Err(why) => format!("your own runbook, with a mistake in it: {}", why.message()),
                };
                let _ = writeln!(text, "{name:18}  {summary}");
            }
            context.screen.print(&text)
        }
        RunbookVerb::Test { runbook } => test(runbook, clusters, context),
        RunbookVerb::Show { runbook } => context.screen.print(&Runbook::find(runbook, config)?.source),
        RunbookVerb::Check { runbook } => {
            let found = Runbook::find(runbook, config)?;
            let mut errors = Vec::new();
            for finding in found.check()? {
                match finding {
                    Finding::Error(error) => errors.push(error),
                    Finding::Warning(warning) => context.screen.caution(&in_one_line(&warning)),
                }
            }
            if errors.is_empty() {
                context.screen.tell(&format!("{} is in order: what it names is there and declared", found.name));
                return Ok(());
            }
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let failure = Failure::usage("script-invalid", texts.join("\n"));
            Err(errors.iter().flat_map(ScriptError::hints).fold(failure, |failure, hint| failure.hint(hint.as_str())))
        }
    }
}

/// Runs the tests beside a runbook, and prints a line for each as it ends.
fn test(name: &str, clusters: Arc<dyn Clusters>, context: &Context<'_>) -> Result<(), Failure> {
    let (config, interrupt) = (&context.places.config, context.connection.interrupt.clone());
    let own = Runbook::find(name, config)?;
    let cancel = interrupt.clone();
    let tests = Tests::read(&own, Runbook::tests(name, config)?, clusters, Arc::new(move || cancel.is_raised()))?;
    let names = tests.names();
    if names.is_empty() {
        return Err(Failure::usage("no-tests", format!("`{}` has no function `test_…()`", tests.file()))
            .hint("write: fn test_it() { let played = cluster(2).play(\"x\", #{ set: \"web\" }); }"));
    }
    let mut failed = 0;
    for test in &names {
        let ended = tests.run(test);
        interrupt.check().map_err(|_| Failure::interrupted())?;
        failed += usize::from(ended.is_err());
        context.screen.print(&match ended {
            Ok(()) => format!("ok      {test}\n"),
            Err(why) => format!("FAILED  {test}: {why}\n"),
        })?;
    }
    match failed {
        0 => Ok(()),
        failed => Err(Failure::failed("tests-failed", format!("{failed} of {} tests failed", names.len()))),
    }
}

/// `./x.rhai:3:5: parameter …; what to do`.
fn in_one_line(warning: &ScriptError) -> String {
    let place = warning.place().map(|place| format!("{}:{}:{}: ", place.file, place.line, place.column));
    let words: Vec<&str> =
        std::iter::once(warning.message()).chain(warning.hints().iter().map(String::as_str)).collect();
    format!("{}{}", place.unwrap_or_default(), words.join("; "))
}

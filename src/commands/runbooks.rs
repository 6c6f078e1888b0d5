//! `runbook list|show|check`: the scripts themselves.

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::Context;
use crate::error::Failure;
use crate::runbook::error::ScriptError;
use crate::runbook::lint::Finding;
use crate::runbook::script::Runbook;

/// List, show and check runbooks
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
}

/// Does it.
///
/// # Errors
/// There is no such runbook, or it cannot be used.
pub fn runbook(verb: &RunbookVerb, context: &Context<'_>) -> Result<(), Failure> {
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

/// `./x.rhai:3:5: parameter …; what to do`.
fn in_one_line(warning: &ScriptError) -> String {
    let place = warning.place().map(|place| format!("{}:{}:{}: ", place.file, place.line, place.column));
    let words: Vec<&str> =
        std::iter::once(warning.message()).chain(warning.hints().iter().map(String::as_str)).collect();
    format!("{}{}", place.unwrap_or_default(), words.join("; "))
}

//! The answers that a runbook needs: flags, questions, defaults.

use clap::ArgMatches;

use super::flags::RunFlags;
use crate::commands::Context;
use crate::commands::lookup::ClusterLookup;
use crate::commands::unfit;
use crate::error::Failure;
use crate::facts::reader::Reader;
use crate::runbook::script::Runbook;
use crate::wizard::flags as wizard_flags;
use crate::wizard::parameter::{Answers, Live};
use crate::wizard::resolve::{self, ResolveError};

/// All answers, asked for where somebody can be asked.
///
/// # Errors
/// An answer is wrong or missing, or the person left a question.
pub async fn of(
    runbook: &Runbook,
    verb: [&str; 2],
    flags: &RunFlags,
    matches: &ArgMatches,
    context: &Context<'_>,
) -> Result<Answers, Failure> {
    let parameters = &runbook.header.parameters;
    let given = wizard_flags::read(parameters, matches, &mut std::io::empty());
    let connection = context.connection;
    let mut lookup = ClusterLookup::new(Reader::new(connection.client.clone()), &connection.namespace);
    let needed: Vec<Live> = parameters.iter().filter_map(|parameter| parameter.kind.live()).collect();
    lookup.need(needed.into_iter(), &connection.identity).await?;
    resolve::resolve(parameters, given, Answers::new(), context.screen, &lookup, flags.approval.yes).map_err(|error| {
        match error {
            ResolveError::Abandoned => Failure::interrupted(),
            ResolveError::Unfit { wrong, missing } => {
                let nobody = !context.screen.can_ask();
                let otherwise = nobody.then_some("run it on a terminal to be asked, or name them on the command line");
                unfit::answers(&wrong, &missing, otherwise, parameters, verb)
            }
        }
    })
}

/// What is wrong about the words of a command whose cluster cannot be had.
#[must_use]
pub fn wrong_words(runbook: &Runbook, verb: [&str; 2], matches: &ArgMatches) -> Option<Failure> {
    let parameters = &runbook.header.parameters;
    unfit::wrong(&wizard_flags::read(parameters, matches, &mut std::io::empty()), parameters, verb)
}

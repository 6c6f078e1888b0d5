//! `scale`: down or up, whichever runbook that is.

use clap::ArgMatches;

use super::{Intent, go};
use crate::commands::Context;
use crate::error::Failure;
use crate::facts::reader::Reader;
use crate::runbook::script::Runbook;
use crate::runs::reads;

/// Compares with the replicas of the set and takes the runbook for it.
///
/// # Errors
/// As the runbook.
pub async fn scale(matches: &ArgMatches, context: &Context<'_>) -> Result<(), Failure> {
    let text = |name: &str| matches.try_get_one::<String>(name).ok().flatten();
    let wanted = text("replicas").and_then(|text| text.parse::<u64>().ok());
    let up = match (text("set"), wanted) {
        (Some(set), Some(wanted)) => {
            let reader = Reader::new(context.connection.client.clone());
            // What cannot be read is told by the runbook, in its words.
            let found = reads::set(&reader, &context.connection.namespace, set).await;
            found.is_ok_and(|found| wanted > found.replicas)
        }
        _ => false,
    };
    let asks = ["before_remove", "before_remove_container"].into_iter().find(|name| text(name).is_some());
    if let (true, Some(asks)) = (up, asks) {
        let what = format!("`--{}` asks before a member goes, and here none goes", asks.replace('_', "-"));
        return Err(Failure::usage("nothing-to-ask", format!("{what}; nothing was changed")).hint("leave it out"));
    }
    let name = if up { "scale-up" } else { "scale-down" };
    let runbook = Runbook::shipped(name)
        .ok_or_else(|| Failure::failed("no-runbook", format!("the runbook `{name}` is missing")))?;
    go(&runbook, ["scale", ""], Intent::Run, matches, context).await
}

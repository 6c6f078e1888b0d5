//! What to type where `resume` and `undo` would only come to the same end again.

use std::collections::BTreeSet;

use super::command::SHORT;
use crate::commands::Context;
use crate::runbook::script::Runbook;
use crate::wizard::equivalent;
use crate::wizard::parameter::Answers;

/// The same again as a run of its own, planned on the cluster as it is by now.
pub fn anew(runbook: &Runbook, answers: &Answers, context: &Context<'_>) -> String {
    let short = SHORT.iter().find(|(_, _, known)| *known == runbook.name);
    let words = match short {
        Some((name, Some(parent), _)) => vec![*parent, *name],
        Some((name, None, _)) => vec![*name],
        None => vec!["run", runbook.name.as_str()],
    };
    let line = equivalent::command(&words, &runbook.header.parameters, answers, &BTreeSet::new());
    context.as_given().ours(line.trim_end_matches(" --yes"))
}

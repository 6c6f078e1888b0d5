//! What to type where `resume` and `undo` would only come to the same end again.

use std::collections::BTreeSet;

use serde_json::Value;

use super::command::SHORT;
use crate::commands::Context;
use crate::effects::Effect;
use crate::runbook::script::Runbook;
use crate::runs::folder::RunFolder;
use crate::runs::undoing::Undoing;
use crate::wizard::equivalent::{self, quote};
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

/// The command that gives back the volumes that a run has retired, whatever came after it;
/// none where nothing of that is left.
pub fn restoring(folder: &RunFolder, lines: &[Value], context: &Context<'_>) -> Option<String> {
    let undoing = Undoing::of(lines);
    let set = undoing.steps.iter().find_map(|step| match step.effect() {
        Some(Effect::DeleteClaim(deletion)) => Some(&deletion.set),
        _ => None,
    })?;
    Some(context.as_given().ours(&format!("volumes restore {} --run {}", quote(set), folder.id)))
}

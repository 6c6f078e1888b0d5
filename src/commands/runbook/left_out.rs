//! `undo --leave-out TITLE`: the way past what a script says for an undo and what never comes
//! to a good end, such as a command that always fails. Somebody says so knowingly: it stands in
//! the plan of the undo, in its journal and in the report.

use super::flags::RunFlags;
use crate::commands::Context;
use crate::error::Failure;
use crate::runs::asking::LEAVE_OUT;
use crate::runs::folder::RunFolder;
use crate::runs::undoing::Undoing;
use crate::wizard::equivalent::pair;

/// Leaves out what somebody wants left out.
///
/// # Errors
/// There is nothing left of such a title.
pub(super) fn leave_out(undoing: &mut Undoing, folder: &RunFolder, flags: &RunFlags) -> Result<(), Failure> {
    let Err(title) = undoing.leave_out(&flags.leave_out) else { return Ok(()) };
    let what = format!("run {} has nothing left for an undo under the title `{title}`; nothing was changed", folder.id);
    let known: Vec<_> = undoing.said().map(|said| format!("`{}`", said.label)).collect();
    let failure = Failure::usage("no-such-title", what);
    Err(if known.is_empty() { failure } else { failure.hint(format!("there is {}", known.join(", "))) })
}

/// The undo once more, without what was left out this time.
pub(super) fn again(folder: &RunFolder, leave_out: &[String]) -> String {
    let titles = leave_out.iter().map(|title| format!(" {}", pair(LEAVE_OUT, title)));
    format!("undo {}{}", folder.id, titles.collect::<String>())
}

/// The way past what the script has said under these titles.
pub(super) fn without(titles: &[String], folder: &RunFolder, flags: &RunFlags, context: &Context<'_>) -> String {
    let all = [&flags.leave_out[..], titles].concat();
    format!("or leave that out, and see to it yourself: {}", context.as_given().ours(&again(folder, &all)))
}

/// Who has not said that a command of unknown end is run again may want to go on without it.
pub(super) fn without_unheard(
    failure: Failure,
    undoing: &Undoing,
    folder: &RunFolder,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Failure {
    let mut titles: Vec<_> = undoing.unanswered().map(|(said, _)| said.label.clone()).collect();
    titles.dedup();
    let is_no = ["not-confirmed", "declined"].contains(&failure.code) && !titles.is_empty();
    if is_no { failure.hint(without(&titles, folder, flags, context)) } else { failure }
}

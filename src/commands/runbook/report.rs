//! `report`: what a run did, from its folder; and the file of it that stays there.

use super::later::{chosen, damaged};
use crate::commands::Context;
use crate::error::Failure;
use crate::runs::folder::RunFolder;
use crate::runs::report::Report;

/// The report of a run, also of one that was killed or is still going on.
///
/// # Errors
/// It cannot be found or read.
pub async fn report(run: Option<&str>, context: &Context<'_>) -> Result<Report, Failure> {
    let (folder, about, lines) = chosen(run, "report", &|_, _| true, context).await?;
    let mut report = Report::of(&folder, &about, &lines);
    report.undo = context.as_given().ours(&report.undo);
    Ok(report)
}

/// Writes the report of a run that ended into its folder. A run is not worse
/// for want of it: `report` makes it from the journal.
pub fn save(folder: &RunFolder, context: &Context<'_>) {
    let written = || -> Result<(), Failure> {
        let unread = |why: std::io::Error| Failure::failed("run-unreadable", why.to_string());
        let about = folder.about().map_err(unread)?;
        let lines = folder.lines().map_err(|why| damaged(folder, &why, context))?;
        let text = serde_json::to_string_pretty(&Report::of(folder, &about, &lines)).unwrap_or_default();
        folder.put("report.json", &text).map_err(unread)
    };
    if let Err(failure) = written() {
        let what = format!("the report of run {} was not written: {}", folder.id, failure.message);
        context.screen.caution(&what);
    }
}

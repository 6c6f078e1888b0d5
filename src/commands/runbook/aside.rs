//! A run that goes on after it has scaled a set back at its end: that is taken
//! back first, by the code of an undo, and written as what belongs to no resume.

use serde_json::Value;

use super::undo::locked;
use crate::commands::Context;
use crate::commands::refused::of_runbook;
use crate::effects::{Effect, EffectError};
use crate::error::{Failure, Kind};
use crate::runs::folder::RunFolder;
use crate::runs::journal::Journal;
use crate::runs::keeper::Keeper;
use crate::runs::undo::{AT_MOST, undo_all};
use crate::runs::undoing::{Step, Undoing};
use crate::runs::waits::Waits;

/// Takes it back, and waits until the set stands as it did when the run stopped. The locks
/// that it holds by then: who goes on with the run takes them once more.
///
/// # Errors
/// Something stands in the way. The run stays stopped, and can be resumed or undone.
pub async fn taken_back(
    aside: &Undoing,
    folder: &RunFolder,
    lines: &[Value],
    journal: &mut Journal,
    context: &Context<'_>,
) -> Result<Keeper, Failure> {
    let (connection, keeper) = (context.connection, Keeper::default());
    if aside.steps.is_empty() {
        return Ok(keeper);
    }
    journal.goes_aside();
    let ended = match locked(lines, &keeper, connection, context.screen).await {
        Ok(()) => back(aside, journal, &keeper, context).await,
        Err(stopped) => Err(stopped),
    };
    journal.goes_on();
    let Err((object, error)) = ended else { return Ok(keeper) };
    connection.interrupt.lower();
    keeper.give_back(connection).await;
    let mut failure = of_runbook(&object, &error, context);
    // The run itself has changed something before it stopped.
    if matches!(failure.kind, Kind::Failed | Kind::Interrupted) {
        failure.kind = Kind::Partial;
    }
    let _ = journal.stopped(connection.clock.now(), failure.code, &failure.message);
    let ours = |words: &str| context.as_given().ours(&format!("{words} {}", folder.id));
    Err(failure.hint(ours("resume")).hint(format!("or take it back: {}", ours("undo"))))
}

async fn back(
    aside: &Undoing,
    journal: &mut Journal,
    keeper: &Keeper,
    context: &Context<'_>,
) -> Result<(), (String, EffectError)> {
    let waits = Waits { connection: context.connection, observer: context.screen, keeper };
    let undone = undo_all(aside, journal, &waits).await;
    // A way back that was killed before it could say so: the set was just seen at that number.
    for step in undone.held {
        let _ = journal.undone(step, context.connection.clock.now());
    }
    if let Some(stopped) = undone.stopped {
        return Err(stopped);
    }
    for effect in aside.steps.iter().flat_map(Step::undo) {
        let Effect::Scale(scale) = effect else { continue };
        // What goes on looks itself whether that is enough for it.
        let _ = waits.ready(&scale.set, scale.to, AT_MOST).await;
    }
    Ok(())
}

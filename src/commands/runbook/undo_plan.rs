//! `undo --plan-only`: the undo is played on a copy of the namespace, by the code
//! that carries it out, so that what would stop it is said before anybody types it.
//! Then the cluster itself is asked for the rights that it takes, and to judge its effects.

use serde_json::Value;

use super::approve::allowed;
use super::planning::HowFar;
use super::stands::{Short, seen_through};
use super::undo::{found_out, locked};
use crate::commands::refused::of_runbook;
use crate::commands::{Context, capture};
use crate::effects::{Change, EffectError, Target};
use crate::error::{Failure, Kind};
use crate::facts::snapshot::Configuration;
use crate::runs::journal::Journal;
use crate::runs::keeper::Keeper;
use crate::runs::record::touched;
use crate::runs::rehearsal::Needs;
use crate::runs::undoing::Undoing;
use crate::runs::waits::Waits;

/// Plays it; what it would take back. `purged` are the volumes that later runs have destroyed.
///
/// # Errors
/// Something would stop it, or the namespace cannot be read: nothing was changed.
pub async fn played(
    lines: &[Value],
    purged: &[Target],
    leave_out: &[String],
    context: &Context<'_>,
) -> Result<Undoing, Failure> {
    let writes_maps = touched(lines).iter().any(|path| path.contains("/configmaps/"));
    let mut taken = capture::take_with(context, Configuration::taken_if(writes_maps)).await?;
    let copy = &context.copies.copy(&mut taken, context.connection);
    let keeper = Keeper::default();
    let how_far = HowFar(context.screen);
    locked(lines, &keeper, copy, &how_far).await.map_err(|(object, error)| stopped(&object, &error, &[], context))?;
    let waits = Waits { connection: copy, observer: &how_far, keeper: &keeper };
    let undoing = found_out(lines, purged, leave_out, &waits).await;
    let undoing = undoing.map_err(|(object, error)| stopped(&object, &error, &[], context))?;
    let no_room = |why: std::io::Error| Failure::failed("no-room", format!("there is no room to plan: {why}"));
    // A journal like that of the undo, which nobody needs afterwards.
    let room = tempfile::tempdir().map_err(no_room)?;
    let mut journal = Journal::create(room.path()).map_err(no_room)?;
    let (undone, found) = seen_through(&undoing, &mut journal, &waits).await;
    if let Some((object, error)) = &undone.stopped {
        return Err(stopped(object, error, &undone.changed, context));
    }
    if let Err(Short::NotReady(why) | Short::Elsewhere(why)) = found {
        context.screen.caution(&format!("all of it would be taken back, but {why}"));
    }
    let connection = context.connection;
    let mut needs = Needs::default();
    for effect in undoing.effects() {
        needs.effect(effect, &Change::Unchanged, &connection.namespace);
    }
    let (rights, dry_runs) = needs.ask(connection).await;
    allowed(&format!("{}/{}", connection.identity.name, connection.namespace), &rights, &dry_runs)?;
    Ok(undoing)
}

/// What would stop it, and how far it would have come by then.
fn stopped(object: &str, error: &EffectError, changed: &[String], context: &Context<'_>) -> Failure {
    let mut failure = of_runbook(object, error, context);
    let far = if changed.is_empty() { "" } else { ", and it would be partly undone" };
    failure.message = format!("this would stop the undo{far}: {}; nothing was changed", failure.message);
    if matches!(failure.kind, Kind::Failed | Kind::Partial) {
        failure.kind = Kind::Refused;
    }
    failure
}

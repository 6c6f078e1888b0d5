//! What the sets have become at the end of an undo: as many members as there were,
//! ready, each on the claims that it had.

use crate::commands::Context;
use crate::effects::Effect;
use crate::effects::scale::Scale;
use crate::error::{Failure, Kind};
use crate::runs::journal::Journal;
use crate::runs::undo::{Undone, not_theirs, undo_all};
use crate::runs::undoing::Undoing;
use crate::runs::waits::{WaitFailed, Waits};

/// Seconds that the members have to become ready after an undo.
const AT_MOST: u64 = 600;

/// Takes all steps back, and looks what the set has become.
pub(super) async fn seen_through(
    undoing: &Undoing,
    journal: &mut Journal,
    waits: &Waits<'_>,
) -> (Undone, Result<(), Short>) {
    let undone = undo_all(undoing, journal, waits).await;
    if undone.stopped.is_some() {
        return (undone, Ok(()));
    }
    let found = stands(undoing, waits).await;
    if !matches!(found, Err(Short::Elsewhere(_))) {
        for step in &undone.held {
            let _ = journal.undone(*step, waits.connection.clock.now());
        }
    }
    (undone, found)
}

/// Why a set is not what it was, although everything is taken back.
pub(super) enum Short {
    NotReady(String),
    /// Somebody else has changed it, or it was not what it seemed.
    Elsewhere(String),
}

impl Short {
    pub(super) fn told(self, context: &Context<'_>) -> Failure {
        let (code, why, hint) = match self {
            Self::NotReady(why) => {
                ("not-ready", why, "`kubectl stateful status` says which member is not ready, and why")
            }
            Self::Elsewhere(why) => ("changed-meanwhile", why, "look at `kubectl stateful status`"),
        };
        Failure::new(Kind::Problems, code, format!("everything is taken back, but {why}"))
            .hint(context.as_given().led(hint))
    }
}

/// Everything is taken back; that the members are ready again, each on what it
/// had, is seen, too.
async fn stands(undoing: &Undoing, waits: &Waits<'_>) -> Result<(), Short> {
    let all = comes_to(undoing);
    for scale in &all {
        waits.ready(&scale.set, scale.to, AT_MOST).await.map_err(|why| match &why {
            WaitFailed::Wait(_) | WaitFailed::Lock(_) => Short::NotReady(why.to_string()),
            WaitFailed::Changed(_) | WaitFailed::Read(_) => Short::Elsewhere(why.to_string()),
        })?;
    }
    // The claims of members that it has taken away need not be there.
    if all.is_empty() || all.iter().any(|scale| scale.from.is_some_and(|from| from > scale.to)) {
        return Ok(());
    }
    match not_theirs(undoing, waits).await {
        Ok(claims) if claims.is_empty() => Ok(()),
        Ok(claims) => Err(Short::Elsewhere(format!(
            "somebody has deleted claims meanwhile, and members have begun with nothing: {}",
            claims.join(", ")
        ))),
        Err(why) => Err(Short::NotReady(format!("its claims cannot be read: {why}"))),
    }
}

/// What each set comes to in the end: by the last scale of its earliest step, or as the run
/// has scaled it back itself.
fn comes_to(undoing: &Undoing) -> Vec<&Scale> {
    let effects = undoing.steps.iter().rev().flat_map(|step| step.undo().iter().rev());
    let scales = effects.filter_map(|effect| if let Effect::Scale(scale) = effect { Some(scale) } else { None });
    let mut found: Vec<&Scale> = Vec::new();
    for scale in scales.chain(undoing.put_back.iter().map(|detour| &detour.back)) {
        if found.iter().all(|known| known.set != scale.set) {
            found.push(scale);
        }
    }
    found
}

//! What a runbook can say: sets, members, claims and retired volumes as
//! handles, and the words for steps, checks and questions. A handle holds what
//! was read with its UIDs; unknown names of fields are errors, and nothing can
//! be assigned.

mod handles;
mod words;

use rhai::{Dynamic, Engine, EvalAltResult};

use super::bridge::Bridge;

/// The names of all functions that a runbook has beyond those of the language.
const NAMES: &str = "guard note warn confirm step output refresh members members_from leftovers retired scale \
                     wait_ready settle protect wait_gone retire restore purge";

/// For suggestions.
pub(super) fn names() -> impl Iterator<Item = String> {
    NAMES.split_ascii_whitespace().map(str::to_owned)
}

/// Makes the vocabulary known to an engine.
pub(super) fn register(engine: &mut Engine, bridge: &Bridge) {
    words::register(engine, bridge);
    handles::register(engine);
}

/// The set of this name, as a handle.
pub(super) fn set(bridge: &Bridge, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    handles::set(bridge, name)
}

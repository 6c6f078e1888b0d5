//! What a runbook can say: sets, members, claims and retired volumes as
//! handles, and the words for steps, checks and questions. A handle holds what
//! was read with its UIDs; unknown names of fields are errors, and nothing can
//! be assigned.

mod always;
mod exec;
mod handles;
mod member;
mod objects;
mod retired;
mod undo;
mod words;

use rhai::{Dynamic, Engine, EvalAltResult};

use super::bridge::Bridge;
pub(super) use always::Always;
pub(super) use objects::{EFFECTFUL as OF_OBJECTS, MODULE};

/// The names of all functions that a runbook has beyond those of the language.
const NAMES: &str = "guard note warn confirm step always undo output refresh members members_from leftovers retired scale \
                     wait_ready settle protect exec query wait_gone retire give_up restore purge keep_claims \
                     quantity has plain";

/// Methods that change something, with the kinds of effects that a runbook
/// declares for them.
pub(super) const EFFECTFUL: &[(&str, &[&str])] = &[
    ("scale", &["scale"]),
    ("keep_claims", &["retention"]),
    ("protect", &["protect"]),
    ("exec", &["exec"]),
    ("retire", &["delete-claim"]),
    ("give_up", &["give-up"]),
    ("restore", &["reserve", "create-claim", "unprotect"]),
    ("purge", &["purge"]),
];

/// Those of them that can be said for an undo: one write each, of which no answer is needed.
pub(super) const UNDOABLE: &[&str] = &["exec", "scale", "keep_claims"];

/// Words that people expect and that there are not, with what there is.
const NOT_YET: &[(&str, &str)] = &[
    ("create", "write `k8s::create(#{ kind: \"ConfigMap\", … })`"),
    ("apply", "write `k8s::apply(#{ kind: \"ConfigMap\", … })`"),
    ("patch", "write `k8s::patch(\"ConfigMap\", \"NAME\", #{ … })`"),
    (
        "delete",
        "`claim.retire()` deletes a claim, `volume.purge()` a volume, and `k8s::delete(\"ConfigMap\", \"NAME\")` other objects",
    ),
];

/// What to say of a word that there is not.
pub(super) fn not_yet(name: &str) -> Option<String> {
    let (_, hint) = NOT_YET.iter().find(|(word, _)| *word == name)?;
    Some((*hint).to_owned())
}

/// Fields that change by themselves between a plan and its run.
pub(super) const UNSTABLE: &[&str] = &["ready"];

/// The method whose answer does, and is only assumed in plans.
pub(super) const QUERY: &str = "query";

/// The fields of all handles.
pub(super) fn fields() -> impl Iterator<Item = &'static str> {
    handles::FIELDS.iter().flat_map(|fields| fields.iter().copied())
}

/// For suggestions.
pub(super) fn names() -> impl Iterator<Item = String> {
    NAMES.split_ascii_whitespace().map(str::to_owned)
}

/// Makes the vocabulary known to an engine.
pub(super) fn register(engine: &mut Engine, bridge: &Bridge, always: &Always) {
    words::register(engine, bridge);
    always.register(engine, bridge);
    undo::register(engine, bridge, always);
    handles::register(engine);
    objects::register(engine, bridge);
    super::sizes::register(engine);
}

/// The set of this name, as a handle.
pub(super) fn set(bridge: &Bridge, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    handles::set(bridge, name)
}

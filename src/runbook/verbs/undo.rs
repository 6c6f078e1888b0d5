//! `undo(label, || …)`: what `kubectl stateful undo` does beside the inverses of
//! effects, at this place among them. The closure is called at once and nothing
//! of it is carried out: what it says is kept as data, so that an undo needs no
//! script, whatever becomes of this one.

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext};

use super::super::bridge::Bridge;
use super::always::Always;
use crate::runs::call::Call;

pub(super) fn register(engine: &mut Engine, bridge: &Bridge, always: &Always) {
    let (bridge, always) = (bridge.clone(), always.clone());
    engine.register_fn("undo", move |context: NativeCallContext<'_>, label: &str, work: FnPtr| {
        let call = |work: &FnPtr| work.call_within_context::<Dynamic>(&context, ()).map(drop);
        say(&bridge, &always, label, || call(&work))
    });
}

fn say(
    bridge: &Bridge,
    always: &Always,
    label: &str,
    work: impl FnOnce() -> Result<(), Box<EvalAltResult>>,
) -> Result<(), Box<EvalAltResult>> {
    if bridge.is_saying() {
        return Err(bridge.refuses(format!("`{label}` is said within another `undo(…)`"), "say one after the other"));
    }
    // A part that a resume does once more would be taken back twice.
    if always.is_over() {
        return Err(
            bridge.refuses(format!("`{label}` is said within `always(…)`"), "say it in `run(p)`, before its effect")
        );
    }
    let effects = bridge.saying(work)?;
    if effects.is_empty() {
        return Err(bridge.refuses(format!("`{label}` says nothing that an undo could do"), "call an effect in it"));
    }
    bridge.ask(Call::Undo { label: label.to_owned(), effects }).map(drop)
}

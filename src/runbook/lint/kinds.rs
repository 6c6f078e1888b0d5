//! The kinds of objects that a script names in general words: one that is none for
//! them, or misspelt, is seen before anything is played.

use rhai::{Expr, Map};

use super::{Finding, Lint};
use crate::effects::object::sayable::{readable, writable};
use crate::runbook::verbs::{MODULE, OF_OBJECTS};

/// The kind that an argument names: a text, or the `kind` of a map. None where it is not written out.
pub(super) fn named(argument: &Expr) -> Option<String> {
    match argument {
        Expr::StringConstant(text, _) => Some(text.to_string()),
        Expr::Map(fields, _) => {
            let kind = fields.0.iter().find(|(name, _)| name.name == "kind");
            kind.and_then(|(_, value)| named(value))
        }
        Expr::DynamicConstant(value, _) => {
            let fields = value.read_lock::<Map>()?;
            fields.get("kind")?.clone().into_string().ok()
        }
        _ => None,
    }
}

impl Lint<'_> {
    pub(super) fn kinds(&mut self) {
        for call in self.reading.functions.iter().flat_map(|function| &function.calls) {
            let Some(kind) = call.kind.as_ref().filter(|_| call.module == MODULE) else { continue };
            let known = if OF_OBJECTS.contains(&call.name.as_str()) { writable(kind) } else { readable(kind) };
            if let Err(refused) = known {
                self.add(call.at, Finding::Error, refused.why, Some(refused.hint));
            }
        }
    }
}

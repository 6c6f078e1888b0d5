//! Objects that an undo has made again. Each has another UID than the one that the
//! run knew: what takes back what the run did to it before is about the new one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::call::Call;
use crate::effects::Effect;
use crate::effects::object::create::CreateObject;
use crate::effects::object::delete::DeleteObject;
use crate::effects::object::patch::PatchObject;

/// The UID of what was made again, by the UID of what went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MadeAgain(BTreeMap<String, String>);

impl MadeAgain {
    /// What earlier undos have made, by the journal.
    pub fn of(lines: &[Value]) -> Self {
        let (mut made, mut asked) = (Self::default(), BTreeMap::new());
        for line in lines {
            let Some(number) = line["n"].as_u64() else { continue };
            if line["state"] == "undoing"
                && let Ok(Call::Effect { effect }) = serde_json::from_value(line["effect"]["call"].clone())
            {
                asked.insert(number, effect);
            } else if line["state"] == "done"
                && let (Some(effect), Some(uid)) = (asked.get(&number), line["uid"].as_str())
            {
                made.note(effect, uid);
            }
        }
        made
    }

    /// An effect has made an object, or found it made, with this UID.
    pub fn note(&mut self, effect: &Effect, uid: &str) {
        if let Some(gone) = instead_of(effect) {
            self.0.insert(gone.to_owned(), uid.to_owned());
        }
    }

    /// An effect about what went is about what was made instead.
    pub fn follow(&self, effect: &mut Effect) {
        let (Effect::PatchObject(PatchObject { uid, .. }) | Effect::DeleteObject(DeleteObject { uid, .. })) = effect
        else {
            return;
        };
        if let Some(made) = uid.as_ref().and_then(|gone| self.0.get(gone)) {
            *uid = Some(made.clone());
        }
    }
}

/// The UID of what an effect makes again.
pub(super) fn instead_of(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::CreateObject(CreateObject { instead_of, .. }) => instead_of.as_deref(),
        _ => None,
    }
}

//! Kinds as the rest of the simulator handles them live as long as the program.
//! Each distinct one is made once, however often it is defined.

use std::sync::{Mutex, PoisonError};

use crate::objects::kinds::ApiKind;

static KINDS: Mutex<Vec<&'static ApiKind>> = Mutex::new(Vec::new());

/// The one kind with these properties.
#[must_use]
pub fn kind(wanted: &Wanted<'_>) -> &'static ApiKind {
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = format!("{}.{}", wanted.name, wanted.group);
    let is_same = |known: &&&'static ApiKind| {
        (known.kind, known.group, known.version, known.plural) == (&*key, wanted.group, wanted.version, wanted.plural)
            && (known.namespaced, known.has_status) == (wanted.namespaced, wanted.has_status)
    };
    if let Some(known) = kinds.iter().find(is_same) {
        return known;
    }
    let text = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let made: &'static ApiKind = Box::leak(Box::new(ApiKind {
        group: text(wanted.group),
        version: text(wanted.version),
        kind: text(&key),
        plural: text(wanted.plural),
        namespaced: wanted.namespaced,
        has_status: wanted.has_status,
    }));
    kinds.push(made);
    made
}

/// What a definition says of one of its versions.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub group: &'a str,
    pub version: &'a str,
    pub name: &'a str,
    pub plural: &'a str,
    pub namespaced: bool,
    pub has_status: bool,
}

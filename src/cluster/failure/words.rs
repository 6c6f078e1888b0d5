//! Parts of sentences, none of them longer than a person reads.

use std::error::Error;

use crate::cluster::causes::causes;
use crate::cluster::connection::Identity;

/// Characters of a server's message that are shown.
pub(super) const LONGEST: usize = 2000;
pub(super) fn place(identity: &Identity) -> String {
    format!("`{}` at {}", identity.name, identity.server)
}

pub(super) fn while_doing(doing: &str) -> String {
    if doing.is_empty() { String::new() } else { format!(" while {doing}") }
}

pub(super) fn bounded(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The words of the innermost cause, which is the one that says something.
pub(super) fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, plain)
}

/// An error in one bounded fragment: small first letter, no system number.
pub fn plain(error: &(dyn Error + 'static)) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    let small = letters.next().map(|first| first.to_lowercase().chain(letters).collect::<String>());
    bounded(&small.unwrap_or_default())
}

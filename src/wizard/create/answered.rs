//! Typed access to answers that were already checked. An answer of another
//! type reads as absent; `resolve` does not let one through.

use super::kind::BuildError;
use crate::objects::builders::claim::AccessMode;
use crate::objects::builders::metadata::Pairs;
use crate::objects::names;
use crate::wizard::parameter::{Answer, Answers};

/// Answers with their types.
pub(super) struct Answered<'a>(pub(super) &'a Answers);

impl<'a> Answered<'a> {
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        match self.0.get(name) {
            Some(Answer::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A text that is required; the flag is named if it is not there after all.
    pub(super) fn needed(&self, name: &str) -> Result<&'a str, BuildError> {
        self.text(name).ok_or_else(|| BuildError::invalid(&flag(name), "it is missing"))
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(super) fn number(&self, name: &str) -> Option<u32> {
        match self.0.get(name) {
            Some(Answer::Int(number)) => u32::try_from(*number).ok(),
            _ => None,
        }
    }

    pub(super) fn port(&self, name: &str) -> Option<u16> {
        self.number(name).and_then(|number| u16::try_from(number).ok())
    }

    pub(super) fn yes(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Answer::Bool(true)))
    }

    pub(super) fn list(&self, name: &str) -> &'a [String] {
        match self.0.get(name) {
            Some(Answer::List(items)) => items,
            _ => &[],
        }
    }

    pub(super) fn pairs(&self, name: &str) -> Pairs {
        self.list(name).iter().map(|item| split(item)).collect()
    }

    /// Pairs that must be labels.
    pub(super) fn labels(&self, name: &str) -> Result<Pairs, BuildError> {
        let pairs = self.pairs(name);
        for (key, value) in &pairs {
            let wrong = |reason: String| BuildError::invalid(&flag(name), format!("`{key}={value}`: {reason}"));
            names::label_key(key).map_err(wrong)?;
            names::label_value(value).map_err(wrong)?;
        }
        Ok(pairs)
    }

    pub(super) fn modes(&self) -> Result<Vec<AccessMode>, BuildError> {
        let mut out = Vec::new();
        for text in self.list("access_mode") {
            let mode = AccessMode::named(text).ok_or_else(|| {
                let known = AccessMode::ALL.map(AccessMode::name);
                BuildError::invalid("--access-mode", crate::wizard::check::unknown(text, known.into_iter()))
            })?;
            if !out.contains(&mode) {
                out.push(mode);
            }
        }
        Ok(out)
    }
}

/// The flag of a parameter, for messages.
pub(super) fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// `KEY=VALUE`; without `=` the value is empty.
pub(super) fn split(item: &str) -> (String, String) {
    let (key, value) = item.split_once('=').unwrap_or((item, ""));
    (key.to_owned(), value.to_owned())
}

//! What a kind of `create` consists of, and the list of all kinds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use thiserror::Error;

use super::files::Files;
use super::{claim, config_map, persistent_volume, secret, service, set, storage_class};
use crate::wizard::check::Invalid;
use crate::wizard::parameter::{Answers, Parameter, SecretSource};

/// From answers, a namespace and files to manifests.
pub type Build = fn(&Answers, &str, &dyn Files) -> Result<Vec<serde_json::Value>, BuildError>;

/// One kind of object that can be created alone.
#[derive(Clone, Debug)]
pub struct CreateKind {
    /// As the command names it.
    pub name: &'static str,
    /// Other names that kubectl takes.
    pub aliases: &'static [&'static str],
    /// One line for the help.
    pub about: &'static str,
    pub parameters: Vec<Parameter>,
    /// The manifests for these answers in this namespace.
    pub build: Build,
    /// Where the values behind the manifests' secret tokens come from, by the
    /// name in the token.
    pub secrets: fn(&Answers) -> BTreeMap<String, SecretSource>,
}

impl CreateKind {
    /// Whether its objects live in a namespace; if not, none is asked for.
    #[must_use]
    pub fn namespaced(&self) -> bool {
        !matches!(self.name, "pv" | "storageclass")
    }
}

/// Why answers do not make an object. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("cannot read `{}`: {reason}", path.display())]
    File { path: PathBuf, reason: String },
}

impl BuildError {
    pub(super) fn invalid(at: &str, reason: impl Into<String>) -> Self {
        Self::Invalid(Invalid::new(at, reason))
    }
}

/// All kinds, in the order of the help.
#[must_use]
pub fn kinds() -> Vec<CreateKind> {
    vec![
        persistent_volume::kind(),
        claim::kind(),
        secret::kind(),
        config_map::kind(),
        storage_class::kind(),
        service::kind(),
        set::kind(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wizard::flags;

    #[test]
    fn every_kind_makes_a_command_that_clap_accepts() {
        for kind in kinds() {
            let arguments = flags::arguments(&kind.parameters).unwrap_or_else(|error| panic!("{}: {error}", kind.name));
            clap::Command::new(kind.name).args(arguments).debug_assert();
        }
    }

    #[test]
    fn the_kinds_without_a_namespace_are_those_of_the_api() {
        for kind in kinds() {
            let full = if kind.name == "pv" { "persistentvolume" } else { kind.name };
            let full = if full == "pvc" { "persistentvolumeclaim" } else { full };
            let known = crate::objects::kinds::KINDS.iter().find(|known| known.kind.to_lowercase() == full).unwrap();
            assert_eq!(kind.namespaced(), known.namespaced, "{}", kind.name);
        }
    }

    #[test]
    fn every_parameter_has_a_question_and_a_sentence() {
        for parameter in kinds().iter().flat_map(|kind| &kind.parameters) {
            assert!(parameter.help.ends_with('.') && !parameter.prompt.is_empty(), "{}", parameter.name);
            assert!(!parameter.prompt.ends_with('?'), "{}", parameter.name);
        }
    }
}

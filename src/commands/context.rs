//! What every verb is given: the cluster, the screen, the program's folders.

use super::screen::Screen;
use crate::cluster::Connection;
use crate::error::Failure;
use crate::facts::snapshot::Snapshot;
use crate::runs::places::Places;
use crate::wizard::equivalent::quote;

/// Makes a cluster to play on.
pub trait Copies: Sync {
    /// A copy of what was read through `connection`, as a cluster of its own.
    fn copy(&self, taken: &Snapshot, connection: &Connection) -> Connection;
}

/// Made by the spine, borrowed by a verb.
pub struct Context<'a> {
    pub connection: &'a Connection,
    pub copies: &'a dyn Copies,
    pub screen: &'a dyn Screen,
    pub places: &'a Places,
    /// Whether `-n` was typed, so that the namespace is not asked for.
    pub namespace_given: bool,
    /// Flags that lead to this cluster and belong into a command to type again,
    /// such as `--sandbox` or `--context minikube`.
    pub connection_words: Vec<String>,
}

/// The way to this cluster in the words of a command line.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// As `Context::connection_words`.
    pub words: &'a [String],
    /// The namespace, where it has to be named.
    pub namespace: Option<&'a str>,
}

impl Way<'_> {
    /// One of our commands to type next, such as `status web`, on this cluster.
    #[must_use]
    pub fn ours(&self, words: &str) -> String {
        let connection = self.words.iter().map(|word| quote(word));
        let before = ["kubectl stateful".to_owned(), words.to_owned()].into_iter();
        let namespace = self.namespace.map(|name| ["-n".to_owned(), quote(name)]);
        let line: Vec<_> = before.chain(connection).chain(namespace.into_iter().flatten()).collect();
        line.join(" ")
    }

    /// A command for kubectl to type next, about what lives in no namespace; none
    /// where kubectl cannot reach the cluster, as the sandbox: it would do it on
    /// another one.
    #[must_use]
    pub fn kubectl(&self, words: &str) -> Option<String> {
        if self.words.iter().any(|word| word.starts_with("--sandbox")) {
            return None;
        }
        let connection = self.words.iter().map(|word| quote(word));
        let line: Vec<_> = std::iter::once("kubectl".to_owned()).chain(connection).chain([words.to_owned()]).collect();
        Some(line.join(" "))
    }

    /// The command after which a released volume can be bound again (S1-e3).
    #[must_use]
    pub fn frees(&self, volume: &str) -> Option<String> {
        let patch = r#"--type=json -p='[{"op":"remove","path":"/spec/claimRef"}]'"#;
        self.kubectl(&format!("patch persistentvolume {} {patch}", quote(volume)))
    }
}

impl Context<'_> {
    fn way<'a>(&'a self, namespace: Option<&'a str>) -> Way<'a> {
        Way { words: &self.connection_words, namespace }
    }

    /// The way that names the namespace if the person did.
    #[must_use]
    pub fn as_given(&self) -> Way<'_> {
        self.way(self.namespace_given.then_some(self.connection.namespace.as_str()))
    }

    /// See [`Way::ours`].
    #[must_use]
    pub fn ours(&self, words: &str, namespace: &str) -> String {
        self.way(Some(namespace)).ours(words)
    }

    /// See [`Way::kubectl`].
    #[must_use]
    pub fn kubectl(&self, words: &str) -> Option<String> {
        self.way(None).kubectl(words)
    }

    /// The namespace does not exist; `known` are the ones that could be read.
    #[must_use]
    pub fn no_namespace(&self, namespace: &str, known: &[String]) -> Failure {
        let what = format!("namespace `{namespace}` does not exist; nothing was changed");
        let failure = Failure::failed("no-namespace", what);
        let (failure, or) = match self.kubectl(&format!("create namespace {}", quote(namespace))) {
            Some(command) => (failure.hint(command), "or "),
            None => (failure, ""),
        };
        let there = match known {
            [] => String::new(),
            known => format!("; there are {}", known.join(", ")),
        };
        failure.hint(format!("{or}choose another one with `-n`{there}"))
    }
}

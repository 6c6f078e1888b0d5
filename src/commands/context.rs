//! What every verb is given: the cluster, the screen, the program's folders.

use super::screen::Screen;
use crate::cluster::Connection;
use crate::error::Failure;
use crate::runs::places::Places;
use crate::wizard::equivalent::quote;

/// Made by the spine, borrowed by a verb.
pub struct Context<'a> {
    pub connection: &'a Connection,
    pub screen: &'a dyn Screen,
    pub places: &'a Places,
    /// Whether `-n` was typed, so that the namespace is not asked for.
    pub namespace_given: bool,
    /// Flags that lead to this cluster and belong into a command to type again,
    /// such as `--sandbox` or `--context minikube`.
    pub connection_words: Vec<String>,
}

impl Context<'_> {
    /// One of our commands to type next, such as `status web`, on this cluster.
    #[must_use]
    pub fn ours(&self, words: &str, namespace: &str) -> String {
        let connection = self.connection_words.iter().map(|word| quote(word));
        let before = ["kubectl stateful".to_owned(), words.to_owned()].into_iter();
        let line: Vec<_> = before.chain(connection).chain(["-n".to_owned(), quote(namespace)]).collect();
        line.join(" ")
    }

    /// A command for kubectl to type next; none where kubectl cannot reach the
    /// cluster, as the sandbox: it would do it on another one.
    #[must_use]
    pub fn kubectl(&self, words: &str) -> Option<String> {
        if self.connection_words.iter().any(|word| word.starts_with("--sandbox")) {
            return None;
        }
        let connection = self.connection_words.iter().map(|word| quote(word));
        let line: Vec<_> = std::iter::once("kubectl".to_owned()).chain(connection).chain([words.to_owned()]).collect();
        Some(line.join(" "))
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

//! What every verb is given: the cluster, the screen, the program's folders.

use super::screen::Screen;
use crate::cluster::Connection;
use crate::cluster::missing_right::QUESTION;
use crate::effects::Guards;
use crate::error::Failure;
use crate::facts::snapshot::Snapshot;
use crate::runs::pen::Pen;
use crate::runs::places::Places;
use crate::wizard::equivalent::quote;

/// Makes a cluster to play on.
pub trait Copies: Sync {
    /// A copy of what was read through `connection`, as a cluster of its own. The
    /// objects move into it: those of a large namespace are not held twice.
    fn copy(&self, taken: &mut Snapshot, connection: &Connection) -> Connection;
}

/// Made by the spine, borrowed by a verb.
pub struct Context<'a> {
    pub connection: &'a Connection,
    pub copies: &'a dyn Copies,
    pub screen: &'a dyn Screen,
    pub places: &'a Places,
    /// What effects are held to. All there are; tests leave one out to see what it is for.
    pub guards: Guards,
    /// What journals are written with. Tests let it fail.
    pub pen: Pen,
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

    /// A text in which each of our commands, as in \``kubectl stateful runs`\`,
    /// leads to this cluster.
    #[must_use]
    pub fn led(&self, text: &str) -> String {
        let mut led = String::new();
        for (index, part) in text.split('`').enumerate() {
            if index > 0 {
                led.push('`');
            }
            // One that names its sandbox is whole.
            let is_whole = part.split(' ').any(|word| word.starts_with("--sandbox"));
            match part.strip_prefix("kubectl stateful ").filter(|_| index % 2 == 1 && !is_whole) {
                Some(words) => led.push_str(&self.ours(words)),
                None => led.push_str(part),
            }
        }
        led
    }

    /// The same with hints in which a question about rights is asked of this cluster, by
    /// the same user; where kubectl cannot reach it the question is left out.
    #[must_use]
    pub fn asked(&self, mut failure: Failure) -> Failure {
        let question = |hint: &str| {
            let words = hint.strip_prefix("`kubectl ").filter(|words| words.starts_with(QUESTION));
            words.map(str::to_owned)
        };
        let led = |hint: String| match question(&hint) {
            Some(words) => self.kubectl(&words).map(|line| format!("`{line}")),
            None => Some(hint),
        };
        failure.hints = failure.hints.into_iter().filter_map(led).collect();
        failure
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Identity;
    use crate::cluster::failure::explain;

    #[test]
    fn commands_of_ours_in_a_text_lead_to_the_same_cluster() {
        let words = ["--context".to_owned(), "big one".to_owned()];
        let way = Way { words: &words, namespace: Some("shop") };
        assert_eq!(
            way.led("see `kubectl stateful runs`, or wait; `kubectl get` tells more"),
            "see `kubectl stateful runs --context 'big one' -n shop`, or wait; `kubectl get` tells more"
        );
        assert_eq!(way.led("an odd `"), "an odd `");
        let whole = "`kubectl stateful sandbox serve --sandbox=two` serves it again";
        assert_eq!(way.led(whole), whole);
    }

    #[test]
    fn a_question_about_rights_is_asked_of_the_same_cluster_or_not_at_all() {
        let status = kube::core::Status {
            code: 403,
            reason: "Forbidden".to_owned(),
            message: "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"db\""
                .to_owned(),
            ..kube::core::Status::default()
        };
        let identity = Identity { name: String::new(), server: String::new() };
        let failure = explain(&kube::Error::Api(Box::new(status)), &identity, "");
        let hints = |word: &str| {
            let words = [word.to_owned()];
            Way { words: &words, namespace: None }.asked(failure.clone()).hints
        };
        let ask = "ask for this right: `list` on `pods` in namespace `db`";
        let question = "`kubectl --as=jane auth can-i list pods -n db` says whether you have it";
        assert_eq!(hints("--as=jane"), [ask, question]);
        assert_eq!(hints("--sandbox"), [ask]);
    }
}

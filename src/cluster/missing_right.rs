//! Which right a refusal is about: the server says it in words alone.

/// How the words for kubectl begin that ask whether somebody has a right. Who shows
/// them to a person leads them to the same cluster first.
pub const QUESTION: &str = "auth can-i";

/// A verb on a resource, somewhere.
#[derive(Debug, PartialEq, Eq)]
pub struct MissingRight<'a> {
    verb: &'a str,
    /// With its subresource, such as `pods/log`.
    resource: &'a str,
    group: &'a str,
    /// Empty: everywhere, or it is about what lives in no namespace.
    namespace: &'a str,
}

impl<'a> MissingRight<'a> {
    /// Of `pods is forbidden: User "jane" cannot list resource "pods" in API group
    /// "" in the namespace "db"`; `None` of anything else.
    #[must_use]
    pub fn read(message: &'a str) -> Option<Self> {
        let (verb, rest) = message.split_once("\" cannot ")?.1.split_once(" resource \"")?;
        let (resource, rest) = rest.split_once('"')?;
        let (group, rest) = rest.strip_prefix(" in API group \"")?.split_once('"')?;
        let namespace = rest.strip_prefix(" in the namespace \"").and_then(|rest| rest.split_once('"'));
        let namespace = namespace.map_or("", |(namespace, _)| namespace);
        let plain = |word: &str| word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-./*".contains(letter));
        [verb, resource, group, namespace].iter().all(|word| plain(word)).then_some(Self {
            verb,
            resource,
            group,
            namespace,
        })
    }

    /// The words that ask for it, behind `kubectl`.
    #[must_use]
    pub fn question(&self) -> String {
        let (resource, part) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        let part = if part.is_empty() { String::new() } else { format!(" --subresource={part}") };
        let place = if self.namespace.is_empty() { " -A".to_owned() } else { format!(" -n {}", self.namespace) };
        format!("{QUESTION} {} {resource}{group}{part}{place}", self.verb)
    }

    /// `list` on `pods` in namespace `db`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let place = if self.namespace.is_empty() {
            "in the whole cluster".to_owned()
        } else {
            format!("in namespace `{}`", self.namespace)
        };
        format!("`{}` on `{}` {place}", self.verb, self.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(message: &str) -> Option<(String, String)> {
        MissingRight::read(message).map(|right| (right.question(), right.in_words()))
    }

    #[test]
    fn the_right_is_read_from_the_words_of_the_server() {
        let pods =
            "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"db\"";
        let words = ("auth can-i list pods -n db".to_owned(), "`list` on `pods` in namespace `db`".to_owned());
        assert_eq!(asked(pods), Some(words));
        let log = "pods \"web-0\" is forbidden: User \"jane\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"db\"";
        assert_eq!(asked(log).unwrap().0, "auth can-i get pods --subresource=log -n db");
        let sets = "statefulsets.apps is forbidden: User \"jane\" cannot list resource \"statefulsets\" in API group \"apps\" at the cluster scope";
        let words = ("auth can-i list statefulsets.apps -A", "`list` on `statefulsets` in the whole cluster");
        assert_eq!(asked(sets), Some((words.0.to_owned(), words.1.to_owned())));
    }

    #[test]
    fn other_refusals_and_words_that_nobody_should_type_are_none() {
        assert_eq!(asked("pvc \"a\" is forbidden: only dynamically provisioned pvc can be resized"), None);
        assert_eq!(
            asked("User \"a\" cannot list resource \"pods; rm\" in API group \"\" in the namespace \"db\""),
            None
        );
    }
}

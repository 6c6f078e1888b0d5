//! Finds the sets that were asked for, and says what was meant where there is none.

use std::collections::BTreeSet;

use serde_json::Value;

use super::look::Wanted;
use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::commands::context::Way;
use crate::error::Failure;
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::set::Set;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// Similar names that are offered when a set does not exist.
const MOST_SUGGESTIONS: usize = 3;

/// A line about a namespace that does not exist. Whoever may not look gets none.
pub(super) async fn no_namespace(reader: &Reader, namespace: &str, way: Way<'_>) -> Option<String> {
    if namespace.is_empty() || !matches!(reader.namespace_exists(namespace).await, Ok(false)) {
        return None;
    }
    let list = way.kubectl("get namespaces").map(|command| format!("; `{command}` lists those that do"));
    Some(format!("the namespace `{namespace}` does not exist{}", list.unwrap_or_default()))
}

/// What there is of sets.
pub(super) struct Sets {
    /// All of the namespaces that may be read.
    pub all: Vec<Set>,
    /// There may be more, which may not be listed.
    pub hidden: bool,
    /// The UIDs of those that were asked for.
    pub chosen: BTreeSet<String>,
}

/// Reads them.
pub(super) async fn find_sets(
    wanted: &Wanted<'_>,
    reader: &Reader,
    namespace: &str,
    connection: &Connection,
    way: Way<'_>,
) -> Result<Sets, Failure> {
    let failed = |error: kube::Error| failure(&error, connection);
    let Some(kind) = ApiKind::named("StatefulSet") else {
        return Ok(Sets { all: Vec::new(), hidden: true, chosen: BTreeSet::new() });
    };
    let (sets, hidden) = match (reader.list(kind, namespace, None).await, wanted.set) {
        (Ok(objects), _) => (read_sets(&objects), false),
        // Who may read one set but not list all of them still gets an answer.
        (Err(error), Some(name)) if is_forbidden(&error) => {
            let object = ObjectRef { kind, namespace: namespace.to_owned(), name: name.to_owned() };
            let found = reader.get(&object).await.map_err(failed)?;
            (found.as_deref().and_then(Set::read).into_iter().collect(), true)
        }
        (Err(error), _) => return Err(failed(error)),
    };
    let chosen: BTreeSet<String> = if let Some(name) = wanted.set {
        match sets.iter().find(|set| set.meta.name == name) {
            Some(one) => BTreeSet::from([one.meta.uid.clone()]),
            None => return Err(not_found(name, &sets, no_namespace(reader, namespace, way).await, way)),
        }
    } else if let Some(selector) = wanted.selector {
        let chosen = reader.list(kind, namespace, Some(selector)).await;
        let chosen = chosen.map_err(|error| bad_selector(&error, connection))?;
        read_sets(&chosen).into_iter().map(|set| set.meta.uid).collect()
    } else {
        sets.iter().map(|set| set.meta.uid.clone()).collect()
    };
    Ok(Sets { all: sets, hidden, chosen })
}

fn read_sets(objects: &[Value]) -> Vec<Set> {
    objects.iter().filter_map(Set::read).collect()
}

/// The name in `web`, `sts/web`, `statefulsets/web` or `statefulset.v1.apps/web`.
pub(in crate::commands) fn set_name(word: &str) -> Result<String, String> {
    let name = match word.split_once('/') {
        None => word,
        Some((kind, name)) => {
            let kind = kind.to_ascii_lowercase();
            let known = ["sts", "statefulset", "statefulsets"];
            let plain = kind.strip_suffix(".v1.apps").or_else(|| kind.strip_suffix(".apps")).unwrap_or(&kind);
            if !known.contains(&plain) {
                return Err(format!("`{kind}` is no StatefulSet; write the name alone or `sts/NAME`"));
            }
            name
        }
    };
    if name.is_empty() || name.contains('/') { Err("a name is missing".to_owned()) } else { Ok(name.to_owned()) }
}

/// kubectl's own words, and the names that it could have been.
fn not_found(name: &str, sets: &[Set], no_namespace: Option<String>, way: Way<'_>) -> Failure {
    let mut near: Vec<(usize, &str)> = sets
        .iter()
        .map(|set| (strsim::damerau_levenshtein(name, &set.meta.name), set.meta.name.as_str()))
        .filter(|(distance, other)| *distance <= name.chars().count().max(other.len()) / 3 || other.contains(name))
        .collect();
    near.sort_unstable();
    let failure = Failure::failed("not-found", format!("statefulsets.apps \"{name}\" not found"));
    if let Some(line) = no_namespace {
        return failure.hint(line);
    }
    if near.is_empty() && !sets.is_empty() {
        return failure.hint(way.ours("status"));
    }
    near.into_iter()
        .take(MOST_SUGGESTIONS)
        .fold(failure, |failure, (_, name)| failure.hint(way.ours(&format!("status {name}"))))
}

/// A selector that the server cannot read is a matter of usage.
fn bad_selector(error: &kube::Error, connection: &Connection) -> Failure {
    match error {
        kube::Error::Api(status) if status.code == 400 => {
            Failure::usage("bad-selector", format!("cannot read the selector: {}", status.message))
        }
        _ => failure(error, connection),
    }
}

/// What a failed read means; nothing was changed in any case.
pub(in crate::commands) fn failure(error: &kube::Error, connection: &Connection) -> Failure {
    explain(error, &connection.identity, "reading the StatefulSets")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HERE: Way<'_> = Way { words: &[], namespace: None };

    #[test]
    fn a_set_may_be_named_in_each_way_that_kubectl_knows() {
        for word in ["web", "sts/web", "statefulset/web", "statefulsets/web", "statefulset.apps/web", "STS.v1.apps/web"]
        {
            assert_eq!(set_name(word), Ok("web".to_owned()), "{word}");
        }
        for word in ["", "sts/", "deploy/web", "sts/web/0", "statefulset.batch/web"] {
            assert!(set_name(word).is_err(), "{word}");
        }
    }

    #[test]
    fn a_missing_set_is_told_in_kubectls_words_with_similar_names_to_type() {
        let sets =
            ["mysql", "web", "webapp", "couchdb"].map(|name| Set::read(&json!({"metadata": {"name": name}})).unwrap());
        let failure = not_found("wbe", &sets, None, HERE);
        assert_eq!(failure.message, "statefulsets.apps \"wbe\" not found");
        assert_eq!(failure.kind.exit_code(), 1);
        assert_eq!(failure.hints, ["kubectl stateful status web"]);
        let words = ["--context".to_owned(), "my cluster".to_owned()];
        let way = Way { words: &words, namespace: Some("db") };
        let hints = |name, sets: &[Set], no_namespace| not_found(name, sets, no_namespace, way).hints;
        assert_eq!(hints("wbe", &sets, None), ["kubectl stateful status web --context 'my cluster' -n db"]);
        assert_eq!(hints("redis", &sets, None), ["kubectl stateful status --context 'my cluster' -n db"]);
        assert!(hints("redis", &[], None).is_empty());
        assert_eq!(hints("redis", &[], Some("no namespace".to_owned())), ["no namespace"]);
    }
}

//! `kubectl stateful status`: reads what belongs to the sets that were asked
//! for. Making an overview of it is pure (`facts`), showing it is `report`.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;

use super::context::Way;
use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::diagnosis::live::fill;
use crate::error::Failure;
use crate::facts::inventory::{Inventory, Unreadable};
use crate::facts::overview::{SetOverview, Statuses, overviews};
use crate::facts::reader::{Reader, is_forbidden};
use crate::facts::set::Set;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// Similar names that are offered when a set does not exist.
const MOST_SUGGESTIONS: usize = 3;

/// Show StatefulSets with their pods, claims and volumes, and what is wrong with them
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct StatusArgs {
    /// A StatefulSet: `web`, `sts/web` or `statefulset.apps/web`; all of the namespace if left out
    #[arg(value_name = "SET", value_parser = set_name)]
    pub set: Option<String>,

    /// Look at all namespaces
    #[arg(short = 'A', long, conflicts_with = "set")]
    pub all_namespaces: bool,

    /// Only sets with these labels, such as `app=web,tier!=cache`
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "set")]
    pub selector: Option<String>,

    /// A format other than the tree
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<StatusFormat>,

    /// Accepted as by kubectl; the tree has no headers
    #[arg(long, hide = true)]
    pub no_headers: bool,
}

/// The formats of `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// The tree with full volume names, node addresses, access modes and restarts
    Wide,
    Yaml,
    Json,
    /// One `statefulset.apps/NAME` per line
    Name,
}

/// Gathers the answer.
///
/// # Errors
/// A named set that does not exist (1), sets that may not be read (3), a
/// cluster that does not answer (1).
pub async fn status(args: &StatusArgs, connection: &Connection, way: Way<'_>) -> Result<Statuses, Failure> {
    let mut seen = look(args, connection, way).await?;
    fill(&mut seen.found, &seen.inventory, seen.now);
    let mut hints: Vec<_> =
        seen.found.iter().flat_map(SetOverview::released).filter_map(|one| way.frees(&one.meta.name)).collect();
    hints.extend(seen.hint);
    hints.sort();
    hints.dedup();
    let namespace = (!args.all_namespaces).then(|| connection.namespace.clone());
    Ok(Statuses { namespace, sets: seen.found, unreadable: seen.unreadable, now: seen.now, hints })
}

/// The sets that were asked for, and what was read around them.
pub(super) struct Seen {
    pub inventory: Inventory,
    pub found: Vec<SetOverview>,
    pub unreadable: Vec<Unreadable>,
    pub now: Timestamp,
    /// About a namespace without any sets.
    pub hint: Option<String>,
}

/// Reads all of it; the events only where something is not settled.
pub(super) async fn look(args: &StatusArgs, connection: &Connection, way: Way<'_>) -> Result<Seen, Failure> {
    let reader = Reader::new(connection.client.clone());
    let namespace = if args.all_namespaces { "" } else { connection.namespace.as_str() };
    let (sets, wanted) = find_sets(args, &reader, namespace, connection, way).await?;
    let asked_for = |set: &Set| wanted.contains(&set.meta.uid);
    let now = connection.clock.now();
    let hint = if sets.is_empty() { no_namespace(&reader, namespace, way).await } else { None };
    if wanted.is_empty() {
        let inventory = Inventory { sets, ..Inventory::default() };
        return Ok(Seen { inventory, found: Vec::new(), unreadable: Vec::new(), now, hint });
    }
    let failed = |error: kube::Error| failure(&error, connection);
    let mut inventory = Inventory::around(sets, &reader, namespace).await.map_err(failed)?;
    let mut found = overviews(&inventory, now, asked_for);
    if found.iter().any(SetOverview::needs_events) {
        inventory = inventory.with_events(&reader, namespace).await.map_err(failed)?;
        found = overviews(&inventory, now, asked_for);
    }
    let unreadable = inventory.unreadable();
    Ok(Seen { inventory, found, unreadable, now, hint })
}

/// A line about a namespace that does not exist. Whoever may not look gets none.
async fn no_namespace(reader: &Reader, namespace: &str, way: Way<'_>) -> Option<String> {
    if namespace.is_empty() || !matches!(reader.namespace_exists(namespace).await, Ok(false)) {
        return None;
    }
    let list = way.kubectl("get namespaces").map(|command| format!("; `{command}` lists those that do"));
    Some(format!("the namespace `{namespace}` does not exist{}", list.unwrap_or_default()))
}

/// All sets of the namespaces, and the UIDs of those that were asked for.
async fn find_sets(
    args: &StatusArgs,
    reader: &Reader,
    namespace: &str,
    connection: &Connection,
    way: Way<'_>,
) -> Result<(Vec<Set>, BTreeSet<String>), Failure> {
    let failed = |error: kube::Error| failure(&error, connection);
    let Some(kind) = ApiKind::named("StatefulSet") else { return Ok((Vec::new(), BTreeSet::new())) };
    let sets = match (reader.list(kind, namespace, None).await, &args.set) {
        (Ok(objects), _) => read_sets(&objects),
        // Who may read one set but not list all of them still gets an answer.
        (Err(error), Some(name)) if is_forbidden(&error) => {
            let object = ObjectRef { kind, namespace: namespace.to_owned(), name: name.clone() };
            let found = reader.get(&object).await.map_err(failed)?;
            read_sets(found.as_slice())
        }
        (Err(error), _) => return Err(failed(error)),
    };
    let chosen: BTreeSet<String> = if let Some(name) = &args.set {
        match sets.iter().find(|set| set.meta.name == *name) {
            Some(one) => BTreeSet::from([one.meta.uid.clone()]),
            None => return Err(not_found(name, &sets, no_namespace(reader, namespace, way).await, way)),
        }
    } else if let Some(selector) = &args.selector {
        let chosen = reader.list(kind, namespace, Some(selector)).await;
        let chosen = chosen.map_err(|error| bad_selector(&error, connection))?;
        read_sets(&chosen).into_iter().map(|set| set.meta.uid).collect()
    } else {
        sets.iter().map(|set| set.meta.uid.clone()).collect()
    };
    Ok((sets, chosen))
}

fn read_sets(objects: &[Value]) -> Vec<Set> {
    objects.iter().filter_map(Set::read).collect()
}

/// The name in `web`, `sts/web`, `statefulsets/web` or `statefulset.v1.apps/web`.
pub(super) fn set_name(word: &str) -> Result<String, String> {
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
pub(super) fn failure(error: &kube::Error, connection: &Connection) -> Failure {
    explain(error, &connection.identity, "reading the StatefulSets")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use clap::Parser;
    use futures::future::BoxFuture;
    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;
    use crate::cluster::interrupt::Interrupted;
    use crate::cluster::{Clock, Entropy, Identity, Interrupt, Pause};
    use crate::error::Kind;
    use crate::facts::samples::{node, now, pod, service, set, world};
    use crate::objects::kinds::KINDS;

    const HERE: Way<'_> = Way { words: &[], namespace: None };

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            now()
        }

        fn pause(&self, _: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
            Box::pin(async { Ok(Pause::Idle) })
        }
    }

    impl Entropy for Still {
        fn fill(&self, _: &mut [u8]) {}
    }

    /// A cluster with these objects in which these plurals may not be listed,
    /// and the requests that it saw. Selectors are `name=NAME`.
    fn cluster(objects: Vec<Value>, forbidden: &'static [&'static str]) -> (Connection, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let service = tower::service_fn(move |request: Request<Body>| {
            log.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
            let (code, body) = answer(&objects, forbidden, request.uri());
            let body = Body::from(body.to_string().into_bytes());
            async move { Ok::<_, tower::BoxError>(Response::builder().status(code).body(body)?) }
        });
        let connection = Connection {
            warnings: crate::cluster::Warnings::default(),
            client: kube::Client::new(service, "default"),
            clock: Arc::new(Still),
            entropy: Arc::new(Still),
            identity: Identity { name: "test".to_owned(), server: String::new() },
            namespace: "default".to_owned(),
            interrupt: Interrupt::default(),
        };
        (connection, seen)
    }

    fn answer(objects: &[Value], forbidden: &[&str], uri: &http::Uri) -> (u16, Value) {
        let fail = |code: u16, message: &str| {
            (
                code,
                json!({"kind": "Status", "status": "Failure", "code": code, "message": message,
                "reason": if code == 403 { "Forbidden" } else { "X" }}),
            )
        };
        let steps: Vec<&str> = uri.path().split('/').collect();
        let known = |step: &&str| KINDS.iter().find(|kind| kind.plural == *step);
        // The last plural counts: `namespaces` stands before most others.
        let found = steps.iter().enumerate().rev().find_map(|(position, step)| Some((position, known(step)?)));
        let Some((position, kind)) = found else { return fail(404, "no such resource") };
        let of_kind = objects.iter().filter(|object| object["kind"] == kind.kind);
        if let Some(name) = steps.get(position + 1) {
            return match of_kind.into_iter().find(|object| object["metadata"]["name"] == **name) {
                Some(object) => (200, object.clone()),
                None => fail(404, "not found"),
            };
        }
        if forbidden.contains(&kind.plural) {
            return fail(403, &format!("{} is forbidden", kind.plural));
        }
        let selector = uri.query().and_then(|query| query.split("labelSelector=name%3D").nth(1)?.split('&').next());
        if uri.query().is_some_and(|query| query.contains("labelSelector=%2C")) {
            return fail(400, "unable to parse requirement");
        }
        let fits = |object: &&Value| selector.is_none_or(|name| object["metadata"]["name"] == name);
        (200, json!({"items": of_kind.filter(fits).collect::<Vec<_>>()}))
    }

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        status: StatusArgs,
    }

    fn args(words: &[&str]) -> StatusArgs {
        Line::try_parse_from(std::iter::once(&"status").chain(words)).unwrap().status
    }

    fn calm() -> Vec<Value> {
        let mut set = set("web", 1);
        set["spec"]["volumeClaimTemplates"] = json!([]);
        let mut pod = pod("web", 0, "node-a");
        pod["spec"]["volumes"] = json!([]);
        vec![set, service("web"), pod, node("node-a", "eu-1a", true)]
    }

    #[tokio::test]
    async fn a_calm_namespace_is_read_without_its_events_and_nothing_is_written() {
        let (connection, seen) = cluster(calm(), &[]);
        let found = status(&args(&[]), &connection, HERE).await.unwrap();
        assert_eq!((found.sets.len(), found.unreadable.len(), found.namespace.as_deref()), (1, 0, Some("default")));
        let mut seen = seen.lock().unwrap().clone();
        seen.sort();
        let base = "GET /api/v1/namespaces/default";
        assert_eq!(
            seen,
            [
                "GET /api/v1/namespaces/default/persistentvolumeclaims".to_owned(),
                format!("{base}/pods"),
                format!("{base}/services"),
                "GET /api/v1/nodes".to_owned(),
                "GET /api/v1/persistentvolumes".to_owned(),
                "GET /apis/apps/v1/namespaces/default/statefulsets".to_owned(),
            ]
        );
    }

    #[tokio::test]
    async fn trouble_is_explained_by_events() {
        let (connection, seen) = cluster(world(), &[]);
        let found = status(&args(&["sts/web"]), &connection, HERE).await.unwrap();
        assert!(found.sets[0].has_problems());
        assert!(seen.lock().unwrap().contains(&"GET /api/v1/namespaces/default/events".to_owned()));
    }

    #[tokio::test]
    async fn missing_rights_make_parts_unknown_and_only_missing_sets_a_failure() {
        let (connection, _) = cluster(world(), &["persistentvolumes", "nodes", "events"]);
        let found = status(&args(&[]), &connection, HERE).await.unwrap();
        let resources: Vec<_> = found.unreadable.iter().map(|what| what.resource()).collect();
        assert_eq!(resources, ["persistentvolumes", "nodes", "events"]);

        let (connection, _) = cluster(world(), &["statefulsets"]);
        let failure = status(&args(&[]), &connection, HERE).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Refused);
        assert!(failure.message.contains("statefulsets is forbidden"), "{failure}");
        assert_eq!(status(&args(&["web"]), &connection, HERE).await.unwrap().sets.len(), 1);
        assert_eq!(status(&args(&["wbe"]), &connection, HERE).await.unwrap_err().kind, Kind::Failed);
    }

    #[tokio::test]
    async fn a_selector_chooses_sets_and_a_broken_one_is_wrong_usage() {
        let mut objects = calm();
        objects.push(set("db", 0));
        let (connection, _) = cluster(objects, &[]);
        let found = status(&args(&["-l", "name=db"]), &connection, HERE).await.unwrap();
        let names: Vec<_> = found.sets.iter().map(|overview| overview.set.meta.name.as_str()).collect();
        assert_eq!(names, ["db"]);
        let failure = status(&args(&["-l", ",,"]), &connection, HERE).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (Kind::Usage, "cannot read the selector: unable to parse requirement")
        );
    }

    #[tokio::test]
    async fn a_namespace_that_does_not_exist_is_told_where_nothing_was_found() {
        let (connection, _) = cluster(Vec::new(), &[]);
        let gone = "the namespace `default` does not exist; `kubectl get namespaces` lists those that do";
        assert_eq!(status(&args(&[]), &connection, HERE).await.unwrap().hints, [gone]);
        assert_eq!(status(&args(&["web"]), &connection, HERE).await.unwrap_err().hints, [gone]);
        let there = json!({"kind": "Namespace", "metadata": {"name": "default"}});
        let (connection, _) = cluster(vec![there], &[]);
        assert!(status(&args(&[]), &connection, HERE).await.unwrap().hints.is_empty());
        assert!(status(&args(&["web"]), &connection, HERE).await.unwrap_err().hints.is_empty());
    }

    #[tokio::test]
    async fn a_released_volume_that_a_claim_waits_for_comes_with_the_command_that_frees_it() {
        let mut objects = world();
        let [claim, volume] = [8, 9];
        assert_eq!(
            (&objects[claim]["kind"], &objects[volume]["kind"]),
            (&json!("PersistentVolumeClaim"), &json!("PersistentVolume"))
        );
        objects[claim]["status"] = json!({"phase": "Pending"});
        objects[volume]["status"]["phase"] = json!("Released");
        objects[volume]["spec"]["accessModes"] = json!(["ReadWriteOnce"]);
        objects[volume]["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        let (connection, _) = cluster(objects, &[]);
        let words = ["--context".to_owned(), "far".to_owned()];
        let way = Way { words: &words, namespace: Some("default") };
        let patch = r#"--type=json -p='[{"op":"remove","path":"/spec/claimRef"}]'"#;
        let name = "pvc-00000000-0000-4000-8000-000000000000";
        let command = format!("kubectl --context far patch persistentvolume {name} {patch}");
        assert_eq!(status(&args(&[]), &connection, way).await.unwrap().hints, [command]);
        let words = ["--sandbox".to_owned()];
        let nobody = Way { words: &words, namespace: None };
        assert!(status(&args(&[]), &connection, nobody).await.unwrap().hints.is_empty(), "kubectl cannot reach it");
    }

    #[tokio::test]
    async fn an_empty_namespace_asks_for_nothing_more() {
        let (connection, seen) = cluster(Vec::new(), &[]);
        let found = status(&args(&["-A"]), &connection, HERE).await.unwrap();
        assert_eq!((found.sets.len(), found.namespace), (0, None));
        assert_eq!(*seen.lock().unwrap(), ["GET /apis/apps/v1/statefulsets"]);
    }

    #[test]
    fn a_name_excludes_all_namespaces_and_selectors() {
        assert_eq!(args(&["web", "-o", "wide"]).output, Some(StatusFormat::Wide));
        for words in [["web", "-A"], ["web", "-lapp=web"], ["-o", "table"]] {
            assert!(Line::try_parse_from(std::iter::once(&"status").chain(&words)).is_err(), "{words:?}");
        }
    }

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

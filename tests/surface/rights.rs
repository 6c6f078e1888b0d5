//! Missing rights: all of them are named before the first write.

use kubectl_stateful::error::{Failure, Kind};
use kubectl_stateful::simulator::{Options, Simulator};

use crate::library::{init_couchdb, init_couchdb_and_see};

/// The failure of `init couchdb` without these rights, and the writes that were sent.
fn without(denied: &[(&str, &str)], words: &[&str]) -> (Option<Failure>, Vec<String>) {
    let deny = denied.iter().map(|(verb, kind)| ((*verb).to_owned(), (*kind).to_owned())).collect();
    let simulator = Simulator::in_memory(Options { deny, ..Options::default() });
    let folder = tempfile::tempdir().unwrap();
    let result = init_couchdb(&simulator, &folder.path().join("state"), words);
    let writes = simulator.request_log().into_iter();
    let real = |line: &String| !line.contains("dryRun") && !line.starts_with("GET") && !line.contains("accessreviews");
    (result.err(), writes.filter(real).collect())
}

#[test]
fn all_missing_rights_are_named_before_the_first_write() {
    let denied = [("create", "secrets"), ("patch", "services"), ("create", "statefulsets")];
    let (failure, writes) = without(&denied, &["--yes"]);
    let failure = failure.unwrap();
    assert_eq!((failure.kind, failure.kind.exit_code()), (Kind::Refused, 3), "{failure}");
    for right in ["create secrets", "patch services", "create statefulsets", "minikube/default", "nothing was changed"]
    {
        assert!(failure.message.contains(right), "{failure}");
    }
    assert!(!failure.hints.is_empty() && writes.is_empty(), "{writes:?}");
}

#[test]
fn rights_to_look_for_earlier_claims_and_to_wait_count_too() {
    let denied = [("list", "persistentvolumeclaims"), ("get", "pods"), ("get", "statefulsets")];
    let (failure, writes) = without(&denied, &["--yes"]);
    let failure = failure.unwrap();
    assert_eq!(failure.kind, Kind::Refused, "{failure}");
    for right in ["list persistentvolumeclaims", "get pods", "get statefulsets"] {
        assert!(failure.message.contains(right), "{failure}");
    }
    assert!(writes.is_empty(), "{writes:?}");
    let (failure, _) = without(&[("get", "pods")], &["--yes", "--no-wait"]);
    assert!(failure.is_none(), "{failure:?}");
}

#[test]
fn with_rights_in_the_namespace_alone_it_works() {
    let denied =
        [("*", "nodes"), ("*", "persistentvolumes"), ("*", "storageclasses"), ("*", "namespaces"), ("*", "events")];
    let (failure, writes) = without(&denied, &["--yes"]);
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(writes.len(), 4, "{writes:?}");
}

#[test]
fn a_namespace_that_is_missing_comes_with_the_command_that_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let answers = folder.path().join("answers.yaml");
    std::fs::write(&answers, "namespace: shop\n").unwrap();
    let simulator = Simulator::in_memory(Options::default());
    let words = ["--yes", "--answers", answers.to_str().unwrap()];
    let failure = init_couchdb(&simulator, folder.path(), &words).unwrap_err();
    assert_eq!((failure.code, failure.kind), ("no-namespace", Kind::Failed));
    assert_eq!(failure.hints[0], "kubectl --context minikube create namespace shop");
}

#[test]
fn what_to_type_next_leads_to_the_same_cluster() {
    let simulator = Simulator::in_memory(Options::default());
    let folder = tempfile::tempdir().unwrap();
    let failure = init_couchdb(&simulator, folder.path(), &["--yes", "--storage-class", "manual"]).unwrap_err();
    assert_eq!(failure.hints[0], "kubectl stateful status couchdb --context minikube -n default");
    let words = ["--yes", "--name", "other", "--no-wait"];
    let (result, lines) = init_couchdb_and_see(&simulator, folder.path(), &words);
    result.unwrap();
    let password = &lines.iter().find(|(label, _)| label == "password").unwrap().1;
    assert!(password.starts_with("kubectl --context minikube -n default get secret other-admin"), "{password}");
}

#[test]
fn a_state_folder_that_cannot_be_made_stops_it_before_the_first_write() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let simulator = Simulator::in_memory(Options::default());
    let failure = init_couchdb(&simulator, file.path(), &["--yes"]).unwrap_err();
    assert_eq!((failure.code, failure.kind), ("no-journal", Kind::Failed));
    assert!(failure.hints[0].contains("XDG_STATE_HOME"), "{:?}", failure.hints);
    assert!(simulator.request_log().iter().all(|line| !line.starts_with("PATCH") || line.contains("dryRun")));
}

/// Nodes, namespaces and classes are lists for questions: without a question,
/// and without an answer to check, nobody needs them.
#[test]
fn the_cluster_is_asked_only_for_what_the_open_questions_need() {
    let lists = |words: &[&str]| {
        let simulator = Simulator::in_memory(Options::default());
        let folder = tempfile::tempdir().unwrap();
        init_couchdb(&simulator, &folder.path().join("state"), words).unwrap();
        let log = simulator.request_log();
        // What comes before the look at the first object is for the answers.
        let answers = log.iter().take_while(|line| !line.contains("/statefulsets"));
        let of = |kind: &str| answers.clone().filter(|line| line.contains(&format!("/{kind}?"))).count();
        [of("nodes"), of("namespaces"), of("storageclasses")]
    };
    assert_eq!(lists(&["--yes"]), [0, 0, 0]);
    assert_eq!(lists(&["--yes", "--storage-class", "fast"]), [0, 0, 1]);
    assert_eq!(lists(&["--yes", "--storage-class", "", "--host-path", "/srv", "--host-node", "node-a"]), [1, 0, 1]);
}

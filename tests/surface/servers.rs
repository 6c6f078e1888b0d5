//! No cluster, one that is not there, one that never answers.

use std::net::TcpListener;

use crate::program::{Home, run};

/// Every command that needs a cluster.
const COMMANDS: &[&[&str]] = &[
    &["status"],
    &["init", "couchdb", "--yes"],
    &["create", "configmap", "settings", "--from-literal", "a=b", "--yes"],
];

#[test]
fn without_a_kubeconfig_the_sandbox_is_suggested() {
    for words in COMMANDS {
        run(words).hinted(1, &["there is no kubeconfig", "--sandbox", "--kubeconfig"]);
    }
}

#[test]
fn without_a_home_it_says_what_to_set() {
    let home = Home::new();
    let finished = crate::program::finish(home.command(&["status", "--sandbox"]).env_remove("HOME"));
    finished.hinted(1, &["HOME", "XDG_STATE_HOME"]);
}

#[test]
fn a_server_that_nobody_runs_is_named() {
    // Bound and let go of: nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = format!("http://{address}");
    for words in COMMANDS {
        let finished = run(&[words, &["--server", &server][..]].concat());
        finished.hinted(1, &["cannot reach", &server, "refused"]);
        assert!(!finished.stderr.contains("ServiceError"), "{}", finished.stderr);
    }
}

#[test]
fn a_server_that_never_answers_is_given_up_after_the_time_limit() {
    // The kernel takes the connections, and nobody ever reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let server = format!("http://{}", silent.local_addr().unwrap());
    for words in COMMANDS {
        let finished = run(&[words, &["--server", &server, "--request-timeout", "1"][..]].concat());
        finished.hinted(1, &[&server, "no answer within 1s", "--request-timeout"]);
        // Nothing is asked after the first limit has passed: one limit, and not
        // one for each thing that is looked up beforehand.
        let asked = std::iter::from_fn(|| silent.accept().ok()).count();
        assert_eq!(asked, 1, "{words:?}");
    }
}

#[test]
fn a_kubeconfig_that_is_missing_or_broken_is_named() {
    let home = Home::new();
    home.say("status --kubeconfig none").told(2, &["`none` does not exist"]);
    home.write("broken", "clusters: [\n  - token: hunter2\n");
    let finished = home.say("status --kubeconfig broken");
    finished.hinted(2, &["`broken`", "line"]);
    assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
}

#[cfg(unix)]
#[test]
fn a_client_dry_run_needs_no_cluster_and_starts_no_credential_plugin() {
    let words = ["create", "configmap", "settings", "--from-literal", "a=b", "--dry-run=client", "-o", "yaml"];
    let init = ["init", "couchdb", "--yes", "--dry-run=client", "-o", "yaml"];
    let home = Home::new();
    for words in [&words[..], &init[..]] {
        let made = home.run(words);
        made.told(0, &["on namespace default\n", "no server was asked"]);
        assert!(made.stdout.contains("namespace: default"), "{}", made.stdout);
    }
    // Neither does a sandbox have to be there, or whole.
    home.write(".local/state/kubectl-stateful/sandboxes/default/log.jsonl", "damaged");
    home.run(&[&words[..], &["--sandbox"]].concat()).told(0, &["on sandbox/default"]);

    home.write(".kube/login", "#!/bin/sh\ntouch started\nexit 1\n");
    home.shell("chmod +x .kube/login").told(0, &[]);
    home.write(
        ".kube/config",
        "current-context: real\ncontexts: [{name: real, context: {cluster: real, user: me, namespace: mine}}]\n\
         clusters: [{name: real, cluster: {server: 'http://127.0.0.1:9'}}]\n\
         users: [{name: me, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login}}}]\n",
    );
    let made = home.run(&words);
    made.told(0, &["on real/mine"]);
    assert!(made.stdout.contains("namespace: mine"), "{}", made.stdout);
    assert!(!home.path().join("started").exists());
    home.say("status").told(1, &["login"]);
    assert!(home.path().join("started").exists(), "the plugin of this test works");
    // What is wrong with the kubeconfig is told all the same, as kubectl does.
    home.run(&[&words[..], &["--context", "nope"]].concat()).hinted(2, &["no context `nope`"]);
}

#[test]
fn what_status_hints_at_leads_to_the_same_cluster_and_namespace() {
    let home = Home::new();
    home.say("init couchdb --sandbox=b --yes --no-wait").told(0, &[]);
    home.say("status couchb --sandbox=b").hinted(1, &["\nhint: kubectl stateful status couchdb --sandbox=b\n"]);
    home.say("status redis --sandbox=b -n default")
        .hinted(1, &["\nhint: kubectl stateful status --sandbox=b -n default\n"]);
    // As kubectl: nothing found is no failure; why is told beside it.
    let nowhere = home.say("status -n nope --sandbox=b");
    nowhere.told(0, &["No resources found in nope namespace.\nhint: the namespace `nope` does not exist\n"]);
    home.say("status web -n nope --sandbox=b").hinted(1, &["the namespace `nope` does not exist"]);
}

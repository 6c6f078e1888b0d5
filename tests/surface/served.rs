//! `sandbox serve`: while it runs, commands come to it; when it ends, however
//! it ends, nothing is left that says otherwise.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use kubectl_stateful::simulator::{Origin, Original, Simulator};
use rustix::process::{Pid, Signal, kill_process};

use crate::neighbour;
use crate::program::{Finished, Home};

/// A server that runs; killed with the test.
pub struct Server {
    child: Child,
    pub kubeconfig: PathBuf,
}

impl Server {
    pub fn start(home: &Home) -> Self {
        let mut command = home.command(&["sandbox", "serve"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let path = line.trim_end().strip_prefix("export KUBECONFIG=").unwrap_or_default();
        assert!(!path.is_empty(), "it says {line:?}");
        Self { child, kubeconfig: PathBuf::from(path) }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn end(mut self) -> Finished {
        let child = std::mem::replace(&mut self.child, nobody());
        let output = child.wait_with_output().unwrap();
        Finished {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }
}

fn nobody() -> Child {
    std::process::Command::new("true").spawn().unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn commands_come_to_the_server_and_find_the_same_sandbox_after_it() {
    let home = Home::new();
    home.say("create configmap before --from-literal a=1 --sandbox --yes").told(0, &[]);
    let server = Server::start(&home);
    let mode = server.kubeconfig.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    home.say("create configmap during --from-literal a=1 --sandbox --yes").told(0, &[]);
    let shown = home.say("sandbox show");
    assert!(shown.stdout.contains("ConfigMap/before") && shown.stdout.contains("ConfigMap/during"), "{shown:?}");
    home.say("init couchdb --sandbox --yes").told(0, &["pod couchdb-0 ready"]);
    server.signal(Signal::INT);
    let ended = server.end();
    ended.told(0, &["listening on https://127.0.0.1:", "no longer listening"]);
    let shown = home.say("sandbox show");
    assert!(shown.stdout.contains("ConfigMap/during") && shown.stdout.contains("Pod/couchdb-0"), "{shown:?}");
}

#[test]
fn a_served_sandbox_is_neither_served_twice_nor_thrown_away() {
    let home = Home::new();
    let server = Server::start(&home);
    let process = server.child.id().to_string();
    for words in ["sandbox serve", "sandbox reset"] {
        home.say(words).hinted(1, &["is being served by process", &process, "hint: kill"]);
    }
    assert!(home.log().exists());
    home.say("status --sandbox=other").told(0, &[]);
    home.say("sandbox reset --sandbox=other").told(0, &["fresh"]);
    home.say("sandbox reset --sandbox=othre")
        .hinted(2, &["there is no sandbox `othre`; nothing was changed", "sandbox list"]);
    server.signal(Signal::TERM);
    server.end().told(0, &["no longer listening"]);
    home.say("sandbox reset").told(0, &["fresh"]);
    let again = Server::start(&home);
    home.say("sandbox show").told(0, &[]);
    drop(again);
}

#[test]
fn a_server_that_was_killed_has_lost_nothing_and_is_not_waited_for() {
    let home = Home::new();
    let server = Server::start(&home);
    home.say("create configmap kept --from-literal a=1 --sandbox --yes").told(0, &[]);
    server.signal(Signal::KILL);
    server.end();
    home.say("sandbox show").told(0, &[]);
    assert!(neighbour::get(&home, "/api/v1/namespaces/default/configmaps/kept").is_some());
    home.say("sandbox reset").told(0, &["fresh"]);
}

#[test]
fn the_kubeconfig_stays_whatever_becomes_of_the_server_or_kubectl_would_go_elsewhere() {
    let home = Home::new();
    let server = Server::start(&home);
    let (path, before) = (server.kubeconfig.clone(), std::fs::read_to_string(&server.kubeconfig).unwrap());
    server.signal(Signal::INT);
    server.end().told(0, &[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    home.run(&["sandbox", "serve", "--port", &port]).told(1, &["cannot listen on"]);
    assert_eq!(std::fs::read_to_string(&path).ok().as_ref(), Some(&before), "the new server did not come so far");
    home.say("create configmap a --from-literal a=1 --sandbox --yes").told(0, &[]);
    home.say("sandbox reset").told(0, &["fresh"]);
    assert_eq!(std::fs::read_to_string(&path).ok(), Some(before), "nor does a reset lead kubectl elsewhere");
    assert_ne!(std::fs::read_to_string(&Server::start(&home).kubeconfig).ok(), None);
}

#[test]
fn a_copy_is_worked_on_in_its_own_namespace_served_or_not_or_not_asked() {
    let home = Home::new();
    home.say("sandbox show").told(0, &[]);
    home.say("sandbox reset").told(0, &[]);
    let now = jiff::Timestamp::now();
    let origin = Origin { cluster: "kind".to_owned(), namespace: "prod".to_owned(), at: now, version: None };
    Simulator::found(&home.log(), Original { origin, objects: Vec::new(), unread: Vec::new() }, now, None).unwrap();
    let is_there = |name: &str| neighbour::get(&home, &format!("/api/v1/namespaces/prod/configmaps/{name}")).is_some();
    let dry = |served: &str| {
        let shown = home.say("create configmap x --from-literal a=1 --sandbox --dry-run=client -o yaml");
        assert!(shown.stdout.contains("namespace: prod"), "{served}: {}{}", shown.stdout, shown.stderr);
    };
    home.say("create configmap before --from-literal a=1 --sandbox --yes").told(0, &[]);
    dry("not served");
    let server = Server::start(&home);
    home.say("create configmap during --from-literal a=1 --sandbox --yes").told(0, &[]);
    dry("served");
    assert!(std::fs::read_to_string(&server.kubeconfig).unwrap().contains("namespace: prod"));
    server.signal(Signal::INT);
    server.end().told(0, &[]);
    assert!(is_there("before") && is_there("during"));
}

#[test]
fn a_port_that_is_taken_or_none_is_told() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    home.run(&["sandbox", "serve", "--port", &port]).hinted(1, &["cannot listen on 127.0.0.1:", "--port 0"]);
    home.say("sandbox list").told(0, &["there are no sandboxes"]);
    home.say("sandbox serve --port 70000").hinted(2, &["70000"]);
    home.say("sandbox serve --sandbox=../x").hinted(2, &["is no name for a sandbox"]);
    home.say("sandbox show").told(0, &[]);
}

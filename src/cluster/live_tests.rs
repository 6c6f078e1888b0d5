//! The whole way from flags and files over the wire and back, against a
//! loopback server.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use futures::AsyncReadExt;
use http::Request;

use super::*;
use crate::cluster::loopback::{Reply, Server, json, with_headers};

const NOTHING: &str = "{}";

/// Surroundings in which one kubeconfig stands under `KUBECONFIG`.
fn with_kubeconfig(folder: &Path, text: &str) -> Environment {
    let file = folder.join("config");
    fs::write(&file, text).unwrap();
    Environment { kubeconfig: Some(file.into()), ..Environment::default() }
}

fn kubeconfig(server: &str, cluster: &str, user: &str) -> String {
    format!(
        "current-context: here\n\
         contexts: [{{name: here, context: {{cluster: c, user: u, namespace: team}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{server}'{cluster}}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\n"
    )
}

fn open(flags: &ConnectionFlags, environment: &Environment) -> Result<Connection, Failure> {
    connect_in(flags, &Interrupt::default(), environment)
}

fn to(server: &str) -> ConnectionFlags {
    ConnectionFlags { server: Some(server.to_owned()), ..ConnectionFlags::default() }
}

/// Asks something and explains what went wrong.
async fn ask(connection: &Connection) -> Result<String, Failure> {
    send(connection, "GET").await
}

async fn send(connection: &Connection, method: &str) -> Result<String, Failure> {
    let request = Request::builder().method(method).uri("/version").body(Vec::new()).unwrap();
    let outcome = connection.client.request_text(request).await;
    outcome.map_err(|error| explain(&error, &connection.identity, "reading the version"))
}

fn header<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let named = |line: &'a str| line.split_once(": ").filter(|(key, _)| *key == name).map(|(_, value)| value);
    head.lines().filter_map(named).collect()
}

#[tokio::test]
async fn token_impersonation_and_namespace_reach_the_server() {
    let server = Server::start(|_| json(200, NOTHING)).await;
    let folder = tempfile::tempdir().unwrap();
    let environment =
        with_kubeconfig(folder.path(), &kubeconfig(&format!("http://{}", server.address), "", "token: of-file"));
    let flags = ConnectionFlags {
        act_as: Some("jane".into()),
        as_groups: vec!["dev".into(), "ops,all".into()],
        as_uid: Some("42".into()),
        ..ConnectionFlags::default()
    };
    let connection = open(&flags, &environment).unwrap();
    ask(&connection).await.unwrap();
    let head = &server.heads()[0];
    assert_eq!(header(head, "authorization"), ["Bearer of-file"]);
    assert_eq!(header(head, "impersonate-user"), ["jane"]);
    assert_eq!(header(head, "impersonate-group"), ["dev", "ops,all"]);
    assert_eq!(header(head, "impersonate-uid"), ["42"]);
    assert_eq!(header(head, "accept-encoding"), ["gzip"]);
    assert_eq!(connection.namespace, "team");
    assert_eq!(connection.client.default_namespace(), "team");
    assert_eq!(connection.identity.name, "here");
    assert_eq!(connection.identity.server, format!("http://{}", server.address));
}

#[tokio::test]
async fn server_and_token_flags_are_enough_without_any_kubeconfig() {
    let server = Server::start(|_| json(200, NOTHING)).await;
    let flags = ConnectionFlags {
        token: Some("typed".parse().unwrap()),
        disable_compression: Some(true),
        ..to(&server.address)
    };
    let connection = open(&flags, &Environment::default()).unwrap();
    ask(&connection).await.unwrap();
    assert_eq!(header(&server.heads()[0], "authorization"), ["Bearer typed"]);
    assert!(header(&server.heads()[0], "accept-encoding").is_empty());
    assert_eq!((connection.namespace.as_str(), connection.identity.name.as_str()), ("default", "127.0.0.1"));
}

/// A credential plugin that notes each start and what it was told.
fn plugin(folder: &Path, body: &str) -> String {
    let script = folder.join("login.sh");
    let text = format!("#!/bin/sh\necho \"$1 $EXTRA $KUBERNETES_EXEC_INFO\" >> '{}/runs'\n{body}\n", folder.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login.sh, args: [now], env: [{name: EXTRA, value: more}], provideClusterInfo: true}"
        .to_owned()
}

fn prints(status: &str) -> String {
    format!(r#"echo '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{status}}}'"#)
}

#[tokio::test]
async fn a_credential_plugin_is_started_once_and_its_token_used() {
    let server = Server::start(|_| json(200, NOTHING)).await;
    let folder = tempfile::tempdir().unwrap();
    let user = plugin(folder.path(), &prints(r#"{"token":"from-plugin"}"#));
    let address = format!("http://{}", server.address);
    let environment = with_kubeconfig(folder.path(), &kubeconfig(&address, "", &user));
    let connection = open(&ConnectionFlags::default(), &environment).unwrap();
    ask(&connection).await.unwrap();
    ask(&connection).await.unwrap();
    assert!(server.heads().iter().all(|head| header(head, "authorization") == ["Bearer from-plugin"]));
    let runs = fs::read_to_string(folder.path().join("runs")).unwrap();
    assert_eq!(runs.lines().count(), 1, "{runs}");
    let told = runs.strip_prefix("now more ").unwrap();
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    assert_eq!(told["spec"]["interactive"], false);
    assert_eq!(told["spec"]["cluster"]["server"], address);
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_renewed() {
    let server = Server::start(|_| json(200, NOTHING)).await;
    let folder = tempfile::tempdir().unwrap();
    let user = plugin(folder.path(), &prints(r#"{"token":"short","expirationTimestamp":"2020-01-01T00:00:00Z"}"#));
    let environment = with_kubeconfig(folder.path(), &kubeconfig(&format!("http://{}", server.address), "", &user));
    let connection = open(&ConnectionFlags::default(), &environment).unwrap();
    ask(&connection).await.unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("runs")).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn a_failing_plugin_is_named_and_its_output_kept_back() {
    for body in ["echo hunter2; exit 3", "echo hunter2", &prints(r#"{"clientKeyData":"hunter2"}"#)] {
        let folder = tempfile::tempdir().unwrap();
        let environment = with_kubeconfig(folder.path(), &kubeconfig("https://h", "", &plugin(folder.path(), body)));
        let Err(failure) = open(&ConnectionFlags::default(), &environment) else { panic!("connected") };
        assert_eq!(failure.code, "credential-plugin");
        assert!(failure.message.contains("login.sh`"), "{failure}");
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_certificate_from_a_plugin_becomes_the_client_s() {
    let folder = tempfile::tempdir().unwrap();
    let user = plugin(folder.path(), &prints(r#"{"clientCertificateData":"PEM C","clientKeyData":"PEM K"}"#));
    let environment = with_kubeconfig(folder.path(), &kubeconfig("https://h", "", &user));
    let mut target = find(&ConnectionFlags::default(), &environment).unwrap();
    assert!(log_in(&mut target, &environment, &Interrupt::default()).unwrap().is_none());
    let data = target.config.auth_info.client_certificate_data.unwrap();
    assert_eq!(STANDARD.decode(data).unwrap(), b"PEM C");
    assert!(target.config.auth_info.client_key_data.is_some());
}

#[tokio::test]
async fn a_silent_server_ends_with_the_request_time_out() {
    let server = Server::start(|_| Reply::Silence).await;
    let flags = ConnectionFlags { request_timeout: Some("50ms".parse().unwrap()), ..to(&server.address) };
    let connection = open(&flags, &Environment::default()).unwrap();
    for method in ["GET", "POST"] {
        let failure = send(&connection, method).await.unwrap_err();
        assert_eq!(failure.code, "timeout");
        assert!(failure.message.contains("50ms") && failure.message.contains(&server.address), "{failure}");
        assert!(failure.hints.iter().any(|hint| hint.contains("--request-timeout")));
    }
}

#[tokio::test]
async fn an_unreachable_port_names_the_address_and_the_cause() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connection = open(&to(&format!("https://{address}")), &Environment::default()).unwrap();
    let failure = ask(&connection).await.unwrap_err();
    assert_eq!(failure.code, "unreachable");
    assert_eq!(
        failure.message,
        format!("cannot reach `127.0.0.1` at https://{address} while reading the version: connection refused")
    );
}

#[tokio::test]
async fn trust_and_names_of_certificates_are_checked_and_explained() {
    let (server, pem) = Server::start_tls("kubernetes.test", |_| json(200, NOTHING)).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.crt");
    fs::write(&authority, pem).unwrap();
    let https = to(&format!("https://{}", server.address));
    let known = ConnectionFlags { certificate_authority: Some(authority), ..https.clone() };
    let named = ConnectionFlags { tls_server_name: Some("kubernetes.test".into()), ..known.clone() };
    let wrong = ConnectionFlags { tls_server_name: Some("other.test".into()), ..known.clone() };
    let blind = ConnectionFlags { insecure_skip_tls_verify: Some(true), ..https };
    for (flags, hint) in [(known, "--tls-server-name"), (wrong, "--tls-server-name")] {
        let failure = ask(&open(&flags, &Environment::default()).unwrap()).await.unwrap_err();
        assert_eq!(failure.code, "tls", "{failure}");
        assert!(failure.hints[0].contains(hint), "{failure:?}");
    }
    ask(&open(&named, &Environment::default()).unwrap()).await.unwrap();
    let connection = open(&blind, &Environment::default()).unwrap();
    ask(&connection).await.unwrap();
    assert!(connection.warnings.take()[0].contains("not checked"));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_with_the_way_out() {
    let (server, _) = Server::start_tls("localhost", |_| json(200, NOTHING)).await;
    let (_, same_name) = Server::start_tls("localhost", |_| json(200, NOTHING)).await;
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "another authority");
    let other_name = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.crt");
    let address = server.address.replace("127.0.0.1", "localhost");
    let flags = ConnectionFlags { certificate_authority: Some(authority.clone()), ..to(&format!("https://{address}")) };
    for pem in [same_name, other_name] {
        fs::write(&authority, pem).unwrap();
        let failure = ask(&open(&flags, &Environment::default()).unwrap()).await.unwrap_err();
        assert_eq!(failure.code, "tls");
        assert!(failure.hints[0].contains("--certificate-authority"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_recognised() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::io::Write::write_all(&mut stream.unwrap(), b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        }
    });
    let failure = ask(&open(&to(&format!("https://{plain}")), &Environment::default()).unwrap()).await.unwrap_err();
    assert_eq!(failure.code, "tls", "{failure}");
}

#[tokio::test]
async fn the_proxy_of_the_environment_is_asked_for_a_tunnel_to_the_server() {
    let proxy = Server::start(|_| Reply::Last("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".into())).await;
    let environment = Environment {
        https_proxy: Some(format!("http://me:hunter2@{}", proxy.address)),
        no_proxy: Some("127.0.0.1,".into()),
        ..Environment::default()
    };
    let connection = open(&to("https://10.1.2.3:6443"), &environment).unwrap();
    let failure = ask(&connection).await.unwrap_err();
    assert!(proxy.heads()[0].starts_with("CONNECT 10.1.2.3:6443 "), "{:?}", proxy.heads());
    assert_eq!(failure.code, "unreachable", "{failure}");
    assert!(!format!("{failure:?}").contains("hunter2"));
}

#[tokio::test]
async fn warnings_of_the_server_are_collected() {
    let server = Server::start(|_| with_headers(200, "Warning: 299 - \"v1beta1 is old\"\r\n", NOTHING)).await;
    let connection = open(&to(&server.address), &Environment::default()).unwrap();
    ask(&connection).await.unwrap();
    assert_eq!(connection.warnings.take(), ["v1beta1 is old"]);
}

/// A client that tries again without waiting.
fn hasty(address: &str) -> Connection {
    let mut connection = open(&to(address), &Environment::default()).unwrap();
    let backoff = Backoff { first: Duration::ZERO, longest: Duration::ZERO, ..Backoff::default() };
    let config = find(&to(address), &Environment::default()).unwrap().config;
    let manner = Manner { limit: None, backoff };
    connection.client = client(config, None, manner, &Warnings::default(), &Interrupt::default()).unwrap();
    connection
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_for_reads_and_never_for_writes() {
    let cut_before = "";
    let cut_within = "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{";
    for (reply, method, requests) in
        [(cut_before, "GET", 4), (cut_within, "GET", 4), (cut_before, "POST", 1), (cut_within, "DELETE", 1)]
    {
        let server = Server::start(move |_| Reply::Last(reply.into())).await;
        let failure = send(&hasty(&server.address), method).await.unwrap_err();
        assert_eq!(failure.code, "connection-lost", "{failure}");
        assert_eq!(server.heads().len(), requests, "{method}");
    }
}

#[tokio::test]
async fn a_write_on_a_used_connection_that_breaks_is_sent_once() {
    let server =
        Server::start(|head| if head.starts_with("POST") { Reply::Last(String::new()) } else { json(200, NOTHING) })
            .await;
    let connection = hasty(&server.address);
    ask(&connection).await.unwrap();
    send(&connection, "POST").await.unwrap_err();
    assert_eq!(server.heads().iter().filter(|head| head.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn a_busy_server_gets_four_reads_or_one_write() {
    for (method, requests) in [("GET", 4), ("PUT", 1)] {
        let server = Server::start(|_| {
            json(503, r#"{"kind":"Status","message":"busy","reason":"ServiceUnavailable","code":503}"#)
        })
        .await;
        let failure = send(&hasty(&server.address), method).await.unwrap_err();
        assert_eq!((failure.code, server.heads().len()), ("unavailable", requests), "{method}");
    }
}

#[tokio::test]
async fn ctrl_c_ends_a_read_under_way() {
    let server = Server::start(|_| Reply::Silence).await;
    let interrupt = Interrupt::default();
    let connection = connect_in(&to(&server.address), &interrupt, &Environment::default()).unwrap();
    let (outcome, ()) = tokio::join!(ask(&connection), async { interrupt.raise() });
    assert_eq!(outcome.unwrap_err().kind, crate::error::Kind::Interrupted);
}

#[tokio::test]
async fn a_watch_outlives_the_time_limit_and_ends_with_ctrl_c() {
    let head = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n";
    let server = Server::start(move |_| Reply::Raw(format!("{head}3\r\none\r\n"))).await;
    let interrupt = Interrupt::default();
    let flags = ConnectionFlags { request_timeout: Some("50ms".parse().unwrap()), ..to(&server.address) };
    let connection = connect_in(&flags, &interrupt, &Environment::default()).unwrap();
    let request = Request::get("/api/v1/pods?watch=true").body(Vec::new()).unwrap();
    let stream = connection.client.request_stream(request).await.unwrap();
    tokio::pin!(stream);
    let mut event = [0; 3];
    stream.read_exact(&mut event).await.unwrap();
    assert_eq!(&event, b"one");
    let still_open = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut event)).await;
    assert!(still_open.is_err(), "nothing more comes, and nothing ends it");
    interrupt.raise();
    let end = stream.read(&mut event).await.unwrap_err();
    let failure = explain(&kube::Error::ReadEvents(end), &connection.identity, "");
    assert_eq!(failure.kind, crate::error::Kind::Interrupted);
}

#[tokio::test]
async fn a_program_in_a_pod_is_heard_through_all_layers() {
    let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let server = Server::start(move |_| Reply::Raw(switching.into())).await;
    let connection = open(&to(&server.address), &Environment::default()).unwrap();
    let request = Request::get("/api/v1/namespaces/a/pods/b/exec").header("connection", "Upgrade");
    let request = request.header("upgrade", "websocket").body(kube::client::Body::empty()).unwrap();
    let answer = connection.client.send(request).await.unwrap();
    assert_eq!(answer.status(), 101);
    assert!(hyper::upgrade::on(answer).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_clock_lets_time_pass_and_notices_the_interrupt() {
    let interrupt = Interrupt::default();
    let clock = LiveClock { interrupt: interrupt.clone() };
    let before = tokio::time::Instant::now();
    assert_eq!(clock.pause(Duration::from_secs(30)).await, Ok(Pause::Passed));
    assert_eq!(before.elapsed(), Duration::from_secs(30));
    let (pause, ()) = tokio::join!(clock.pause(Duration::from_secs(30)), async { interrupt.raise() });
    assert_eq!(pause, Err(Interrupted));
    assert_eq!(before.elapsed(), Duration::from_secs(30));
}

#[test]
fn random_bytes_differ() {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    let entropy = SystemEntropy::probed().unwrap();
    entropy.fill(&mut first);
    entropy.fill(&mut second);
    assert_ne!(first, second);
}

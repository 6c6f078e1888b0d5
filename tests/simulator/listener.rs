//! The listener against everybody who does not mean well: each request here is
//! refused or dropped, and the server goes on.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::Timestamp;
use kubectl_stateful::simulator::{Access, Limits, Listener, Pace, Simulator};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{MAPS, cluster};

/// The time of this machine; limits are short enough to be waited for. What
/// takes an hour is over at once.
struct Real;

const AN_HOUR: Duration = Duration::from_hours(1);

impl Pace for Real {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the listener's limits are in real time")]
    fn nap(&self, how_long: Duration) -> BoxFuture<'static, ()> {
        if how_long == AN_HOUR { std::future::ready(()).boxed() } else { tokio::time::sleep(how_long).boxed() }
    }
}

struct Served {
    access: Access,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn serve_with(simulator: &Simulator, limits: Limits) -> Served {
    let listener = Listener::bind(0, &[7; 32], Arc::new(Real), limits).await.unwrap();
    let access = listener.access().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(listener.serve(simulator.clone(), stopped.map(|_| ())));
    Served { access, stop, task }
}

async fn serve() -> Served {
    serve_with(&cluster(), Limits::default()).await
}

impl Served {
    async fn connect(&self, protocol: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.access.authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(self.access.address).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::from(self.access.address.ip()), stream).await
    }

    /// What comes back for these bytes until the server closes.
    async fn says(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect("http/1.1").await.unwrap();
        // The server may have closed already, and need not say so politely.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn head(&self, line: &str, more: &str) -> String {
        let token = &self.access.token;
        format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{more}\r\n")
    }

    #[track_caller]
    fn ask(&self, line: &str, more: &str, body: &str) -> impl Future<Output = (u16, String)> {
        let request = self.head(line, more) + body;
        async move {
            let answer = self.says(request.as_bytes()).await;
            (code(&answer), answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
        }
    }

    async fn goes_on(&self) {
        let (code, body) = self.ask(&format!("GET {MAPS}"), "", "").await;
        assert_eq!(code, 200, "{body}");
    }

    async fn ends(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

fn code(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let served = serve().await;
    for request in [
        "NONSENSE\r\n\r\n".to_owned(),
        "\0\0\0\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        served.head("GET /api", "no colon\r\n"),
        served.head("POST /api/v1/namespaces", "Content-Length: -1\r\n"),
        served.head("POST /api/v1/namespaces", "Content-Length: 1\r\nContent-Length: 2\r\n"),
        served.head("GET /api", &format!("X: {}\r\n", "x".repeat(600_000))),
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000)),
    ] {
        let answer = served.says(request.as_bytes()).await;
        assert!(matches!(code(&answer), 400 | 414 | 431), "{request:.60}: {answer}");
        served.goes_on().await;
    }
    let torn = served.head(&format!("POST {MAPS}"), "Transfer-Encoding: chunked\r\n") + "zz\r\n";
    let answer = served.says(torn.as_bytes()).await;
    assert!(code(&answer) != 201, "{answer}");
    served.goes_on().await;
    served.ends().await;
}

#[tokio::test]
async fn without_the_token_nothing_is_answered_but_that() {
    let served = serve().await;
    let token = served.access.token.clone();
    for path in ["/", "/healthz", "/version", MAPS, "/nowhere"] {
        for header in [
            String::new(),
            "Authorization: Bearer wrong\r\n".to_owned(),
            "Authorization: Bearer\r\n".to_owned(),
            format!("Authorization: Bearer {token}x\r\n"),
            format!("Authorization: Basic {token}\r\n"),
            format!("Authorization: Bearer wrong\r\nAuthorization: Bearer {token}\r\n"),
            format!("Cookie: token={token}\r\n"),
        ] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
            let answer = served.says(request.as_bytes()).await;
            assert_eq!(code(&answer), 401, "{header}: {answer}");
            let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
            assert_eq!((&body["kind"], &body["reason"]), (&"Status".into(), &"Unauthorized".into()));
        }
    }
    served.goes_on().await;
    served.ends().await;
}

#[tokio::test]
async fn any_host_is_taken_as_by_a_real_server() {
    let served = serve().await;
    let token = served.access.token.clone();
    for host in ["example.com", "127.0.0.1:1", "[::1]"] {
        let request = format!(
            "GET {MAPS} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(code(&served.says(request.as_bytes()).await), 200, "{host}");
    }
    served.ends().await;
}

#[tokio::test]
async fn huge_bodies_are_refused_and_slow_ones_not_waited_for() {
    let limits = Limits { request: Duration::from_millis(200), ..Limits::default() };
    let served = serve_with(&cluster(), limits).await;
    let long = " ".repeat(3 * 1024 * 1024 + 1);
    let header = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", long.len());
    let (code, body) = served.ask(&format!("POST {MAPS}"), &header, &long).await;
    assert_eq!(code, 413, "{body}");
    for header in ["Content-Length: 100000000000\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
        let (code, body) = served.ask(&format!("POST {MAPS}"), header, "").await;
        assert_eq!(code, 408, "{header}: {body}");
        served.goes_on().await;
    }
    served.ends().await;
}

#[tokio::test]
async fn whoever_speaks_no_tls_is_told_so_and_whoever_says_nothing_is_left() {
    let limits = Limits { handshake: Duration::from_millis(200), ..Limits::default() };
    let served = serve_with(&cluster(), limits).await;
    for (sent, expected) in [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request"),
        (b"\x16\x03\x01", ""),
        (b"\x16garbage that is no handshake at all", ""),
        (b"", ""),
    ] {
        let mut stream = TcpStream::connect(served.access.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut answer = Vec::new();
        // TLS says farewell with an alert, which is no text.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(String::from_utf8_lossy(&answer).starts_with(expected), "{answer:?}");
        served.goes_on().await;
    }
    served.ends().await;
}

#[tokio::test]
async fn unknown_groups_bad_patches_and_unknown_bodies_are_refused_as_by_a_real_server() {
    let served = serve().await;
    let (code, body) = served.ask("GET /apis/foo/v1/bars", "", "").await;
    assert_eq!((code, &*body), (404, "404 page not found\n"));
    let patch = "Content-Type: application/json-patch+json\r\nContent-Length: 2\r\n";
    for (line, header, body, expected) in [
        (format!("PATCH {MAPS}/x"), patch, "{]", 404),
        (format!("PATCH {MAPS}/x"), "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}", 415),
        (
            format!("POST {MAPS}"),
            "Content-Type: application/vnd.kubernetes.protobuf\r\nContent-Length: 4\r\n",
            "k8s!",
            400,
        ),
        (format!("POST {MAPS}"), "Content-Type: application/json\r\nContent-Length: 1\r\n", "{", 400),
        (format!("TRACE {MAPS}"), "", "", 405),
    ] {
        let (code, answer) = served.ask(&line, header, body).await;
        assert_eq!(code, expected, "{line}: {answer}");
        served.goes_on().await;
    }
    served.ends().await;
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_the_next_free_place_is_taken() {
    let served = serve_with(&cluster(), Limits { connections: 2, ..Limits::default() }).await;
    let first = served.connect("http/1.1").await.unwrap();
    let _second = served.connect("http/1.1").await.unwrap();
    assert!(served.connect("http/1.1").await.is_err());
    drop(first);
    // The server sees the end of the first in its own time.
    while served.connect("http/1.1").await.is_err() {
        tokio::task::yield_now().await;
    }
    served.ends().await;
}

#[tokio::test]
async fn http2_is_spoken_too() {
    let served = serve().await;
    let stream = TokioIo::new(served.connect("h2").await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake::<_, _, Full<bytes::Bytes>>(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    for (token, expected) in [(served.access.token.as_str(), 200), ("wrong", 401)] {
        let request = http::Request::get(format!("https://127.0.0.1{MAPS}"))
            .header("authorization", format!("Bearer {token}"))
            .body(Full::default())
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), expected);
        answer.into_body().collect().await.unwrap();
    }
    drop(sender);
    connection.await.unwrap().unwrap();
    served.goes_on().await;
    served.ends().await;
}

/// A ConfigMap of a megabyte.
fn large(number: usize) -> String {
    let data = "x".repeat(1_000_000);
    format!(r#"{{"metadata":{{"name":"large-{number}"}},"data":{{"a":"{data}"}}}}"#)
}

#[tokio::test]
async fn a_watch_whose_client_stops_reading_is_closed() {
    let served = serve_with(&cluster(), Limits { stalled: AN_HOUR, ..Limits::default() }).await;
    let mut watch = served.connect("http/1.1").await.unwrap();
    watch.write_all(served.head(&format!("GET {MAPS}?watch=true"), "").as_bytes()).await.unwrap();
    let mut first = [0; 12];
    watch.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let all = 24;
    for number in 0..all {
        let body = large(number);
        let header = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        assert_eq!(served.ask(&format!("POST {MAPS}"), &header, &body).await.0, 201);
    }
    let mut rest = Vec::new();
    let ended = watch.read_to_end(&mut rest).await;
    let whole = String::from_utf8_lossy(&rest).matches("\"ADDED\"").count() == all && rest.ends_with(b"0\r\n\r\n");
    assert!(!whole, "everything was kept for it: {} bytes, {ended:?}", rest.len());
    served.goes_on().await;
    served.ends().await;
}

#[tokio::test]
async fn a_stop_ends_watches_and_closes_the_port() {
    let served = serve().await;
    let address = served.access.address;
    let mut watch = served.connect("http/1.1").await.unwrap();
    watch.write_all(served.head(&format!("GET {MAPS}?watch=true"), "").as_bytes()).await.unwrap();
    let mut first = [0; 12];
    watch.read_exact(&mut first).await.unwrap();
    served.ends().await;
    let mut rest = Vec::new();
    watch.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
    assert!(TcpStream::connect(address).await.is_err());
}

//! Bytes that are no proper request, or hardly one: the same are sent to the
//! real API server and to a served sandbox.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::{Failed, Trial};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::served::Served;
use crate::support::credentials::User;
use crate::{needs_tools, plane};

const PATIENCE: Duration = Duration::from_secs(20);

/// What is sent, and how a sandbox answers where it does so otherwise.
struct Case {
    name: &'static str,
    line: String,
    headers: String,
    body: String,
    ours: Option<u16>,
}

pub fn tests() -> Vec<Trial> {
    vec![needs_tools("what_is_hardly_a_request_is_answered_as_by_a_real_server", |_| compared())]
}

/// `TOKEN` stands for that of the server.
fn cases() -> Vec<Case> {
    const SHOWN: &str = "Authorization: Bearer TOKEN\r\n";
    let case = |name, line: &str, headers: &str| Case {
        name,
        line: line.to_owned(),
        headers: headers.to_owned(),
        body: String::new(),
        ours: None,
    };
    // One byte more than a server takes.
    let body = " ".repeat(3 * 1024 * 1024 + 1);
    let list = "GET /api/v1/nodes HTTP/1.1";
    let long = "x".repeat(600_000);
    vec![
        case("a plain one", list, &format!("Host: x\r\n{SHOWN}")),
        case("no host", list, SHOWN),
        case("no host in the old protocol", "GET /api/v1/nodes HTTP/1.0", SHOWN),
        case("an empty host", list, &format!("Host:\r\n{SHOWN}")),
        case("two hosts", list, &format!("Host: x\r\nHost: x\r\n{SHOWN}")),
        case("a host of two words", list, &format!("Host: a b\r\n{SHOWN}")),
        case("no escape", "GET /api/v1/nodes/%zz HTTP/1.1", &format!("Host: x\r\n{SHOWN}")),
        case("half an escape", "GET /api/v1/nodes/%2 HTTP/1.1", &format!("Host: x\r\n{SHOWN}")),
        case("two tokens, the first is good", list, &format!("Host: x\r\n{SHOWN}Authorization: Bearer no\r\n")),
        case("two tokens, the second is good", list, &format!("Host: x\r\nAuthorization: Bearer no\r\n{SHOWN}")),
        case("a wrong token", list, "Host: x\r\nAuthorization: Bearer no\r\n"),
        // A sandbox knows nobody without a token.
        Case { ours: Some(401), ..case("an empty token", list, "Host: x\r\nAuthorization: Bearer \r\n") },
        Case { ours: Some(401), ..case("a user and a password", list, "Host: x\r\nAuthorization: Basic YTpi\r\n") },
        Case {
            body: body.clone(),
            ..case(
                "a body that is too large",
                "POST /api/v1/namespaces/default/configmaps HTTP/1.1",
                &format!("Host: x\r\n{SHOWN}Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()),
            )
        },
        Case { ours: Some(431), ..case("a long header", list, &format!("Host: x\r\n{SHOWN}X: {long}\r\n")) },
        Case {
            ours: Some(400),
            ..case("a later protocol", "GET /api/v1/nodes HTTP/9.9", &format!("Host: x\r\n{SHOWN}"))
        },
        Case {
            ours: Some(414),
            ..case(
                "a long path",
                &format!("GET /api/v1/nodes/{} HTTP/1.1", "x".repeat(100_000)),
                &format!("Host: x\r\n{SHOWN}"),
            )
        },
    ]
}

fn compared() -> Result<(), Failed> {
    let plane = plane::bare()?;
    let served = Served::start()?;
    let (real, ours) = (Server::of(&plane.kubeconfig(User::Admin))?, Server::of(&served.kubeconfig)?);
    let mut wrong = Vec::new();
    for case in cases() {
        let (theirs, found) = (real.answers(&case)?, ours.answers(&case)?);
        let expected = case.ours.unwrap_or(theirs.0);
        let is_text = found.1.starts_with("400 ") || theirs.1.starts_with("400 ");
        let in_vain = theirs.0 == 0 || found.0 == 0 || case.name == "a plain one" && theirs.0 != 200;
        if in_vain || found.0 != expected || case.ours == Some(theirs.0) || is_text && found.1 != theirs.1 {
            let shown = |(code, body): &(u16, String)| format!("{code} {body:.200}");
            wrong.push(format!("{}: theirs {}, ours {}", case.name, shown(&theirs), shown(&found)));
        }
    }
    served.end()?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Where a server is, and how one comes in.
struct Server {
    address: String,
    config: Arc<ClientConfig>,
    token: String,
}

impl Server {
    fn of(kubeconfig: &Path) -> Result<Self, Failed> {
        let read: Value = serde_saphyr::from_str(&fs::read_to_string(kubeconfig)?)?;
        let text = |pointer: &str| read.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let authority = match text("/clusters/0/cluster/certificate-authority").as_str() {
            "" => STANDARD.decode(text("/clusters/0/cluster/certificate-authority-data"))?,
            path => fs::read(path)?,
        };
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&authority)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let address = text("/clusters/0/cluster/server").trim_start_matches("https://").to_owned();
        Ok(Self { address, config: Arc::new(config), token: text("/users/0/user/token") })
    }

    /// The code and the body.
    fn answers(&self, case: &Case) -> Result<(u16, String), Failed> {
        let headers = case.headers.replace("TOKEN", &self.token);
        let request = format!("{}\r\n{headers}Connection: close\r\n\r\n{}", case.line, case.body);
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let connection = ClientConnection::new(Arc::clone(&self.config), ServerName::try_from("127.0.0.1")?)?;
        let mut stream = StreamOwned::new(connection, stream);
        // Whoever has heard enough closes before the rest, and not always politely.
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.flush();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let answer = String::from_utf8_lossy(&bytes);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Ok((code, body.to_owned()))
    }
}

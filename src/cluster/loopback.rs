//! For tests only: a tiny HTTP server on loopback that writes down what it is
//! asked and answers what the test says, with or without TLS.
#![cfg(unix)]

use std::sync::{Arc, Mutex};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does with one request.
pub enum Reply {
    /// Sends these bytes and waits for the next request.
    Raw(String),
    /// Sends these bytes and closes the connection.
    Last(String),
    /// Says nothing and keeps the connection open.
    Silence,
}

/// A JSON answer with this status.
pub fn json(status: u16, body: &str) -> Reply {
    with_headers(status, "", body)
}

/// The same with further header lines, each ending in CRLF.
pub fn with_headers(status: u16, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Raw(format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ))
}

/// A running server; ends with the test's runtime.
pub struct Server {
    /// `127.0.0.1:PORT`.
    pub address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(None, reply).await
    }

    /// With a certificate for this name; also gives that certificate as PEM.
    pub async fn start_tls(name: &str, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        (Self::serve(Some(TlsAcceptor::from(Arc::new(config))), reply).await, made.cert.pem())
    }

    async fn serve(tls: Option<TlsAcceptor>, reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap().to_string(), heads: Arc::default() };
        let (heads, reply) = (server.heads.clone(), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (heads, reply, tls) = (heads.clone(), reply.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(stream, &heads, &*reply).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, &heads, &*reply).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    /// The request lines with their headers, names in lower case as sent.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    heads: &Mutex<Vec<String>>,
    reply: &(dyn Fn(&str) -> Reply + Send + Sync),
) {
    while let Some(head) = head_of(&mut stream).await {
        heads.lock().unwrap().push(head.clone());
        match reply(&head) {
            Reply::Raw(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Reply::Last(text) => {
                stream.write_all(text.as_bytes()).await.unwrap();
                stream.shutdown().await.ok();
                return;
            }
            Reply::Silence => std::future::pending().await,
        }
    }
}

/// One request without its body, which is read and dropped.
async fn head_of(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    Some(head)
}

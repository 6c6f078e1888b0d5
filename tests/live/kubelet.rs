//! The part of a kubelet that an API server dials: programs in pods. There are
//! no containers here, so a program is run on this machine, with an empty
//! environment but for `PATH`. It ends with its session.
//!
//! Spoken is a websocket with `v4.channel.k8s.io`, and nothing else.

use std::io::Read;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use futures::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal, kill_process_group};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header::SEC_WEBSOCKET_PROTOCOL};

use crate::support::api::{Api, Method, runtime};
use crate::support::control_plane::ControlPlane;
use crate::support::credentials::User;

const PROTOCOL: &str = "v4.channel.k8s.io";
const NODES: [&str; 3] = ["node-a", "node-b", "node-c"];

/// Channels of a session.
const OUTPUT: u8 = 1;
const ERRORS: u8 = 2;
const END: u8 = 3;

/// Serves as long as this process lives, and tells the API server where.
pub fn serve(plane: &ControlPlane) -> Result<(), String> {
    let runtime = runtime()?;
    let tls = TlsAcceptor::from(Arc::new(tls().map_err(|error| format!("kubelet: {error}"))?));
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let listener = listener.map_err(|error| format!("kubelet: {error}"))?;
    let port = listener.local_addr().map_err(|error| format!("kubelet: {error}"))?.port();
    let api = Api::new(runtime.block_on(plane.client(User::Admin))?, "kubelet");
    for node in NODES {
        let here = json!({"status": {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }});
        runtime.block_on(api.send(Method::MergePatch, &format!("/api/v1/nodes/{node}/status"), Some(&here)))?;
    }
    let serving = move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(session(stream, tls.clone()));
            }
        });
    };
    thread::Builder::new().name("kubelet".to_owned()).spawn(serving).map_err(|error| format!("kubelet: {error}"))?;
    Ok(())
}

/// The API server accepts any certificate as long as it is given no authority.
fn tls() -> Result<ServerConfig, Box<dyn std::error::Error>> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok(config)
}

/// One program from the request for it to its end.
async fn session(stream: TcpStream, tls: TlsAcceptor) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let mut words = Vec::new();
    #[expect(clippy::result_large_err, reason = "it is what the library asks for")]
    let asked = |request: &Request, mut answer: Response| -> Result<Response, ErrorResponse> {
        let offered = request.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
        words = words_of(request.uri().query().unwrap_or_default());
        if offered != Some(PROTOCOL) || !request.uri().path().starts_with("/exec/") || words.is_empty() {
            let mut refusal = ErrorResponse::new(Some("not spoken here".to_owned()));
            *refusal.status_mut() = StatusCode::BAD_REQUEST;
            return Err(refusal);
        }
        answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
        Ok(answer)
    };
    let Ok(mut socket) = accept_hdr_async(stream, asked).await else { return };
    let (heard, mut sounds) = unbounded_channel();
    let program = match Program::start(&words, &heard) {
        Ok(program) => program,
        Err(error) => {
            let status = json!({"status": "Failure", "reason": "InternalError", "message": error.to_string()});
            socket.send(message(END, status.to_string().as_bytes())).await.ok();
            return;
        }
    };
    drop(heard);
    loop {
        tokio::select! {
            said = sounds.recv() => match said {
                Some(said) => {
                    if socket.send(said).await.is_err() {
                        return;
                    }
                }
                None => break,
            },
            // Nothing is expected from there but the end.
            asked = socket.next() => if !matches!(asked, Some(Ok(Message::Ping(_) | Message::Pong(_)))) { return },
        }
    }
    let status = program.ended().await;
    socket.send(message(END, status.to_string().as_bytes())).await.ok();
    socket.close(None).await.ok();
}

/// The values of `command`.
fn words_of(query: &str) -> Vec<String> {
    query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("command="))
        .map(|word| decoded(&word.replace('+', " ")))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|code| code.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.filter(|_| *first == b'%').and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn message(channel: u8, bytes: &[u8]) -> Message {
    Message::binary([&[channel], bytes].concat())
}

/// A running program; dropping it ends it and what it has started.
struct Program {
    child: Option<Child>,
}

impl Program {
    /// What it prints comes through `heard`, which closes with both its outputs.
    fn start(words: &[String], heard: &UnboundedSender<Message>) -> std::io::Result<Self> {
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let outputs: [(u8, Option<Box<dyn Read + Send>>); 2] = [
            (OUTPUT, child.stdout.take().map(|out| Box::new(out) as _)),
            (ERRORS, child.stderr.take().map(|out| Box::new(out) as _)),
        ];
        for (channel, output) in outputs {
            let (heard, Some(mut output)) = (heard.clone(), output) else { continue };
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = output.read(&mut bytes) {
                    if heard.send(message(channel, &bytes[..count])).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { child: Some(child) })
    }

    /// How it ended, as the API has it.
    async fn ended(mut self) -> Value {
        let Some(mut child) = self.child.take() else { return Value::Null };
        let (tell, mut told): (_, UnboundedReceiver<_>) = unbounded_channel();
        thread::spawn(move || tell.send(child.wait()));
        match told.recv().await {
            Some(Ok(status)) if status.success() => json!({"status": "Success"}),
            Some(Ok(status)) => json!({
                "status": "Failure", "reason": "NonZeroExitCode",
                "message": "command terminated with non-zero exit code",
                "details": {"causes": [{"reason": "ExitCode", "message": status.code().unwrap_or(137).to_string()}]},
            }),
            Some(Err(_)) | None => json!({"status": "Failure", "reason": "InternalError", "message": "lost"}),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            kill_process_group(group, Signal::KILL).ok();
        }
        child.wait().ok();
    }
}

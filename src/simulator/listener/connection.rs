//! One connection from its first byte to its end.

use std::convert::Infallible;
use std::sync::Arc;

use futures::future::{Either, select};
use futures::pin_mut;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::guard::Guard;
use super::stalled::Patient;

/// The first byte of a TLS connection.
const HANDSHAKE: u8 = 0x16;
const NO_TLS: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
/// What is read and dropped of somebody who speaks no TLS, so that they can
/// read our answer.
const MOST_DROPPED: usize = 64 * 1024;
const MOST_STREAMS: u32 = 250;

type Stream = TokioIo<TlsStream<Patient<TcpStream>>>;

/// Serves a connection until one of the two sides ends it, or the server stops.
/// Whatever goes wrong with it is the other side's trouble.
pub async fn serve(stream: TcpStream, tls: TlsAcceptor, guard: Arc<Guard>) {
    let limits = guard.limits;
    let pace = Arc::clone(guard.time.pace());
    let late = pace.nap(limits.handshake);
    let shaken = async move {
        if !begins_tls(&stream).await {
            turn_away(stream).await;
            return None;
        }
        let stream = Patient::new(stream, pace, limits.stalled);
        tls.accept(stream).await.ok()
    };
    pin_mut!(shaken);
    let Either::Left((Some(stream), _)) = select(shaken, late).await else { return };
    let speaks_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let stream = TokioIo::new(stream);
    if speaks_http2 { with_http2(stream, guard).await } else { with_http1(stream, guard).await }
}

async fn begins_tls(stream: &TcpStream) -> bool {
    let mut first = [0];
    // Nothing at all: the handshake finds that out.
    !matches!(stream.peek(&mut first).await, Ok(1) if first != [HANDSHAKE])
}

/// The words of the real server.
async fn turn_away(mut stream: TcpStream) {
    let mut dropped = vec![0; MOST_DROPPED];
    // All of this is a courtesy that may fail.
    let _ = stream.try_read(&mut dropped);
    let _ = stream.write_all(NO_TLS).await;
    let _ = stream.shutdown().await;
}

async fn with_http1(stream: Stream, guard: Arc<Guard>) {
    let stop = guard.stop.clone();
    let idle = guard.limits.idle;
    let service = service_fn(move |request: Request<Incoming>| Arc::clone(&guard).answer(request));
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(idle).serve_connection(stream, service);
    pin_mut!(connection);
    if let Either::Right(((), mut connection)) = select(connection, stop).await {
        connection.as_mut().graceful_shutdown();
        let _: Result<(), hyper::Error> = connection.await;
    }
}

async fn with_http2(stream: Stream, guard: Arc<Guard>) {
    let stop = guard.stop.clone();
    let limits = guard.limits;
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = Arc::clone(&guard).answer(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.idle)
        .keep_alive_timeout(limits.stalled)
        .max_concurrent_streams(MOST_STREAMS)
        .serve_connection(stream, service);
    pin_mut!(connection);
    if let Either::Right(((), mut connection)) = select(connection, stop).await {
        connection.as_mut().graceful_shutdown();
        let _: Result<(), hyper::Error> = connection.await;
    }
}

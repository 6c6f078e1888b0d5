//! The listener: loopback and nothing else, a bound on connections, and a stop
//! that lets what is under way end.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::select;
use futures::pin_mut;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificate::{CertificateError, Certified, certified};
use super::connection;
use super::guard::{Guard, stop};
use super::pace::{Pace, Timekeeper};
use super::token::{Expected, token};
use crate::simulator::engine::Simulator;

/// How patient the server is, and with how many.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// More connections at a time are closed at once.
    pub connections: usize,
    /// Until TLS is agreed upon.
    pub handshake: Duration,
    /// Until a request has arrived whole.
    pub request: Duration,
    /// Between two requests, and for the head of one.
    pub idle: Duration,
    /// Until a client reads on.
    pub stalled: Duration,
    /// For what is under way when the server stops.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 500,
            handshake: Duration::from_secs(10),
            request: Duration::from_mins(1),
            idle: Duration::from_mins(3),
            stalled: Duration::from_secs(30),
            farewell: Duration::from_secs(2),
        }
    }
}

/// What a client must know.
#[derive(Clone, Debug)]
pub struct Access {
    pub address: SocketAddr,
    /// The certificate of the authority to trust, as PEM.
    pub authority: String,
    pub token: String,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("cannot listen on {address}: {source}")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] CertificateError),
}

/// A server that listens and does not answer yet.
pub struct Listener {
    tcp: TcpListener,
    tls: TlsAcceptor,
    access: Access,
    pace: Arc<dyn Pace>,
    limits: Limits,
}

/// After a connection that could not be taken, such as for want of files.
const BREATHER: Duration = Duration::from_millis(100);

impl Listener {
    /// Listens on this port of loopback, 0 for a free one. The token is made of
    /// the random bytes.
    ///
    /// # Errors
    /// See `ListenError`.
    pub async fn bind(port: u16, random: &[u8; 32], pace: Arc<dyn Pace>, limits: Limits) -> Result<Self, ListenError> {
        let Certified { config, authority } = certified()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = |source| ListenError::Bind { address, source };
        let tcp = TcpListener::bind(address).await.map_err(bound)?;
        let address = tcp.local_addr().map_err(bound)?;
        Ok(Self {
            tcp,
            tls: TlsAcceptor::from(config),
            access: Access { address, authority, token: token(random) },
            pace,
            limits,
        })
    }

    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Answers for this cluster until the signal comes. Requests that have arrived
    /// are answered before it returns; watches end.
    pub async fn serve(self, simulator: Simulator, signal: impl Future<Output = ()> + Send + 'static) {
        let service = simulator.service();
        let time = Timekeeper::new(simulator, Arc::clone(&self.pace));
        let guard = Arc::new(Guard {
            service,
            expected: Expected::of(&self.access.token),
            time: time.clone(),
            limits: self.limits,
            stop: stop(signal),
        });
        let mut connections = JoinSet::new();
        {
            let work = async {
                let keep = time.keep();
                let accept = self.accept(&guard, &mut connections);
                pin_mut!(keep, accept);
                select(keep, accept).await;
            };
            pin_mut!(work);
            select(guard.stop.clone(), work).await;
        }
        let late = self.pace.nap(self.limits.farewell);
        let all = async { while connections.join_next().await.is_some() {} };
        pin_mut!(all);
        select(all, late).await;
        // Whoever opens the sandbox next counts from here.
        time.catch_up();
    }

    async fn accept(&self, guard: &Arc<Guard>, connections: &mut JoinSet<()>) {
        loop {
            while connections.try_join_next().is_some() {}
            match self.tcp.accept().await {
                Ok((stream, _)) if connections.len() < self.limits.connections => {
                    connections.spawn(connection::serve(stream, self.tls.clone(), Arc::clone(guard)));
                }
                Ok(_) => {}
                Err(_) => {
                    let breather = self.pace.nap(BREATHER);
                    breather.await;
                }
            }
        }
    }
}

//! `sandbox serve`: joins the simulator's listener to the real time, to Ctrl-C
//! and to the screen.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;

use super::connect;
use super::sandbox::Turn;
use super::screen::TerminalScreen;
use crate::cli::GlobalFlags;
use crate::cluster::live::SystemEntropy;
use crate::cluster::{Entropy as _, Interrupt};
use crate::commands::screen::Screen as _;
use crate::error::Failure;
use crate::runs::places::Places;
use crate::simulator::{Limits, Listener, Pace, kubeconfig};
use crate::wizard::equivalent::quote;

/// Serves the sandbox until Ctrl-C.
pub async fn serve(
    global: &GlobalFlags,
    places: &Places,
    port: u16,
    screen: &TerminalScreen,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let (serving, name) = connect::to_serve(global, places)?;
    let mut random = [0; 32];
    SystemEntropy::probed()?.fill(&mut random);
    let listener = Listener::bind(port, &random, Arc::new(RealPace), Limits::default()).await.map_err(|error| {
        Failure::failed("cannot-serve", error.to_string()).hint("`--port 0` takes a port that is free")
    })?;
    // Where nobody can listen no sandbox is begun.
    let simulator = connect::open(places, name, Turn { tell: screen.teller(), interrupt: interrupt.clone() })?;
    let context = if name == "default" { "sandbox".to_owned() } else { format!("sandbox-{name}") };
    let kubeconfig = kubeconfig(listener.access(), &context, &connect::own_namespace(simulator.origin()));
    let path = serving.announce(&kubeconfig).map_err(|error| connect::unopened(name, error))?;
    screen.print(&format!("export KUBECONFIG={}\n", quote(&path.display().to_string())))?;
    screen.tell(&format!("listening on https://{} until Ctrl-C", listener.access().address));
    screen.tell("copy the line above into another terminal, then try `kubectl get statefulsets,pods,pvc`");
    let interrupt = interrupt.clone();
    listener.serve(simulator, async move { interrupt.raised().await }).await;
    screen.tell("no longer listening; the sandbox stays as it is");
    Ok(())
}

/// The time of this machine.
struct RealPace;

impl Pace for RealPace {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the served cluster lives in real time, also after Ctrl-C")]
    fn nap(&self, how_long: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(how_long).boxed()
    }
}

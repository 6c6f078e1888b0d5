//! `sandbox capture`: joins what is read of a live namespace to a new sandbox.

use jiff::Timestamp;

use super::connect;
use super::sandbox::Turn;
use super::screen::TerminalScreen;
use crate::cluster::Interrupt;
use crate::commands::Context;
use crate::commands::capture::{self, CaptureArgs};
use crate::error::Failure;
use crate::facts::snapshot::Snapshot;
use crate::simulator::{Origin, Original, Simulator};

/// Reads the namespace that the context names, and makes the sandbox.
pub async fn capture(
    arguments: &CaptureArgs,
    context: &Context<'_>,
    screen: &TerminalScreen,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let name = &arguments.name;
    let place = connect::place_for_new(context.places, name)?;
    let taken = capture::take(context).await?;
    let turn = Turn { tell: screen.teller(), interrupt: interrupt.clone() };
    let original = original(context, &taken);
    Simulator::found(&place, original, Timestamp::now(), Some(Box::new(turn)))
        .map_err(|error| connect::unopened(name, error))?;
    capture::tell(context, name, &taken)
}

fn original(context: &Context<'_>, taken: &Snapshot) -> Original {
    let connection = context.connection;
    Original {
        origin: Origin {
            cluster: connection.identity.name.clone(),
            namespace: connection.namespace.clone(),
            at: taken.at.unwrap_or_else(|| connection.clock.now()),
        },
        objects: taken.objects.clone(),
        unread: taken.unread.iter().map(|kind| kind.kind.to_owned()).collect(),
    }
}

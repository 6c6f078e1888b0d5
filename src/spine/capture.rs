//! `sandbox capture`: joins what is read of a live namespace to a new sandbox.

use jiff::Timestamp;

use super::connect;
use super::copies::original;
use super::sandbox::Turn;
use super::screen::TerminalScreen;
use crate::cluster::Interrupt;
use crate::commands::Context;
use crate::commands::capture::{self, CaptureArgs};
use crate::error::Failure;
use crate::simulator::Simulator;

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
    let original = original(&taken, taken.objects.clone(), context.connection);
    Simulator::found(&place, original, Timestamp::now(), Some(Box::new(turn)))
        .map_err(|error| connect::unopened(name, error))?;
    capture::tell(context, name, &taken)
}

//! `doctor`: of files first without a cluster and then, where one can be
//! reached, with it; or of live sets.

use super::connect;
use super::parse::Parsed;
use super::screen::TerminalScreen;
use crate::cluster::Interrupt;
use crate::cluster::time_limit::RequestTimeout;
use crate::commands::Context;
use crate::commands::context::Way;
use crate::commands::doctor::{self, DoctorArgs, beyond};
use crate::diagnosis::beyond::{Beyond, Needs};
use crate::diagnosis::files::examine_all;
use crate::error::{Failure, Kind};
use crate::runs::places::Places;
use crate::simulator::opinion::of_manifest;

/// A cluster that does not answer is not what files are about.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// What is wrong with manifests.
pub(super) fn of_files(
    arguments: &DoctorArgs,
    parsed: &Parsed,
    places: Option<&Places>,
    screen: &TerminalScreen,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let mut all = doctor::files::read(arguments)?;
    all.ask(of_manifest);
    let needs = Needs::of(&all);
    let mut seen = Ok(Vec::new());
    if !needs.is_empty() {
        seen = match (arguments.local, places) {
            (true, _) => Err("`--local` was given".to_owned()),
            (false, None) => Err("HOME is not set".to_owned()),
            (false, Some(places)) => match look(&needs, parsed, places, interrupt) {
                Ok((beyond, unknown)) => {
                    all.beyond = Some(beyond);
                    Ok(unknown)
                }
                Err(failure) if failure.kind == Kind::Interrupted => return Err(failure),
                Err(failure) => Err(failure.message),
            },
        };
    }
    let mut examined = examine_all(&all);
    match seen {
        Ok(unknown) => examined.unknown = unknown,
        Err(why) => {
            examined.unknown = needs.resources();
            examined.not_reached = Some(why);
        }
    }
    let nowhere = Way { words: &[], namespace: None };
    screen.show_findings(&examined, arguments.output, &|command| doctor::line(command, nowhere))?;
    doctor::verdict(&examined)
}

fn look(
    needs: &Needs,
    parsed: &Parsed,
    places: &Places,
    interrupt: &Interrupt,
) -> Result<(Beyond, Vec<&'static str>), Failure> {
    let mut global = parsed.global.clone();
    global.connection.request_timeout.get_or_insert(RequestTimeout(Some(PATIENCE)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::failed("no-runtime", format!("cannot start: {why}")))?;
    runtime.block_on(async {
        let connection = connect::quietly(&global, places, interrupt)?;
        beyond::read(needs, &connection).await
    })
}

/// What is wrong with live sets.
pub(super) async fn of_sets(
    arguments: &DoctorArgs,
    context: &Context<'_>,
    screen: &TerminalScreen,
) -> Result<(), Failure> {
    let way = context.as_given();
    let examined = doctor::of_sets(arguments, context.connection, way).await?;
    screen.show_findings(&examined, arguments.output, &|command| doctor::line(command, way))?;
    doctor::verdict(&examined)
}

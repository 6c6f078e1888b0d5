//! `status -w`: looks again and again, and draws what it sees in place.

use std::time::Duration;

use super::screen::TerminalScreen;
use crate::cluster::{Connection, Pause, is_passing};
use crate::commands::context::Way;
use crate::commands::status::{self, StatusArgs, StatusFormat};
use crate::error::{Failure, Kind};
use crate::report::watched::Watched;

/// How long nothing is looked at.
const BREATH: Duration = Duration::from_secs(2);

/// A full disk may have room the next time; time does not wait for it in a sandbox.
fn may_pass(failure: &Failure) -> bool {
    is_passing(failure) || failure.code == "sandbox-unusable"
}

/// Ends with Ctrl-C, when nobody reads any more, and where nothing will ever
/// change by itself.
pub(super) async fn watch(
    arguments: &StatusArgs,
    connection: &Connection,
    way: Way<'_>,
    screen: &TerminalScreen,
) -> Result<(), Failure> {
    let wide = match arguments.output {
        None => false,
        Some(StatusFormat::Wide) => true,
        Some(StatusFormat::Yaml | StatusFormat::Json | StatusFormat::Name) => {
            return Err(Failure::usage("usage", "`--watch` draws the tree; it cannot be used with a machine format")
                .hint("leave `-w` or `-o` out"));
        }
    };
    let mut watched = Watched::default();
    let mut is_first = true;
    loop {
        let is_read = match status::status(arguments, connection, way).await {
            Ok(found) => screen.show_watched(&mut watched, &found, wide)?,
            Err(failure) if failure.kind == Kind::Interrupted => return Ok(()),
            // What never worked will not work by being asked again.
            Err(failure) if is_first || !may_pass(&failure) => return Err(failure),
            Err(failure) => screen.show_still_watched(&mut watched, &failure)?,
        };
        if !is_read {
            return Ok(());
        }
        is_first = false;
        screen.show_warnings(connection);
        match connection.clock.pause(BREATH).await {
            Ok(Pause::Passed) => {}
            Ok(Pause::Idle) | Err(_) => return Ok(()),
        }
    }
}

//! `kubectl stateful status`: reads what belongs to the sets that were asked
//! for. Making an overview of it is pure (`facts`), showing it is `report`.

mod blocking;
pub(super) mod look;
pub(super) mod sets;
#[cfg(test)]
mod tests;

use clap::{Args, ValueEnum};

use self::look::{Wanted, look};
use self::sets::set_name;
use super::context::Way;
use super::doctor::line;
use crate::cluster::Connection;
use crate::diagnosis::command::Command;
use crate::diagnosis::live::{blocking, fill};
use crate::error::Failure;
use crate::facts::focus::Reach;
use crate::facts::overview::{SetOverview, Statuses};
use crate::facts::reader::Reader;
use crate::facts::surroundings::{Surroundings, UNREAD};

/// Show StatefulSets with their pods, claims and volumes, and what is wrong with them
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct StatusArgs {
    /// A StatefulSet: `web`, `sts/web` or `statefulset.apps/web`; all of the namespace if left out
    #[arg(value_name = "SET", value_parser = set_name)]
    pub set: Option<String>,

    /// Look at all namespaces
    #[arg(short = 'A', long, conflicts_with = "set")]
    pub all_namespaces: bool,

    /// Only sets with these labels, such as `app=web,tier!=cache`
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "set")]
    pub selector: Option<String>,

    /// A format other than the tree
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<StatusFormat>,

    /// Look again and again, until Ctrl-C
    #[arg(short, long)]
    pub watch: bool,

    /// Accepted as by kubectl; the tree has no headers
    #[arg(long, hide = true)]
    pub no_headers: bool,
}

impl StatusArgs {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            set: self.set.as_deref(),
            all_namespaces: self.all_namespaces,
            selector: self.selector.as_deref(),
            alone: self.set.as_ref().map(|_| Reach::Members),
            without_sets: false,
        }
    }
}

/// The formats of `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// The tree with full volume names, node addresses, access modes and restarts
    Wide,
    Yaml,
    Json,
    /// One `statefulset.apps/NAME` per line
    Name,
}

/// Gathers the answer.
///
/// # Errors
/// A named set that does not exist (1), sets that may not be read (3), a
/// cluster that does not answer (1).
pub async fn status(args: &StatusArgs, connection: &Connection, way: Way<'_>) -> Result<Statuses, Failure> {
    let mut seen = look(&args.wanted(), connection, way).await?;
    let reader = Reader::new(connection.client.clone());
    // Who asks for one set wants to know what is in its way.
    let unsettled = args.set.is_some() && seen.found.iter().any(SetOverview::needs_events);
    let around = if unsettled {
        Surroundings::of_storage(&reader).await.map_err(|error| sets::failure(&error, connection))?
    } else {
        UNREAD.clone()
    };
    fill(&mut seen.found, &seen.inventory, &around, seen.now);
    let gives = |set: &SetOverview| -> Vec<String> {
        let namespace = &set.set.meta.namespace;
        let commands = set.released().map(|(volume, claim)| Command::give_volume(volume, namespace, claim));
        commands.filter_map(|command| line(&command, way)).collect()
    };
    let mut hints: Vec<_> = seen.found.iter().flat_map(gives).collect();
    let in_the_way = seen.found.first().filter(|_| args.set.is_some());
    let in_the_way = in_the_way.and_then(|overview| blocking(overview, &seen.inventory, &around, seen.now));
    let mut blocked = None;
    if let Some((finding, mut blocking)) = in_the_way {
        // What gives a released volume stands among the hints.
        let command = finding.command.as_ref().filter(|_| hints.is_empty());
        blocking.command = command.and_then(|command| line(command, way));
        (blocking.code, blocking.remedy) = (finding.code, finding.remedy.clone());
        blocking::fill_logs(&mut blocking, &connection.namespace, &reader).await;
        blocked = Some(blocking);
    }
    hints.extend(seen.hint);
    hints.sort();
    hints.dedup();
    let namespace = (!args.all_namespaces).then(|| connection.namespace.clone());
    Ok(Statuses { namespace, sets: seen.found, unreadable: seen.unreadable, now: seen.now, hints, blocking: blocked })
}

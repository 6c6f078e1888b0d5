//! `kubectl stateful doctor`: what is wrong with live sets, or with manifests
//! before they are applied. Reading is all that is done here; the rules are
//! `diagnosis`.

pub mod beyond;
pub mod files;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::context::Way;
use super::status::look::{Wanted, look};
use super::status::sets::{failure, set_name};
use crate::cluster::Connection;
use crate::diagnosis::command::{Command, Tool};
use crate::diagnosis::finding::{Examined, LookedAt};
use crate::diagnosis::live::{self, Extent};
use crate::error::{Failure, Kind};
use crate::facts::focus::Reach;
use crate::facts::overview::SetOverview;
use crate::facts::reader::Reader;
use crate::facts::surroundings::Surroundings;
use crate::wizard::equivalent::quote;

/// Say what is wrong with sets or manifests, why, and what to type
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct DoctorArgs {
    /// A StatefulSet: `web`, `sts/web` or `statefulset.apps/web`; all of the namespace if left out
    #[arg(value_name = "SET", value_parser = set_name, conflicts_with = "files")]
    pub set: Option<String>,

    /// Look at manifests instead: a file, a folder, or `-`; can be given several times
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Look into the folders of folders too
    #[arg(short = 'R', long, requires = "files")]
    pub recursive: bool,

    /// Do not look at the cluster for what the manifests need
    #[arg(long, requires = "files")]
    pub local: bool,

    /// Look at all namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["set", "files"])]
    pub all_namespaces: bool,

    /// Only sets with these labels, such as `app=web,tier!=cache`
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with_all = ["set", "files"])]
    pub selector: Option<String>,

    /// A format other than text for people
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<DoctorFormat>,
}

/// The formats of `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    Yaml,
    Json,
}

/// Reads the sets and holds the rules against them.
///
/// # Errors
/// As `status`.
pub async fn of_sets(args: &DoctorArgs, connection: &Connection, way: Way<'_>) -> Result<Examined, Failure> {
    let extent = match (args.set.is_none() && args.selector.is_none(), args.all_namespaces) {
        (false, _) => Extent::Sets,
        (true, false) => Extent::Namespace(&connection.namespace),
        (true, true) => Extent::Everywhere,
    };
    let wanted = Wanted {
        set: args.set.as_deref(),
        all_namespaces: args.all_namespaces,
        selector: args.selector.as_deref(),
        alone: args.set.as_ref().map(|_| Reach::Rules),
        without_sets: extent != Extent::Sets,
    };
    let seen = look(&wanted, connection, way).await?;
    let looked_at = LookedAt::Sets { sets: seen.found.len(), everywhere: args.all_namespaces };
    let mut unknown: Vec<&'static str> = seen.unreadable.iter().map(|what| what.resource()).collect();
    let reader = Reader::new(connection.client.clone());
    let namespace = if args.all_namespaces { "" } else { connection.namespace.as_str() };
    let rolling = seen.found.iter().any(SetOverview::is_rolling);
    let around = Surroundings::read(&reader, namespace, rolling).await.map_err(|error| failure(&error, connection))?;
    unknown.extend(around.unreadable());
    let findings = live::examine(&seen.found, &seen.inventory, &around, extent, seen.now);
    Ok(Examined { findings, looked_at, unknown, not_reached: None, notes: seen.hint.into_iter().collect() })
}

/// A finding's command as it is typed for this cluster; none where kubectl
/// cannot reach it.
#[must_use]
pub fn line(command: &Command, way: Way<'_>) -> Option<String> {
    let words: Vec<String> = command.words.iter().map(|word| quote(word)).collect();
    let words = words.join(" ");
    let namespace = command.namespace.as_deref();
    match command.tool {
        Tool::Ours => Some(Way { namespace, ..way }.ours(&words)),
        Tool::Kubectl => match namespace {
            Some(namespace) => way.kubectl(&format!("-n {} {words}", quote(namespace))),
            None => way.kubectl(&words),
        },
    }
}

/// How the command ends: an error for errors, nothing for warnings.
///
/// # Errors
/// Findings that are errors (5).
pub fn verdict(examined: &Examined) -> Result<(), Failure> {
    let (errors, _) = examined.count();
    if errors == 0 {
        return Ok(());
    }
    let said = if errors == 1 { "1 error was found".to_owned() } else { format!("{errors} errors were found") };
    Err(Failure::new(Kind::Problems, "errors-found", said).hint("`kubectl stateful explain CODE` says more about each"))
}

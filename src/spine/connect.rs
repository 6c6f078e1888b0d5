//! Which cluster: the sandbox if it was asked for, else the one that kubectl
//! would talk to.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tower::Layer as _;

use super::exec::AsAnnotated;
use super::sandbox::{Turn, client, following, identity as sandbox_identity, simulated};
use super::screen::TerminalScreen;
use crate::cli::GlobalFlags;
use crate::cluster::behalf::on_behalf;
use crate::cluster::flags::ConnectionFlags;
use crate::cluster::live::{self, SystemEntropy};
use crate::cluster::{Connection, Environment, Interrupt, offline};
use crate::commands::screen::Screen as _;
use crate::error::Failure;
use crate::objects::names;
use crate::runs::places::{Places, private_folder};
use crate::simulator::{self, OpenError, Options, Origin, Serving, Simulator, Waiter, beginning_of, served};

/// How time passes in a sandbox that nobody serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// It jumps to what is waited for.
    Jumps,
    /// As it does outside.
    Follows,
}

/// Makes the connection. Must be called inside a runtime.
pub fn connect(
    global: &GlobalFlags,
    places: &Places,
    interrupt: &Interrupt,
    screen: &TerminalScreen,
    time: Time,
) -> Result<Connection, Failure> {
    let Some(name) = sandbox_name(global) else { return live::connect(&global.connection, interrupt) };
    if let Some(kubeconfig) = served(&log(places, checked(name)?)) {
        return through_server(kubeconfig, name, global, interrupt);
    }
    if name != "default" && !log(places, name).exists() {
        screen.tell(&format!("there was no sandbox `{name}`: it begins here"));
    }
    let simulator = open(places, name, Turn { tell: screen.teller(), interrupt: interrupt.clone() })?;
    let mut connection = sandbox(&simulator, name, global, interrupt)?;
    if time == Time::Follows {
        connection.clock = following(&simulator, interrupt);
    }
    Ok(connection)
}

/// The same for work that asks no server: none is needed, and no sandbox is opened.
pub fn offline(global: &GlobalFlags, places: &Places, interrupt: &Interrupt) -> Result<Connection, Failure> {
    let (identity, namespace) = match sandbox_name(global) {
        Some(name) => {
            let own = || own_namespace(beginning_of(&log(places, name)).origin());
            (sandbox_identity(&title(checked(name)?)), global.connection.namespace.clone().unwrap_or_else(own))
        }
        None => offline::names(&global.connection)?,
    };
    offline::offline(identity, namespace, interrupt)
}

/// The same for completion: nothing is told, no credential plugin may ask, and
/// no sandbox is begun: one that is not there yet offers what a fresh one has.
pub fn quietly(global: &GlobalFlags, places: &Places, interrupt: &Interrupt) -> Result<Connection, Failure> {
    let nobody = Environment { terminal: false, ..Environment::of_process() };
    match sandbox_name(global) {
        Some(name) => {
            let log = log(places, checked(name)?);
            if let Some(kubeconfig) = served(&log) {
                return through_server(kubeconfig, name, global, interrupt);
            }
            let simulator = if log.exists() {
                open(places, name, Turn { tell: |_: &str| (), interrupt: interrupt.clone() })?
            } else {
                Simulator::in_memory(Options::default())
            };
            sandbox(&simulator, name, global, interrupt)
        }
        None => live::connect_in(&global.connection, interrupt, &nobody),
    }
}

fn sandbox(
    simulator: &Simulator,
    name: &str,
    global: &GlobalFlags,
    interrupt: &Interrupt,
) -> Result<Connection, Failure> {
    let own = || own_namespace(simulator.origin());
    let namespace = global.connection.namespace.clone().unwrap_or_else(own);
    let connection = simulated(simulator, &title(name), &namespace, Arc::new(SystemEntropy::probed()?), interrupt);
    let behalf = on_behalf(&global.connection, &connection.identity)?;
    let client = client(behalf.layer(simulator.service()), &namespace);
    Ok(Connection { exec: Arc::new(AsAnnotated { client: client.clone() }), client, ..connection })
}

/// A sandbox that is being served is a live cluster, whose clock is the real one.
fn through_server(
    kubeconfig: PathBuf,
    name: &str,
    global: &GlobalFlags,
    interrupt: &Interrupt,
) -> Result<Connection, Failure> {
    let flags = ConnectionFlags {
        kubeconfig: Some(kubeconfig),
        namespace: global.connection.namespace.clone(),
        request_timeout: global.connection.request_timeout,
        act_as: global.connection.act_as.clone(),
        as_groups: global.connection.as_groups.clone(),
        as_uid: global.connection.as_uid.clone(),
        ..ConnectionFlags::default()
    };
    let nobody = Environment { terminal: false, ..Environment::of_process() };
    let mut connection = live::connect_in(&flags, interrupt, &nobody)?;
    connection.identity.name = title(name);
    connection.exec = Arc::new(AsAnnotated { client: connection.client.clone() });
    Ok(connection)
}

/// Takes the right to serve the sandbox, which need not be there yet.
pub fn to_serve<'a>(global: &'a GlobalFlags, places: &Places) -> Result<(Serving, &'a str), Failure> {
    let name = checked(sandbox_name(global).unwrap_or("default"))?;
    let log = log(places, name);
    let folder = places.sandbox(name);
    private_folder(&folder).map_err(|why| unusable(name, &format!("cannot make `{}`", folder.display()), &why))?;
    let serving = Serving::claim(&log).map_err(|error| unopened(name, error))?;
    Ok((serving, name))
}

/// Where a sandbox works when no namespace is named: in the one that it is a copy of.
pub fn own_namespace(origin: Option<Origin>) -> String {
    origin.map_or_else(|| "default".to_owned(), |origin| origin.namespace)
}

/// Opens the sandbox, or begins it.
pub fn open(places: &Places, name: &str, turn: impl Waiter + 'static) -> Result<Simulator, Failure> {
    let folder = &places.sandbox(checked(name)?);
    private_folder(folder).map_err(|why| unusable(name, &format!("cannot make `{}`", folder.display()), &why))?;
    Simulator::open(&log(places, name), Timestamp::now(), Some(Box::new(turn))).map_err(|error| unopened(name, error))
}

/// Where a new sandbox of this name goes, which must not be there yet.
pub fn place_for_new(places: &Places, name: &str) -> Result<PathBuf, Failure> {
    let place = log(places, checked(name)?);
    if place.exists() {
        return Err(unopened(name, OpenError::Exists { path: place }));
    }
    let folder = places.sandbox(name);
    private_folder(&folder).map_err(|why| unusable(name, &format!("cannot make `{}`", folder.display()), &why))?;
    Ok(place)
}

/// The file of a sandbox with this name, which is a plain one.
pub fn log(places: &Places, name: &str) -> PathBuf {
    places.sandbox(name).join("log.jsonl")
}

/// What is wrong with the file of a sandbox. Only one that cannot be read any
/// more is to be thrown away; that cannot be undone, so its path is told.
pub fn unopened(name: &str, error: OpenError) -> Failure {
    let reset = format!(
        "kubectl stateful sandbox reset{}",
        if name == "default" { String::new() } else { format!(" --sandbox={name}") }
    );
    match error {
        OpenError::Io { doing, path, source } => {
            unusable(name, &format!("cannot {doing} `{}`", path.display()), &source)
        }
        OpenError::Damaged { path, line, why } => {
            let what =
                format!("the sandbox `{name}` is damaged: line {line} of `{}` cannot be read ({why})", path.display());
            Failure::failed("sandbox-damaged", what)
                .hint(reset)
                .hint("that starts a fresh one; copy the file first to keep what is in it")
        }
        OpenError::Newer { path, found, known } => {
            let what = format!(
                "the sandbox `{name}` was written by a newer version of this program: `{}` has format {found}, known is {known}",
                path.display()
            );
            Failure::failed("sandbox-newer", what)
                .hint("use the newer version, or another sandbox: `--sandbox=NAME`")
                .hint(reset)
        }
        OpenError::Exists { .. } => {
            Failure::refused("sandbox-exists", format!("there is a sandbox `{name}` already; nothing was changed"))
                .hint("choose another name")
                .hint(reset)
        }
        OpenError::GivenUp(_) => Failure::interrupted(),
        OpenError::Served { process } => {
            // Where a locked file cannot be read, nobody knows which process.
            let by = if process == 0 { "another process".to_owned() } else { format!("process {process}") };
            let what =
                format!("the sandbox `{name}` is being served by {by} (`sandbox serve`): end it there with Ctrl-C");
            let failure = Failure::failed("sandbox-served", what);
            let failure = if process == 0 { failure } else { failure.hint(format!("kill {process}")) };
            failure.hint("end it with Ctrl-C where it runs; `--sandbox=NAME` is another sandbox")
        }
        OpenError::Gone { .. } => {
            Failure::failed("sandbox-gone", format!("the sandbox `{name}` was reset by somebody else at this moment"))
                .hint("the same command again starts with a fresh one")
        }
    }
}

fn unusable(name: &str, doing: &str, why: &std::io::Error) -> Failure {
    Failure::failed("sandbox-unusable", format!("the sandbox `{name}` cannot be used: {doing}: {why}"))
        .hint("make that place writable, or set XDG_STATE_HOME to a folder that is")
}

/// Throws the sandbox away, between two requests of whoever is using it.
pub fn reset_sandbox(
    global: &GlobalFlags,
    places: &Places,
    screen: &TerminalScreen,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let name = checked(sandbox_name(global).unwrap_or("default"))?;
    let turn = Turn { tell: screen.teller(), interrupt: interrupt.clone() };
    let was_there = simulator::reset(&log(places, name), Some(Box::new(turn))).map_err(|error| match error {
        OpenError::Io { doing, path, source } => {
            let folder = places.sandbox(name);
            Failure::failed("cannot-reset", format!("cannot {doing} `{}`: {source}", path.display()))
                .hint(format!("rm -r '{}'", folder.display()))
        }
        other @ (OpenError::Damaged { .. }
        | OpenError::Newer { .. }
        | OpenError::Gone { .. }
        | OpenError::Served { .. }
        | OpenError::Exists { .. }
        | OpenError::GivenUp(_)) => unopened(name, other),
    })?;
    if !was_there && name != "default" {
        return Err(Failure::usage("no-sandbox", format!("there is no sandbox `{name}`; nothing was changed"))
            .hint("kubectl stateful sandbox list"));
    }
    screen.tell(&format!("the {} is fresh again", title(name)));
    Ok(())
}

/// The words that lead a later command to the same cluster.
pub fn words(global: &GlobalFlags) -> Vec<String> {
    let sandbox = match sandbox_name(global) {
        Some("default") => "--sandbox".to_owned(),
        Some(name) => format!("--sandbox={name}"),
        None => return global.connection.words(),
    };
    [vec![sandbox], global.connection.on_behalf_of()].concat()
}

/// For the verbs that are about the sandbox, whatever the environment says.
pub fn choose_sandbox(global: &mut GlobalFlags) {
    let name = sandbox_name(global).unwrap_or("default").to_owned();
    global.sandbox = Some(name);
}

/// An empty `KUBECTL_STATEFUL_SANDBOX`, `0` or `false` means none; `1` or
/// `true` the default one.
fn sandbox_name(global: &GlobalFlags) -> Option<&str> {
    match global.sandbox.as_deref() {
        None | Some("" | "0" | "false") => None,
        Some("1" | "true") => Some("default"),
        Some(name) => Some(name),
    }
}

/// A sandbox's name becomes a folder's name, so it must be a plain label.
fn checked(name: &str) -> Result<&str, Failure> {
    names::dns_label(name, 40).map(|()| name).map_err(|why| {
        Failure::usage("sandbox-name", format!("`{name}` is no name for a sandbox: {why}"))
            .hint("`--sandbox=NAME` and KUBECTL_STATEFUL_SANDBOX take a word such as `try-2`")
    })
}

fn title(name: &str) -> String {
    if name == "default" { "sandbox".to_owned() } else { format!("sandbox {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_is_known_is_to_be_killed() {
        let hints = |process| unopened("try", OpenError::Served { process }).hints.join("\n");
        assert!(hints(77).starts_with("kill 77\n"), "{}", hints(77));
        assert!(!hints(0).contains("kill"), "{}", hints(0));
    }
}

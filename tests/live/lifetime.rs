//! The control plane itself: it comes up whole, it goes with its holder however
//! the holder ends, and it leaves no folder behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};

use crate::needs_tools;
use crate::support::control_plane::ControlPlane;
use crate::support::supervised::group_gone;

/// Set for a process that is to hold a control plane and nothing else; with the
/// value `played`, nodes and disks are played on it, for work by hand.
const HOLD: &str = "KUBECTL_STATEFUL_TEST_HOLD";
const GONE_WITHIN: Duration = Duration::from_secs(10);

pub fn tests() -> Vec<Trial> {
    vec![
        needs_tools("nothing_of_a_control_plane_outlives_a_holder_killed_with_sigkill", |_| killed_holder()),
        needs_tools("nothing_of_a_control_plane_outlives_a_holder_that_panics", |_| panicking_holder()),
        needs_tools("nothing_of_a_control_plane_outlives_a_holder_that_is_interrupted", |_| interrupted_holder()),
    ]
}

/// In a process that was started to hold a control plane: says which process
/// groups and which folder it has, then waits to be killed or told to panic.
pub fn hold_if_asked() -> Option<ExitCode> {
    if std::env::var_os(HOLD)? == "played" {
        return Some(play());
    }
    match hold() {
        Ok(_plane) => panic!("told to"),
        Err(reason) => {
            writeln!(std::io::stdout(), "failed {reason}").ok();
            Some(ExitCode::FAILURE)
        }
    }
}

/// Says where the kubeconfig is and holds everything until standard input ends.
fn play() -> ExitCode {
    let (line, code) = match crate::plane::get() {
        Ok(plane) => (format!("export KUBECONFIG={}/admin.kubeconfig", plane.folder().display()), ExitCode::SUCCESS),
        Err(reason) => (format!("failed {reason}"), ExitCode::FAILURE),
    };
    writeln!(std::io::stdout(), "{line}").ok();
    if code == ExitCode::SUCCESS {
        std::io::stdin().read_exact(&mut [0]).ok();
    }
    crate::plane::stop();
    code
}

fn hold() -> Result<ControlPlane, String> {
    let plane = ControlPlane::start()?;
    let groups = plane.groups().into_iter().map(|(name, group)| format!("group {name} {group}"));
    let lines: Vec<String> = std::iter::once(format!("folder {}", plane.folder().display())).chain(groups).collect();
    writeln!(std::io::stdout(), "{}\nstarted", lines.join("\n")).map_err(|error| error.to_string())?;
    std::io::stdin().read_exact(&mut [0]).ok();
    Ok(plane)
}

fn killed_holder() -> Result<(), Failed> {
    let mut holder = Holder::start()?;
    holder.child.kill()?;
    holder.child.wait()?;
    holder.left_nothing()
}

fn panicking_holder() -> Result<(), Failed> {
    let mut holder = Holder::start()?;
    drop(holder.child.stdin.take());
    holder.child.wait()?;
    holder.left_nothing()
}

fn interrupted_holder() -> Result<(), Failed> {
    let mut holder = Holder::start()?;
    let id = i32::try_from(holder.child.id())?;
    let id = Pid::from_raw(id).ok_or("no process id")?;
    kill_process(id, Signal::INT)?;
    holder.child.wait()?;
    holder.left_nothing()
}

/// A process that holds a control plane of its own.
struct Holder {
    child: Child,
    folder: String,
    groups: Vec<u32>,
}

impl Holder {
    fn start() -> Result<Self, Failed> {
        let mut child = Command::new(std::env::current_exe()?)
            .env(HOLD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let said = child.stdout.take().ok_or("no output")?;
        let mut holder = Self { child, folder: String::new(), groups: Vec::new() };
        for line in BufReader::new(said).lines() {
            let line = line?;
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["started"] => break,
                ["folder", folder] => (*folder).clone_into(&mut holder.folder),
                ["group", _, group] => holder.groups.push(group.parse()?),
                _ => return Err(format!("the holder said: {line}").into()),
            }
        }
        if holder.groups.len() != 4 || !Path::new(&holder.folder).is_dir() {
            return Err(format!("no four servers: {:?} in `{}`", holder.groups, holder.folder).into());
        }
        for group in &holder.groups {
            if group_gone(*group, Duration::ZERO).is_ok() {
                return Err(format!("group {group} was not alive to begin with").into());
            }
        }
        Ok(holder)
    }

    fn left_nothing(&self) -> Result<(), Failed> {
        for group in &self.groups {
            group_gone(*group, GONE_WITHIN)?;
        }
        let deadline = Instant::now() + GONE_WITHIN;
        while Path::new(&self.folder).exists() {
            if Instant::now() > deadline {
                return Err(format!("`{}` is still there", self.folder).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

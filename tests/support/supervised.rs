//! A process that cannot outlive this one. A small shell stands between: it
//! holds the reading end of a pipe whose writing end only we have, and kills
//! its whole process group when that end closes, however we came to an end
//! (return, panic, Ctrl-C, SIGKILL). No unsafe code, no signal handling.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// `"$@"` is the command. The pipe is moved to descriptor 3, as a shell gives
/// background jobs an empty standard input. The watcher waits for the end of
/// the pipe (nothing is ever written to it) and takes the group with it, so
/// no process id can be mistaken.
const KEEPER: &str = r#"
exec 3<&0 </dev/null
( exec >/dev/null 2>&1; read -r _ <&3; kill -KILL 0 ) &
watcher=$!
"$@" 3<&- &
exec 3<&-
wait $!
status=$?
kill -KILL $watcher
exit $status
"#;

/// Removes a folder once the pipe ends; tries again while others still write.
const JANITOR: &str = r#"
read -r _
tries=0
while ! rm -rf -- "$1" && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
"#;

/// A child that dies with us. Dropping it kills it and waits for its end.
pub struct Supervised {
    keeper: Child,
    /// Closing this is what ends the child.
    lifeline: Option<ChildStdin>,
}

impl Supervised {
    /// Starts a program in a process group of its own, with both outputs
    /// appended to `log`.
    pub fn start<A: AsRef<OsStr>>(program: &Path, arguments: &[A], log: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(program).args(arguments);
        keeper.stdout(log.try_clone()?).stderr(log);
        Self::hold(keeper)
    }

    /// Removes `folder` with everything in it when this is dropped or we die.
    pub fn janitor(folder: &Path) -> io::Result<Self> {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", JANITOR, "janitor"]).arg(folder);
        keeper.stdout(Stdio::null()).stderr(Stdio::null());
        Self::hold(keeper)
    }

    fn hold(mut keeper: Command) -> io::Result<Self> {
        let mut keeper = keeper.stdin(Stdio::piped()).process_group(0).spawn()?;
        let lifeline = keeper.stdin.take();
        Ok(Self { keeper, lifeline })
    }

    /// The process group of the shell and its program.
    pub fn group(&self) -> u32 {
        self.keeper.id()
    }

    /// How the program ended, if it has.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.keeper.try_wait()
    }

    /// Begins to end the child without waiting for it.
    pub fn let_go(&mut self) {
        self.lifeline = None;
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.let_go();
        self.keeper.wait().ok();
    }
}

/// A folder of our own in the place for temporary ones.
pub fn private_folder() -> Result<PathBuf, String> {
    let folder = tempfile::Builder::new()
        .prefix("kubectl-stateful-control-plane-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()
        .map_err(|error| format!("temporary folder: {error}"))?;
    Ok(folder.keep())
}

/// The last lines of a log, for an error message.
pub fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Waits until a process group has no living process; tells what is left.
pub fn group_gone(group: u32, within: Duration) -> Result<(), String> {
    let deadline = Instant::now() + within;
    loop {
        let alive = living_members(group);
        if alive.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("still alive after {within:?}: {alive:?}"));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Names of the processes of a group, without the dead that nobody has reaped.
fn living_members(group: u32) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .filter_map(|stat| {
            // pid (name) state parent group …; a name may hold spaces and brackets.
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            let mut fields = rest.split_whitespace();
            let state = fields.next()?;
            let own = fields.nth(1)?.parse::<u32>().ok()?;
            (own == group && state != "Z" && state != "X").then(|| name.to_owned())
        })
        .collect()
}

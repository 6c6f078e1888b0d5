//! A process that cannot outlive this one. A small shell stands between: it
//! holds the reading end of a pipe whose writing end only we have, and kills
//! its whole process group when that end closes, however we came to an end
//! (return, panic, Ctrl-C, SIGKILL). No unsafe code, no signal handling.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

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

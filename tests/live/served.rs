//! A sandbox that is served by a process of its own for as long as a test needs it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::cli::Cli;

/// A served sandbox with a home of its own.
pub struct Served {
    child: Child,
    pub kubeconfig: PathBuf,
    _home: Cli,
}

impl Served {
    pub fn start() -> Result<Self, String> {
        let home = Cli::sandbox()?;
        let mut command = home.plugin();
        command.args(["sandbox", "serve"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("serve: {error}"))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(|error| format!("serve: {error}"))?;
        }
        let path = line.trim_end().strip_prefix("export KUBECONFIG=").unwrap_or_default();
        Ok(Self { child, kubeconfig: PathBuf::from(path), _home: home })
    }

    pub fn end(mut self) -> Result<(), String> {
        kill_process(Pid::from_child(&self.child), Signal::INT).map_err(|error| format!("serve: {error}"))?;
        let status = self.child.wait().map_err(|error| format!("serve: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("serve ended with {status}")) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The built plugin as a user would run it: with a home folder of its own, no
//! variable of ours leaking in, and on the PATH under the name that kubectl
//! looks for.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{fmt, fs};

use serde_json::Value;
use tempfile::TempDir;

use super::control_plane::ControlPlane;
use super::credentials::User;

/// No command under test may take longer; a hanging one is killed.
const LONGEST: Duration = Duration::from_mins(3);

/// The built plugin. Cargo names it at compile time and, to the tests that it
/// runs itself, in the environment; who runs a test binary by hand may do the same.
pub fn built_plugin() -> PathBuf {
    let name = "CARGO_BIN_EXE_kubectl-stateful";
    std::env::var_os(name).map_or_else(|| env!("CARGO_BIN_EXE_kubectl-stateful").into(), PathBuf::from)
}

/// A person at a shell: a home, a PATH, and a cluster or the sandbox.
pub struct Cli {
    home: TempDir,
    kubeconfig: Option<PathBuf>,
}

impl Said {
    /// Fails with everything that was said unless the command ended with `code`.
    pub fn ended(self, code: i32) -> Result<Self, String> {
        if self.code == Some(code) { Ok(self) } else { Err(format!("not exit code {code}: {self}")) }
    }

    /// Fails with everything that was said unless `part` is in one of the two
    /// outputs.
    pub fn says(&self, part: &str) -> Result<(), String> {
        if self.stdout.contains(part) || self.stderr.contains(part) {
            Ok(())
        } else {
            Err(format!("`{part}` was not said: {self}"))
        }
    }

    /// What stands on stdout behind this label, as in `same again   kubectl …`.
    pub fn labelled(&self, label: &str) -> Result<&str, String> {
        let found = self.stdout.lines().find_map(|line| line.trim_start().strip_prefix(label));
        found.map(str::trim).ok_or_else(|| format!("no line `{label}`: {self}"))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(out, "exit code {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// What a command left behind.
#[derive(Debug)]
pub struct Said {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Cli {
    /// Somebody without a kubeconfig, who works in the sandbox of the binary.
    pub fn sandbox() -> Result<Self, String> {
        Self::at_home(None)
    }

    /// Somebody whose current context is `namespace` on the real control plane.
    /// The real kubectl is on the PATH.
    pub fn live(plane: &ControlPlane, user: User, namespace: &str) -> Result<Self, String> {
        Self::led_by(&plane.kubectl(), &plane.kubeconfig(user), namespace)
    }

    /// The same wherever this kubeconfig leads.
    pub fn led_by(kubectl: &Path, kubeconfig: &Path, namespace: &str) -> Result<Self, String> {
        let mut cli = Self::at_home(Some(kubectl))?;
        let path = cli.home().join("kubeconfig");
        let text = fs::read_to_string(kubeconfig).map_err(|error| format!("kubeconfig: {error}"))?;
        let mut config: Value = serde_saphyr::from_str(&text).map_err(|error| format!("kubeconfig: {error}"))?;
        config["contexts"][0]["context"]["namespace"] = namespace.into();
        fs::write(&path, config.to_string()).map_err(|error| format!("kubeconfig: {error}"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
            .map_err(|error| format!("kubeconfig: {error}"))?;
        cli.kubeconfig = Some(path);
        Ok(cli)
    }

    fn at_home(kubectl: Option<&Path>) -> Result<Self, String> {
        let lay_out = || -> std::io::Result<TempDir> {
            let home = tempfile::Builder::new().prefix("kubectl-stateful-home-").tempdir()?;
            fs::create_dir(home.path().join("bin"))?;
            symlink(built_plugin(), home.path().join("bin/kubectl-stateful"))?;
            if let Some(kubectl) = kubectl {
                symlink(kubectl, home.path().join("bin/kubectl"))?;
            }
            Ok(home)
        };
        Ok(Self { home: lay_out().map_err(|error| format!("home folder: {error}"))?, kubeconfig: None })
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The plugin, ready to be given arguments and more environment.
    pub fn plugin(&self) -> Command {
        self.clean(built_plugin())
    }

    /// The real kubectl, which finds the plugin as `kubectl stateful`.
    pub fn kubectl(&self) -> Command {
        self.clean(self.home().join("bin/kubectl"))
    }

    /// Runs the plugin to its end with nothing on standard input.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Said, String> {
        finish(self.plugin().args(arguments), "")
    }

    /// Runs kubectl to its end with `input` on standard input.
    pub fn run_kubectl<A: AsRef<OsStr>>(&self, arguments: &[A], input: &str) -> Result<Said, String> {
        finish(self.kubectl().args(arguments), input)
    }

    /// Runs a line of shell, as a person types it, where `kubectl` is the real
    /// one and finds the plugin.
    pub fn run_shell(&self, line: &str) -> Result<Said, String> {
        finish(self.clean("/bin/sh").args(["-c", line]), "")
    }

    fn clean(&self, program: impl AsRef<OsStr>) -> Command {
        let home = self.home();
        let mut command = Command::new(program);
        command.env_clear().current_dir(home);
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", home.join("bin").display()));
        command.env("HOME", home).env("LANG", "C.UTF-8").env("TERM", "dumb");
        for (variable, folder) in
            [("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"), ("XDG_CACHE_HOME", "cache")]
        {
            command.env(variable, home.join(folder));
        }
        match &self.kubeconfig {
            Some(path) => command.env("KUBECONFIG", path),
            None => command.env("KUBECTL_STATEFUL_SANDBOX", "1"),
        };
        command
    }
}

/// Runs a command to its end and takes what it wrote.
pub fn finish(command: &mut Command, input: &str) -> Result<Said, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("`{name}`: {error}");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    // All three at once: a program that fills one pipe must not wait for another.
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|threads| {
        threads.spawn(move || stdin.map(|mut pipe| pipe.write_all(input.as_bytes())));
        let stdout = threads.spawn(move || drain(stdout));
        let stderr = threads.spawn(move || drain(stderr));
        let ended = wait(&mut child).map_err(failed)?;
        let said = Said {
            code: ended.code(),
            stdout: stdout.join().unwrap_or_default(),
            stderr: stderr.join().unwrap_or_default(),
        };
        Ok(said)
    })
}

fn wait(child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() > deadline {
            child.kill()?;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn drain(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).ok();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

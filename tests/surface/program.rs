//! Runs the built binary in an environment of its own: an empty home, no
//! cluster, no colours.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What a finished command left behind.
#[derive(Debug)]
pub struct Finished {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// A command with `home` as its home and nothing inherited but `PATH`.
pub fn command(home: &Path) -> Command {
    with_home(Command::new(env!("CARGO_BIN_EXE_kubectl-stateful")), home)
}

fn with_home(mut command: Command, home: &Path) -> Command {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

/// Runs it to its end. A panic is a fault of the program, whatever the test is
/// about.
pub fn finish(command: &mut Command) -> Finished {
    let output = command.output().expect("the binary runs");
    let finished = Finished {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    };
    assert!(!finished.stderr.contains("this is a bug"), "{}", finished.stderr);
    finished
}

/// Runs these words in a fresh home.
pub fn run<S: AsRef<OsStr>>(words: &[S]) -> Finished {
    let home = tempfile::tempdir().unwrap();
    finish(command(home.path()).args(words))
}

impl Finished {
    /// Ends the test unless the exit code is this one and stderr holds all of
    /// these parts.
    #[track_caller]
    pub fn told(&self, code: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is not in:\n{}", self.stderr);
        }
        if code != 0 {
            assert!(self.stderr.contains("error: "), "no error is told:\n{}", self.stderr);
        }
        self
    }

    /// The same, and there is something to type or do next.
    #[track_caller]
    pub fn hinted(&self, code: i32, parts: &[&str]) -> &Self {
        assert!(self.stderr.contains("\nhint: "), "no hint in:\n{}", self.stderr);
        self.told(code, parts)
    }
}

/// A home that lives as long as the test, for commands that follow one another.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = command(self.path());
        command.args(words);
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, words: &[S]) -> Finished {
        finish(&mut self.command(words))
    }

    /// Words in one string, split at spaces.
    pub fn say(&self, line: &str) -> Finished {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// A line for `sh` in which `$0` is the binary.
    pub fn shell(&self, line: &str) -> Finished {
        let mut shell = with_home(Command::new("sh"), self.path());
        finish(shell.arg("-c").arg(line).arg(env!("CARGO_BIN_EXE_kubectl-stateful")))
    }

    /// Writes a file below the home, with its folders.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn state(&self) -> PathBuf {
        self.path().join(".local/state/kubectl-stateful")
    }

    /// The log of the default sandbox.
    pub fn log(&self) -> PathBuf {
        self.state().join("sandboxes/default/log.jsonl")
    }

    /// Every file below the home.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files.sort();
        files
    }
}

//! A person with a home folder of their own, who works on the sandbox of the
//! built binary: in a terminal (`terminal`) and without one (`run`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::screen::{End, Screen, Setup};

/// The program under test.
pub const PLUGIN: &str = env!("CARGO_BIN_EXE_kubectl-stateful");

pub struct Home {
    folder: TempDir,
}

/// What a command without a terminal left behind.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    /// A home with a sandbox that nothing was done on yet.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("kubectl-stateful-terminal-").tempdir().expect("a folder");
        let home = Self { folder };
        assert_eq!(home.run("sandbox show").code, Some(0));
        home
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the plugin with these words in a usual terminal, wide enough for
    /// most lines.
    pub fn terminal(&self, words: &str) -> Screen {
        self.terminal_of((40, 110), &[], words)
    }

    /// The same in a terminal of so many rows and columns, with more variables.
    pub fn terminal_of(&self, size: (u16, u16), more: &[(&str, &str)], words: &str) -> Screen {
        let words: Vec<_> = words.split_whitespace().collect();
        self.started(Path::new(PLUGIN), &words, size, more)
    }

    /// Starts a line of shell in a terminal; `$PLUGIN` is the plugin.
    pub fn shell(&self, line: &str) -> Screen {
        self.started(Path::new("/bin/sh"), &["-c", line], (40, 110), &[("PLUGIN", PLUGIN)])
    }

    fn started(&self, program: &Path, arguments: &[&str], size: (u16, u16), more: &[(&str, &str)]) -> Screen {
        let (rows, columns) = size;
        let own = self.variables();
        let mut variables: Vec<(&str, &str)> = vec![("TERM", "xterm-256color")];
        variables.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
        variables.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        variables.extend_from_slice(more);
        Screen::start(&Setup { program, arguments, rows, columns, variables: &variables, folder: self.path() })
    }

    /// Runs the plugin to its end with nobody to ask.
    pub fn run(&self, words: &str) -> Said {
        let mut command = Command::new(PLUGIN);
        command.env_clear().envs(self.variables()).current_dir(self.path()).stdin(Stdio::null());
        let output = command.args(words.split_whitespace()).output().expect("the plugin runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let within = |name: &str| self.path().join(name).display().to_string();
        vec![
            ("HOME", within("")),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("XDG_CONFIG_HOME", within("config")),
            ("XDG_STATE_HOME", within("state")),
            ("XDG_CACHE_HOME", within("cache")),
            ("KUBECTL_STATEFUL_SANDBOX", "1".to_owned()),
        ]
    }

    /// Every object of the sandbox, and what this program keeps on disk beside
    /// it: equal before and after means that nothing was left behind.
    pub fn traces(&self) -> (String, Vec<PathBuf>) {
        let objects = self.run("sandbox show");
        assert_eq!(objects.code, Some(0), "{}", objects.stderr);
        let mut files = self.files();
        files.retain(|path| !path.starts_with(self.sandbox()));
        (objects.stdout, files)
    }

    /// All files below the home, sorted.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    /// Files below the home that hold `text`, but for the sandbox's own log:
    /// that is the cluster, and a cluster holds its Secrets.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut files = self.files();
        files.retain(|path| {
            !path.starts_with(self.sandbox())
                && String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).contains(text)
        });
        files
    }

    pub fn sandbox(&self) -> PathBuf {
        self.path().join("state/kubectl-stateful/sandboxes")
    }

    fn log(&self) -> PathBuf {
        self.sandbox().join("default/log.jsonl")
    }

    /// The newest state of an object, as the sandbox's log holds it.
    pub fn object(&self, kind: &str, name: &str) -> Value {
        let log = fs::read_to_string(self.log()).expect("the log");
        let objects = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let found = objects
            .map(
                |line| if line["commit"].is_null() { line["object"].clone() } else { line["commit"]["object"].clone() },
            )
            .filter(|object| object["kind"] == kind && object["metadata"]["name"] == name);
        found.reduce(|_, newer| newer).unwrap_or_else(|| panic!("no {kind}/{name}"))
    }

    /// Rewrites what a new sandbox starts with behind the back of the API, as a
    /// hostile server could.
    pub fn tamper(&self, change: impl Fn(&mut Value)) {
        let log = fs::read_to_string(self.log()).expect("the log");
        let changed = log.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("JSON");
            if let Some(object) = line.get_mut("object") {
                change(object);
            }
            format!("{line}\n")
        });
        fs::write(self.log(), changed.collect::<String>()).expect("the log is written");
    }

    /// The password that the cluster holds, encoded as it holds it.
    pub fn password(&self, secret: &str) -> String {
        let secret = self.object("Secret", secret);
        secret["data"]["password"].as_str().expect("a password").to_owned()
    }

    /// What the newest run was to do, as its folder says.
    pub fn run_record(&self) -> Value {
        let runs = self.path().join("state/kubectl-stateful/runs");
        let newest = fs::read_dir(runs).expect("runs").map(|entry| entry.expect("a run").path()).max();
        let text = fs::read_to_string(newest.expect("a run").join("run.json")).expect("a record");
        serde_json::from_str(&text).expect("JSON")
    }

    /// What `status` says of everything.
    pub fn status(&self) -> String {
        self.run("status").stdout
    }
}

/// A question as it stands on the screen, and the keys that answer it.
pub type Step<'a> = (&'a str, &'a str);

pub const ENTER: &str = "\r";
pub const DOWN: &str = "\u{1b}[B";
pub const UP: &str = "\u{1b}[A";
pub const ESC: &str = "\u{1b}";
pub const CTRL_C: &str = "\u{3}";

/// Answers questions one after the other, each when it stands.
pub fn answer(screen: &mut Screen, steps: &[Step<'_>]) {
    for (question, keys) in steps {
        stands(screen, question);
        screen.press(keys);
    }
}

/// Waits until the question stands. One that begins with `✓` is told apart
/// from its namesake by the answer above it.
pub fn stands(screen: &Screen, question: &str) {
    let mark = if question.starts_with('✓') { "" } else { "? " };
    screen.shows(&format!("{mark}{question}"));
}

/// Waits until the question stands and all of it is drawn, down to `last`, and
/// gives back the screen.
pub fn drawn(screen: &Screen, question: &str, last: &str) -> String {
    stands(screen, question);
    screen.shows(last)
}

/// The review's question with all of its menu; the review stands above it.
pub fn reviewed(screen: &Screen) -> String {
    drawn(screen, "Apply to", "\n  no                 leave everything as it is")
}

/// Run ids, volumes and durations as placeholders, and no spaces at the ends.
pub fn stable(screen: &str) -> String {
    let replace = |text: &str, pattern: &str, with: &str| {
        regex::Regex::new(pattern).expect("a pattern").replace_all(text, with).into_owned()
    };
    let text = replace(screen, r"pvc-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "pvc-…");
    let text = replace(&text, r"(?m)^run [a-z0-9]{12}$", "run …");
    let text = replace(&text, r"\((\d+[smhd])+\)", "(…)");
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The end of a program that must have gone well.
pub fn well(screen: Screen) -> End {
    let end = screen.ends();
    assert_eq!(end.code, 0, "{}", end.contents);
    end
}

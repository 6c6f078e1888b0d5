//! Tools written in Go that the tests run: built once from the pinned modules
//! of `tests/control-plane/` into the target folder, under a file lock, and
//! kept until `go.mod` or `go.sum` changes.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// One pinned module and what its version is read from.
struct Pinned {
    module: &'static str,
    /// The requirement in `go.mod` whose version names the target folder.
    requirement: &'static str,
    /// Everything that `go build … tool` must leave behind.
    binaries: &'static [&'static str],
    /// The `-X` settings that make the tools report `version`.
    stamp: fn(version: &str) -> Vec<String>,
    /// A binary that can be asked for its version, and how.
    probe: (&'static str, &'static str),
}

const KUBERNETES: Pinned = Pinned {
    module: "kubernetes",
    requirement: "k8s.io/kubernetes",
    // The etcd tool is called `server`: Go takes the last element of its path.
    binaries: &["server", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"],
    stamp: kubernetes_stamp,
    probe: ("kube-apiserver", "--version"),
};

const KREW: Pinned = Pinned {
    module: "krew",
    requirement: "sigs.k8s.io/krew",
    binaries: &["krew", "validate-krew-manifest"],
    stamp: |version| vec![format!("sigs.k8s.io/krew/internal/version.gitTag={version}")],
    probe: ("krew", "version"),
};

/// The folder that holds `server` (etcd), `kube-apiserver`,
/// `kube-controller-manager`, `kube-scheduler` and `kubectl`.
pub fn kubernetes() -> Result<PathBuf, String> {
    KUBERNETES.ready()
}

/// The folder that holds `krew` and `validate-krew-manifest`.
pub fn krew() -> Result<PathBuf, String> {
    KREW.ready()
}

/// Why the tools cannot be had on this machine, or `None` if they can: they
/// are built already, or there is a Go toolchain to build them with.
pub fn missing() -> Option<String> {
    if [KUBERNETES, KREW].iter().all(|pinned| pinned.is_built().unwrap_or(false)) {
        return None;
    }
    go().err()
}

/// `go` from the PATH, or from where its installer puts it.
pub fn go() -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/local/go/bin")])
        .map(|folder| folder.join("go"))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| "no Go toolchain: `go` is neither on the PATH nor in `/usr/local/go/bin`".to_owned())
}

fn control_plane_sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control-plane")
}

/// `target/control-plane`; Cargo names `target/tmp` to integration tests.
fn built_tools() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).join("control-plane")
}

fn kubernetes_stamp(version: &str) -> Vec<String> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut next = || numbers.next().unwrap_or_default().to_owned();
    [
        ("gitVersion", version.to_owned()),
        ("gitMajor", next()),
        ("gitMinor", next()),
        ("gitTreeState", "clean".to_owned()),
        ("gitCommit", "unknown".to_owned()),
        ("buildDate", "1970-01-01T00:00:00Z".to_owned()),
    ]
    .map(|(name, value)| format!("k8s.io/component-base/version.{name}={value}"))
    .to_vec()
}

impl Pinned {
    /// The folder with the built tools; builds them first where needed. Only
    /// one process builds, the others wait for it.
    fn ready(&self) -> Result<PathBuf, String> {
        let folder = self.folder()?;
        fs::create_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
        let lock = File::create(folder.with_extension("lock")).map_err(|error| format!("build lock: {error}"))?;
        lock.lock().map_err(|error| format!("build lock: {error}"))?;
        if !self.is_built()? {
            if !self.was_built_by_hand(&folder)? {
                self.build(&folder)?;
            }
            fs::write(folder.join("stamp"), self.key()?).map_err(|error| format!("build stamp: {error}"))?;
        }
        Ok(folder)
    }

    fn is_built(&self) -> Result<bool, String> {
        let folder = self.folder()?;
        let stamp = fs::read_to_string(folder.join("stamp")).unwrap_or_default();
        Ok(stamp == self.key()? && self.has_all(&folder))
    }

    fn has_all(&self, folder: &Path) -> bool {
        self.binaries.iter().all(|binary| folder.join(binary).is_file())
    }

    /// Tools without a stamp are taken if they report the pinned version;
    /// a stamp that does not fit means that the pins have changed.
    fn was_built_by_hand(&self, folder: &Path) -> Result<bool, String> {
        if folder.join("stamp").exists() || !self.has_all(folder) {
            return Ok(false);
        }
        let (binary, question) = self.probe;
        let answer = Command::new(folder.join(binary)).arg(question).output();
        let version = self.version()?;
        Ok(answer.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(&version)))
    }

    fn build(&self, folder: &Path) -> Result<(), String> {
        // Without the stamp, a build that is cut short is not taken for a whole one.
        fs::remove_file(folder.join("stamp")).ok();
        let version = self.version()?;
        let settings = (self.stamp)(&version).join(" -X ");
        let mut target = folder.as_os_str().to_owned();
        target.push("/");
        let built = Command::new(go()?)
            .current_dir(self.sources())
            .args(["build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags"])
            .arg(format!("-s -w -X {settings}"))
            .arg("-o")
            .arg(target)
            .arg("tool")
            .output()
            .map_err(|error| format!("`go build` did not start: {error}"))?;
        if built.status.success() {
            Ok(())
        } else {
            Err(format!("`go build` of {} failed: {}", self.module, String::from_utf8_lossy(&built.stderr)))
        }
    }

    fn sources(&self) -> PathBuf {
        control_plane_sources().join(self.module)
    }

    fn read(&self, file: &str) -> Result<String, String> {
        let path = self.sources().join(file);
        fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()))
    }

    fn folder(&self) -> Result<PathBuf, String> {
        Ok(built_tools().join(format!("{}-{}", self.module, self.version()?)))
    }

    fn version(&self) -> Result<String, String> {
        let pins = self.read("go.mod")?;
        pins.lines()
            .filter(|line| !line.contains("=>"))
            .find_map(|line| {
                line.trim_start_matches("require").trim().strip_prefix(self.requirement)?.strip_prefix(' ')
            })
            .and_then(|rest| rest.split_whitespace().next())
            .map(str::to_owned)
            .ok_or_else(|| format!("go.mod of {} does not require `{}`", self.module, self.requirement))
    }

    /// What a stamp must say for the tools to be current.
    fn key(&self) -> Result<String, String> {
        let mut digest = Sha256::new();
        for file in ["go.mod", "go.sum"] {
            digest.update(self.read(file)?);
        }
        let hex: Vec<String> = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(hex.concat())
    }
}

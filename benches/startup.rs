//! How quickly the program answers, how much memory that takes and how large it
//! is. Times are a ratio against `kubectl version --client`, run in turns with
//! it, so that a busy machine slows both.

#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a benchmark prints rounded figures")]

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

const ROUNDS: usize = 40;
const LEAST_RATIO: f64 = 20.0;
const LARGEST_BINARY: u64 = 12_000_000;
const MOST_MEMORY_KIB: i64 = 8 * 1024;

fn main() -> ExitCode {
    let binary = Path::new(env!("CARGO_BIN_EXE_kubectl-stateful"));
    let size = binary.metadata().map_or(u64::MAX, |file| file.len());
    // Children's memory is a high-water mark, so ours has to be measured first.
    let own = fastest(Command::new(binary).arg("--help"));
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(i64::MAX, |usage| usage.max_rss());
    let kubectl = kubectl();
    let (mut ours, mut theirs) = (own, Duration::MAX);
    for _ in 0..ROUNDS {
        ours = ours.min(fastest_of_one(Command::new(binary).arg("--help")));
        theirs = theirs.min(fastest_of_one(Command::new(&kubectl).args(["version", "--client"])));
    }
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    let rows = [
        (
            format!(
                "--help {:.1} ms, kubectl version --client {:.1} ms: {ratio:.1} times faster",
                ms(ours),
                ms(theirs)
            ),
            ratio >= LEAST_RATIO,
        ),
        (format!("peak memory of --help {:.1} MiB", memory as f64 / 1024.0), memory <= MOST_MEMORY_KIB),
        (format!("binary {:.1} MB", size as f64 / 1e6), size <= LARGEST_BINARY),
    ];
    let mut good = true;
    for (row, met) in &rows {
        println!("{} {row}", if *met { "ok  " } else { "MISS" });
        good &= met;
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The kubectl that the live tests build, else the one on PATH.
fn kubectl() -> String {
    std::env::var("KUBECTL").unwrap_or_else(|_| {
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("control-plane/kubernetes-v1.36.3/kubectl");
        if built.exists() { built.display().to_string() } else { "kubectl".to_owned() }
    })
}

fn fastest(command: &mut Command) -> Duration {
    (0..ROUNDS).map(|_| fastest_of_one(command)).min().unwrap_or_default()
}

fn fastest_of_one(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?} failed");
    start.elapsed()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

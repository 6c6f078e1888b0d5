//! The thin binary: hand the words to the library, leave with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubectl_stateful::run(std::env::args_os().collect())
}

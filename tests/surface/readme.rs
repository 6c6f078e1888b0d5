//! The README's transcripts are what the program says: each `$ cargo run --`
//! command of them is run, and the lines are compared. `…` stands
//! for anything within a line, and alone on a line for any lines.

use std::fs;
use std::path::Path;

use crate::program::command;

#[test]
fn the_transcript_on_the_first_screen_is_what_the_program_says() {
    assert_eq!(commands_of(0), 2, "the first screen shows two commands");
}

#[test]
fn a_set_is_made_smaller_and_its_data_brought_back_as_the_transcript_says() {
    assert_eq!(commands_of(1), 8, "make, scale, look, undo, scale, restore, scale, purge");
}

/// Types the commands of a transcript one after the other on a sandbox of its
/// own, and says how many there are.
fn commands_of(transcript: usize) -> usize {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.filter(|block| block.contains("$ cargo run -- ")).nth(transcript).unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut commands = 0;
    for part in block.split("$ cargo run -- ").skip(1) {
        let (words, expected) = part.split_once('\n').unwrap();
        // One stream, as on a terminal.
        let script = format!("exec \"$0\" {words} 2>&1");
        let said = said_by_shell(&command(home.path()), &script);
        let (expected, said): (Vec<_>, Vec<_>) = (expected.trim().lines().collect(), said.trim().lines().collect());
        assert!(matches(&expected, &said), "`{words}` said:\n{}", said.join("\n"));
        commands += 1;
    }
    commands
}

fn said_by_shell(program: &std::process::Command, script: &str) -> String {
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(script).arg(program.get_program()).env_clear().stdin(std::process::Stdio::null());
    for (name, value) in program.get_envs() {
        shell.env(name, value.unwrap());
        shell.env("TERM", "xterm");
    }
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

fn matches(expected: &[&str], said: &[&str]) -> bool {
    match expected.split_first() {
        None => said.is_empty(),
        Some((&"…", rest)) => (0..=said.len()).any(|skipped| matches(rest, &said[skipped..])),
        Some((line, rest)) => {
            said.split_first().is_some_and(|(first, others)| line_matches(line, first) && matches(rest, others))
        }
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    let (pattern, line) = (pattern.trim(), line.trim());
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|start| line.strip_prefix(start)) else { return false };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        // The last part has to end the line.
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || pattern.ends_with('…')
}

#[test]
fn a_line_that_differs_is_found() {
    assert!(line_matches("claim a bound to pvc-… (10Gi)", "claim a bound to pvc-12 (10Gi)"));
    assert!(!line_matches("claim a bound to pvc-… (10Gi)", "claim a bound to pvc-12 (20Gi)"));
    assert!(!matches(&["a", "…", "c"], &["a", "b"]));
}

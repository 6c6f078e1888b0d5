//! Completion. kubectl runs `kubectl_complete-stateful WORD… CURRENT` and reads
//! `value<TAB>description` lines and a closing `:DIRECTIVE`; the same engine
//! serves plain shells. `completion install` makes the link that krew cannot make.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::error::Failure;

/// The name under which kubectl looks for completions of this plugin.
pub const COMPLETER: &str = "kubectl_complete-stateful";
/// The name under which kubectl looks for this plugin.
const PLUGIN: &str = "kubectl-stateful";
/// The hidden first word that asks for completions.
pub const HIDDEN_VERB: &str = "__complete";

/// Set up completion for `kubectl stateful <TAB>`
#[derive(Args, Clone, Debug)]
pub struct CompletionArgs {
    #[command(subcommand)]
    pub verb: CompletionVerb,
}

/// What to do.
#[derive(Subcommand, Clone, Debug)]
pub enum CompletionVerb {
    /// Link `kubectl_complete-stateful` beside this binary, or into a folder
    Install {
        /// A folder on your PATH
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Print the script for bash, for use without kubectl
    Bash,
}

/// Completion of the plugin's own name in bash, through the same answers.
pub const BASH: &str = include_str!("../../completions/kubectl-stateful.bash");

/// kubectl's directives (cobra's shell completion protocol); they add up.
const DEFAULT: u32 = 0;
const NO_SPACE: u32 = 2;
const NO_FILES: u32 = 4;

/// Answers kubectl: one candidate per line, then the directive.
#[must_use]
pub fn answer(mut command: clap::Command, words: Vec<OsString>) -> String {
    let current = words.last().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let mut line = vec![OsString::from("kubectl-stateful")];
    line.extend(words);
    let index = line.len().saturating_sub(1);
    let folder = std::env::current_dir().ok();
    let Ok(candidates) = clap_complete::engine::complete(&mut command, line, index, folder.as_deref()) else {
        return format!(":{DEFAULT}\n");
    };
    let mut text = String::new();
    let mut paths = current.contains("file:");
    let mut open = 0;
    let flags = current.starts_with('-');
    // The shells look for what stands behind `--flag=` only.
    let lead = if flags { current.find('=').map_or(0, |at| at + 1) } else { 0 };
    for candidate in candidates.iter().filter(|candidate| !candidate.is_hide_set()) {
        let value = candidate.get_value().to_string_lossy();
        // As kubectl's own completion: flags once their dash is there. Control
        // characters are not offered, since the shell would print them.
        let unwanted_flag = value.starts_with('-') && value != "-" && !flags;
        let value = value.get(lead..).unwrap_or_default();
        if unwanted_flag || value.chars().any(char::is_control) {
            continue;
        }
        paths |= value.contains('/') || value.ends_with(std::path::MAIN_SEPARATOR);
        open += usize::from(value.ends_with([':', '=']));
        text.push_str(value);
        if let Some(help) = candidate.get_help() {
            let help = help.to_string();
            text.push('\t');
            text.extend(help.lines().next().unwrap_or("").chars().filter(|character| !character.is_control()));
        }
        text.push('\n');
    }
    let files = if paths { DEFAULT } else { NO_FILES };
    // Something that has to go on stays open for it.
    let space = if open > 0 && open == text.lines().count() { NO_SPACE } else { DEFAULT };
    format!("{text}:{}\n", files + space)
}

/// Links the completer; gives back where it stands. Without a folder it goes
/// beside the name on PATH by which kubectl finds the plugin: krew keeps the
/// program itself in a folder that is on nobody's PATH.
pub fn install(folder: Option<&Path>) -> Result<PathBuf, Failure> {
    let plugin = match on_path() {
        Some(plugin) => plugin,
        None => std::env::current_exe()
            .map_err(|why| Failure::failed("no-binary", format!("cannot find this program's own file: {why}")))?,
    };
    let folder = match folder.or(plugin.parent()) {
        Some(folder) => folder.to_owned(),
        None => return Err(Failure::usage("no-folder", "name a folder on your PATH with `--dir`")),
    };
    let link = folder.join(COMPLETER);
    let failed = |why: &dyn std::fmt::Display| {
        Failure::failed("cannot-link", format!("cannot make `{}`: {why}", link.display()))
            .hint("name a folder on your PATH that you may write to: kubectl stateful completion install --dir DIR")
    };
    match std::fs::read_link(&link) {
        Ok(target) if target == plugin => return Ok(link),
        // An older link of ours, from before the plugin moved.
        Ok(target) if target.file_name().is_some_and(|name| name == PLUGIN) => {
            std::fs::remove_file(&link).map_err(|why| failed(&why))?;
        }
        Ok(_) | Err(_) if link.symlink_metadata().is_ok() => {
            return Err(failed(&"something of that name is there already"));
        }
        Ok(_) | Err(_) => {}
    }
    make_link(&plugin, &link).map_err(|why| failed(&why))?;
    Ok(link)
}

/// The plugin as kubectl finds it, links not followed.
fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(PLUGIN))
        .find(|plugin| plugin.is_absolute() && plugin.is_file())
}

#[cfg(unix)]
fn make_link(binary: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(binary, link)
}

#[cfg(not(unix))]
fn make_link(binary: &Path, link: &Path) -> std::io::Result<()> {
    std::fs::copy(binary, link.with_extension("exe")).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> clap::Command {
        clap::Command::new("kubectl-stateful")
            .subcommand(clap::Command::new("status").about("Show sets"))
            .subcommand(clap::Command::new("sandbox"))
    }

    #[test]
    fn candidates_come_with_their_description_and_a_directive() {
        assert_eq!(answer(command(), vec!["stat".into()]), "status\tShow sets\n:4\n");
    }

    #[test]
    fn a_value_behind_its_flag_is_offered_without_the_flag_and_open_ends_get_no_space() {
        let values = ["env:", "file"].map(clap::builder::PossibleValue::new);
        let flag = clap::Arg::new("from").long("from").value_parser(clap::builder::PossibleValuesParser::new(values));
        let command = || command().arg(flag.clone());
        assert_eq!(answer(command(), vec!["--from=".into()]), "env:\nfile\n:4\n");
        assert_eq!(answer(command(), vec!["--from=e".into()]), "env:\n:6\n");
        assert_eq!(answer(command(), vec!["--from".into(), "e".into()]), "env:\n:6\n");
    }

    #[test]
    fn nothing_to_offer_is_said_with_the_directive_alone() {
        assert_eq!(answer(command(), vec!["zzz".into()]), ":4\n");
    }

    #[cfg(unix)]
    #[test]
    fn installing_twice_is_harmless_and_a_foreign_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let link = install(Some(folder.path())).unwrap();
        assert_eq!(install(Some(folder.path())).unwrap(), link);
        std::fs::remove_file(&link).unwrap();
        std::fs::write(&link, "mine").unwrap();
        assert!(install(Some(folder.path())).is_err());
        assert_eq!(std::fs::read_to_string(&link).unwrap(), "mine");
    }
}

//! Values that completion knows without asking a cluster: where secret values
//! come from, the sandboxes and runs that there are, the codes of findings, and our
//! runbooks.

use std::ffi::OsStr;
use std::fs;

use clap_complete::engine::CompletionCandidate;

use super::connect;
use crate::diagnosis::rules::ALL;
use crate::runbook::script::Runbook;
use crate::runs::folder::RunFolder;
use crate::runs::places::Places;

const ORIGINS: [(&str, &str); 4] = [
    ("generate", "a new random value"),
    ("env:", "an environment variable"),
    ("file:", "a file"),
    ("-", "standard input"),
];

/// For `--P-from`: the ways, and behind `env:` the names of variables. Files
/// behind `file:` are the shell's business.
pub fn origins(current: &OsStr) -> Vec<CompletionCandidate> {
    origins_behind("", current)
}

/// The same behind the `KEY=` of `--value-from`; a key is nobody's to guess.
pub fn keyed_origins(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    text.split_once('=').map_or_else(Vec::new, |(key, rest)| origins_behind(&format!("{key}="), OsStr::new(rest)))
}

fn origins_behind(lead: &str, current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let candidate = |text: &str| CompletionCandidate::new(format!("{lead}{text}"));
    if let Some(start) = current.strip_prefix("env:") {
        let mut names: Vec<_> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
        names.sort();
        return names
            .iter()
            .filter(|name| name.starts_with(start))
            .map(|name| candidate(&format!("env:{name}")))
            .collect();
    }
    if current.starts_with("file:") {
        return Vec::new();
    }
    let fitting = ORIGINS.iter().filter(|(origin, _)| origin.starts_with(current));
    fitting.map(|(origin, help)| candidate(origin).help(Some((*help).into()))).collect()
}

/// The sandboxes that were used before and not thrown away since.
pub fn sandboxes(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(places) = Places::from_env(|name| std::env::var_os(name)) else { return Vec::new() };
    let entries = fs::read_dir(places.sandboxes()).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| connect::log(&places, name).exists());
    names.sort();
    let start = current.to_string_lossy();
    names.into_iter().filter(|name| name.starts_with(&*start)).map(CompletionCandidate::new).collect()
}

/// What `explain` explains.
pub fn codes(current: &OsStr) -> Vec<CompletionCandidate> {
    let start = current.to_string_lossy();
    let fitting = ALL.iter().filter(|rule| rule.code.starts_with(&*start));
    fitting.map(|rule| CompletionCandidate::new(rule.code).help(Some(rule.summary.into()))).collect()
}

/// Runs that there are, the newest first, with what each was.
pub fn runs(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(places) = Places::from_env(|name| std::env::var_os(name)) else { return Vec::new() };
    let start = current.to_string_lossy();
    let fitting = RunFolder::all(&places.runs()).into_iter().filter(|folder| folder.id.as_str().starts_with(&*start));
    let candidate = |folder: RunFolder| {
        let about = folder.about().ok().filter(|about| about.runbook.is_some())?;
        let what = format!("{} on {}/{}", about.command, about.cluster, about.namespace);
        Some(CompletionCandidate::new(folder.id.as_str()).help(Some(what.into())))
    };
    fitting.filter_map(candidate).collect()
}

/// Runbooks that come with the program, and one's own.
pub fn runbooks(current: &OsStr) -> Vec<CompletionCandidate> {
    let shipped = Runbook::shipped_headers().iter();
    let shipped =
        shipped.map(|(name, header)| CompletionCandidate::new(name).help(Some(header.summary.clone().into())));
    let places = Places::from_env(|name| std::env::var_os(name));
    let own = places.into_iter().flat_map(|places| Runbook::own_names(&places.config)).map(CompletionCandidate::new);
    let start = current.to_string_lossy();
    shipped.chain(own).filter(|candidate| candidate.get_value().to_string_lossy().starts_with(&*start)).collect()
}

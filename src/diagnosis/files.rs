//! All rules about files over one input.

use super::finding::{Finding, Severity};
use super::manifests::Manifests;
use super::rule::{Check, Rule};
use super::rules::ALL;
use super::source::Input;

/// What came of looking at files.
#[derive(Debug)]
pub struct Examined {
    /// In the order of the files and in them.
    pub findings: Vec<Finding>,
    pub files: usize,
    /// Objects that rules know.
    pub objects: usize,
    /// Custom resources.
    pub ignored: usize,
}

/// Holds every rule about files against these.
#[must_use]
pub fn examine(inputs: &[Input]) -> Examined {
    let all = Manifests::of(inputs);
    let mut findings: Vec<Finding> = all
        .broken
        .iter()
        .filter_map(|broken| {
            ALL.iter().find_map(|rule| match rule.check {
                Check::Text(check) => check(broken),
                Check::Files(_) => None,
            })
        })
        .collect();
    for rule in ALL.iter().copied().map(|rule: &Rule| &rule.check) {
        match rule {
            Check::Files(check) => findings.extend(check(&all)),
            Check::Text(_) => {}
        }
    }
    let order = |finding: &Finding| {
        let spot = finding.spot.as_ref();
        let file = spot.and_then(|spot| inputs.iter().position(|input| input.name == spot.file));
        (file, spot.map(|spot| (spot.line, spot.column)), finding.severity)
    };
    findings.sort_by_key(order);
    let ignored = all.ignored();
    Examined { findings, files: all.files, objects: all.documents.len() - ignored, ignored }
}

/// How many errors and warnings there are.
#[must_use]
pub fn count(findings: &[Finding]) -> (usize, usize) {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    (errors, findings.len() - errors)
}

//! All rules about files over one input.

use super::finding::{Examined, Finding, LookedAt};
use super::manifests::{BrokenPiece, Manifests};
use super::rule::Check;
use super::rules::ALL;
use super::source::Input;

/// Holds every rule about files against these.
#[must_use]
pub fn examine(inputs: &[Input]) -> Examined {
    let all = Manifests::of(inputs);
    let checks = || ALL.iter().flat_map(|rule| rule.checks);
    let of_text = |broken: &BrokenPiece| {
        checks().find_map(|check| match check {
            Check::Text(check) => check(broken),
            Check::Files(_) | Check::Live(_) | Check::Deep(_) | Check::Namespace(_) | Check::LastResort(_) => None,
        })
    };
    let mut findings: Vec<Finding> = all.broken.iter().filter_map(of_text).collect();
    for check in checks() {
        match check {
            Check::Files(check) => findings.extend(check(&all)),
            Check::Text(_) | Check::Live(_) | Check::Deep(_) | Check::Namespace(_) | Check::LastResort(_) => {}
        }
    }
    let order = |finding: &Finding| {
        let spot = finding.spot.as_ref();
        let file = spot.and_then(|spot| inputs.iter().position(|input| input.name == spot.file));
        (file, spot.map(|spot| (spot.line, spot.column)), finding.severity)
    };
    findings.sort_by_key(order);
    let ignored = all.ignored();
    let looked_at = LookedAt::Files { files: all.files, objects: all.documents.len() - ignored, ignored };
    Examined { findings, looked_at, unknown: Vec::new() }
}

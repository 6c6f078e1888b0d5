//! All rules about files over one input.

use std::collections::BTreeMap;

use super::finding::{Examined, Finding, LookedAt};
use super::form::faults_in;
use super::manifests::{BrokenPiece, Manifests};
use super::outlook::{in_words, outlook};
use super::rule::Check;
use super::rules::ALL;
use super::source::Input;
use super::wanted::wanted;

/// What somebody wrote that is not there for Kubernetes.
const OF_FORM: [&str; 2] = ["unknown-field", "misplaced-field"];

/// Holds every rule about files against these alone.
#[must_use]
pub fn examine(inputs: &[Input]) -> Examined {
    examine_all(&Manifests::of(inputs))
}

/// The same, with what was seen of the cluster.
#[must_use]
pub fn examine_all(all: &Manifests) -> Examined {
    let checks = || ALL.iter().flat_map(|rule| rule.checks);
    let of_text = |broken: &BrokenPiece| {
        checks().find_map(|check| match check {
            Check::Text(check) => check(broken),
            Check::Files(_)
            | Check::Rest(_)
            | Check::Form(_)
            | Check::Live(_)
            | Check::Deep(_)
            | Check::Namespace(_)
            | Check::LastResort(_) => None,
        })
    };
    let mut findings: Vec<Finding> = all.broken.iter().filter_map(of_text).collect();
    let faults = faults_in(all);
    for check in checks() {
        match check {
            Check::Files(check) => findings.extend(check(all)),
            Check::Form(check) => findings.extend(faults.iter().filter_map(|(document, fault)| check(document, fault))),
            Check::Text(_)
            | Check::Rest(_)
            | Check::Live(_)
            | Check::Deep(_)
            | Check::Namespace(_)
            | Check::LastResort(_) => {}
        }
    }
    let rest =
        checks().filter_map(|check| if let Check::Rest(check) = check { Some(check(all, &findings)) } else { None });
    let rest: Vec<Finding> = rest.flatten().collect();
    findings.extend(rest);
    let places: BTreeMap<&str, usize> = all.files.iter().zip(0..).map(|(name, place)| (name.as_str(), place)).collect();
    let order = |finding: &Finding| {
        let spot = finding.spot.as_ref();
        let file = spot.and_then(|spot| places.get(spot.file.as_str()).copied());
        // In one object what is misspelt comes first: others may come of it.
        let object = spot.and_then(|spot| all.position(spot));
        let follows = !OF_FORM.contains(&finding.code);
        (file, object, follows, spot.map(|spot| (spot.line, spot.column)), finding.severity)
    };
    findings.sort_by_cached_key(order);
    let ignored = all.ignored();
    let looked_at = LookedAt::Files { files: all.files.len(), objects: all.documents.len() - ignored, ignored };
    let claims = wanted(all);
    let notes = outlook(all, &claims).and_then(|found| in_words(&found, &claims)).into_iter().collect();
    Examined { findings, looked_at, unknown: Vec::new(), not_reached: None, notes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::SOUND;

    #[test]
    fn in_an_object_what_is_misspelt_stands_before_what_comes_of_it() {
        let text = SOUND.replace("clusterIP: None", "ClusterIP: None").replace("storage: 1Gi", "storage: 100m");
        let found = examine(&[Input { name: "a.yaml".to_owned(), bytes: text.into_bytes() }]).findings;
        let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["unknown-field", "service-not-headless", "tiny-size"]);
    }
}

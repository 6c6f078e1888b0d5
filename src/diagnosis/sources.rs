//! The errors of the source documents (ids of the reference), and who tells
//! them: rules, where a manifest or a cluster shows them, else the guide.

use super::rules::ALL;

/// An error of a source document.
#[derive(Clone, Copy, Debug)]
pub struct SourceError {
    pub id: &'static str,
    pub what: &'static str,
    /// The part of the guide that tells it, and why no rule alone can.
    pub guide: Option<(&'static str, &'static str)>,
}

const fn by_rule(id: &'static str, what: &'static str) -> SourceError {
    SourceError { id, what, guide: None }
}

const fn by_guide(id: &'static str, what: &'static str, part: &'static str, why: &'static str) -> SourceError {
    SourceError { id, what, guide: Some((part, why)) }
}

impl SourceError {
    /// The codes of the rules that tell it.
    #[must_use]
    pub fn rules(&self) -> Vec<&'static str> {
        let mut codes: Vec<_> =
            ALL.iter().filter(|rule| rule.sources.contains(&self.id)).map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes
    }
}

const COMMAND: &str = "it is a matter of a command, which no manifest shows";
const PROSE: &str = "it is a matter of the text around the manifests";

/// All of them, in the order of the documents.
pub const SOURCE_ERRORS: &[SourceError] = &[
    by_rule("S1-e1", "tabs as indentation"),
    by_rule("S1-e2", "a StatefulSet of `apps/v1beta1`, and no selector for `apps/v1`"),
    by_rule("S1-e3", "the reclaim policy `Recycle`"),
    by_rule("S1-e4", "the reclaim policy `Delete` for a folder of a node"),
    by_rule("S1-e5", "no `storageClassName` where an empty one is meant"),
    by_rule("S1-e6", "100M beside 100Mi"),
    by_rule("S1-e7", "a governing Service that is not headless"),
    by_rule("S1-e8", "the governing Service after its set"),
    by_rule("S1-e9", "a selector that matches too much, or nothing"),
    by_rule("S1-e10", "a folder of a node without the node"),
    by_rule("S1-e11", "no readiness probe"),
    by_guide(
        "S1-e12",
        "a password in the manifest, in a file that is left, in a command",
        "where-passwords-stay",
        COMMAND,
    ),
    by_guide("S1-e13", "applying again to get a deleted pod back", "a-pod-that-was-deleted", COMMAND),
    by_rule("S1-e14", "one volume for several members"),
    by_guide("S1-e15", "`kubectl create secret` a second time", "a-secret-that-exists", COMMAND),
    by_rule("S2-e1", "a manifest that lost its structural lines"),
    by_rule("S3-e1", "the restart policy of a Job in its container"),
    by_rule("S3-e2", "the name of another Secret"),
    by_rule("S3-e3", "`resources` beside `spec`"),
    by_rule("S3-e4", "a volume called StorageClass"),
    by_rule("S3-e5", "a headless Service with an address"),
    by_guide("S3-e6", "the order of updates", "the-order-of-things", PROSE),
    by_guide("S3-e7", "two places for one folder, and a clean-up of the wrong one", "cleaning-up", COMMAND),
    by_rule("S3-e8", "a class that does not exist"),
    by_rule("S3-e9", "a placeholder that was left"),
    by_rule("S3-e10", "kinds of volumes that are gone or have moved"),
    by_guide("S4-e1", "a Service for clients that is called headless", "two-services", PROSE),
    by_guide("S4-e2", "cleaning up by label", "cleaning-up", COMMAND),
    by_guide("S4-e3", "deleting claims before the pods are gone", "cleaning-up", COMMAND),
    by_guide("S4-e4", "flags of `kubectl drain`", "draining-a-node", COMMAND),
    by_rule("S4-e5", "a volume in a zone without a node"),
    by_guide("S4-e6", "which member leads", "who-leads", "no object of the cluster says which member leads"),
    by_guide(
        "S4-e7",
        "old data under a new member",
        "old-claims",
        "a manifest does not show which claims the cluster still has",
    ),
    by_guide("S4-e8", "deleting claims without knowing what becomes of the volume", "cleaning-up", COMMAND),
    by_rule("S5-e1", "an Ingress and a set of versions that are gone"),
    by_rule("S5-e2", "a class called `default`"),
    by_rule("S5-e3", "an empty namespace"),
    by_guide("S5-e4", "claims of members beyond the number in the manifest", "cleaning-up", COMMAND),
    by_guide("S5-e5", "cleaning up a file that was never made", "cleaning-up", COMMAND),
    by_guide("S5-e6", "the order in which a deleted set ends", "the-order-of-things", PROSE),
    by_rule("S5-e7", "an odd number of members is required"),
    by_rule("S5-e8", "a number of members written down twice"),
    by_guide(
        "S5-e9",
        "`sed` that replaces too much",
        "replacing-a-word",
        "which of the replaced words were meant no manifest says",
    ),
    by_guide(
        "S5-e10",
        "images without a version, and `kubectl exec` without `--`",
        "running-a-command-in-a-pod",
        COMMAND,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_rule_or_a_part_of_the_guide_that_exists() {
        let guide = include_str!("../../docs/pitfalls.md");
        let heading = |line: &str| line.strip_prefix("## ").map(|words| words.to_lowercase().replace(' ', "-"));
        let parts: Vec<String> = guide.lines().filter_map(heading).collect();
        for error in SOURCE_ERRORS {
            match error.guide {
                None => assert!(!error.rules().is_empty(), "{} has no rule", error.id),
                Some((part, _)) => assert!(parts.iter().any(|known| known == part), "{}: no part `{part}`", error.id),
            }
        }
        assert_eq!(SOURCE_ERRORS.len(), 15 + 1 + 10 + 8 + 10);
    }
}

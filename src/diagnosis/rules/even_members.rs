//! An even number of members in software that decides by majority.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "even-members",
    severity: Severity::Warning,
    sources: &["S5-e7"],
    summary: "an even number of members of a group that votes",
    page: include_str!("../../../docs/explain/even-members.md"),
    checks: &[Check::Files(check)],
};

/// Images of software whose members vote, by the last word of their name.
const VOTERS: [&str; 10] =
    ["consul", "etcd", "zookeeper", "nats", "rabbitmq", "vault", "rqlite", "cockroach", "tidb-pd", "mongo"];

fn check(all: &Manifests) -> Vec<Finding> {
    let even = |set: &Document| {
        let replicas = set
            .at("spec.replicas")
            .filter(|replicas| replicas.number().is_some_and(|count| count > 0 && count % 2 == 0))?;
        let image = set
            .containers()
            .filter_map(|container| container.get("image")?.text())
            .find(|image| VOTERS.contains(&name_of(image)))?;
        let count = replicas.number()?;
        Some(
            RULE.at(set, replicas, format!("{count} members vote"))
                .evidence(format!("image `{image}`"))
                .because(format!(
                    "a majority of {count} is {}: as many members may fail as with {}, and one more can",
                    count / 2 + 1,
                    count - 1
                ))
                .remedy(format!("use {} or {} members", count - 1, count + 1)),
        )
    };
    all.of_kind(Kind::StatefulSet).filter_map(even).collect()
}

/// `docker.io/library/consul:1.2@sha256:…` is `consul`.
fn name_of(image: &str) -> &str {
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split([':', '@']).next().unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn an_even_number_of_voters_is_found() {
        let text =
            SOUND.replace("example.org/app:1.0", "docker.io/library/consul:1.20").replace("replicas: 3", "replicas: 4");
        assert_eq!(fires(&RULE, &text), ["17:13 4 members vote"]);
        assert!(found(&RULE, &text)[0].cause.starts_with("a majority of 4 is 3"));
    }

    #[test]
    fn odd_numbers_and_software_that_does_not_vote_are_fine() {
        silent(&RULE, &SOUND.replace("example.org/app:1.0", "consul:1.20"));
        silent(&RULE, &SOUND.replace("replicas: 3", "replicas: 4"));
    }
}

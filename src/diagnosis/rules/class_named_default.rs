//! A class that is literally called `default`.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::{Wanted, wanted};

pub static RULE: Rule = Rule {
    code: "class-named-default",
    severity: Severity::Warning,
    sources: &["S5-e2"],
    summary: "a claim names a class that is called `default`",
    page: include_str!("../../../docs/explain/class-named-default.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let literal = |claim: &Wanted<'_>| {
        let class = claim.spec("storageClassName").filter(|class| class.text() == Some("default"))?;
        if all.find(Kind::Class, "", "default").is_some() {
            return None;
        }
        Some(
            RULE.at(claim.document, class, format!("{} wants a class that is called `default`", claim.words()))
                .because(
                    "that is a name like any other, and not the default class of the cluster; where no class has it, \
                     the claim waits for ever",
                )
                .remedy("leave `storageClassName` out to get the default class")
                .command(Command::get(None, "storageclass")),
        )
    };
    wanted(all).iter().filter_map(literal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_class_called_default_is_found() {
        let text = SOUND.replace("      resources:", "      storageClassName: default\n      resources:");
        assert_eq!(fires(&RULE, &text), ["36:25 claim template `data` wants a class that is called `default`"]);
    }

    #[test]
    fn the_default_class_and_one_that_really_has_the_name_are_fine() {
        silent(&RULE, SOUND);
        let text = SOUND.replace("      resources:", "      storageClassName: default\n      resources:");
        silent(
            &RULE,
            &format!(
                "{text}---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: default}}\nprovisioner: a\n"
            ),
        );
    }
}

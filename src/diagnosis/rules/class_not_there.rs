//! A class that neither a StorageClass nor a volume of the input has.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::{Wanted, wanted};

pub static RULE: Rule = Rule {
    code: "class-not-there",
    severity: Severity::Warning,
    sources: &["S3-e8"],
    summary: "a claim names a class that nothing here has",
    page: include_str!("../../../docs/explain/class-not-there.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    wanted(all).iter().filter_map(|claim| unknown(all, claim)).collect()
}

fn unknown(all: &Manifests, claim: &Wanted<'_>) -> Option<Finding> {
    let volumes = || all.of_kind(Kind::Volume);
    let class = claim.class().filter(|class| !class.is_empty())?;
    let beyond = all.beyond.as_ref().and_then(|beyond| beyond.classes.as_ref().zip(beyond.volumes.as_ref()));
    let on_the_cluster = beyond.is_some_and(|(classes, volumes)| {
        classes.iter().any(|known| known.meta.name == class) || volumes.iter().any(|volume| volume.class == class)
    });
    let known = all.find(Kind::Class, "", class).is_some()
        || volumes().any(|volume| volume.text("spec.storageClassName") == class)
        || on_the_cluster
        || ["StorageClass", "PersistentVolume"].iter().any(|kind| all.may_hide(kind, class));
    // With neither here, classes are a matter of the cluster.
    let told_here = all.of_kind(Kind::Class).next().is_some() || volumes().next().is_some();
    if known || !(told_here || beyond.is_some()) {
        return None;
    }
    let classes = all.of_kind(Kind::Class).map(|class| format!("class `{}`", class.name()));
    let of_cluster = beyond.into_iter().flat_map(|(classes, _)| classes);
    let of_cluster = of_cluster.map(|class| format!("class `{}` of the cluster", class.meta.name));
    let volumes = volumes().map(|volume| match volume.text("spec.storageClassName") {
        "" => format!("`{}` has no class", volume.title()),
        class => format!("`{}` has class `{class}`", volume.title()),
    });
    let place = if beyond.is_some() { "nothing here or on the cluster" } else { "nothing here" };
    let finding = RULE.at(claim.document, claim.spec("storageClassName")?, format!("{place} has class `{class}`"));
    let finding = classes.chain(of_cluster).chain(volumes).take(5).fold(finding, Finding::evidence);
    let waits = "waits for ever and says that the class does not exist";
    let finding = if beyond.is_some() {
        finding.certain().because(format!("a volume binds to claims of its own class only; the claim {waits}"))
    } else {
        finding.because(format!(
            "a volume binds to claims of its own class only; if the cluster has no such class either, the claim {waits}"
        ))
    };
    Some(finding.remedy("write the class of the volume that is meant, or the name of a class of the cluster"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, beyond, fires, fires_beyond, found, silent, silent_beyond};
    use crate::facts::samples::class;

    fn with(class: &str, volume: &str) -> String {
        let volume = format!(
            "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: disk}}\nspec: {{storageClassName: {volume}}}\n"
        );
        format!(
            "{}{volume}",
            SOUND.replace("      resources:", &format!("      storageClassName: {class}\n      resources:"))
        )
    }

    #[test]
    fn a_class_that_nothing_has_is_found() {
        let text = with("manual", "slow");
        assert_eq!(fires(&RULE, &text), ["36:25 nothing here has class `manual`"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["`PersistentVolume/disk` has class `slow`"]);
    }

    #[test]
    fn the_class_of_a_volume_need_not_exist_and_others_are_a_matter_of_the_cluster() {
        silent(&RULE, &with("manual", "manual"));
        silent(&RULE, with("manual", "slow").rsplit_once("---\n").unwrap().0);
        silent(&RULE, SOUND);
    }

    #[test]
    fn the_classes_of_the_cluster_count_where_they_are_seen() {
        let text = with("manual", "slow");
        let found = fires_beyond(&RULE, &text, beyond(&[class("standard", "p")]));
        assert_eq!(found[0].message, "nothing here or on the cluster has class `manual`");
        assert_eq!(
            (found[0].severity, found[0].evidence[0].as_str()),
            (Severity::Error, "class `standard` of the cluster")
        );
        silent_beyond(&RULE, &text, beyond(&[class("manual", "p")]));
    }
}

//! Claims that only a volume of this input can serve, and fewer volumes than claims.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::outlook::{Expected, Fate, outlook};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::{Wanted, capacity, fits, wanted};
use crate::facts::obstacle::Obstacle;
use crate::facts::volume::Volume;
use crate::facts::wish::Wish;

pub static RULE: Rule = Rule {
    code: "too-few-volumes",
    severity: Severity::Warning,
    sources: &["S1-e14"],
    summary: "there are fewer volumes than claims",
    page: include_str!("../../../docs/explain/too-few-volumes.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    if all.may_hide("PersistentVolume", "") {
        return Vec::new();
    }
    let claims = wanted(all);
    if let Some(expected) = outlook(all, &claims) {
        return claims.iter().filter_map(|claim| foreseen(all, claim, &expected)).collect();
    }
    let mut found = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for claim in &claims {
        // Classes that are not static make their volumes themselves.
        let Some(class) = claim.class().filter(|class| is_static(all, class)) else { continue };
        if seen.contains(&class) {
            continue;
        }
        seen.push(class);
        found.extend(short(all, class, &claims));
    }
    found
}

/// With the cluster in sight: those that no volume and no class serves.
fn foreseen(all: &Manifests, claim: &Wanted<'_>, expected: &[Expected<'_>]) -> Option<Finding> {
    let own = expected.iter().filter(|one| std::ptr::eq(one.wanted, claim));
    let unserved: Vec<(&Wish, &[(String, Obstacle)])> = own
        .filter_map(|one| match &one.fate {
            Fate::Nothing(obstacles) => Some((&one.wish, obstacles.as_slice())),
            // `class-not-there` says so better.
            Fate::NoClass | Fate::Exists(_) | Fate::Binds | Fate::FirstUse => None,
        })
        .collect();
    let (wish, obstacles) = unserved.first()?;
    let finding = RULE.at(claim.document, claim.size().unwrap_or(claim.at), will_find_none(unserved.len()));
    let said = obstacles.iter().take(5).map(|(name, why)| format!("volume `{name}` {}", why.in_words(wish)));
    let class = wish.class.as_deref().filter(|class| !class.is_empty() && all.has_class(class) == Some(false));
    let word = class.map(|class| format!("no StorageClass is called `{class}`: nothing makes volumes of it"));
    let finding = said.chain(word).fold(finding, Finding::evidence);
    Some(finding.certain().because(BECAUSE).remedy(REMEDY))
}

fn will_find_none(claims: usize) -> String {
    if claims == 1 { "1 claim will find no volume".to_owned() } else { format!("{claims} claims will find no volume") }
}

const BECAUSE: &str =
    "no class makes volumes for these claims, so each needs one that is there and fits; their pods wait";
const REMEDY: &str = "add volumes that are large enough and have the access modes, or name a class that makes them";

/// No class, or one whose volumes somebody makes; known only where volumes are here.
fn is_static(all: &Manifests, class: &str) -> bool {
    let provisioner = all.find(Kind::Class, "", class).map(|class| class.text("provisioner"));
    let none_makes_them = class.is_empty() || provisioner == Some("kubernetes.io/no-provisioner");
    none_makes_them && all.of_kind(Kind::Volume).any(|volume| volume.text("spec.storageClassName") == class)
}

fn short(all: &Manifests, class: &str, claims: &[Wanted<'_>]) -> Option<Finding> {
    let mut of_class: Vec<&Document> =
        all.of_kind(Kind::Volume).filter(|volume| volume.text("spec.storageClassName") == class).collect();
    // The smallest volumes first, as the binder takes them.
    of_class.sort_by_key(|volume| capacity(volume));
    let mut free: Vec<Volume> = of_class.iter().filter_map(|volume| Volume::read(&volume.root.to_value())).collect();
    let offered = of_class.len();
    let elsewhere = |wish: &Wish| wish.volume.as_ref().is_some_and(|name| all.find(Kind::Volume, "", name).is_none());
    let (mut asked, mut unbound, mut last) = (0, 0, None);
    for claim in claims.iter().filter(|claim| claim.class() == Some(class)) {
        for wish in claim.wishes(all).iter().filter(|wish| !elsewhere(wish)) {
            asked += 1;
            if let Some(position) = free.iter().position(|volume| fits(volume, wish)) {
                free.remove(position);
            } else {
                unbound += 1;
                last = Some(claim);
            }
        }
    }
    let claim = last?;
    let place = claim.size().unwrap_or(claim.at);
    Some(
        RULE.at(claim.document, place, will_find_none(unbound))
            .evidence(format!(
                "{asked} claims of {}, {offered} volumes of it, {} of them left over",
                in_words(class),
                free.len()
            ))
            .because(BECAUSE)
            .remedy(REMEDY),
    )
}

fn in_words(class: &str) -> String {
    if class.is_empty() { "no class".to_owned() } else { format!("class `{class}`") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{SOUND, beyond, fires, fires_beyond, found, silent, silent_beyond};

    fn world(replicas: u64, volumes: &[&str]) -> String {
        let set = SOUND.replace("replicas: 3", &format!("replicas: {replicas}"));
        let set = set.replace("      resources:", "      storageClassName: \"\"\n      resources:");
        let volume = |(number, size): (usize, &&str)| {
            let spec = format!("{{accessModes: [ReadWriteOnce], capacity: {{storage: {size}}}}}");
            format!("---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: disk-{number}}}\nspec: {spec}\n")
        };
        std::iter::once(set).chain(volumes.iter().enumerate().map(volume)).collect()
    }

    #[test]
    fn a_raw_volume_and_one_of_another_claim_serve_no_member() {
        let with = |more: &str| {
            world(1, &["1Gi"]).replace(
                "accessModes: [ReadWriteOnce], capacity",
                &format!("{more}, accessModes: [ReadWriteOnce], capacity"),
            )
        };
        for taken in
            ["volumeMode: Block", "claimRef: {namespace: other, name: else}", "claimRef: {name: data-web-0, uid: '1'}"]
        {
            assert_eq!(fires(&RULE, &with(taken)), ["39:20 1 claim will find no volume"], "{taken}");
        }
        silent(&RULE, &with("claimRef: {namespace: db, name: data-web-0}"));
        silent(&RULE, &with("volumeMode: Filesystem"));
    }

    #[test]
    fn claims_that_will_find_no_volume_are_counted() {
        assert_eq!(fires(&RULE, &world(2, &["1Gi"])), ["39:20 1 claim will find no volume"]);
        let found = found(&RULE, &world(3, &["1Gi", "1Mi"]));
        assert_eq!(found[0].message, "2 claims will find no volume");
        assert_eq!(found[0].evidence, ["3 claims of no class, 2 volumes of it, 1 of them left over"]);
    }

    #[test]
    fn with_the_cluster_in_sight_its_volumes_count_and_what_is_missing_is_certain() {
        let disk = |name: &str, size: &str| {
            json!({"kind": "PersistentVolume", "metadata": {"name": name}, "status": {"phase": "Available"},
                "spec": {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"]}})
        };
        let found = fires_beyond(&RULE, &world(2, &[]), beyond(&[disk("a", "1Gi"), disk("b", "1Mi")]));
        assert_eq!((found[0].message.as_str(), found[0].severity), ("1 claim will find no volume", Severity::Error));
        assert_eq!(found[0].evidence, ["volume `b` holds 1Mi, and 1Gi are asked for"]);
        silent_beyond(&RULE, &world(2, &["1Gi"]), beyond(&[disk("a", "1Gi")]));
        let mut taken = disk("c", "1Gi");
        taken["spec"]["storageClassName"] = json!("fsat");
        taken["spec"]["claimRef"] = json!({"namespace": "default", "name": "other", "uid": "1"});
        let misspelt = world(2, &[]).replace("storageClassName: \"\"", "storageClassName: fsat");
        let found = fires_beyond(&RULE, &misspelt, beyond(&[taken]));
        assert_eq!(found[0].evidence, ["no StorageClass is called `fsat`: nothing makes volumes of it"]);
    }

    #[test]
    fn enough_volumes_and_volumes_elsewhere_are_left_alone() {
        silent(&RULE, &world(2, &["1Gi", "2Gi"]));
        silent(&RULE, &world(3, &[]));
        silent(&RULE, SOUND);
    }
}

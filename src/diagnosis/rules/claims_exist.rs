//! A set that is made anew, and claims of its members that are there already.

use crate::diagnosis::beyond::Seen;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::outlook::{Fate, outlook};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::{Wanted, wanted};
use crate::facts::claim::Claim;
use crate::objects::placed::Placed;
use crate::objects::quantity::Quantity;

pub static RULE: Rule = Rule {
    code: "claims-exist",
    severity: Severity::Warning,
    sources: &["SS-71", "H-40", "S4-e7"],
    summary: "a new set will take claims that exist",
    page: include_str!("../../../docs/explain/claims-exist.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let claims = wanted(all);
    let expected = outlook(all, &claims).unwrap_or_default();
    let told = |one: &Wanted<'_>| {
        // A set that is there has claims, of course.
        let new = all.seen("StatefulSet", one.document.namespace(), one.document.name()) == Seen::Absent;
        if one.document.kind != Kind::StatefulSet || !new {
            return None;
        }
        let there = expected.iter().filter_map(|other| match &other.fate {
            Fate::Exists(claim) if std::ptr::eq(other.wanted, one) => Some(*claim),
            Fate::Exists(_) | Fate::Binds | Fate::FirstUse | Fate::NoClass | Fate::Nothing(_) => None,
        });
        let (bound, empty): (Vec<&Claim>, Vec<&Claim>) = there.partition(|claim| claim.volume_name.is_some());
        Some([adopted(all, one, &bound), in_the_way(all, one, &empty)])
    };
    claims.iter().filter_map(told).flatten().flatten().collect()
}

fn adopted(all: &Manifests, one: &Wanted<'_>, there: &[&Claim]) -> Option<Finding> {
    let message = match there.len() {
        0 => return None,
        1 => "1 claim of these exists: its member starts with the data in it".to_owned(),
        several => format!("{several} claims of these exist: their members start with the data in them"),
    };
    Some(listed(all, one, there, message).remedy(
        "if the data is meant, all is well; else choose another name for the set, or delete the claims by name after a look at what they hold",
    ))
}

/// Claims without a volume hold nothing; those that ask for what they cannot get stay in the way.
fn in_the_way(all: &Manifests, one: &Wanted<'_>, there: &[&Claim]) -> Option<Finding> {
    let message = match there.len() {
        0 => return None,
        1 => "1 claim of these exists, and has no volume yet".to_owned(),
        several => format!("{several} claims of these exist, and have no volume yet"),
    };
    Some(listed(all, one, there, message).remedy(
        "delete those that ask for what they cannot get, by name: they hold nothing, and the set makes them as its template says",
    ))
}

fn listed(all: &Manifests, one: &Wanted<'_>, there: &[&Claim], message: String) -> Finding {
    let template = || {
        let asked = one.size().and_then(Placed::text).unwrap_or_default();
        let class = one.class().map_or_else(String::new, |class| format!(", class `{class}`"));
        format!("the template asks for {asked}{class}")
    };
    let contrast = there.iter().any(|claim| differs(one, claim)).then(template);
    let finding = RULE.at(one.document, one.at.at("metadata.name").unwrap_or(one.at), message);
    let lines = there.iter().take(10).map(|claim| line(all, claim));
    let finding = lines.chain(contrast).fold(finding, Finding::evidence);
    finding.because(
        "a set takes claims of the right name as they are, with size, class and data; its template is not looked at",
    )
}

fn line(all: &Manifests, claim: &Claim) -> String {
    let going = if claim.meta.deleting.is_some() { ", being deleted" } else { "" };
    let class = match claim.class.as_deref() {
        None | Some("") => "no class".to_owned(),
        Some(class) if claim.volume_name.is_none() && is_nowhere(all, class) => {
            format!("class `{class}`, which does not exist")
        }
        Some(class) => format!("class `{class}`"),
    };
    format!("claim `{}`, {}, {class}, {}{going}", claim.meta.name, claim.size(), claim.phase.as_str())
}

/// Of volumes made by hand a class is a word alone, and no object.
fn is_nowhere(all: &Manifests, class: &str) -> bool {
    let volumes = all.beyond.iter().filter_map(|beyond| beyond.volumes.as_ref()).flatten();
    let is_written = all.of_kind(Kind::Volume).any(|volume| volume.text("spec.storageClassName") == class);
    all.has_class(class) == Some(false) && !is_written && !volumes.into_iter().any(|volume| volume.class == class)
}

fn differs(one: &Wanted<'_>, claim: &Claim) -> bool {
    let asked = one.size().and_then(Placed::text).unwrap_or_default();
    Quantity::parse(asked).ok() != Quantity::parse(&claim.requested).ok()
        || one.class().is_some_and(|class| claim.class.as_deref() != Some(class))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    use crate::diagnosis::samples::{SOUND, beyond, fires_beyond, silent, silent_beyond};
    use crate::facts::samples::{claim, set};

    fn earlier() -> Vec<Value> {
        (0..2).map(|ordinal| claim("data", "web", ordinal, "a")[0].clone()).collect()
    }

    #[test]
    fn claims_of_an_earlier_set_are_told_with_the_template() {
        let found = fires_beyond(&RULE, SOUND, beyond(&earlier()));
        assert_eq!(found[0].message, "2 claims of these exist: their members start with the data in them");
        let told = ["claim `data-web-0`, 10Gi, class `standard`, Bound", "the template asks for 1Gi"];
        assert_eq!([found[0].evidence[0].as_str(), found[0].evidence[2].as_str()], told);
        assert_eq!(found[0].spot.as_ref().unwrap().line, 33);
    }

    #[test]
    fn claims_without_a_volume_hold_nothing_and_one_of_a_class_that_is_none_is_told() {
        let mut pending = earlier();
        for claim in &mut pending {
            claim["spec"]["volumeName"] = Value::Null;
            claim["status"] = serde_json::json!({"phase": "Pending"});
        }
        let found = fires_beyond(&RULE, SOUND, beyond(&pending));
        assert_eq!(found[0].message, "2 claims of these exist, and have no volume yet");
        assert_eq!(found[0].evidence[0], "claim `data-web-0`, 10Gi, class `standard`, which does not exist, Pending");
        let mut one = pending.clone();
        one[0] = earlier().remove(0);
        let both = fires_beyond(&RULE, SOUND, beyond(&one));
        let messages: Vec<&str> = both.iter().map(|finding| finding.message.as_str()).collect();
        let data = "1 claim of these exists: its member starts with the data in it";
        assert_eq!(messages, [data, "1 claim of these exists, and has no volume yet"]);
        let mut word = pending.clone();
        word.push(claim("data", "other", 0, "a")[1].clone());
        let found = fires_beyond(&RULE, SOUND, beyond(&word));
        assert_eq!(found[0].evidence[0], "claim `data-web-0`, 10Gi, class `standard`, Pending");
        pending.push(crate::facts::samples::class("standard", "p"));
        let found = fires_beyond(&RULE, SOUND, beyond(&pending));
        assert_eq!(found[0].evidence[0], "claim `data-web-0`, 10Gi, class `standard`, Pending");
    }

    #[test]
    fn claims_of_a_set_that_is_there_and_others_are_not() {
        let mut objects = earlier();
        objects.push(set("web", 2));
        silent_beyond(&RULE, SOUND, beyond(&objects));
        silent_beyond(&RULE, SOUND, beyond(&[claim("data", "webb", 0, "a")[0].clone()]));
        silent(&RULE, SOUND);
    }
}

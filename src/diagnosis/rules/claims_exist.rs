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
    let adopted = |one: &Wanted<'_>| {
        // A set that is there has claims, of course.
        let new = all.seen("StatefulSet", one.document.namespace(), one.document.name()) == Seen::Absent;
        if one.document.kind != Kind::StatefulSet || !new {
            return None;
        }
        let there: Vec<&Claim> = expected
            .iter()
            .filter_map(|other| match &other.fate {
                Fate::Exists(claim) if std::ptr::eq(other.wanted, one) => Some(*claim),
                Fate::Exists(_) | Fate::Binds | Fate::FirstUse | Fate::NoClass | Fate::Nothing(_) => None,
            })
            .collect();
        let message = match there.as_slice() {
            [] => return None,
            [_] => "1 claim of these exists: its member starts with the data in it".to_owned(),
            several => format!("{} claims of these exist: their members start with the data in them", several.len()),
        };
        let line = |claim: &&Claim| {
            let going = if claim.meta.deleting.is_some() { ", being deleted" } else { "" };
            let class = match claim.class.as_deref() {
                None | Some("") => "no class".to_owned(),
                Some(class) => format!("class `{class}`"),
            };
            format!("claim `{}`, {}, {class}, {}{going}", claim.meta.name, claim.size(), claim.phase.as_str())
        };
        let asked = one.size().and_then(Placed::text).unwrap_or_default();
        let differs = |claim: &&Claim| {
            Quantity::parse(asked).ok() != Quantity::parse(&claim.requested).ok()
                || one.class().is_some_and(|class| claim.class.as_deref() != Some(class))
        };
        let template = || {
            let class = one.class().map_or_else(String::new, |class| format!(", class `{class}`"));
            format!("the template asks for {asked}{class}")
        };
        let contrast = there.iter().any(differs).then(template);
        let place = one.at.at("metadata.name").unwrap_or(one.at);
        let finding = RULE.at(one.document, place, message);
        Some(
            there
                .iter()
                .take(10)
                .map(line)
                .chain(contrast)
                .fold(finding, Finding::evidence)
                .because("a set takes claims of the right name as they are, with size, class and data; its template is not looked at")
                .remedy("if the data is meant, all is well; else choose another name for the set, or delete the claims by name after a look at what they hold"),
        )
    };
    claims.iter().filter_map(adopted).collect()
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
    fn claims_of_a_set_that_is_there_and_others_are_not() {
        let mut objects = earlier();
        objects.push(set("web", 2));
        silent_beyond(&RULE, SOUND, beyond(&objects));
        silent_beyond(&RULE, SOUND, beyond(&[claim("data", "webb", 0, "a")[0].clone()]));
        silent(&RULE, SOUND);
    }
}

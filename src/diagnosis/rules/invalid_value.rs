//! A text or number of the right type that the field cannot be.

use std::net::IpAddr;

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::form::Fault;
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::words::quoted;
use crate::objects::nearest::{nearest, shortened};
use crate::objects::placed::Placed;
use crate::objects::size;

pub static RULE: Rule = Rule {
    code: "invalid-value",
    severity: Severity::Error,
    sources: &["S1-e6"],
    summary: "a field cannot have this value",
    page: include_str!("../../../docs/explain/invalid-value.md"),
    checks: &[Check::Form(invalid), Check::Files(addresses)],
};

/// Short forms that kubectl prints and the server does not take.
const SHORT: [(&str, &str); 4] =
    [("RWO", "ReadWriteOnce"), ("ROX", "ReadOnlyMany"), ("RWX", "ReadWriteMany"), ("RWOP", "ReadWriteOncePod")];

fn invalid(document: &Document, fault: &Fault<'_>) -> Option<Finding> {
    let (path, value, why, remedy) = match fault {
        Fault::OtherText { path, value, allowed } => {
            let text = value.text()?;
            let short = SHORT.iter().find(|(short, _)| *short == text).map(|(_, long)| *long);
            let same = allowed.iter().map(String::as_str).find(|known| known.eq_ignore_ascii_case(text));
            let meant = short.or(same).or_else(|| nearest(text, allowed.iter().map(String::as_str)));
            let meant = meant.map(|meant| format!("did you mean `{meant}`?"));
            let known = format!("there are {}", quoted(*allowed));
            (path, value, known.clone(), meant.unwrap_or_else(|| format!("write one of {}", quoted(*allowed))))
        }
        Fault::NoAmount { path, value } => {
            let why = "an amount is a number and a suffix: n u m k M G T P E, or Ki Mi Gi Ti Pi Ei".to_owned();
            let remedy = size::advice(value.text()?).unwrap_or_else(|| "write it as in `10Gi` or `500m`".to_owned());
            (path, value, why, remedy)
        }
        Fault::TooLarge { path, value } => {
            let why = format!("the largest number that it can be is {}", i32::MAX);
            (path, value, why, "write a smaller number".to_owned())
        }
        Fault::Unknown { .. } | Fault::Mistyped { .. } | Fault::NoBytes { .. } => return None,
    };
    Some(RULE.at(document, value, format!("`{path}` cannot be {}", shown(document, value))).because(why).remedy(remedy))
}

/// The address of a Service: the word `None`, or an address.
fn addresses(all: &Manifests) -> Vec<Finding> {
    let wrong = |service: &Document| {
        let value = service.at("spec.clusterIP")?;
        let text = value.text().filter(|text| !["", "None"].contains(text) && text.parse::<IpAddr>().is_err())?;
        let meant = nearest(&text.to_lowercase(), std::iter::once("none")).is_some();
        let remedy =
            if meant { "did you mean `None`?" } else { "write `None` for a headless Service, or leave the field out" };
        let message = format!("`spec.clusterIP` cannot be {}", shown(service, value));
        Some(RULE.at(service, value, message).because("it is `None` or an address of the cluster").remedy(remedy))
    };
    all.of_kind(Kind::Service).filter_map(wrong).collect()
}

/// Values of a Secret are never shown.
fn shown(document: &Document, value: &Placed) -> String {
    match value.text() {
        _ if document.hidden => "that".to_owned(),
        Some(text) => format!("`{}`", shortened(text)),
        None => format!("`{}`", value.to_value()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    fn told(good: &str, bad: &str) -> (String, String) {
        assert!(SOUND.contains(good), "{good}");
        let text = SOUND.replacen(good, bad, 1);
        let [said] = <[String; 1]>::try_from(fires(&RULE, &text)).unwrap();
        (said, found(&RULE, &text)[0].remedy.clone())
    }

    #[test]
    fn an_address_that_is_none_is_found() {
        let (said, remedy) = told("clusterIP: None", "clusterIP: none");
        assert!(said.ends_with("`spec.clusterIP` cannot be `none`"), "{said}");
        assert_eq!(remedy, "did you mean `None`?");
        for good in ["10.0.0.7", "fd00::7", "''"] {
            silent(&RULE, &SOUND.replace("clusterIP: None", &format!("clusterIP: '{good}'").replace("''''", "''")));
        }
    }

    #[test]
    fn a_word_that_is_none_of_those_is_found_with_the_one_that_was_meant() {
        let (said, remedy) = told("[ReadWriteOnce]", "[ReadwriteOnce]");
        assert_eq!(said, "35:21 `spec.volumeClaimTemplates[0].spec.accessModes[0]` cannot be `ReadwriteOnce`");
        assert_eq!(remedy, "did you mean `ReadWriteOnce`?");
        assert_eq!(told("[ReadWriteOnce]", "[RWX]").1, "did you mean `ReadWriteMany`?");
        let (said, _) = told("  replicas: 3", "  replicas: 3\n  podManagementPolicy: parallel");
        assert!(said.ends_with("`spec.podManagementPolicy` cannot be `parallel`"), "{said}");
        assert_eq!(told("port: 80}", "port: 80, protocol: tcp}").1, "did you mean `TCP`?");
    }

    #[test]
    fn an_amount_that_is_none_is_found_with_both_readings() {
        let (said, remedy) = told("storage: 1Gi", "storage: 1GB");
        assert_eq!(said, "38:20 `spec.volumeClaimTemplates[0].spec.resources.requests.storage` cannot be `1GB`");
        assert_eq!(remedy, "write `1G` (1,000,000,000 bytes) or `1Gi` (1,073,741,824 bytes)");
        assert_eq!(told("storage: 1Gi", "storage: lots").1, "write it as in `10Gi` or `500m`");
        assert!(told("replicas: 3", "replicas: 3000000000").0.contains("cannot be `3000000000`"));
    }

    #[test]
    fn every_spelling_that_the_server_takes_is_fine() {
        silent(&RULE, SOUND);
        for amount in ["1e3", "0.5Gi", "+1", "1000", "128974848", "5E"] {
            silent(&RULE, &SOUND.replace("storage: 1Gi", &format!("storage: {amount}")));
        }
        silent(&RULE, &SOUND.replace("  replicas: 3", "  podManagementPolicy: ''\n  replicas: 3"));
        silent(&RULE, &SOUND.replace("storage: 1Gi", "storage: ${SIZE}"));
    }
}

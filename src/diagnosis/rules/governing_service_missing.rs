//! No Service of the input has the name that the set wants.

use crate::diagnosis::beyond::Seen;
use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words::quoted;
use crate::facts::overview::ServiceState;

pub static RULE: Rule = Rule {
    code: "governing-service-missing",
    severity: Severity::Warning,
    sources: &["S1-e8", "SS-08"],
    summary: "none of the Services is the one that a set names",
    page: include_str!("../../../docs/explain/governing-service-missing.md"),
    checks: &[Check::Files(check), Check::Live(live)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let lost = |set: &Document| {
        let name = set.at("spec.serviceName")?;
        if all.find(Kind::Service, set.namespace(), name.text()?).is_some() {
            return None;
        }
        let here: Vec<&str> = all
            .of_kind(Kind::Service)
            .filter(|service| service.namespace() == set.namespace())
            .map(Document::name)
            .collect();
        let called = name.text().filter(|name| !name.is_empty() && !here.contains(name))?;
        if all.may_hide("Service", called) {
            return None;
        }
        let mut namesakes = all.of_kind(Kind::Service).filter(|other| other.name() == called).map(Document::namespace);
        // Without a cluster nobody knows where what names no namespace goes.
        let is_known = |namespace: &str| all.beyond.is_some() || !namespace.is_empty();
        let elsewhere = namesakes.find(|other| {
            is_known(other) && is_known(set.namespace()) && all.resolved(other) != all.resolved(set.namespace())
        });
        let looked = match all.seen("Service", set.namespace(), called) {
            Seen::There(_) => return None,
            Seen::Absent => true,
            // Without any Service here it may well be on the cluster.
            Seen::Unknown if here.is_empty() && elsewhere.is_none() => return None,
            Seen::Unknown => false,
        };
        let place = if looked { "here or on the cluster" } else { "among these" };
        let finding = RULE.at(set, name, format!("there is no Service `{called}` {place}"));
        let finding = if here.is_empty() { finding } else { finding.evidence(format!("there are {}", quoted(here))) };
        let finding = match elsewhere {
            Some("") => finding
                .evidence(format!("there is a Service `{called}` without a namespace, and {} has one", set.title())),
            Some(other) => finding.evidence(format!(
                "there is a Service `{called}` in namespace `{other}`; one of the set's own namespace is needed"
            )),
            None => finding,
        };
        Some(
            finding
                .because("without it the pods have no DNS names; the server does not check that it exists")
                .remedy("give the set the name of its headless Service, or add one of this name"),
        )
    };
    all.of_kind(Kind::StatefulSet).filter_map(lost).collect()
}

fn live(sight: &Sight<'_>) -> Vec<Finding> {
    let ServiceState::Missing(name) = &sight.overview.service else { return Vec::new() };
    let set = sight.set();
    // A headless Service leads to the pods whatever its ports are, but has to have one here.
    let ports = if set.ports.is_empty() { vec!["80".to_owned()] } else { set.ports.clone() };
    let finding = RULE
        .of_set(sight, format!("Service `{name}` does not exist, so the pods have no DNS names"))
        .because("the set names it, and the server does not check that it exists");
    let others = sight.scene.sets.iter().filter(|other| {
        other.meta.name != set.meta.name && other.service_name.as_ref() == Some(name) && other.selector != set.selector
    });
    let others: Vec<String> = others.map(|other| format!("StatefulSet/{} names it too", other.meta.name)).collect();
    if others.is_empty() {
        let command = Command::create_service(sight.namespace(), name, &set.selector, &ports);
        return vec![finding.remedy("make a headless Service of this name").command(command)];
    }
    // Made for one of them it would lead to no pod of the others.
    let remedy = "make a headless Service of this name with a selector that fits the pods of all these sets, or make them again with \
                  a Service each";
    vec![others.into_iter().fold(finding.remedy(remedy), Finding::evidence)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{
        Broken, SOUND, beyond, calm, fires, fires_beyond, found, silent, silent_beyond, tells,
    };
    use crate::facts::samples::{service, set};

    #[test]
    fn a_set_that_names_another_service_is_found() {
        assert_eq!(
            fires(&RULE, &SOUND.replace("serviceName: web", "serviceName: wbe")),
            ["16:16 there is no Service `wbe` among these"]
        );
    }

    #[test]
    fn a_service_of_another_namespace_is_named() {
        let text = SOUND.replacen("name: web\n", "name: web\n  namespace: db\n", 1);
        silent(&RULE, &text);
        let text =
            text.replacen("name: web\nspec:\n  serviceName", "name: web\n  namespace: own\nspec:\n  serviceName", 1);
        assert_eq!(fires(&RULE, &text), ["18:16 there is no Service `web` among these"]);
        let evidence = &found(&RULE, &text)[0].evidence;
        assert_eq!(evidence, &["there is a Service `web` in namespace `db`; one of the set's own namespace is needed"]);
    }

    #[test]
    fn a_set_alone_may_have_its_service_elsewhere() {
        silent(&RULE, SOUND);
        silent(&RULE, SOUND.split_once("---\n").unwrap().1);
    }

    #[test]
    fn a_service_of_the_cluster_governs_and_without_one_that_is_told() {
        let alone = SOUND.split_once("---\n").unwrap().1;
        let found = fires_beyond(&RULE, alone, beyond(&[]));
        assert_eq!(found[0].message, "there is no Service `web` here or on the cluster");
        silent_beyond(&RULE, alone, beyond(&[service("web")]));
    }

    #[test]
    fn a_live_set_without_its_service_is_told() {
        let mut broken = Broken::new();
        calm(&RULE, &broken);
        broken.service["metadata"]["name"] = json!("other");
        assert_eq!(tells(&RULE, &broken), ["Service `web` does not exist, so the pods have no DNS names"]);
        let typed = |broken: &Broken| broken.findings(&RULE).remove(0).command.unwrap().words.join(" ");
        assert_eq!(typed(&broken), "create service web --port 80");
        let mut other = set("db", 1);
        (other["spec"]["serviceName"], other["spec"]["selector"]) =
            (json!("web"), json!({"matchLabels": {"app": "db"}}));
        broken.more.push(other);
        let shared = broken.findings(&RULE).remove(0);
        assert_eq!((shared.command, shared.evidence), (None, vec!["StatefulSet/db names it too".to_owned()]));
        broken.more.pop();
        broken.set["spec"]["selector"] = json!({"matchLabels": {"app": "web"}});
        let ports = json!([{"containerPort": 5984, "name": "db"}, {"containerPort": 9100}]);
        broken.set["spec"]["template"]["spec"]["containers"] = json!([{"name": "app", "ports": ports}]);
        assert_eq!(typed(&broken), "create service web --port db:5984 --port port-9100:9100 --selector app=web");
        broken.hidden.push("Service");
        calm(&RULE, &broken);
    }
}

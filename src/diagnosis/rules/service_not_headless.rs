//! The governing Service of a set has an address of its own.

use crate::diagnosis::beyond::Seen;
use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::overview::ServiceState;
use crate::facts::service::Service;
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "service-not-headless",
    severity: Severity::Warning,
    sources: &["S1-e7", "S3-e5"],
    summary: "the Service of a set is not headless",
    page: include_str!("../../../docs/explain/service-not-headless.md"),
    checks: &[Check::Files(check), Check::Live(live)],
};

const BECAUSE: &str = "its name leads to one address instead of to the pods; names of single pods are only promised for headless Services";

fn check(all: &Manifests) -> Vec<Finding> {
    let governed = |set: &Document| {
        addressed(all.find(Kind::Service, set.namespace(), set.text("spec.serviceName"))?, &set.title())
    };
    let sets = || all.of_kind(Kind::StatefulSet);
    let of_live_sets = all.of_kind(Kind::Service).filter_map(|service| of_a_live_set(all, service));
    let of_sets = sets().filter_map(governed).chain(sets().filter_map(|set| on_the_cluster(all, set)));
    of_sets.chain(of_live_sets).collect()
}

fn addressed(service: &Document, governs: &str) -> Option<Finding> {
    let address = service.at("spec.clusterIP");
    if address.and_then(Placed::text) == Some("None") {
        return None;
    }
    let message = format!("it governs {governs} and is not headless");
    let finding = match address.or_else(|| service.at("spec.type")) {
        Some(value) => RULE.at(service, value, message),
        None => RULE.on(service, message),
    };
    Some(
        finding
            .because(
                "its name leads to one address of its own instead of to the pods; names of single pods are only \
                 promised for headless Services, and an existing Service cannot be made headless",
            )
            .remedy("write `clusterIP: None` here, and add a second Service with another name for clients"),
    )
}

/// A set of the cluster waits for this Service. One that exists already keeps its address.
fn of_a_live_set(all: &Manifests, service: &Document) -> Option<Finding> {
    if all.seen("Service", service.namespace(), service.name()) != Seen::Absent {
        return None;
    }
    let mut makers = all.makers(service.namespace());
    let set = makers.find(|maker| maker.is_live() && maker.is_governed_by(service.name()))?;
    addressed(service, &set.title())
}

/// The Service is none of the input, but the cluster has it.
fn on_the_cluster(all: &Manifests, set: &Document) -> Option<Finding> {
    let name = set.at("spec.serviceName")?;
    let Seen::There(service) = all.seen("Service", set.namespace(), name.text()?) else { return None };
    if Service::read(service)?.headless {
        return None;
    }
    Some(
        RULE.at(set, name, format!("Service `{}` of the cluster is not headless", name.text()?))
            .because(BECAUSE)
            .remedy(
                "name a headless Service here, and bring it with the set; an existing Service cannot be made headless",
            ),
    )
}

fn live(sight: &Sight<'_>) -> Vec<Finding> {
    let ServiceState::NotHeadless(name) = &sight.overview.service else { return Vec::new() };
    vec![
        RULE.of_set(sight, format!("Service `{name}` is not headless, so the pods have no DNS names"))
            .about(format!("Service/{name}"))
            .because(BECAUSE)
            .remedy("delete the Service and make it anew with `clusterIP: None`; clients get a second one with another name")
            .command(Command::describe(Some(sight.namespace()), "service", name)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, SOUND, beyond, calm, fires, fires_beyond, silent, silent_beyond, tells};
    use crate::facts::samples::{service, set};

    #[test]
    fn a_governing_service_with_an_address_is_found() {
        let text = SOUND.replace("  clusterIP: None\n", "");
        assert_eq!(fires(&RULE, &text), ["2:1 it governs StatefulSet/web and is not headless"]);
        let text = SOUND.replace("clusterIP: None", "type: NodePort");
        assert_eq!(fires(&RULE, &text), ["6:9 it governs StatefulSet/web and is not headless"]);
    }

    #[test]
    fn a_second_service_for_clients_may_have_one() {
        silent(
            &RULE,
            &format!(
                "{SOUND}---\napiVersion: v1\nkind: Service\nmetadata: {{name: web-client}}\nspec: {{selector: {{app: web}}}}\n"
            ),
        );
    }

    #[test]
    fn one_of_the_cluster_is_told_at_the_set_that_names_it() {
        let alone = SOUND.split_once("---\n").unwrap().1;
        let mut addressed = service("web");
        silent_beyond(&RULE, alone, beyond(&[addressed.clone()]));
        addressed["spec"]["clusterIP"] = json!("10.0.0.1");
        let found = fires_beyond(&RULE, alone, beyond(&[addressed]));
        assert_eq!(found[0].message, "Service `web` of the cluster is not headless");
    }

    #[test]
    fn one_that_a_set_of_the_cluster_waits_for_is_told_unless_it_exists() {
        let alone = SOUND.split_once("---\n").unwrap().0;
        let addressed = alone.replace("  clusterIP: None\n", "");
        let told = fires_beyond(&RULE, &addressed, beyond(&[set("web", 1)]));
        assert_eq!(told[0].message, "it governs StatefulSet/web of the cluster and is not headless");
        silent_beyond(&RULE, alone, beyond(&[set("web", 1)]));
        silent_beyond(&RULE, &addressed, beyond(&[set("web", 1), service("web")]));
        silent_beyond(&RULE, &addressed, beyond(&[set("db", 1)]));
    }

    #[test]
    fn a_live_one_is_told_and_a_headless_one_is_not() {
        let mut broken = Broken::new();
        calm(&RULE, &broken);
        broken.service["spec"]["clusterIP"] = json!("10.0.0.1");
        assert_eq!(tells(&RULE, &broken), ["Service `web` is not headless, so the pods have no DNS names"]);
    }
}

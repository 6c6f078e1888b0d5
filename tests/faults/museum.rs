//! Faults that were found in operators and in Kubernetes itself, each under its
//! upstream number. Their common root: a claim, or a set, is chosen by name or
//! label from an old view. The careless way breaks a rule in each; the program,
//! put in the same place, breaks none, whichever of its reads is the old one.

use kubectl_stateful::simulator::controllers::Dependents;
use kubectl_stateful::simulator::faults::{Disturbance, Fault, Point, Rival, Schedule, Strike};
use kubectl_stateful::simulator::oracles::{Rule, Secrets, Watcher};

use crate::naive;
use crate::program::{Later, Program, disk};
use crate::stage::{SET, Stage};

fn rival(act: Rival) -> Fault {
    Fault::Meanwhile(Disturbance::Rival { namespace: "default".to_owned(), act })
}

fn up(stage: &Stage) {
    stage.simulator.disturb(&Disturbance::Rival {
        namespace: "default".to_owned(),
        act: Rival::ScaleUp { set: "web".to_owned() },
    });
    stage.rest();
}

fn down(stage: &Stage) {
    stage.simulator.disturb(&Disturbance::Rival {
        namespace: "default".to_owned(),
        act: Rival::ScaleDown { set: "web".to_owned() },
    });
    stage.rest();
}

/// The program takes the last member away from this cluster, with this wrong at
/// each of its requests, one after the other, and at all of them.
fn ours_passes(stage: &Stage, fault: &Fault) {
    let members = stage.get(SET)["spec"]["replicas"].as_i64().unwrap_or(0);
    let program = Program::scale_down(members - 1, "retire");
    let plan = program.plan(stage).unwrap();
    let mut confirmed = stage.plan(u32::try_from(members - 1).unwrap());
    confirmed.ours.insert("kubectl-stateful".to_owned());
    confirmed.made.insert(("Lease".to_owned(), "default".to_owned(), "stateful-web".to_owned()));
    let strike = |number| Strike { at: Point::Request(number), fault: fault.clone() };
    // Every third in a test run: those that follow one another are much alike.
    let step = if std::env::var_os("KUBECTL_STATEFUL_RANDOM").is_some() { 1 } else { 3 };
    let mut at = (0..).step_by(step);
    let mut whole = 200;
    while let Some(number) = at.next().filter(|number| *number <= whole) {
        let stage = stage.fork();
        let struck = if number == 0 { (1..=whole).map(strike).collect() } else { vec![strike(number)] };
        let faults = stage.faults(Schedule(struck));
        let watcher = Watcher::on(&stage.simulator, confirmed.clone()).following(&faults);
        let folder = disk();
        let begun = program.begin(&stage, &|| faults.client(&stage.simulator), folder.path(), &plan);
        if number > 0 {
            whole = whole.min(faults.length().requests);
        }
        faults.stop();
        if begun.is_err() {
            let _ = program.later(&stage, &|| faults.client(&stage.simulator), folder.path(), &plan.run, Later::Resume);
        }
        stage.rest();
        let found = watcher.found();
        assert!(found.is_empty(), "request {number}: {begun:?} {found:#?}");
    }
}

/// Commits since a moment, to go back that far.
fn revision(stage: &Stage) -> u64 {
    stage.get(&format!("{}?limit=1", crate::stage::PODS))["metadata"]["resourceVersion"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap()
}

#[test]
fn cassandra_operator_402_a_claim_whose_pod_the_old_list_does_not_show() {
    let stage = Stage::new(3);
    let plan = stage.plan(2);
    let before = revision(&Stage::new(3));
    down(&stage);
    let shrunk = revision(&stage);
    up(&stage);
    let back = revision(&stage) - shrunk;
    assert!(shrunk > before);
    ours_passes(&stage, &Fault::Stale(back));
    let faults = stage.faults(Schedule::one(Point::Request(1), Fault::Stale(back)));
    let (_, rules) = stage.judged(plan, &faults, naive::clean_up);
    assert!(rules.contains(&Rule::DoomedClaim) && rules.contains(&Rule::Identity), "{rules:?}");
}

#[test]
fn cassandra_operator_407_scaled_down_and_up_and_restarted_with_an_old_view() {
    let stage = Stage::new(3);
    let plan = stage.plan(2);
    down(&stage);
    let shrunk = revision(&stage);
    up(&stage);
    let back = revision(&stage) - shrunk;
    ours_passes(&stage, &Fault::Stale(back));
    // The new instance reads everything from the same old cache.
    let strikes = (1..=2).map(|number| Strike { at: Point::Request(number), fault: Fault::Stale(back) });
    let faults = stage.faults(Schedule(strikes.collect()));
    let (_, rules) = stage.judged(plan, &faults, naive::clean_up);
    assert!(rules.contains(&Rule::DoomedClaim), "{rules:?}");
}

#[test]
fn cass_operator_118_a_new_application_of_the_same_name_is_taken_for_the_one_that_ended() {
    let stage = Stage::new(2);
    let plan = stage.plan(1);
    stage.simulator.disturb(&Disturbance::Rival {
        namespace: "default".to_owned(),
        act: Rival::DeleteSet { set: "web".to_owned(), how: Dependents::Foreground },
    });
    let ending = revision(&stage);
    stage.rest();
    let again = Stage::new(2).get(SET);
    stage
        .play(|hands| async move {
            let mut set = again;
            set["metadata"] = serde_json::json!({"name": "web"});
            hands.post("/apis/apps/v1/namespaces/default/statefulsets", &set).await
        })
        .unwrap();
    stage.rest();
    let back = revision(&stage) - ending;
    ours_passes(&stage, &Fault::Stale(back));
    let faults = stage.faults(Schedule::one(Point::Request(1), Fault::Stale(back)));
    let (_, rules) = stage.judged(plan, &faults, naive::finalize);
    assert!(rules.contains(&Rule::DoomedClaim) && rules.contains(&Rule::Surprise), "{rules:?}");
}

#[test]
fn casskop_316_a_decommission_goes_on_after_somebody_scaled_up_again() {
    let stage = Stage::new(3);
    let plan = stage.plan(2);
    down(&stage);
    up(&stage);
    ours_passes(&stage, &rival(Rival::ScaleUp { set: "web".to_owned() }));
    // What it decided before its restart is what it does after it.
    let faults = stage.faults(Schedule::default());
    let (_, rules) = stage.judged(plan, &faults, |hands| naive::clean_up_beyond(hands, 2));
    assert!(rules.contains(&Rule::DoomedClaim), "{rules:?}");
}

#[test]
fn zookeeper_operator_312_a_deletion_that_is_over_is_seen_once_more() {
    let stage = Stage::new(2);
    let plan = stage.plan(1);
    stage.simulator.disturb(&Disturbance::Rival {
        namespace: "default".to_owned(),
        act: Rival::DeleteSet { set: "web".to_owned(), how: Dependents::Background },
    });
    stage.rest();
    let gone = revision(&stage);
    let again = Stage::new(2).get(SET);
    stage
        .play(|hands| async move {
            let mut set = again;
            set["metadata"] = serde_json::json!({"name": "web"});
            hands.post("/apis/apps/v1/namespaces/default/statefulsets", &set).await
        })
        .unwrap();
    stage.rest();
    let back = revision(&stage) - gone;
    ours_passes(&stage, &Fault::Stale(back));
    let faults = stage.faults(Schedule::one(Point::Request(1), Fault::Stale(back)));
    let (_, rules) = stage.judged(plan, &faults, naive::finalize);
    assert!(rules.contains(&Rule::DoomedClaim), "{rules:?}");
}

#[test]
fn zookeeper_operator_314_an_old_size_makes_claims_of_members_superfluous() {
    let stage = Stage::new(2);
    let small = revision(&stage);
    up(&stage);
    let plan = stage.plan(2);
    let back = revision(&stage) - small;
    ours_passes(&stage, &Fault::Stale(back));
    let faults = stage.faults(Schedule::one(Point::Request(1), Fault::Stale(back)));
    let (_, rules) = stage.judged(plan, &faults, |hands| async move {
        let size = hands.get(SET).await?["spec"]["replicas"].as_u64().unwrap_or(0);
        naive::clean_up_beyond(hands, size).await
    });
    assert!(rules.contains(&Rule::DoomedClaim), "{rules:?}");
}

#[test]
fn rabbitmq_cluster_operator_653_an_old_size_of_claims_makes_it_delete_the_set() {
    let stage = Stage::new(2);
    let before = revision(&stage);
    // The claims have been grown; the set is right again.
    stage.play(|hands| async move { naive::expand(hands, "2Gi").await }).unwrap();
    stage.rest();
    let again = Stage::new(2).get(SET);
    stage
        .play(|hands| async move {
            let mut set = again;
            set["metadata"] = serde_json::json!({"name": "web"});
            hands.post("/apis/apps/v1/namespaces/default/statefulsets", &set).await
        })
        .unwrap();
    stage.rest();
    let mut plan = stage.plan(2);
    plan.shown.clear();
    let back = revision(&stage) - before;
    ours_passes(&stage, &Fault::Stale(back));
    let faults = stage.faults(Schedule::one(Point::Request(1), Fault::Stale(back)));
    let (_, rules) = stage.judged(plan, &faults, |hands| naive::expand(hands, "2Gi"));
    assert!(rules.contains(&Rule::Surprise) && rules.contains(&Rule::Identity), "{rules:?}");
}

/// The same in kubernetes/kubernetes#89513 and #83282.
#[test]
fn kubernetes_74374_a_pod_comes_back_on_a_claim_that_is_going_away() {
    let stage = Stage::new(2);
    let plan = stage.plan(0);
    ours_passes(&stage, &rival(Rival::Evict { pod: "web-1".to_owned() }));
    let faults = stage.faults(Schedule::default());
    let (_, rules) = stage.judged(plan, &faults, |hands| naive::replace_disk(hands, 1));
    assert!(rules.contains(&Rule::DoomedClaim) && rules.contains(&Rule::DataLoss), "{rules:?}");
}

/// H-12: nobody deletes a claim by hand, and the data is gone even so.
#[test]
fn a_set_that_deletes_its_claims_while_scaling_is_scaled() {
    for (by_us, expected) in [(true, vec![Rule::DataLoss]), (false, vec![])] {
        let stage = Stage::new(2);
        let act = Rival::TurnRetention { set: "web".to_owned() };
        stage.simulator.disturb(&Disturbance::Rival { namespace: "default".to_owned(), act });
        stage.rest();
        let plan = stage.plan(1);
        let faults = stage.faults(Schedule::one(
            Point::Request(1),
            if by_us { Fault::Twice } else { rival(Rival::ScaleDown { set: "web".to_owned() }) },
        ));
        let (_, rules) = stage.judged(plan, &faults, |hands| async move {
            let set = hands.get(SET).await?;
            if by_us {
                let scale = serde_json::json!({"spec": {"replicas": 1}, "metadata": {
                    "name": "web", "namespace": "default", "uid": set["metadata"]["uid"]}});
                hands.put(&format!("{SET}/scale"), &scale).await?;
            }
            Ok::<_, kube::Error>(())
        });
        assert_eq!(rules, expected, "by us: {by_us}");
    }
}

#[test]
fn a_password_in_an_annotation_is_found_and_one_in_its_secret_is_not() {
    for (path, object, expected) in [
        ("secrets", serde_json::json!({"metadata": {"name": "a"}, "stringData": {"password": "hunter2-long"}}), vec![]),
        (
            "configmaps",
            serde_json::json!({"metadata": {"name": "a", "annotations": {"was": "user:hunter2-long"}}}),
            vec![Rule::Secrecy],
        ),
    ] {
        let stage = Stage::new(1);
        let mut plan = stage.plan(1);
        plan.secrets = Secrets::new(["hunter2-long"]);
        for kind in ["Secret", "ConfigMap"] {
            plan.made.insert((kind.to_owned(), "default".to_owned(), "a".to_owned()));
        }
        let faults = stage.faults(Schedule::default());
        let path = format!("/api/v1/namespaces/default/{path}");
        let (made, rules) = stage.judged(plan, &faults, |hands| async move { hands.post(&path, &object).await });
        made.unwrap();
        assert_eq!(rules, expected);
    }
}

#[test]
fn a_careless_scale_down_breaks_every_rule_about_data_even_when_nothing_goes_wrong() {
    let stage = Stage::new(3);
    let faults = stage.faults(Schedule::default());
    let (ended, rules) = stage.judged(stage.plan(1), &faults, |hands| naive::scale_down(hands, 1));
    ended.unwrap();
    assert_eq!(rules, [Rule::DataLoss, Rule::DoomedClaim, Rule::Identity]);

    // And touches what came in between under the same name.
    let stage = Stage::new(3);
    let plan = stage.plan(1);
    let faults = stage.faults(Schedule::one(Point::Request(2), rival(Rival::RecreateSet { set: "web".to_owned() })));
    let (_, rules) = stage.judged(plan, &faults, |hands| naive::scale_down(hands, 1));
    assert!(rules.contains(&Rule::Surprise), "{rules:?}");
}

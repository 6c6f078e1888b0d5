//! The tree of small worlds, wide and narrow, and the machine formats.

use serde_json::{Value, json};

use super::*;
use crate::facts::inventory::Inventory;
use crate::facts::overview::overviews;
use crate::facts::samples::{claim, inventory, node, now, pod, service, set, world};
use crate::facts::surroundings::UNREAD;

const UTF8: Style = Style { unicode: true, ..Style::PLAIN };

fn statuses(inventory: &Inventory) -> Statuses {
    let mut sets = overviews(inventory, now(), |_| true);
    crate::diagnosis::live::fill(&mut sets, inventory, &UNREAD, now());
    Statuses {
        namespace: Some("default".to_owned()),
        sets,
        unreadable: inventory.unreadable(),
        now: now(),
        hints: Vec::new(),
        blocking: None,
    }
}

fn drawn(objects: &[Value], style: &Style) -> String {
    tree(&statuses(&inventory(objects)), false, style)
}

#[test]
fn sets_pods_claims_and_volumes_are_one_tree_with_what_is_wrong() {
    insta::assert_snapshot!(drawn(&world(), &UTF8), @r"
    web  2/3 ready  OrderedReady  revision 7c9f  headless Service web ✓
    ├─ web-0  Ready 12d   node-a/eu-1a  data 10Gi  pvc-00000000… standard Delete
    ├─ web-1  Ready 12d   node-b/eu-1b  data 10Gi  pvc-00000001… standard Delete
    ├─ web-2  Pending 4m                data 10Gi  pvc-00000002… standard Delete
    │    ✗ volume `pvc-00000002-0000-4000-8000-000000000000` is pinned to zone eu-1c, which has no schedulable node
    │    ✗ no node for it: 0/2 nodes are available: 2 node(s) had volume node affinity conflict.
    └─ leftover claims: data-web-3, data-web-4 (2 x 10Gi, age 12d)
    ");
}

#[test]
fn the_wide_form_adds_addresses_modes_restarts_and_whole_volume_names() {
    insta::assert_snapshot!(tree(&statuses(&inventory(&world())), true, &UTF8), @r"
    web  2/3 ready  OrderedReady  revision 7c9f  headless Service web ✓
    ├─ web-0  Ready 12d   node-a/eu-1a  10.0.0.6  0 restarts  data 10Gi  pvc-00000000-0000-4000-8000-000000000000 standard Delete RWO Bound
    ├─ web-1  Ready 12d   node-b/eu-1b  10.0.0.6  0 restarts  data 10Gi  pvc-00000001-0000-4000-8000-000000000000 standard Delete RWO Bound
    ├─ web-2  Pending 4m                          0 restarts  data 10Gi  pvc-00000002-0000-4000-8000-000000000000 standard Delete RWO Bound
    │    ✗ volume `pvc-00000002-0000-4000-8000-000000000000` is pinned to zone eu-1c, which has no schedulable node
    │    ✗ no node for it: 0/2 nodes are available: 2 node(s) had volume node affinity conflict.
    └─ leftover claims: data-web-3, data-web-4 (2 x 10Gi, age 12d)
    ");
}

#[test]
fn forty_columns_stack_the_claims_and_wrap_the_problems() {
    let shown = drawn(&world(), &Style { width: Some(40), ..UTF8 });
    insta::assert_snapshot!(shown, @r"
    web  2/3 ready  OrderedReady
    │  revision 7c9f  headless Service web ✓
    ├─ web-0  Ready 12d   node-a/eu-1a
    │    data 10Gi  pvc-00000000… Delete
    ├─ web-1  Ready 12d   node-b/eu-1b
    │    data 10Gi  pvc-00000001… Delete
    ├─ web-2  Pending 4m
    │    data 10Gi  pvc-00000002… Delete
    │    ✗ volume
    │      `pvc-00000002-0000-4000-8000-000000000000`
    │      is pinned to zone eu-1c, which
    │      has no schedulable node
    │    ✗ no node for it: 0/2 nodes are
    │      available: 2 node(s) had volume
    │      node affinity conflict.
    └─ leftover claims: data-web-3,
       data-web-4 (2 x 10Gi, age 12d)
    ");
}

#[test]
fn without_unicode_the_branches_are_ascii() {
    let shown = drawn(&world(), &Style::PLAIN);
    assert!(shown.is_ascii(), "{shown}");
    insta::assert_snapshot!(shown.lines().nth(1).unwrap_or_default(), @r"|- web-0  Ready 12d   node-a/eu-1a  data 10Gi  pvc-00000000... standard Delete");
}

#[test]
fn what_could_not_be_read_is_unknown_and_never_fine() {
    let mut seen = inventory(&world());
    (seen.volumes, seen.nodes) = (None, None);
    insta::assert_snapshot!(tree(&statuses(&seen), false, &UTF8), @r"
    web  2/3 ready  OrderedReady  revision 7c9f  headless Service web ✓
    ├─ web-0  Ready 12d   node-a/unknown  data 10Gi  pvc-00000000… standard unknown
    ├─ web-1  Ready 12d   node-b/unknown  data 10Gi  pvc-00000001… standard unknown
    ├─ web-2  Pending 4m                  data 10Gi  pvc-00000002… standard unknown
    │    ✗ no node for it: 0/2 nodes are available: 2 node(s) had volume node affinity conflict.
    └─ leftover claims: data-web-3, data-web-4 (2 x 10Gi, age 12d)

    ! no right to read persistentvolumes, nodes: what depends on them is unknown
    ");
    (seen.pods, seen.claims, seen.services) = (None, None, None);
    insta::assert_snapshot!(tree(&statuses(&seen), false, &UTF8), @r"
    web  3/3 ready  OrderedReady  revision 7c9f  Service web unknown
    ├─ pods: unknown
    └─ leftover claims: unknown

    ! no right to read pods, persistentvolumeclaims, services, persistentvolumes, nodes: what depends on them is unknown
    ");
}

#[test]
fn several_templates_stand_below_each_other_and_several_sets_apart() {
    let mut other = set("db", 1);
    other["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}}, {"metadata": {"name": "wal"}}]);
    let mut all = vec![other, service("db"), pod("db", 0, "node-a"), node("node-a", "", true), set("web", 0)];
    all.extend(claim("data", "db", 0, "eu-1a"));
    all.extend(claim("wal", "db", 0, "eu-1a"));
    let mut shown = statuses(&inventory(&all));
    shown.namespace = None;
    insta::assert_snapshot!(tree(&shown, false, &UTF8), @r"
    default/db  1/1 ready  OrderedReady  revision 7c9f  headless Service db ✓
    └─ db-0  Ready 12d  node-a  data 10Gi  pvc-00000000… standard Delete
                                wal  10Gi  pvc-00000000… standard Delete
         ✗ volume `pvc-00000000-0000-4000-8000-000000000000` belongs to another claim

    default/web  0/0 ready  OrderedReady  revision 7c9f  Service web missing ✗
    └─ ✗ Service `web` does not exist, so the pods have no DNS names
    ");
}

#[test]
fn strings_from_the_cluster_can_neither_move_the_cursor_nor_fake_a_line() {
    let mut evil = pod("web", 0, "node\u{1b}[2K");
    evil["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app",
        "state": {"waiting": {"reason": "Bad\u{202e}", "message": "no\n└─ all is fine\r\u{9b}31m"}}}]});
    insta::assert_snapshot!(drawn(&[set("web", 1), service("web"), evil], &UTF8), @r"
    web  0/1 ready  OrderedReady  revision 7c9f  headless Service web ✓
    └─ web-0  Bad\u{202e} 12d  node\u{1b}[2K  data missing
         ✗ node `node\u{1b}[2K` does not exist any more
         ✗ container `app` waits: Bad\u{202e}: no └─ all is fine \u{9b}31m
         ✗ claim `data-web-0` does not exist
    ");
}

#[test]
fn colour_marks_what_is_wrong_without_moving_a_column() {
    let plain = drawn(&world(), &UTF8);
    let coloured = drawn(&world(), &Style { colour: true, ..UTF8 });
    assert_ne!(plain, coloured);
    assert_eq!(console::strip_ansi_codes(&coloured), plain);
    let narrow = drawn(&world(), &Style { colour: true, width: Some(40), ..UTF8 });
    let plain = drawn(&world(), &Style { width: Some(40), ..UTF8 });
    assert_eq!(console::strip_ansi_codes(&narrow), plain);
}

#[test]
fn names_are_one_per_line_and_an_empty_answer_is_told_as_kubectl_tells_it() {
    let mut shown = statuses(&inventory(&world()));
    assert_eq!(machine(&shown, Format::Name), "statefulset.apps/web\n");
    assert_eq!(nothing_found(&shown), None);
    shown.sets.clear();
    assert_eq!(nothing_found(&shown).unwrap(), "No resources found in default namespace.\n");
    assert_eq!(tree(&shown, false, &UTF8), "");
    shown.hints = vec!["the namespace `default` does not exist".to_owned()];
    let told = "No resources found in default namespace.\nhint: the namespace `default` does not exist\n";
    assert_eq!(nothing_found(&shown).unwrap(), told);
    shown.hints.clear();
    shown.namespace = None;
    assert_eq!(nothing_found(&shown).unwrap(), "No resources found\n");
}

#[test]
fn what_to_type_next_stands_below_all_trees_on_lines_that_are_never_broken() {
    let mut shown = statuses(&inventory(&world()));
    let command = format!("kubectl patch persistentvolume {}", "x".repeat(40));
    shown.hints = vec![command.clone()];
    let narrow = Style { width: Some(40), ..UTF8 };
    assert!(tree(&shown, false, &narrow).ends_with(&format!("\n\n→ {command}\n")));
    assert!(tree(&shown, false, &Style::PLAIN).ends_with(&format!("\n\n-> {command}\n")));
}

#[test]
fn json_and_yaml_hold_the_same_document() {
    let shown = statuses(&inventory(&world()));
    let json: Value = serde_json::from_str(&machine(&shown, Format::Json)).unwrap();
    let yaml: Value = serde_saphyr::from_str(&machine(&shown, Format::Yaml)).unwrap();
    assert_eq!(json, yaml);
    assert_eq!((&json["apiVersion"], &json["kind"]), (&json!("kubectl-stateful/v1"), &json!("Status")));
}

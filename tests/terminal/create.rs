//! `create KIND`, guided: the questions in a sensible order, no more of them
//! than needed, and wrong answers that cost nothing.

use libtest_mimic::Trial;

use crate::home::{DOWN, ENTER, Home, Step, answer, drawn, reviewed, well};
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        a_volume_is_asked_for_without_a_namespace,
        a_local_volume_without_a_node_is_asked_for_again,
        a_set_is_asked_for_from_name_to_probe,
        what_cannot_be_read_is_refused_where_it_is_typed,
        claims_that_do_not_fit_together_are_asked_for_again,
        a_claim_says_what_unset_empty_and_named_classes_mean,
        nothing_needed_is_skipped_by_enter,
        a_class_that_is_not_there_is_asked_for_again,
        claims_of_an_earlier_set_are_shown_and_asked_about,
    ]
}

/// Only these questions, in this order: what comes next is known, and so is
/// that the review comes last.
fn only(home: &Home, words: &str, steps: &[Step<'_>]) -> String {
    let mut screen = home.terminal(words);
    answer(&mut screen, steps);
    let end = well(screen);
    let asked: Vec<_> = end
        .contents
        .lines()
        .filter(|line| line.starts_with('✓') && line.contains(" · "))
        .filter_map(|line| line.trim_start_matches('✓').trim().split(" · ").next())
        .collect();
    let wanted: Vec<_> = steps.iter().map(|(question, _)| question.split(" (").next().unwrap_or(question)).collect();
    assert_eq!(asked, wanted);
    end.contents
}

fn a_volume_is_asked_for_without_a_namespace() {
    let home = Home::new();
    let steps = [
        ("Name of the volume", "disk-1\r"),
        ("Size", "5Gi\r"),
        ("What stands behind the volume", ENTER),
        ("Folder on the node", "/srv/disk-1\r"),
        ("Check of the folder", ENTER),
        ("Node", ENTER),
        ("Storage class", ENTER),
        ("When its claim is gone", ENTER),
        ("Apply to sandbox?", ENTER),
    ];
    let screen = only(&home, "create pv", &steps);
    assert!(screen.contains("  PersistentVolume/disk-1   new         5Gi at /srv/disk-1"), "{screen}");
    assert!(screen.contains("create pv --sandbox disk-1 --size 5Gi --host-path /srv/disk-1 --yes"), "{screen}");
    let spec = home.object("PersistentVolume", "disk-1")["spec"].clone();
    assert_eq!(spec["persistentVolumeReclaimPolicy"], "Retain");
    assert_eq!(spec["hostPath"]["type"], "Directory");
    assert!(spec.get("storageClassName").is_none_or(|class| class == ""), "{spec}");
}

fn a_local_volume_without_a_node_is_asked_for_again() {
    let home = Home::new();
    let mut screen = home.terminal("create pv disk-1 --size 5Gi");
    answer(&mut screen, &[("What stands behind", &format!("{DOWN}{DOWN}{ENTER}")), ("Path on the node", "/dev/sdb\r")]);
    answer(&mut screen, &[("Node", ENTER), ("Storage class", ENTER), ("When its claim is gone", ENTER)]);
    screen.shows("! `--node`: a local volume belongs to one node; name it");
    answer(&mut screen, &[("Node", &format!("{DOWN}{ENTER}"))]);
    let review = reviewed(&screen);
    assert!(review.contains("✓ Node · node-a"), "{review}");
    screen.press(ENTER);
    well(screen);
}

const SET: [Step<'static>; 10] = [
    ("Name of the set", "db\r"),
    ("Namespace", ENTER),
    ("Image", "mysql:8\r"),
    ("Replicas (1)", ENTER),
    ("Volume for each pod (optional)", ENTER),
    ("Port (optional)", ENTER),
    ("Headless Service (optional)", ENTER),
    ("Environment variable (optional)", ENTER),
    ("Variable from a Secret (optional)", ENTER),
    ("Readiness probe (optional)", ENTER),
];

/// Ctrl-U empties the line.
const CLEAR: &str = "\x15";

fn a_set_is_asked_for_from_name_to_probe() {
    let home = Home::new();
    let mut steps = SET.to_vec();
    steps.push(("Apply to sandbox/default?", ENTER));
    let screen = only(&home, "create statefulset", &steps);
    assert!(screen.contains("✓ pod db-0 ready"), "{screen}");
    let again = "create statefulset --sandbox db --namespace default --image mysql:8 --yes";
    assert!(screen.contains(again), "{screen}");
}

fn what_cannot_be_read_is_refused_where_it_is_typed() {
    const WRONG: [(&str, &str, &str); 6] = [
        ("Image", "my sql", "must be the name of an image, without spaces"),
        ("Volume for each pod (optional)", "data", "write NAME:SIZE:MOUNTPATH or NAME:SIZE:CLASS:MOUNTPATH"),
        ("Port (optional)", "mysql:70000", "a port is a number from 1 to 65535"),
        ("Environment variable (optional)", "1=a", "`1`"),
        ("Variable from a Secret (optional)", "PASSWORD=db", "write VARIABLE=NAME/KEY"),
        ("Readiness probe (optional)", "3306", "must be tcp:PORT, http:PORT/PATH, exec:COMMAND or none"),
    ];
    let home = Home::new();
    let mut screen = home.terminal("create statefulset");
    for (question, keys) in SET {
        for (_, typed, reason) in WRONG.iter().filter(|(at, ..)| *at == question) {
            answer(&mut screen, &[(question, &format!("{typed}\r"))]);
            screen.shows(reason);
            screen.press(CLEAR);
            screen.hides(reason);
        }
        answer(&mut screen, &[(question, keys)]);
    }
    assert!(reviewed(&screen).contains("1 × mysql:8"));
    screen.press(ENTER);
    well(screen);
}

fn claims_that_do_not_fit_together_are_asked_for_again() {
    let home = Home::new();
    let mut screen = home.terminal("create statefulset");
    answer(&mut screen, &SET[..4]);
    answer(&mut screen, &[("Volume for each pod (optional)", "data:1Gi:/a\r")]);
    answer(&mut screen, &[("Volume for each pod, next", "data:1Gi:/b\r")]);
    answer(
        &mut screen,
        &[("✓ Volume for each pod, next (Enter: no more) · data:1Gi:/b\n? Volume for each pod, next", ENTER)],
    );
    answer(&mut screen, &SET[5..]);
    screen.shows("! `--claim`: `data` is there twice");
    answer(&mut screen, &[("Volume for each pod (Enter: data", "data:2Gi:/var/lib/mysql\r")]);
    answer(&mut screen, &[("Volume for each pod, next", ENTER)]);
    let review = reviewed(&screen);
    assert!(review.contains("1 × mysql:8, claim data 2Gi on the default class"), "{review}");
    screen.press(ENTER);
    assert!(well(screen).contents.contains("✓ pod db-0 ready"));
}

fn a_claim_says_what_unset_empty_and_named_classes_mean() {
    let home = Home::new();
    let choices = [("", None), (DOWN, Some("standard")), ("\u{1b}[A\u{1b}[A", Some(""))];
    for (index, (keys, class)) in choices.into_iter().enumerate() {
        let mut screen = home.terminal(&format!("create pvc claim-{index} --size 1Gi -n default"));
        let asked = drawn(&screen, "Storage class", "that class.");
        let ways = "  \"\"         no class: claims and volumes without one find one another\n  \
                    other      a name of its own, shared by claim and volume\n\
                    ❯ unset      the cluster's default class, now standard\n";
        assert!(asked.contains(ways), "{asked}");
        screen.press(&format!("{keys}{ENTER}"));
        answer(&mut screen, &[("Apply to", ENTER)]);
        well(screen);
        let made = home.run_record()["effects"][0]["manifest"]["spec"].clone();
        assert_eq!(made.get("storageClassName").and_then(|class| class.as_str()), class, "{made}");
    }
}

fn nothing_needed_is_skipped_by_enter() {
    let home = Home::new();
    for (words, question, wrong) in [
        ("create pv", "Name of the volume", "✗ a name is missing"),
        ("create pvc c", "Size", "✗ a size is missing"),
        ("create configmap", "Name of the ConfigMap", "✗ "),
        ("create service", "Name of the Service", "✗ "),
        ("create storageclass", "Name of the class", "✗ "),
        ("create statefulset", "Name of the set", "✗ "),
        ("init generic --name web -n default", "Image", "✗ the text is empty"),
    ] {
        let mut screen = home.terminal(words);
        if words.ends_with(" c") {
            answer(&mut screen, &[("Namespace", ENTER)]);
        }
        answer(&mut screen, &[(question, ENTER)]);
        screen.shows(wrong);
        screen.press("\u{3}");
        assert_eq!(screen.ends().code, 130, "{words}");
    }
}

fn a_class_that_is_not_there_is_asked_for_again() {
    let home = Home::new();
    let mut screen = home.terminal("create pvc data --size 1Gi -n default");
    // "other" stands above "unset", which the cursor is on.
    answer(&mut screen, &[("Storage class", "\u{1b}[A\r"), ("Storage class: name", "nope\r")]);
    screen.shows("! `--storage-class`: `nope` is not one of");
    answer(&mut screen, &[("Storage class", "\u{1b}[A\u{1b}[A\u{1b}[A\r")]);
    let review = reviewed(&screen);
    assert!(review.contains("PersistentVolumeClaim/data   new         1Gi on fast"), "{review}");
    screen.press(ENTER);
    well(screen);
}

fn claims_of_an_earlier_set_are_shown_and_asked_about() {
    let home = Home::new();
    assert_eq!(home.run("create pvc data-db-0 --size 1Gi --storage-class fast --yes").code, Some(0));
    let mut screen = home.terminal("create statefulset -n default");
    answer(&mut screen, &[SET[0], SET[2], SET[3]]);
    answer(
        &mut screen,
        &[("Volume for each pod (optional)", "data:1Gi:/data\r"), ("Volume for each pod, next", ENTER)],
    );
    answer(&mut screen, &SET[5..]);
    let asked = drawn(&screen, "Claims of an earlier set db exist", "leave everything as it is");
    assert!(asked.contains("! claim data-db-0 of an earlier set: "), "{asked}");
    screen.press(&format!("\u{1b}[A{ENTER}"));
    let renamed = [("Name of the set (db)", "other\r"), ("Apply to", ENTER)];
    answer(&mut screen, &renamed);
    assert!(well(screen).contents.contains("✓ pod other-0 ready"));
}

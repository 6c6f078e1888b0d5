//! `init`, guided: each question with Enter gives what `--yes` gives, and the
//! screen reads as the guide promises.

use libtest_mimic::Trial;

use crate::home::{DOWN, ENTER, Home, Step, answer, drawn, reviewed, stable, well};
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        enter_at_each_question_does_what_yes_does,
        the_guided_screen_reads_from_question_to_connection,
        the_same_again_line_finds_nothing_to_change,
        without_a_recipe_one_is_picked,
        a_recipe_of_the_users_own_is_offered,
        the_classes_are_shown_with_what_decides_about_the_data,
        a_volume_prepared_by_hand_is_asked_for_and_made,
        answers_that_do_not_fit_together_are_mended_and_not_lost,
        a_port_must_be_said_where_something_is_to_be_exposed,
        what_was_given_by_flag_is_not_asked,
        a_closed_stdout_stops_nothing,
        events_as_json_lines_leave_the_questions_alone,
    ]
}

/// Every question of CouchDB's recipe, and the review.
pub const COUCHDB: [Step<'static>; 7] = [
    ("Name of the application (couchdb)", ENTER),
    ("Namespace", ENTER),
    ("Storage", ENTER),
    ("Size of each volume (10Gi)", ENTER),
    ("Admin password", ENTER),
    ("Reach it from outside the cluster", ENTER),
    ("Apply to sandbox/default?", ENTER),
];

fn enter_at_each_question_does_what_yes_does() {
    let (guided, plain) = (Home::new(), Home::new());
    let mut screen = guided.terminal("init couchdb");
    answer(&mut screen, &COUCHDB);
    well(screen);
    let said = plain.run("init couchdb --yes");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for part in ["answers", "effects", "command", "namespace"] {
        assert_eq!(guided.run_record()[part], plain.run_record()[part], "{part}");
    }
    assert_eq!(stable(&guided.traces().0), stable(&plain.traces().0));
    assert!(guided.status().starts_with("couchdb  1/1 ready"), "{}", guided.status());
}

fn the_guided_screen_reads_from_question_to_connection() {
    let home = Home::new();
    let mut screen = home.terminal("init couchdb");
    answer(&mut screen, &COUCHDB);
    let end = well(screen);
    let wanted = "\
✓ Name of the application · couchdb
✓ Namespace · default
✓ Storage · standard
✓ Size of each volume · 10Gi
✓ Admin password · generate
✓ Reach it from outside the cluster · no
on sandbox/default
  Secret/couchdb-admin     new         keys password, user
  Service/couchdb          new         headless, port 5984
  Service/couchdb-client   new         ClusterIP, port 5984
  StatefulSet/couchdb      new         1 × couchdb:3.4, claim data 10Gi on the default class
✓ Apply to sandbox/default? · yes
run …
✓ Secret/couchdb-admin created
✓ Service/couchdb created
✓ Service/couchdb-client created
✓ StatefulSet/couchdb created
✓ claim data-couchdb-0 bound to pvc-… (10Gi) (…)
✓ pod couchdb-0 ready (…)
  inside the cluster   http://couchdb-client.default:5984   pods: couchdb-0.couchdb.default
  same again           kubectl stateful init couchdb --sandbox --namespace default --yes";
    assert_eq!(stable(&end.contents), wanted);
    assert!(!end.bytes.contains("\u{1b}[2J"), "the screen is never cleared");
}

fn the_same_again_line_finds_nothing_to_change() {
    let home = Home::new();
    let mut screen = home.terminal("init couchdb");
    answer(&mut screen, &COUCHDB[..2]);
    answer(&mut screen, &[("Storage", &format!("{DOWN}{ENTER}"))]);
    answer(&mut screen, &[("Size of each volume", "3Gi\r"), ("Admin password", ENTER)]);
    answer(&mut screen, &[("Reach it from outside", &format!("{DOWN}{ENTER}")), ("Apply to", ENTER)]);
    let end = well(screen);
    let line = end.contents.lines().find_map(|line| line.split_once("kubectl stateful ")).expect("a command").1;
    // The line may have been broken by the edge of the terminal.
    let from = end.contents.find(line).expect("the command");
    let words = end.contents.get(from..).expect("a text").replace('\n', "");
    assert_eq!(
        words,
        "init couchdb --sandbox --namespace default --storage-class fast --size 3Gi --expose NodePort --yes"
    );
    let password = home.password("couchdb-admin");
    let again = home.run(&words);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("nothing to change: every object is as it should be"), "{}", again.stderr);
    assert_eq!(home.password("couchdb-admin"), password);
}

fn without_a_recipe_one_is_picked() {
    let home = Home::new();
    let mut screen = home.terminal("init --namespace kube-system");
    let asked = drawn(&screen, "Recipe", "each pod");
    assert!(asked.contains("❯ couchdb   CouchDB, a document database\n  generic   any image"), "{asked}");
    screen.press(&format!("{DOWN}{ENTER}"));
    answer(&mut screen, &[("Name of the application", "web\r"), ("Image", "nginx:1.29\r"), ("Replicas (1)", "2\r")]);
    answer(&mut screen, &[("Port that it listens on (optional)", ENTER), ("Storage", ENTER)]);
    answer(&mut screen, &[("Size of each volume (1Gi)", ENTER), ("Directory of the data (/data)", ENTER)]);
    // Without a port there is nothing to expose, so nobody is asked about it.
    answer(&mut screen, &[("Apply to sandbox/kube-system?", ENTER)]);
    let end = well(screen);
    assert!(end.contents.contains("✓ Port that it listens on · left out"), "{}", end.contents);
    assert!(end.contents.contains("✓ pod web-1 ready"), "{}", end.contents);
    let nobody = home.run("init");
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.stderr.contains("name a recipe: couchdb, generic"), "{}", nobody.stderr);
}

fn a_recipe_of_the_users_own_is_offered() {
    let home = Home::new();
    let recipes = home.path().join("config/kubectl-stateful/recipes");
    std::fs::create_dir_all(&recipes).expect("a folder");
    std::fs::write(recipes.join("mine.rhai"), MINE).expect("a recipe");
    let mut screen = home.terminal("init");
    let asked = drawn(&screen, "Recipe", "a ConfigMap");
    assert!(asked.contains("\n  mine      a ConfigMap"), "{asked}");
    screen.press(&format!("{DOWN}{DOWN}{ENTER}"));
    answer(&mut screen, &[("Namespace", ENTER), ("Apply to", ENTER)]);
    assert!(well(screen).contents.contains("✓ ConfigMap/mine created"));
}

const MINE: &str = r#"
const RECIPE = #{ api: 1, summary: "a ConfigMap", params: [] };
fn objects(p) {
    [#{ apiVersion: "v1", kind: "ConfigMap", metadata: #{ name: "mine" }, data: #{ key: "value" } }]
}
"#;

fn the_classes_are_shown_with_what_decides_about_the_data() {
    let home = Home::new();
    let mut screen = home.terminal("init couchdb");
    answer(&mut screen, &COUCHDB[..2]);
    let asked = drawn(&screen, "Storage", "prepared by hand.");
    let list: Vec<_> = asked.lines().skip_while(|line| !line.starts_with("? Storage")).skip(1).collect();
    let home_made = home.object("StorageClass", "standard");
    let provisioner = home_made["provisioner"].as_str().expect("a provisioner");
    assert_eq!(
        list,
        [
            format!("❯ standard   ({provisioner}, default, Delete, binds on first use, expandable)").as_str(),
            &format!("  fast       ({provisioner}, Retain, binds at once, expandable)"),
            "  manual     (kubernetes.io/no-provisioner, Retain, binds at once)",
            "  volumes I prepare by hand (hostPath, NFS, local)",
            "  Class of the volume; left out: the cluster's default; empty: a volume prepared by hand.",
        ]
    );
}

fn a_volume_prepared_by_hand_is_asked_for_and_made() {
    let home = Home::new();
    let mut screen = home.terminal("init couchdb");
    answer(&mut screen, &COUCHDB[..2]);
    answer(&mut screen, &[("Storage", &format!("{DOWN}{DOWN}{DOWN}{ENTER}"))]);
    answer(&mut screen, &[("Directory on the node (optional)", "srv\r")]);
    screen.shows("✗ `srv`: the path must start with `/`");
    screen.press("\u{15}/srv/couchdb\r");
    let asked = drawn(&screen, "Node that has the directory", "as soon as");
    assert!(asked.contains("\n  node-a   zone-a\n") && asked.contains("\n❯ none\n"), "{asked}");
    screen.press(&format!("{DOWN}{DOWN}{ENTER}"));
    answer(&mut screen, &COUCHDB[3..]);
    well(screen);
    let volume = home.object("PersistentVolume", "default-data-couchdb-0");
    assert_eq!(volume["spec"]["hostPath"]["path"], "/srv/couchdb");
    assert!(home.status().contains("node-b/zone-b"), "{}", home.status());
}

/// The recipe refuses two answers that do not go together; the others are not
/// thrown away for that.
fn answers_that_do_not_fit_together_are_mended_and_not_lost() {
    const RECIPE: &str = r#"
        const RECIPE = #{ api: 1, summary: "a ConfigMap", params: [
            #{ name: "name", type: "name", value: "mine", prompt: "Name", help: "The name." },
            #{ name: "low", type: "int", min: 0, max: 9, value: 1, prompt: "Lowest", help: "The lowest." },
            #{ name: "high", type: "int", min: 0, max: 9, value: 5, prompt: "Highest", help: "The highest." },
        ] };
        fn objects(p) {
            if p.low > p.high { throw "the lowest is above the highest"; }
            [#{ apiVersion: "v1", kind: "ConfigMap", metadata: #{ name: p.name }, data: #{ low: `${p.low}` } }]
        }"#;
    let home = Home::new();
    std::fs::write(home.path().join("own.rhai"), RECIPE).expect("a recipe");
    let mut screen = home.terminal("init ./own.rhai --namespace default");
    answer(&mut screen, &[("Name (mine)", ENTER), ("Lowest (1)", "7\r"), ("Highest (5)", ENTER)]);
    let asked = drawn(&screen, "Which answer", "Highest     5");
    assert!(asked.contains("  ! the lowest is above the highest"), "{asked}");
    assert!(asked.contains("\n  Lowest      7\n"), "{asked}");
    screen.press(&format!("{}{ENTER}", DOWN.repeat(2)));
    answer(&mut screen, &[("Lowest (7)", "2\r"), ("Apply to", ENTER)]);
    well(screen);
    assert_eq!(home.object("ConfigMap", "mine")["data"]["low"], "2");
    let nobody = home.run("init ./own.rhai --low 7 --yes");
    assert_eq!(nobody.code, Some(2), "{}", nobody.stderr);
}

fn a_port_must_be_said_where_something_is_to_be_exposed() {
    let home = Home::new();
    let words = "init generic --name web --image nginx:1.29 --replicas 1 --namespace default --size 1Gi \
                 --mount-path /data --storage-class fast --expose NodePort";
    let mut screen = home.terminal(words);
    answer(&mut screen, &[("Port that it listens on", ENTER)]);
    screen.shows("✗ a port is a number from 1 to 65535");
    screen.press("80\r");
    answer(&mut screen, &[("Apply to", ENTER)]);
    well(screen);
    assert_eq!(home.object("Service", "web-client")["spec"]["type"], "NodePort");
    let nobody = home.run("init generic --name web --image nginx --expose NodePort --yes");
    assert_eq!(nobody.code, Some(2), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("`--expose`: only with `--port`"), "{}", nobody.stderr);
}

fn what_was_given_by_flag_is_not_asked() {
    let home = Home::new();
    let flags = "--name db --replicas 1 --storage-class fast --size 2Gi --admin-password-from generate --expose no";
    let mut screen = home.terminal(&format!("init couchdb -n kube-system {flags}"));
    let asked = reviewed(&screen);
    assert!(asked.contains("? Apply to sandbox/kube-system?"), "{asked}");
    assert!(!asked.contains('✓'), "{asked}");
    screen.press(ENTER);
    well(screen);
    let wrong = home.terminal("init couchdb --storage-class fats");
    let end = wrong.ends();
    assert_eq!(end.code, 2, "{}", end.contents);
    assert!(end.contents.contains("did you mean `fast`?"), "{}", end.contents);
}

fn a_closed_stdout_stops_nothing() {
    let home = Home::new();
    let mut screen = home.shell("{ \"$PLUGIN\" init couchdb; echo \"code $?\" >&2; } | true");
    answer(&mut screen, &COUCHDB);
    let end = well(screen);
    assert!(end.contents.ends_with("code 0"), "{}", end.contents);
    assert!(home.status().starts_with("couchdb  1/1 ready"), "{}", home.status());
}

fn events_as_json_lines_leave_the_questions_alone() {
    let home = Home::new();
    let mut screen = home.terminal_of((60, 250), &[], "init couchdb --events jsonl");
    answer(&mut screen, &COUCHDB);
    let end = well(screen);
    let events: Vec<serde_json::Value> = end
        .contents
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let order: Vec<_> = events.iter().take(2).map(|event| event["event"].clone()).collect();
    assert_eq!(order, ["review", "started"], "{}", end.contents);
    assert!(!end.contents.contains("on sandbox/default"), "text for people among the events: {}", end.contents);
    assert_eq!(events.iter().filter(|event| event["event"] == "effect").count(), 4, "{}", end.contents);
    let [.., reached, ended] = events.as_slice() else { panic!("{}", end.contents) };
    assert_eq!((&reached["event"], &reached["what"]), (&"reached".into(), &"pod couchdb-0".into()));
    assert_eq!((&ended["event"], &ended["exitCode"]), (&"ended".into(), &0.into()));

    let mut screen = home.terminal("init couchdb --name other --events jsonl=events");
    answer(&mut screen, &COUCHDB[1..]);
    assert!(well(screen).contents.contains("✓ pod other-0 ready"));
    let written = std::fs::read_to_string(home.path().join("events")).expect("the events");
    assert_eq!(written.matches("\"event\":\"effect\"").count(), 4, "{written}");
}

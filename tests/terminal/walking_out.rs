//! Esc and Ctrl-C at every question of every wizard, and Ctrl-C in the middle
//! of a wait. `Screen::ends` checks that the terminal is as it was found.

use libtest_mimic::Trial;

use crate::home::{CTRL_C, ENTER, ESC, Home, Step, answer, stands};
use crate::init::COUCHDB;
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        every_question_of_couchdb,
        every_question_of_a_picked_recipe,
        every_question_about_a_volume_prepared_by_hand,
        every_question_about_a_secret,
        every_question_behind_the_review,
        the_question_about_earlier_claims,
        every_question_of_create_pv,
        every_question_of_create_statefulset,
        every_question_of_the_other_kinds,
        ctrl_c_ends_waiting_for_the_sandbox_of_another_process,
        every_question_of_create_configmap,
        every_question_of_create_service,
        every_question_of_create_storageclass,
        ctrl_c_in_a_wait_names_what_exists_and_the_same_again_finishes,
    ]
}

const SECOND: &str = "\u{1b}[B\r";

/// Leaves at each of these questions in turn, with either key. The sandbox and
/// the files are the same afterwards.
fn leaves_nothing(home: &Home, words: &str, steps: &[Step<'_>]) {
    let before = home.traces();
    for (at, (question, _)) in steps.iter().enumerate() {
        for key in [ESC, CTRL_C] {
            let mut screen = home.terminal(words);
            answer(&mut screen, steps.get(..at).unwrap_or_default());
            stands(&screen, question);
            screen.press(key);
            let end = screen.ends();
            assert_eq!(end.code, 130, "{words}, at {question}:\n{}", end.contents);
            assert!(end.contents.ends_with("error: interrupted; nothing was changed"), "{}", end.contents);
            assert_eq!(home.traces(), before, "{words}, at {question}");
        }
    }
}

fn every_question_of_couchdb() {
    leaves_nothing(&Home::new(), "init couchdb", &COUCHDB);
}

fn every_question_of_a_picked_recipe() {
    let steps = [
        ("Recipe", SECOND),
        ("Name of the application", "web\r"),
        ("Namespace", ENTER),
        ("Image", "nginx:1.29\r"),
        ("Replicas", ENTER),
        ("Port that it listens on", "80\r"),
        ("Storage", ENTER),
        ("Size of each volume", ENTER),
        ("Directory of the data", ENTER),
        ("Reach it from outside", ENTER),
        ("Apply to", ENTER),
    ];
    leaves_nothing(&Home::new(), "init", &steps);
}

fn every_question_about_a_volume_prepared_by_hand() {
    let steps = [
        ("Storage", "\u{1b}[A\r"),
        ("Directory on the node", "/srv\r"),
        ("Node that has the directory", ENTER),
        ("Size of each volume", ENTER),
    ];
    leaves_nothing(&Home::new(), "init couchdb --name db -n default --replicas 1", &steps);
}

fn every_question_about_a_secret() {
    let words = "init couchdb --name db -n default --replicas 1 --storage-class fast --size 1Gi";
    let home = Home::new();
    let typed = [
        ("Admin password ›", SECOND),
        ("✓ Admin password · type\n? Admin password ›", "x\r"),
        ("Admin password (again)", "y\r"),
    ];
    leaves_nothing(&home, words, &typed);
    let variable = [("Admin password", "\u{1b}[B\u{1b}[B\r"), ("Admin password: name of the variable", ENTER)];
    leaves_nothing(&home, words, &variable);
    let file = [("Admin password", "\u{1b}[A\r"), ("Admin password: path of the file", ENTER)];
    leaves_nothing(&home, words, &file);
}

fn every_question_behind_the_review() {
    let words = "init couchdb --name db -n default --replicas 1 --storage-class fast --size 1Gi --expose no \
                 --admin-password-from generate";
    let home = Home::new();
    let change = "\u{1b}[B\u{1b}[B\u{1b}[B\r";
    let changed = [("Apply to", change), ("Which answer", ENTER), ("Name of the application (db)", ENTER)];
    leaves_nothing(&home, words, &changed);
    leaves_nothing(&home, words, &[("Apply to", "\u{1b}[B\u{1b}[B\r"), ("Folder", ENTER)]);
}

fn the_question_about_earlier_claims() {
    let home = Home::new();
    assert_eq!(home.run("create pvc data-db-0 --size 1Gi --yes").code, Some(0));
    let words = "init couchdb --name db -n default --replicas 1 --storage-class fast --size 1Gi --expose no \
                 --admin-password-from generate";
    let another = "\u{1b}[A\r";
    leaves_nothing(&home, words, &[("Claims of an earlier set db exist", another), ("Name of the application", ENTER)]);
}

fn every_question_of_create_pv() {
    let home = Home::new();
    let host_path = [
        ("Name of the volume", "disk\r"),
        ("Size", "5Gi\r"),
        ("What stands behind", ENTER),
        ("Folder on the node", "/srv\r"),
        ("Check of the folder", ENTER),
        ("Node", ENTER),
        ("Storage class", SECOND),
        ("Storage class: name", "by-hand\r"),
        ("When its claim is gone", ENTER),
        ("Apply to", ENTER),
    ];
    leaves_nothing(&home, "create pv", &host_path);
    let nfs = [("What stands behind", SECOND), ("NFS server", "nas\r"), ("Exported folder", "/export\r")];
    leaves_nothing(&home, "create pv disk --size 5Gi", &nfs);
    let csi = [("What stands behind", "\u{1b}[A\r"), ("CSI driver", "ebs.csi.aws.com\r"), ("Volume handle", "vol\r")];
    leaves_nothing(&home, "create pv disk --size 5Gi", &csi);
}

fn every_question_of_create_statefulset() {
    let steps = [
        ("Name of the set", "db\r"),
        ("Namespace", ENTER),
        ("Image", "mysql:8\r"),
        ("Replicas", ENTER),
        ("Volume for each pod", "data:1Gi:/data\r"),
        ("Volume for each pod, next", ENTER),
        ("Port", "3306\r"),
        ("Port, next", ENTER),
        ("Headless Service", ENTER),
        ("Environment variable", "A=B\r"),
        ("Environment variable, next", ENTER),
        ("Variable from a Secret", ENTER),
        ("Readiness probe", ENTER),
        ("Apply to", ENTER),
    ];
    leaves_nothing(&Home::new(), "create statefulset", &steps);
}

fn every_question_of_the_other_kinds() {
    let home = Home::new();
    let claim = [
        ("Name of the claim", "data\r"),
        ("Namespace", ENTER),
        ("Size", "1Gi\r"),
        ("Storage class", ENTER),
        ("Apply to", ENTER),
    ];
    leaves_nothing(&home, "create pvc", &claim);
    let secret = [
        ("Kind of Secret", ENTER),
        ("Name of the Secret", "login\r"),
        ("Namespace", ENTER),
        ("Secret value: key", "user\r"),
        ("Value of `user`", SECOND),
        ("✓ Value of `user` · type\n? Value of `user` ›", "x\r"),
        ("Value of `user` (again)", "x\r"),
        ("Secret value: next key", ENTER),
        ("Apply to", ENTER),
    ];
    leaves_nothing(&home, "create secret", &secret);
}

fn every_question_of_create_configmap() {
    let home = Home::new();
    std::fs::write(home.path().join("my.cnf"), "[mysqld]\n").expect("a file");
    let steps = [
        ("Name of the ConfigMap", "settings\r"),
        ("Namespace", ENTER),
        ("Key and value (optional)", "mode=a\r"),
        ("Key and value, next", ENTER),
        ("File or folder (optional)", "my.cnf\r"),
        ("File or folder, next", ENTER),
        ("Apply to", ENTER),
    ];
    leaves_nothing(&home, "create configmap", &steps);
}

fn every_question_of_create_service() {
    let steps = [
        ("Name of the Service", "web\r"),
        ("Namespace", ENTER),
        ("Type", SECOND),
        ("Port", "http:80\r"),
        ("Port, next", ENTER),
        ("Label of its pods (optional)", "app=web\r"),
        ("Label of its pods, next", ENTER),
        ("Apply to", ENTER),
    ];
    leaves_nothing(&Home::new(), "create service", &steps);
}

fn every_question_of_create_storageclass() {
    let steps = [
        ("Name of the class", "quick\r"),
        ("Provisioner", "ebs.csi.aws.com\r"),
        ("When its claim is gone", ENTER),
        ("When a volume is made", ENTER),
        ("May volumes grow", ENTER),
        ("Apply to", ENTER),
    ];
    leaves_nothing(&Home::new(), "create storageclass", &steps);
}

/// A Secret and so many pods, one after the other, that the key which is
/// pressed at the first comes in the middle of the wait.
const MANY: &str = r#"
const RECIPE = #{ api: 1, summary: "many pods", params: [
    #{ name: "password", type: "secret", value: "generate", prompt: "Password", help: "Kept only in the Secret." },
] };

fn objects(p) {
    let labels = labels("many", "many");
    [
        #{ apiVersion: "v1", kind: "Secret", metadata: #{ name: "many", labels: labels },
           stringData: #{ password: p.password } },
        headless_service("many", labels, [#{ name: "http", port: 80 }]),
        #{ apiVersion: "apps/v1", kind: "StatefulSet", metadata: #{ name: "many", labels: labels },
           spec: #{
               serviceName: "many", replicas: 30, selector: #{ matchLabels: selector(labels) },
               persistentVolumeClaimRetentionPolicy: #{ whenDeleted: "Retain", whenScaled: "Retain" },
               template: #{ metadata: #{ labels: labels }, spec: #{
                   topologySpreadConstraints: spread(labels),
                   containers: [#{
                       name: "many", image: "nginx:1.29", ports: [#{ name: "http", containerPort: 80 }],
                       env: [secret_env("PASSWORD", "many", "password")], readinessProbe: tcp_probe("http"),
                       volumeMounts: [#{ name: "data", mountPath: "/data" }],
                   }],
               } },
               volumeClaimTemplates: [claim_template("data", labels, "1Gi", ())],
           } },
    ]
}
"#;

fn ctrl_c_in_a_wait_names_what_exists_and_the_same_again_finishes() {
    let home = Home::new();
    std::fs::write(home.path().join("many.rhai"), MANY).expect("a recipe");
    // At Ctrl-C the system throws away output that was not read yet, also what
    // the program says to it, if it is quick. A person's terminal has read it.
    let mut screen = home.shell("stty noflsh; NO_COLOR=1 exec \"$PLUGIN\" init ./many.rhai");
    answer(&mut screen, &[("Password", ENTER), ("Namespace", ENTER)]);
    screen.press_at("pod many-0 ready", CTRL_C);
    answer(&mut screen, &[("Apply to", ENTER)]);
    let end = screen.ends();
    assert_eq!(end.code, 4, "{}", end.contents);
    let told = end.contents.split_once("error: interrupted while waiting for ");
    let told = told.unwrap_or_else(|| panic!("{}", end.contents)).1;
    let exists = "already changed:\n  - Secret/many\n  - Service/many\n  - StatefulSet/many\n";
    assert!(told.contains(exists), "{told}");
    assert!(told.ends_with("hint: kubectl stateful init ./many.rhai --sandbox --namespace default --yes"), "{told}");
    let password = home.password("many");

    let again = home.run("init ./many.rhai --yes");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(home.password("many"), password);
    assert!(home.status().starts_with("many  30/30 ready"), "{}", home.status());
}

fn ctrl_c_ends_waiting_for_the_sandbox_of_another_process() {
    let home = Home::new();
    let lock = home.sandbox().join("default/log.jsonl.lock");
    let lock = std::fs::File::options().read(true).write(true).open(lock).expect("the lock of the sandbox");
    let before = home.traces();
    lock.lock().expect("nobody has it");
    // As above: nothing that is said shall be thrown away.
    let mut screen = home.shell("stty noflsh; exec \"$PLUGIN\" init couchdb --yes");
    screen.shows("waiting for process");
    screen.press(CTRL_C);
    let end = screen.ends();
    assert_eq!(end.code, 130, "{}", end.contents);
    assert!(end.contents.ends_with("error: interrupted; nothing was changed"), "{}", end.contents);
    lock.unlock().expect("it was locked");
    assert_eq!(home.traces(), before);
}

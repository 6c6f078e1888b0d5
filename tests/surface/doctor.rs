//! `doctor -f` and `explain` from outside: many valid manifests, manifests beside
//! a cluster, and bad input.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kubectl_stateful::diagnosis::files::examine_all;
use kubectl_stateful::diagnosis::finding::{Examined, Severity};

use crate::manifests::manifests;
use crate::program::{Home, finish, run};

/// A whole application on a volume made by hand, of which each test changes something.
const SOUND: &str = include_str!("doctor/sound.yaml");

fn doctor(text: &str) -> Examined {
    examine_all(&manifests(text))
}

/// Variants of each part of an application; every mix of them is valid.
const PARTS: &[(&str, &[&str])] = &[
    (
        "clusterIP: None",
        &["clusterIP: None", "clusterIP: None\n  publishNotReadyAddresses: true", "clusterIP: None\n  type: ClusterIP"],
    ),
    (
        "replicas: 1",
        &[
            "replicas: 1",
            "replicas: 1\n  podManagementPolicy: Parallel",
            "replicas: 1\n  ordinals: {start: 5}",
            "replicas: 0",
        ],
    ),
    (
        "args: [serve]",
        &[
            "args: [serve]",
            "args: ['{{not a template}}', \"<none>\"]",
            "securityContext: &c {runAsUser: 1000}",
            "workingDir: |\n          /a\n          \t/b",
            "resources: {requests: {cpu: 100m, memory: 1e3}, limits: {memory: 128974848}}",
        ],
    ),
    (
        "Policy: Retain",
        &["Policy: Retain", "Policy: Retain\n  volumeMode: Filesystem", "Policy: Retain\n  mountOptions: [ro]"],
    ),
    (
        "metadata:\n  name: login",
        &[
            "metadata:\n  name: login",
            "metadata: {name: login}",
            "metadata:\n  \"name\": 'login'\n  annotations: {on: \"1_000\"}",
        ],
    ),
];

/// Objects of all kinds in odd and legal forms, of which a test on the real
/// server says that it takes them.
fn valid() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/surface/doctor/valid");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn hundreds_of_valid_manifests_have_no_errors() {
    let mut texts = vec![SOUND.to_owned()];
    for (part, variants) in PARTS {
        let mixed = texts.iter().flat_map(|text| variants.iter().map(|variant| text.replacen(part, variant, 1)));
        texts = mixed.collect();
    }
    let files = valid();
    let objects: usize = files.iter().map(|text| text.matches("\nkind: ").count()).sum();
    assert!(objects >= 80, "{objects}");
    // Each for itself, too: what stands beside it may be what makes it right.
    let alone = files.iter().flat_map(|text| text.split("\n---\n").map(str::to_owned)).collect::<Vec<_>>();
    texts.extend(alone.into_iter().filter(|text| text.contains("kind:")).chain(files));
    texts.extend(texts.clone().iter().map(|text| text.replace('\n', "\r\n")));
    let distinct: BTreeSet<&String> = texts.iter().collect();
    assert!(distinct.len() >= 600, "{}", distinct.len());
    for text in &texts {
        let errors: Vec<_> =
            doctor(text).findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{text}");
    }
}

#[test]
fn errors_end_with_5_and_warnings_with_0() {
    let home = Home::new();
    home.write("old.yaml", SOUND.replace("apiVersion: apps/v1", "apiVersion: apps/v1beta1"));
    home.write("warn.yaml", SOUND.replace("Policy: Retain", "Policy: Recycle"));
    let finished = home.say("doctor -f old.yaml");
    finished.told(5, &["error: 1 error was found", "kubectl stateful explain CODE"]);
    assert!(finished.stdout.contains("error[removed-api-version] old.yaml:"), "{}", finished.stdout);
    assert!(finished.stdout.contains("apiVersion: apps/v1beta1\n"), "{}", finished.stdout);
    home.say("doctor -f warn.yaml").told(0, &["1 warning in 6 objects of 1 file"]);
    home.say("doctor -f none.yaml").told(2, &["cannot read `none.yaml`"]);
    home.say("doctor web -f warn.yaml").told(2, &["cannot be used with"]);
}

#[test]
fn what_only_a_server_knows_is_told_in_its_words() {
    for (from, to, field) in [
        ("clusterIP: None", "clusterIP: None\n  type: LoadBalancer", "spec.clusterIP"),
        ("name: DB_USER", "name: DB=USER", "spec.template.spec.containers[0].env[0].name"),
        (
            "args: [serve]",
            "imagePullPolicy: Never\n        resizePolicy: [{resourceName: disk, restartPolicy: NotRequired}]",
            "spec.template.spec.containers[0].resizePolicy",
        ),
    ] {
        assert!(SOUND.contains(from), "{from}");
        let found = doctor(&SOUND.replacen(from, to, 1)).findings;
        let said = found.iter().find(|finding| finding.code == "refused-value");
        let said = said.unwrap_or_else(|| panic!("{field}: {found:#?}"));
        assert!(said.message.starts_with(&format!("`{field}`: ")), "{}", said.message);
    }
}

#[test]
fn what_comes_through_a_pipe_is_looked_at_with_its_lines() {
    let home = Home::new();
    let text = SOUND.replace("kind: StatefulSet", "kind: Statefulset");
    let file = fs::File::open(home.write("app.yaml", &text)).unwrap();
    let finished = finish(home.command(&["doctor", "--local", "-f", "-"]).stdin(file));
    assert_eq!(finished.code, 5, "{}", finished.stderr);
    let line = 1 + text.lines().position(|line| line == "kind: Statefulset").unwrap();
    assert!(finished.stdout.contains(&format!("error[unknown-kind] -:{line}:7")), "{}", finished.stdout);
}

#[test]
fn the_json_form_has_every_field_and_no_secret() {
    let home = Home::new();
    home.write("old.yaml", SOUND.replace("  password: hunter2", "  password: hunter2\n  password: hunter3"));
    let finished = home.say("doctor -f old.yaml -o json");
    assert_eq!(finished.code, 5, "{}", finished.stderr);
    let document: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((&document["kind"], &document["apiVersion"]), (&"Findings".into(), &"kubectl-stateful/v1".into()));
    let finding = document["findings"][0].as_object().unwrap();
    let keys: Vec<&str> = finding.keys().map(String::as_str).collect();
    let all = [
        "code",
        "severity",
        "namespace",
        "object",
        "file",
        "line",
        "column",
        "message",
        "evidence",
        "cause",
        "remedy",
        "command",
    ];
    assert_eq!(keys, all);
    assert_eq!((&finding["code"], &finding["object"]), (&"duplicate-key".into(), &"Secret/login".into()));
    assert!(!finished.stdout.contains("hunter") && !finished.stderr.contains("hunter"));
    assert!(!home.say("doctor -f old.yaml").stdout.contains("hunter"));
}

/// A set of three whose claims want a class.
const LEANING: &str = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  serviceName: web\n  \
    replicas: 3\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      \
    containers:\n      - name: app\n        image: example.org/web:1\n        readinessProbe: {tcpSocket: {port: 80}}\n        \
    env:\n        - {name: A, valueFrom: {secretKeyRef: {name: login, key: password}}}\n  volumeClaimTemplates:\n  \
    - metadata: {name: data}\n    spec:\n      storageClassName: CLASS\n      accessModes: [ReadWriteOnce]\n      \
    resources: {requests: {storage: 1Gi}}\n";

#[test]
fn manifests_are_held_against_the_cluster_where_there_is_one() {
    let home = Home::new();
    home.write("web.yaml", LEANING.replace("CLASS", "nowhere"));
    let found = |flags: &str| {
        let finished = home.say(&format!("doctor -f web.yaml {flags} -o json"));
        let document: serde_json::Value = serde_json::from_str(&finished.stdout).expect(&finished.stderr);
        let messages = document["findings"].as_array().unwrap().iter();
        let messages: Vec<String> =
            messages.map(|one| format!("{} {}", one["severity"], one["message"]).replace('"', "")).collect();
        (messages, document)
    };
    let (messages, document) = found("--local");
    assert_eq!(messages, Vec::<String>::new());
    let unknown =
        ["storageclasses", "persistentvolumes", "persistentvolumeclaims", "secrets", "services", "statefulsets"];
    assert_eq!(document["unknown"], serde_json::json!(unknown));
    home.say("doctor -f web.yaml --local").told(0, &["the cluster was not looked at (`--local` was given)"]);
    home.say("doctor -f web.yaml").told(0, &["the cluster was not looked at (", "secrets, services"]);

    let (messages, document) = found("--sandbox");
    let expected = [
        "warning there is no Service `web` here or on the cluster",
        "error there is no Secret `login` here or on the cluster",
        "error nothing here or on the cluster has class `nowhere`",
    ];
    assert_eq!(messages, expected);
    assert_eq!(document["unknown"], serde_json::json!([]));
    assert_eq!(document["notes"], serde_json::json!(["3 claims: 3 without a volume"]));

    for line in [
        "create service web --port 80 --type headless",
        "create secret generic login --from-literal user=x",
        "create pvc data-web-1 --size 1Gi",
    ] {
        assert_eq!(home.say(&format!("{line} --sandbox --yes --no-wait")).code, 0, "{line}");
    }
    home.write("web.yaml", LEANING.replace("CLASS", "standard"));
    let (messages, document) = found("--sandbox");
    let expected = [
        "error Secret/login of the cluster has no key `password`",
        "warning 1 claim of these exists, and has no volume yet",
    ];
    assert_eq!(messages, expected);
    assert_eq!(document["notes"], serde_json::json!(["3 claims: 1 already there, 2 will bind on first use"]));
    let people = home.say("doctor -f web.yaml --sandbox");
    people.told(5, &["3 claims: 1 already there, 2 will bind on first use\n1 error, 1 warning in 1 object of 1 file"]);
}

#[test]
fn of_all_namespaces_each_finding_says_which() {
    let home = Home::new();
    for namespace in ["default", "kube-system"] {
        let line = "create pvc alone --size 1Gi --storage-class= --sandbox --yes";
        assert_eq!(home.say(&format!("{line} -n {namespace}")).code, 0, "{namespace}");
    }
    let all = home.say("doctor -A --sandbox").told(5, &[]).stdout.clone();
    for name in ["default", "kube-system"] {
        assert!(all.contains(&format!("error[claim-pending] {name}  PersistentVolumeClaim/alone")), "{all}");
    }
    let one = home.say("doctor --sandbox").told(5, &[]).stdout.clone();
    assert!(one.contains("error[claim-pending] PersistentVolumeClaim/alone"), "{one}");
    let document = home.say("doctor -A --sandbox -o json").stdout;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let namespaces: Vec<_> = document["findings"].as_array().unwrap().iter().map(|one| &one["namespace"]).collect();
    assert_eq!(namespaces, ["default", "kube-system"]);
}

#[test]
fn bad_input_is_told_and_never_a_panic() {
    let home = Home::new();
    let huge = "a: b\n".repeat(2_000_000);
    for (name, bytes, code) in [
        ("empty.yaml", Vec::new(), "no-objects"),
        ("huge.yaml", huge.into_bytes(), "not-text"),
        ("binary.yaml", vec![0x7f, b'E', b'L', b'F', 0, 0xff], "not-text"),
        ("half.yaml", vec![0xff, 0xfe, b'a'], "not-text"),
        ("round.yaml", b"a: &a [*a]\n".to_vec(), "not-yaml"),
        ("deep.yaml", "[".repeat(100_000).into_bytes(), "not-yaml"),
        ("number.yaml", b"42\n".to_vec(), "no-kind"),
    ] {
        fs::write(home.path().join(name), bytes).unwrap();
        let finished = home.say(&format!("doctor -f {name}"));
        assert_eq!(finished.code, 5, "{name}: {}", finished.stderr);
        assert!(finished.stdout.contains(&format!("error[{code}]")), "{name}: {}", finished.stdout);
    }
    let marked = format!("\u{feff}{}", SOUND.replace('\n', "\r\n"));
    home.write("windows.yaml", &marked);
    home.write(
        "foreign.yaml",
        "apiVersion: example.org/v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: ''}\n",
    );
    home.say("doctor -f windows.yaml -f foreign.yaml")
        .told(0, &["nothing found in 6 objects of 2 files; 1 custom resource not looked at"]);
    let pairs = marked.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    fs::write(home.path().join("utf16.yaml"), pairs).unwrap();
    home.say("doctor -f utf16.yaml").told(0, &["nothing found in 6 objects of 1 file"]);
}

#[test]
fn explain_prints_the_page_of_a_code_and_lists_all_without_one() {
    let list = run(&["explain"]);
    assert_eq!(list.code, 0);
    assert!(list.stdout.lines().count() > 40, "{}", list.stdout);
    for line in list.stdout.lines() {
        let code = line.split_whitespace().next().unwrap();
        let page = run(&["explain", code]);
        assert!(page.code == 0 && page.stdout.starts_with(&format!("# {code}\n")), "{code}: {}", page.stderr);
    }
    run(&["explain", "recycle-polcy"]).told(2, &["there is no code `recycle-polcy`", "did you mean `recycle-policy`?"]);
}

//! `doctor -f` and `explain` from outside: every error of the source documents
//! in manifests of our own, what `init` and `create` make, many valid
//! manifests, and bad input.

use std::collections::BTreeSet;
use std::fs;

use kubectl_stateful::diagnosis::files::examine;
use kubectl_stateful::diagnosis::finding::{Examined, Severity};
use kubectl_stateful::diagnosis::source::Input;

use crate::program::{Home, run};

/// A whole application on a volume made by hand, in which each test breaks one thing.
const SOUND: &str = include_str!("doctor/sound.yaml");

fn doctor(text: &str) -> Examined {
    examine(&[Input { name: "app.yaml".to_owned(), bytes: text.as_bytes().to_vec() }])
}

fn codes(text: &str) -> Vec<String> {
    doctor(text).findings.iter().map(|finding| format!("{} {}", finding.code, finding.message)).collect()
}

/// Error of the source documents, the code that tells it, what to replace in
/// the sound manifest by what, and a part of the line that is pointed at.
#[rustfmt::skip]
const BROKEN: &[(&str, &str, &str, &str, &str)] = &[
    ("S1-e1", "tab-indentation", "  capacity: {storage: 1Gi}", "\tcapacity: {storage: 1Gi}", "\tcapacity"),
    ("S1-e2", "removed-api-version", "apiVersion: apps/v1", "apiVersion: apps/v1beta1", "apps/v1beta1"),
    ("S1-e2", "set-without-selector", "  selector:\n    matchLabels: {app: db}\n  template", "  template", "kind: StatefulSet"),
    ("S1-e3", "recycle-policy", "Policy: Retain", "Policy: Recycle", "Recycle"),
    ("S1-e4", "host-path-delete", "Policy: Retain", "Policy: Delete", "Policy: Delete"),
    ("S1-e5", "class-unset", "      storageClassName: \"\"\n      resources", "      resources", "      accessModes"),
    ("S1-e6", "sizes-mixed", "capacity: {storage: 1Gi}", "capacity: {storage: 1G}", "requests: {storage: 1Gi}"),
    ("S1-e7", "service-not-headless", "  clusterIP: None", "  type: NodePort", "type: NodePort"),
    ("S1-e9", "selector-matches-nothing", "  selector: {app: db}\n  ports:\n  - {name: client", "  selector: {tier: db}\n  ports:\n  - {name: client", "tier: db"),
    ("S1-e10", "host-path-node", "path: /data/db", "path: /tmp/db", "/tmp/db"),
    ("S1-e11", "no-readiness-probe", "        readinessProbe: {tcpSocket: {port: db}}\n", "", "containers:"),
    ("S1-e12", "plain-password", "valueFrom: {secretKeyRef: {name: login, key: password}}", "value: hunter2", "DB_PASSWORD"),
    ("S1-e14", "too-few-volumes", "replicas: 1", "replicas: 2", "requests: {storage: 1Gi}"),
    ("S3-e2", "reference-missing", "secretKeyRef: {name: login", "secretKeyRef: {name: manifest-example", "manifest-example"),
    ("S3-e2", "key-missing", "key: password}", "key: pass}", "key: pass}"),
    ("S3-e3", "claim-without-size", "      resources: {requests: {storage: 1Gi}}", "    resources: {requests: {storage: 1Gi}}", "    resources: {requests"),
    ("S3-e5", "service-not-headless", "  clusterIP: None", "  clusterIP: 10.0.0.1", "10.0.0.1"),
    ("S3-e8", "class-not-there", "storageClassName: \"\"\n      resources", "storageClassName: manual\n      resources", "manual"),
    ("S3-e9", "placeholder", "image: example.org/db:2.1", "image: <image>", "<image>"),
    ("S3-e10", "removed-volume-type", "  hostPath: {path: /data/db}", "  flocker: {datasetName: db}", "flocker"),
    ("S3-e10", "migrated-volume-type", "  hostPath: {path: /data/db}", "  gcePersistentDisk: {pdName: db}", "gcePersistentDisk"),
    ("S5-e2", "class-named-default", "storageClassName: \"\"\n      resources", "storageClassName: default\n      resources", "default"),
    ("S5-e3", "empty-namespace", "metadata:\n  name: db\nspec:\n  clusterIP", "metadata:\n  name: db\n  namespace:\nspec:\n  clusterIP", "namespace:"),
    ("S5-e7", "even-members", "replicas: 1", "replicas: 2 # consul", "replicas"),
    ("S5-e8", "members-fixed", "args: [serve]", "args: [serve, -bootstrap-expect=3]", "bootstrap"),
    ("S5-e10", "untagged-image", "image: example.org/db:2.1", "image: example.org/db", "example.org/db"),
];

#[test]
fn each_error_of_the_source_documents_is_found_at_its_line_and_the_corrected_manifest_is_fine() {
    assert_eq!(codes(SOUND), Vec::<String>::new());
    for (error, code, good, bad, at) in BROKEN {
        assert!(SOUND.contains(good), "{error}: `{good}` is not in the sound manifest");
        let mut text = SOUND.replacen(good, bad, 1);
        if *error == "S5-e7" {
            text = text.replace("example.org/db:2.1", "hashicorp/consul:1.20");
        }
        let found = doctor(&text).findings;
        let hit = found.iter().find(|finding| finding.code == *code);
        let hit = hit.unwrap_or_else(|| panic!("{error}: no {code} in {:?}", codes(&text)));
        let line = usize::try_from(hit.spot.as_ref().expect("a place").line).unwrap();
        assert!(text.lines().nth(line - 1).unwrap().contains(at), "{error}: line {line} of\n{text}");
        assert!(!hit.message.is_empty() && !hit.cause.is_empty() && !hit.remedy.is_empty(), "{error}: {hit:?}");
        assert!(!format!("{found:?}").contains("hunter2"), "{error} shows a password");
    }
}

#[test]
fn errors_of_other_kinds_are_found_too() {
    for (error, code, text) in [
        ("S1-e8", "service-after-set", reversed(SOUND)),
        ("S2-e1", "lost-structure", "apiVersion: v1\nkind: PersistentVolume\n    name: a\n        storage: 1Gi\n".to_owned()),
        ("S3-e1", "job-restart-policy", include_str!("doctor/job.yaml").to_owned()),
        (
            "S3-e4",
            "class-without-provisioner",
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\nspec: {capacity: {storage: 1Mi}}\n"
                .to_owned(),
        ),
        (
            "S4-e5",
            "immediate-binding",
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\nprovisioner: ebs.csi.aws.com\n".to_owned(),
        ),
        ("S5-e1", "removed-api-version", "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\n".to_owned()),
    ] {
        let found = doctor(&text).findings;
        assert!(found.iter().any(|finding| finding.code == code), "{error}: {:?}", codes(&text));
    }
    let job = include_str!("doctor/job.yaml").replace("          restartPolicy: Never", "      restartPolicy: Never");
    assert_eq!(codes(&job), Vec::<String>::new());
}

fn reversed(text: &str) -> String {
    text.split("---\n").collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("---\n")
}

#[test]
fn what_init_and_create_make_has_no_findings() {
    let home = Home::new();
    home.write("key.pem", "x");
    let made = |line: &str| {
        let finished = home.say(&format!("{line} --dry-run=client --show-secrets --yes -o yaml"));
        assert_eq!(finished.code, 0, "{line}: {}", finished.stderr);
        assert_eq!(codes(&finished.stdout), Vec::<String>::new(), "{line}\n{}", finished.stdout);
    };
    let generic = [
        "--replicas 3",
        "--port 8080",
        "--storage-class fast",
        "--size 100M",
        "--mount-path /var/lib/app",
        "--env MODE=cluster",
        "--command sleep",
    ];
    let couchdb = [
        "--storage-class fast",
        "--storage-class= --host-path /data/db",
        "--storage-class= --host-path /data/db --host-node node-a",
        "--size 20G",
        "--expose NodePort",
        "--expose LoadBalancer",
        "--grace-seconds 60",
    ];
    for (recipe, options) in
        [("init generic --name app --image example.org/app:1", &generic), ("init couchdb", &couchdb)]
    {
        made(recipe);
        for (position, one) in options.iter().enumerate() {
            for other in options.iter().skip(position + 1).filter(|other| flags(other).is_disjoint(&flags(one))) {
                made(&format!("{recipe} {one} {other}"));
            }
        }
    }
    made("init generic --name app --image example.org/app:1 --port 8080 --expose NodePort --replicas 3");
    for line in [
        "create pv disk --size 1Gi --host-path /data/disk",
        "create pv disk --size 1G --source nfs --nfs-server 10.0.0.1 --nfs-path /disk --access-mode ReadWriteMany",
        "create pv disk --size 1Gi --source local --local-path /disk --node node-a --storage-class local",
        "create pvc data --size 1Gi",
        "create pvc data --size 100M --storage-class= --volume disk",
        "create secret generic login --from-literal user=admin",
        "create configmap conf --from-literal a=b",
        "create storageclass fast --provisioner csi.example.org --binding-mode Immediate",
        "create service web --port 80 --type headless",
        "create statefulset web --image example.org/web:1 --replicas 3 --service-name web",
    ] {
        made(line);
    }
}

/// Two values of one option are no pair.
fn flags(option: &str) -> BTreeSet<&str> {
    option.split(' ').filter(|word| word.starts_with("--")).map(|word| word.split('=').next().unwrap_or(word)).collect()
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

#[test]
fn hundreds_of_valid_manifests_have_no_errors() {
    let mut texts = vec![SOUND.to_owned()];
    for (part, variants) in PARTS {
        let mixed = texts.iter().flat_map(|text| variants.iter().map(|variant| text.replacen(part, variant, 1)));
        texts = mixed.collect();
    }
    texts.extend(texts.clone().iter().map(|text| text.replace('\n', "\r\n")));
    let distinct: BTreeSet<&String> = texts.iter().collect();
    assert!(distinct.len() >= 200, "{}", distinct.len());
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
fn the_json_form_has_every_field_and_no_secret() {
    let home = Home::new();
    home.write("old.yaml", SOUND.replace("  password: hunter2", "  password: hunter2\n  password: hunter3"));
    let finished = home.say("doctor -f old.yaml -o json");
    assert_eq!(finished.code, 5, "{}", finished.stderr);
    let document: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!((&document["kind"], &document["apiVersion"]), (&"Findings".into(), &"kubectl-stateful/v1".into()));
    let finding = document["findings"][0].as_object().unwrap();
    let keys: Vec<&str> = finding.keys().map(String::as_str).collect();
    let all =
        ["code", "severity", "object", "file", "line", "column", "message", "evidence", "cause", "remedy", "command"];
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
        "warning 1 claim of these exists: its member starts with the data in it",
    ];
    assert_eq!(messages, expected);
    assert_eq!(document["notes"], serde_json::json!(["3 claims: 1 already there, 2 will bind on first use"]));
    let people = home.say("doctor -f web.yaml --sandbox");
    people.told(5, &["3 claims: 1 already there, 2 will bind on first use\n1 error, 1 warning in 1 object of 1 file"]);
}

#[test]
fn bad_input_is_told_and_never_a_panic() {
    let home = Home::new();
    let huge = "a: b\n".repeat(2_000_000);
    for (name, bytes, code) in [
        ("empty.yaml", Vec::new(), "no-objects"),
        ("huge.yaml", huge.into_bytes(), "not-text"),
        ("binary.yaml", vec![0x7f, b'E', b'L', b'F', 0, 0xff], "not-text"),
        ("utf16.yaml", vec![0xff, 0xfe, b'a', 0], "not-text"),
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

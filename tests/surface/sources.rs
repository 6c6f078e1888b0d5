//! Every error of the source documents that a manifest shows, in manifests of
//! our own: found at its line, and gone when it is corrected.

use std::collections::BTreeSet;

use kubectl_stateful::diagnosis::beyond::Beyond;
use kubectl_stateful::diagnosis::files::examine_all;
use kubectl_stateful::diagnosis::finding::Finding;
use kubectl_stateful::diagnosis::rule::Check;
use kubectl_stateful::diagnosis::rules;
use kubectl_stateful::diagnosis::sources::{SOURCE_ERRORS, SourceError};
use kubectl_stateful::facts::claim::Claim;
use kubectl_stateful::facts::class::Class;
use serde_json::json;

use crate::manifests::manifests;

/// A whole application on a volume made by hand, in which one thing is broken at a time.
const SOUND: &str = include_str!("doctor/sound.yaml");

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

/// The same in a manifest of its own.
struct Case {
    error: &'static str,
    code: &'static str,
    wrong: String,
    /// A part of the line that is pointed at.
    at: &'static str,
    corrected: String,
    /// A claim of this name is on the cluster.
    claim: Option<&'static str>,
}

fn case(error: &'static str, code: &'static str, wrong: &str, at: &'static str, corrected: &str) -> Case {
    Case { error, code, wrong: wrong.to_owned(), at, corrected: corrected.to_owned(), claim: None }
}

fn cases() -> Vec<Case> {
    let in_sound = BROKEN.iter().map(|&(error, code, good, bad, at)| {
        // An odd number matters to some images alone.
        let image = if error == "S5-e7" { "hashicorp/consul:1.20" } else { "example.org/db:2.1" };
        let whole = SOUND.replace("example.org/db:2.1", image);
        assert!(whole.contains(good), "{error}: `{good}` is not in the sound manifest");
        case(error, code, &whole.replacen(good, bad, 1), at, &whole)
    });
    in_sound.chain(of_their_own()).collect()
}

fn of_their_own() -> Vec<Case> {
    let job = include_str!("doctor/job.yaml");
    let ends = job.replace("          restartPolicy", "      restartPolicy");
    let cached = format!("{SOUND}---\n{}", include_str!("doctor/cache.yaml"));
    let crowded = cached.replace("app: cache", "app: db");
    let reversed = SOUND.split("---\n").collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("---\n");
    let capacious = CLASS.replace("provisioner: csi.example.org", "spec: {capacity: {storage: 1Mi}}");
    let late =
        format!("{CLASS}volumeBindingMode: WaitForFirstConsumer\n").replace("csi.example.org", "ebs.csi.aws.com");
    let early = late.replace("WaitForFirstConsumer", "Immediate");
    let old_ingress = INGRESS.replace("networking.k8s.io/v1", "extensions/v1beta1");
    let old_set = SOUND.replace("apps/v1", "apps/v1beta2");
    let adopting = case("S4-e7", "claims-exist", &LEANING.replace("other", "db"), "name: data", LEANING);
    vec![
        case("S1-e8", "service-after-set", &reversed, "kind: Service", SOUND),
        case("S1-e9", "selector-too-wide", &crowded, "selector: {app: db}", &cached),
        case("S2-e1", "lost-structure", LOST, "kind: PersistentVolume", FOUND),
        case("S3-e1", "job-restart-policy", job, "restartPolicy", &ends),
        case("S3-e4", "class-without-provisioner", &capacious, "kind: StorageClass", CLASS),
        case("S4-e5", "immediate-binding", &early, "volumeBindingMode", &late),
        case("S5-e1", "removed-api-version", &old_ingress, "apiVersion", INGRESS),
        case("S5-e1", "removed-api-version", &old_set, "apps/v1beta2", SOUND),
        Case { claim: Some("data-db-0"), ..adopting },
    ]
}

const LOST: &str = "apiVersion: v1\nkind: PersistentVolume\n    name: a\n        storage: 1Gi\n";
const FOUND: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec:\n  accessModes: [ReadWriteMany]\n  \
    capacity: {storage: 1Gi}\n  persistentVolumeReclaimPolicy: Retain\n  nfs: {server: nfs.example.org, path: /}\n";
const CLASS: &str =
    "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\nprovisioner: csi.example.org\n";
const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec:\n  rules:\n  - http:\n      \
    paths:\n      - {path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}\n";
/// A set whose claims have another name than that of the cluster.
const LEANING: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: other}\nspec: {clusterIP: None, selector: {app: a}}\n---\n\
    apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: other}\nspec:\n  serviceName: other\n  \
    selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n    spec:\n      containers:\n      \
    - {name: app, image: 'example.org/a:1', readinessProbe: {exec: {command: [a]}}}\n  volumeClaimTemplates:\n  \
    - metadata: {name: data}\n    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";

/// What is found, where the cluster has this claim and nothing else.
fn found(text: &str, claim: Option<&str>) -> Vec<Finding> {
    let mut all = manifests(text);
    all.beyond = claim.map(|name| {
        let claim = json!({"metadata": {"name": name, "namespace": "default"}, "status": {"phase": "Bound"},
            "spec": {"volumeName": "disk", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
        let class = json!({"metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "csi.example.org"});
        let sets = ["db", "other"].map(|set| (("StatefulSet", "default".to_owned(), set.to_owned()), None));
        Beyond {
            namespace: "default".to_owned(),
            claims: Some(Claim::read(&claim).into_iter().collect()),
            classes: Some(Class::read(&class).into_iter().collect()),
            volumes: Some(Vec::new()),
            objects: sets.into_iter().collect(),
            ..Beyond::default()
        }
    });
    examine_all(&all).findings
}

#[test]
fn each_error_of_the_source_documents_is_found_at_its_line_and_its_correction_is_fine() {
    for Case { error, code, wrong, at, corrected, claim } in cases() {
        let found_wrong = found(&wrong, claim);
        let hit = found_wrong.iter().find(|finding| finding.code == code);
        let hit = hit.unwrap_or_else(|| panic!("{error}: no {code} in {found_wrong:#?}"));
        let line = usize::try_from(hit.spot.as_ref().expect("a place").line).unwrap();
        assert!(wrong.lines().nth(line - 1).unwrap().contains(at), "{error}: line {line} of\n{wrong}");
        assert!(!hit.message.is_empty() && !hit.cause.is_empty() && !hit.remedy.is_empty(), "{error}: {hit:?}");
        assert!(!format!("{found_wrong:?}").contains("hunter2"), "{error} shows a password");
        assert_eq!(found(&corrected, claim), Vec::new(), "{error}\n{corrected}");
    }
}

/// Whether a rule about files tells it.
fn is_in_files(error: &SourceError) -> bool {
    let of_files = |check: &Check| match check {
        Check::Text(_) | Check::Files(_) | Check::Form(_) | Check::Rest(_) => true,
        Check::Live(_) | Check::Deep(_) | Check::Namespace(_) | Check::LastResort(_) => false,
    };
    error.rules().into_iter().filter_map(rules::named).any(|rule| rule.checks.iter().any(of_files))
}

#[test]
fn no_error_that_a_rule_is_said_to_find_is_left_out_here() {
    let played: BTreeSet<&str> = cases().iter().map(|case| case.error).collect();
    let said: BTreeSet<&str> = SOURCE_ERRORS.iter().filter(|error| is_in_files(error)).map(|error| error.id).collect();
    assert_eq!(played, said);
    let alone = SOURCE_ERRORS.iter().filter(|error| error.guide.is_none() && !is_in_files(error));
    assert_eq!(alone.map(|error| error.id).collect::<Vec<_>>(), Vec::<&str>::new());
}

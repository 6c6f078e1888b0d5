//! What is said before something is made that would wait for ever: claims that
//! no volume fits, sets whose Service or keys are not there, data of an
//! earlier set.

use serde_json::json;

use crate::neighbour;
use crate::program::{Finished, Home};

const BY_HAND: &str = "--storage-class= --sandbox --yes";

fn pvc(home: &Home, words: &str) -> Finished {
    home.say(&format!("create pvc {words} --sandbox --yes"))
}

fn pv(home: &Home, name: &str, words: &str) {
    home.say(&format!("create pv {name} --size 5Gi --host-path /srv/{name} --sandbox --yes {words}")).told(0, &[]);
}

#[test]
fn a_class_that_is_not_there_is_answered_with_those_that_are() {
    let home = Home::new();
    let finished = pvc(&home, "data --size 1Gi --storage-class fasst");
    finished.hinted(2, &["`--storage-class`: `fasst` is not one of", "did you mean `fast`?", "create pv"]);
    assert_eq!(neighbour::names(&home, "/api/v1/namespaces/default/persistentvolumeclaims"), Vec::<String>::new());
    // A class by name alone is enough where a volume has it (S3-e8).
    pv(&home, "disk", "--storage-class by-hand");
    pvc(&home, "data --size 1Gi --storage-class by-hand").told(0, &["claim data bound to disk (5Gi)"]);
    // What nothing was asked about nobody can know.
    home.say("create pvc other --size 1Gi --storage-class fasst --sandbox --dry-run=client").told(0, &[]);
}

#[test]
fn a_claim_waits_for_its_volume_only_where_one_comes() {
    let home = Home::new();
    pvc(&home, "now --size 1Gi --storage-class fast").told(0, &["claim now bound to pvc-"]);
    pvc(&home, "later --size 1Gi").told(0, &["claim later gets its volume on first use: class `standard` waits"]);
    let again = pvc(&home, "later --size 1Gi");
    again.told(0, &["nothing to change", "on first use"]);
    let quick = pvc(&home, "quick --size 1Gi --storage-class fast --no-wait");
    assert!(!quick.told(0, &[]).stderr.contains("bound to"), "{}", quick.stderr);
}

#[test]
fn a_claim_that_no_volume_fits_is_told_why_not_by_each() {
    let home = Home::new();
    home.say(&format!("create pvc alone --size 1Gi {BY_HAND}")).told(
        0,
        &[
            "! claim alone gets no volume: none fits, and volumes without a class are prepared by hand",
            "waits for a volume",
        ],
    );
    pv(&home, "small", "");
    pv(&home, "shared", "--access-mode ReadOnlyMany");
    pv(&home, "classy", "--storage-class manual");
    let finished = home.say(&format!("create pvc data --size 5G --access-mode ReadWriteOncePod {BY_HAND}"));
    finished.told(0, &["! volume shared can be mounted ReadOnlyMany, and ReadWriteOncePod is asked for"]);
    let finished = home.say(&format!("create pvc big --size 6Gi {BY_HAND}"));
    finished.told(0, &["! claim big gets no volume", "! volume shared can be", "big waits for a volume"]);
    let named = home.say(&format!("create pvc mine --size 1Gi --volume nowhere {BY_HAND}"));
    named.told(0, &["! volume nowhere does not exist"]);
}

#[test]
fn a_set_whose_claims_get_nothing_is_told_before_the_review() {
    let home = Home::new();
    let by_hand = ["init", "couchdb", "--sandbox", "--dry-run=server", "--storage-class", ""];
    home.run(&by_hand).told(0, &["! claim data-couchdb-0 gets no volume: none fits"]);
    let with_volume = [&by_hand[..], &["--host-path", "/srv/couch"]].concat();
    let finished = home.run(&with_volume);
    assert!(!finished.told(0, &[]).stderr.contains("gets no volume"), "{}", finished.stderr);
    pv(&home, "small", "");
    home.run(&by_hand).told(0, &["! volume small holds 5Gi, and 10Gi are asked for"]);
    let fits = home.run(&[&by_hand[..], &["--size", "5Gi"]].concat());
    assert!(!fits.told(0, &[]).stderr.contains("gets no volume"), "{}", fits.stderr);
    let manual = home.say("init couchdb --sandbox --dry-run=server --storage-class manual");
    manual.told(0, &["! claim data-couchdb-0 gets no volume: none fits, and class `manual` makes no volumes"]);
}

/// Makes a StorageClass and a claim, by default of it.
const RECIPE: &str = r#"
    const RECIPE = #{ api: 1, summary: "a class of its own", params: [
        #{ name: "of", type: "name", value: "mine", prompt: "Class", help: "The class of the claim." },
    ] };
    fn objects(p) {
        [
            #{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: #{ name: "mine" },
               provisioner: "sandbox.kubectl-stateful/disk" },
            #{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: #{ name: "shared" },
               spec: #{ storageClassName: p.of, accessModes: ["ReadWriteOnce"],
                        resources: #{ requests: #{ storage: "1Gi" } } } },
        ]
    }"#;

#[test]
fn a_class_that_is_made_with_its_claims_is_there_for_them() {
    let home = Home::new();
    std::fs::write(home.path().join("own.rhai"), RECIPE).unwrap();
    let other = home.say("init ./own.rhai --of other --sandbox --dry-run=server");
    other.told(0, &["! claim shared gets no volume: there is no storage class `other`"]);
    let own = home.say("init ./own.rhai --sandbox --yes");
    assert!(!own.told(0, &["claim shared bound to pvc-"]).stderr.contains('!'), "{}", own.stderr);
}

#[test]
fn a_volume_that_the_first_claim_will_use_is_not_there_for_the_second() {
    let home = Home::new();
    let class = "--provisioner kubernetes.io/no-provisioner --binding-mode WaitForFirstConsumer";
    home.say(&format!("create storageclass local --sandbox --yes {class}")).told(0, &[]);
    pv(&home, "disk", "--storage-class local");
    let set = "init generic --sandbox --name g --image nginx:1.29 --size 1Gi --storage-class local --dry-run=server";
    let finished = home.say(&format!("{set} --replicas 2"));
    finished.told(0, &["! claim data-g-1 gets no volume: none fits, and class `local` makes no volumes"]);
    assert!(!finished.stderr.contains("data-g-0 gets no"), "{}", finished.stderr);
}

#[test]
fn a_volume_of_another_mode_is_no_volume_for_the_claim() {
    let home = Home::new();
    pv(&home, "disk", "");
    let raw = home.say(&format!("create pvc raw --size 1Gi --volume-mode Block {BY_HAND}"));
    raw.told(0, &["! volume disk has volume mode Filesystem, and Block is asked for", "raw waits for a volume"]);
}

#[test]
fn a_released_volume_comes_with_what_frees_it() {
    let home = Home::new();
    pv(&home, "disk", "");
    home.say(&format!("create pvc old --size 1Gi {BY_HAND}")).told(0, &["claim old bound to disk (5Gi)"]);
    neighbour::delete(&home, "/api/v1/namespaces/default/persistentvolumeclaims/old");
    let fits = "! volume disk would fit, but it is Released: it still belongs to the deleted claim `old` of `default`";
    let named = "volume disk is freed, with the data in it, when its `spec.claimRef` names claim new and has no `uid`";
    home.say(&format!("create pvc new --size 1Gi --dry-run=server --volume disk {BY_HAND}")).told(0, &[fits, named]);
    let own = ["volume disk is freed, with the data in it, when its `spec.claimRef.uid` is removed"];
    home.say(&format!("create pvc old --size 1Gi --dry-run=server {BY_HAND}")).told(0, &own);
    home.run(&["init", "couchdb", "--sandbox", "--dry-run=server", "--storage-class", "", "--size", "5Gi"])
        .told(0, &[fits]);
    // Who did not ask for it by name is not offered somebody else's data.
    let other = home.say(&format!("create pvc new --size 1Gi --dry-run=server {BY_HAND}"));
    assert!(!other.told(0, &[fits]).stderr.contains("is freed"), "{}", other.stderr);
    pv(&home, "disk-2", "");
    home.say(&format!("create pvc old-2 --size 1Gi {BY_HAND}")).told(0, &["claim old-2 bound to disk-2 (5Gi)"]);
    neighbour::delete(&home, "/api/v1/namespaces/default/persistentvolumeclaims/old-2");
    let own = home.say(&format!("create pvc old-2 --size 1Gi --dry-run=server {BY_HAND}"));
    own.told(0, &["volume disk-2 is freed"]);
    neighbour::merge(
        &home,
        "/api/v1/persistentvolumes/disk",
        &json!({ "spec": { "claimRef": { "name": "new", "uid": null, "resourceVersion": null } } }),
    );
    home.say(&format!("create pvc new --size 1Gi {BY_HAND}")).told(0, &["claim new bound to disk (5Gi)"]);
}

const SET: &str = "create statefulset db --image mysql:8 --sandbox --yes --env-from-secret PW=keys/password \
                   --env-from-config MODE=conf/mode";

#[test]
fn a_set_is_told_what_it_refers_to_and_is_not_there() {
    let home = Home::new();
    home.say(&format!("{SET} --dry-run=server")).told(
        0,
        &["! there is no Service `db`\n", "! there is no Secret `keys`\n", "! there is no ConfigMap `conf`\n"],
    );
    home.say("create service db --type ClusterIP --port 80 --sandbox --yes").told(0, &[]);
    home.say("create secret generic keys --value-from other=generate --sandbox --yes").told(0, &[]);
    home.say("create configmap conf --from-literal mode=a --sandbox --yes").told(0, &[]);
    let finished = home.say(&format!("{SET} --dry-run=server"));
    finished.told(0, &["! Service `db` is not headless", "! Secret `keys` has no key `password`"]);
    assert!(!finished.stderr.contains("ConfigMap `conf`"), "{}", finished.stderr);
    home.say("create service pods --port 80 --sandbox --yes --selector app=other").told(0, &[]);
    home.say(&format!("{SET} --dry-run=server --service-name pods"))
        .told(0, &["! Service `pods` does not select the pods of this set"]);
    // They may come later, so it is made all the same.
    home.say(&format!("{SET} --no-wait")).told(0, &["StatefulSet/db created"]);
}

#[test]
fn a_mount_of_a_volume_that_is_not_there_is_refused() {
    let home = Home::new();
    let set = "create statefulset db --image mysql:8 --sandbox --yes";
    home.say(&format!("{set} --mount data:/x")).told(2, &["`--mount`: `data` is neither a claim nor a volume"]);
    home.say(&format!("{set} --claim data:1Gi:/a --mount dat:/x")).told(2, &["did you mean `data`?"]);
    assert_eq!(neighbour::get(&home, "/apis/apps/v1/namespaces/default/statefulsets/db"), None);
}

#[test]
fn claims_of_an_earlier_set_are_asked_about_for_a_set_alone_too() {
    let home = Home::new();
    pvc(&home, "data-db-0 --size 1Gi --storage-class fast").told(0, &[]);
    let set = "create statefulset db --image mysql:8 --claim data:1Gi:fast:/data --sandbox --yes";
    home.say(set).hinted(
        3,
        &["claims of an earlier set `db` exist", "claim data-db-0 of an earlier set", "--adopt-claims", "with `NAME`"],
    );
    assert_eq!(neighbour::get(&home, "/apis/apps/v1/namespaces/default/statefulsets/db"), None);
    let adopted = home.say(&format!("{set} --adopt-claims"));
    adopted.told(0, &["claim data-db-0 of an earlier set", "pod db-0 ready"]);
    assert!(adopted.stdout.contains("--adopt-claims"), "{}", adopted.stdout);
}

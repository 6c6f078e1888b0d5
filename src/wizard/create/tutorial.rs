//! The source documents as tests: every object of theirs can be made by flags
//! alone, and their mistakes are refused or avoided.

use std::collections::BTreeMap;
use std::path::Path;

use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::storage::v1 as storage;
use serde_json::{Value, json};

use super::files::Files;
use super::kind::kinds;
use crate::objects::secret_token;
use crate::objects::yaml::to_yaml;
use crate::wizard::parameter::Answers;
use crate::wizard::samples::{Cluster, Person};
use crate::wizard::{flags, resolve, secret};

/// Files in memory; a folder is a prefix.
struct Memory(BTreeMap<&'static str, &'static [u8]>);

impl Files for Memory {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path.to_str().unwrap()).map(|bytes| bytes.to_vec()).ok_or_else(|| "no such file".to_owned())
    }

    fn is_folder(&self, path: &Path) -> bool {
        let prefix = format!("{}/", path.display());
        self.0.keys().any(|known| known.starts_with(&prefix))
    }

    fn names(&self, folder: &Path) -> Result<Vec<String>, String> {
        let prefix = format!("{}/", folder.display());
        Ok(self.0.keys().filter_map(|known| known.strip_prefix(&prefix)).map(str::to_owned).collect())
    }
}

fn files() -> Memory {
    Memory(BTreeMap::from([
        ("conf/master.cnf", b"[mysqld]\nlog-bin\n".as_slice()),
        ("conf/slave.cnf", b"[mysqld]\nsuper-read-only\n"),
        ("consul.json", b"{}"),
        ("tls.crt", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"),
        ("tls.key", b"-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n"),
        ("password", b"passw0rd"),
    ]))
}

fn answers(kind: &str, words: &[&str]) -> Result<Answers, String> {
    let kind = kinds().into_iter().find(|known| known.name == kind).unwrap();
    let command = clap::Command::new("create").no_binary_name(true).args(flags::arguments(&kind.parameters).unwrap());
    let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
    let given = flags::read(&kind.parameters, &matches, &mut std::io::empty());
    resolve::resolve(&kind.parameters, given, Answers::new(), &Person::nobody(), &Cluster, true)
        .map_err(|error| error.to_string())
}

fn made(kind: &str, words: &[&str]) -> Result<Value, String> {
    let answers = answers(kind, words)?;
    let build = kinds().into_iter().find(|known| known.name == kind).unwrap().build;
    let mut objects = build(&answers, "default", &files()).map_err(|error| error.to_string())?;
    assert_eq!(objects.len(), 1);
    let object = objects.remove(0);
    assert_known_fields(&object);
    Ok(object)
}

/// Reading into the types of the API and back loses every field that the API
/// does not know.
fn assert_known_fields(object: &Value) {
    fn again<T: serde::Serialize + serde::de::DeserializeOwned>(object: &Value) -> Value {
        serde_json::to_value(serde_json::from_value::<T>(object.clone()).unwrap()).unwrap()
    }
    let sent = secret_token::resolve(object, |_| Ok::<_, String>(b"x".to_vec())).unwrap();
    let read = match object["kind"].as_str().unwrap() {
        "PersistentVolume" => again::<core::PersistentVolume>(&sent),
        "PersistentVolumeClaim" => again::<core::PersistentVolumeClaim>(&sent),
        "Secret" => again::<core::Secret>(&sent),
        "ConfigMap" => again::<core::ConfigMap>(&sent),
        "Service" => again::<core::Service>(&sent),
        "StorageClass" => again::<storage::StorageClass>(&sent),
        "StatefulSet" => {
            let mut read = again::<apps::StatefulSet>(&sent);
            // The typed form adds the kind of a claim to each template.
            for template in read["spec"]["volumeClaimTemplates"].as_array_mut().into_iter().flatten() {
                template.as_object_mut().unwrap().retain(|key, _| key != "apiVersion" && key != "kind");
            }
            read
        }
        other => panic!("{other}"),
    };
    assert_eq!(read, sent);
}

fn refused(kind: &str, words: &[&str]) -> String {
    made(kind, words).unwrap_err()
}

#[test]
fn couchdb_volume_and_claim() {
    let volume = made(
        "pv",
        &[
            "pv-couchdb",
            "--host-path",
            "/tmp/couchdb",
            "--size",
            "100M",
            "--reclaim-policy",
            "Recycle",
            "--host-path-type",
            "unchecked",
        ],
    );
    assert_eq!(
        volume.unwrap()["spec"],
        json!({
            "capacity": {"storage": "100M"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Recycle",
            "hostPath": {"path": "/tmp/couchdb"},
        })
    );
    let claim = made("pvc", &["pvc-couchdb", "--size", "10M", "--storage-class", ""]).unwrap();
    assert_eq!(claim["spec"]["storageClassName"], "");
    assert_eq!(made("pvc", &["c", "--size", "10M"]).unwrap()["spec"].get("storageClassName"), None);
}

#[test]
fn couchdb_secret_from_a_file_holds_no_value_until_it_is_written() {
    let words = ["generic", "couchdb-password", "--from-file", "password"];
    let manifest = made("secret", &words).unwrap();
    assert_eq!(secret_token::tokens(&manifest), ["value/password"]);
    assert!(!manifest.to_string().contains("passw0rd"));
    let kind = kinds().into_iter().find(|known| known.name == "secret").unwrap();
    let sources = (kind.secrets)(&answers("secret", &words).unwrap());
    assert_eq!(secret::origin(&sources["value/password"]), "file:password");
    let written = secret_token::resolve(&manifest, |_| files().read(Path::new("password"))).unwrap();
    assert_eq!(written["data"], json!({"password": "cGFzc3cwcmQ="}));
}

#[test]
fn couchdb_set() {
    let set = made(
        "statefulset",
        &[
            "couchdb",
            "--image",
            "couchdb:1.6",
            "--port",
            "http:5984",
            "--grace-period",
            "10",
            "--claim",
            "couchdb-data:10M::/usr/local/var/lib/couchdb",
            "--env",
            "COUCHDB_USER=admin",
            "--env-from-secret",
            "COUCHDB_PASSWORD=couchdb-password/password",
            "--selector",
            "tier=db",
        ],
    );
    insta::assert_snapshot!(to_yaml(&set.unwrap()));
}

#[test]
fn couchdb_service() {
    let service = made(
        "service",
        &[
            "couchdb",
            "--type",
            "NodePort",
            "--port",
            "5984",
            "--selector",
            "tier=db",
            "--label",
            "app=couchdb",
            "--label",
            "tier=db",
        ],
    );
    assert_eq!(
        service.unwrap()["spec"],
        json!({"type": "NodePort", "selector": {"tier": "db"}, "ports": [{"port": 5984}]})
    );
    let headless = made("service", &["couchdb", "--port", "5984"]).unwrap();
    assert_eq!(headless["spec"]["clusterIP"], "None");
    assert_eq!(headless["spec"]["selector"], json!({"app": "couchdb"}));
}

#[test]
fn consul_set_with_its_init_container() {
    let set = made(
        "statefulset",
        &[
            "consul",
            "--image",
            "consul:1.0.2",
            "--replicas",
            "3",
            "--port",
            "rpc:8300",
            "--port",
            "http:8500",
            "--claim",
            "data:1Gi:standard:/consul/data",
            "--volume",
            "readonly=config-map:consulconfig",
            "--volume",
            "config=empty-dir",
            "--mount",
            "config:/consul/config",
            "--env-field",
            "POD_NAMESPACE=metadata.namespace",
            "--init-container",
            "copy=busybox:1.36",
            "--init-command",
            "copy=cp /readonly/consul.json /config",
            "--init-mount",
            "copy=readonly:/readonly:ro",
            "--init-mount",
            "copy=config:/config",
            "--arg=consul",
            "--arg=agent",
            "--arg=-config-file=/consul/config/consul.json",
        ],
    );
    insta::assert_snapshot!(to_yaml(&set.unwrap()));
}

#[test]
fn configmaps_come_from_literals_files_and_folders() {
    let map = made(
        "configmap",
        &["mysql-config", "--from-file", "conf", "--from-file", "c=consul.json", "--from-literal", "y=on"],
    );
    assert_eq!(
        map.unwrap()["data"],
        json!({"y": "on", "master.cnf": "[mysqld]\nlog-bin\n", "slave.cnf": "[mysqld]\nsuper-read-only\n", "c": "{}"})
    );
    assert!(refused("configmap", &["m", "--from-file", "none"]).contains("cannot read `none`"));
    assert!(refused("configmap", &["m", "--from-file", "k=conf"]).contains("folder"));
    assert!(
        refused("configmap", &["m", "--from-literal", "consul.json=1", "--from-file", "consul.json"]).contains("twice")
    );
}

#[test]
fn the_other_two_types_of_secrets() {
    let tls = made("secret", &["tls", "cert", "--cert", "tls.crt", "--key", "tls.key"]).unwrap();
    assert_eq!(tls["type"], "kubernetes.io/tls");
    assert!(!tls.to_string().contains("hunter2"));
    assert!(
        refused("secret", &["tls", "cert", "--cert", "tls.key", "--key", "tls.crt"]).contains("no `BEGIN CERTIFICATE`")
    );
    let docker = ["docker-registry", "r", "--docker-username", "me", "--docker-password-from", "env:PW"];
    assert_eq!(made("secret", &docker).unwrap()["type"], "kubernetes.io/dockerconfigjson");
    let generated = ["docker-registry", "r", "--docker-username", "me", "--docker-password-from", "generate"];
    assert!(refused("secret", &generated).contains("cannot be generated"));
    assert_eq!(refused("secret", &["generic", "s"]), "missing: --value-from");
    assert!(refused("secret", &["generic", "s", "--cert", "x", "--from-literal", "a=b"]).contains("only with"));
}

#[test]
fn volumes_that_could_never_work_are_refused() {
    let delete = ["v", "--size", "1Gi", "--host-path", "/data", "--reclaim-policy", "Delete"];
    assert!(refused("pv", &delete).contains("below /tmp/"));
    let local = ["v", "--size", "1Gi", "--source", "local", "--local-path", "/mnt/a"];
    assert!(refused("pv", &local).contains("`--node`"));
    let local = ["v", "--size", "1Gi", "--source", "local", "--local-path", "/mnt/a", "--node", "node-z"];
    assert!(refused("pv", &local).contains("`node-a`, `node-b`"));
    let csi =
        ["v", "--size", "1Gi", "--source", "csi", "--driver", "d", "--handle", "h", "--reclaim-policy", "Recycle"];
    assert!(refused("pv", &csi).contains("recycled"));
    let nfs = [
        "v",
        "--size",
        "1Gi",
        "--source",
        "nfs",
        "--nfs-server",
        "nas",
        "--nfs-path",
        "/x",
        "--for-claim",
        "shop/data-web-0",
    ];
    assert_eq!(made("pv", &nfs).unwrap()["spec"]["claimRef"]["namespace"], "shop");
}

#[test]
fn every_flag_of_a_set_ends_in_a_field_that_the_api_knows() {
    let set = made(
        "statefulset",
        &[
            "web",
            "--image",
            "nginx:1.27",
            "--replicas",
            "2",
            "--port",
            "http:80",
            "--claim",
            "data:1Gi:/data",
            "--sub-path",
            "data=www",
            "--env-from-config",
            "MODE=web/mode",
            "--command",
            "nginx",
            "--volume",
            "tls=secret:web-tls",
            "--mount",
            "tls:/tls:ro",
            "--volume",
            "shared=claim:pool",
            "--mount",
            "shared:/shared",
            "--readiness-probe",
            "http:80/ready",
            "--liveness-probe",
            "exec:nginx -t",
            "--requests",
            "cpu=100m,memory=64Mi",
            "--limits",
            "memory=128Mi",
            "--service-name",
            "web-pods",
            "--label",
            "team=a",
            "--run-as-user",
            "101",
            "--fs-group",
            "101",
            "--service-account",
            "web",
            "--image-pull-secret",
            "registry",
            "--spread",
            "zones",
            "--pod-management",
            "Parallel",
            "--partition",
            "1",
            "--ordinals-start",
            "5",
            "--min-ready-seconds",
            "3",
            "--revision-history-limit",
            "2",
            "--claims-when-deleted",
            "Delete",
            "--access-mode",
            "RWOP",
        ],
    );
    insta::assert_snapshot!(to_yaml(&set.unwrap()));
}

#[test]
fn classes_and_load_balancers() {
    let class = ["fast", "--provisioner", "ebs.csi.aws.com", "--parameter", "type=gp3", "--default-class"];
    let class = made("storageclass", &class).unwrap();
    assert_eq!(
        (&class["reclaimPolicy"], &class["volumeBindingMode"]),
        (&json!("Delete"), &json!("WaitForFirstConsumer"))
    );
    assert_eq!(class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"], "true");
    let service = ["ui", "--type", "LoadBalancer", "--port", "80:http", "--node-port", "30080", "--publish-not-ready"];
    let service = made("service", &service).unwrap();
    assert_eq!(service["spec"]["ports"][0], json!({"port": 80, "targetPort": "http", "nodePort": 30080}));
    assert!(
        refused("service", &["ui", "--type", "NodePort", "--port", "a:1", "--port", "b:2", "--node-port", "30080"])
            .contains("one port")
    );
    assert!(refused("service", &["0ui", "--port", "80"]).contains("starts with a letter"));
}

#[test]
fn sets_whose_parts_disagree_are_refused() {
    let base = ["web", "--image", "nginx:1.27"];
    let with = |more: &[&'static str]| refused("statefulset", &[&base[..], more].concat());
    assert!(with(&["--mount", "data:/x"]).contains("neither a claim nor a volume"));
    assert!(with(&["--claim", "data:1Gi:/a", "--mount", "dat:/x"]).contains("did you mean `data`?"));
    assert!(with(&["--claim", "data:1Gi:/a", "--claim", "data:1Gi:/b"]).contains("twice"));
    assert!(with(&["--claim", "a:1Gi:/a", "--claim", "b:1Gi:/a/"]).contains("twice"));
    assert!(with(&["--claim", "data:1Gi:/a", "--volume", "data=empty-dir"]).contains("a claim too"));
    assert!(with(&["--env", "A=1", "--env-field", "A=metadata.name"]).contains("twice"));
    assert!(with(&["--init-command", "copy=x"]).contains("--init-container copy=IMAGE"));
    assert!(with(&["--init-container", "web=busybox"]).contains("main container"));
    assert!(with(&["--selector", "tier=db", "--label", "tier=web"]).contains("contradicts"));
    assert!(with(&["--requests", "memory=2Gi", "--limits", "memory=2G"]).contains("above the limit"));
    assert!(with(&["--partition", "1", "--update-strategy", "OnDelete"]).contains("only with"));
    assert!(with(&["--sub-path", "data=../x"]).contains("neither"));
    let long = "a".repeat(53);
    assert!(refused("statefulset", &[&long, "--image", "x"]).contains("every pod gets a label"));
}

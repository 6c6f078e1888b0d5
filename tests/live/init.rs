//! `init couchdb` from end to end: the objects are there and work, the printed
//! lines are true, and typing it again changes nothing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::support::api::Method;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("init_makes_a_whole_application_and_typed_again_changes_nothing", twice),
        live("kubectl_accepts_what_a_client_dry_run_prints_without_a_warning", dry_run),
        live("a_wait_ends_with_the_pods_of_the_new_revision", new_revision),
        live("a_warning_of_the_server_is_shown_once", warned),
        live("a_quota_that_the_members_would_go_over_is_warned_of", quota),
    ]
}

/// What `init couchdb` makes.
pub const COUCHDB: [(&str, &str); 4] =
    [("Secret", "couchdb-admin"), ("Service", "couchdb"), ("Service", "couchdb-client"), ("StatefulSet", "couchdb")];

/// Who each object is (UID) and whether its spec or data was touched since.
pub fn identities(world: &World, objects: &[(&str, &str)]) -> Result<BTreeMap<String, Value>, Failed> {
    let mut found = BTreeMap::new();
    for (kind, name) in objects {
        let object = world.get(kind, name)?.ok_or_else(|| format!("there is no {kind} {name}"))?;
        let meta = &object["metadata"];
        // The generation counts changes of a spec; what has none has only its version.
        let version = if meta["generation"].is_null() { &meta["resourceVersion"] } else { &meta["generation"] };
        found.insert(format!("{kind}/{name}"), json!([meta["uid"], version]));
    }
    Ok(found)
}

fn twice(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let said = cli.run(&["init", "couchdb", "--yes"])?.ended(0)?;
    let made = identities(world, &COUCHDB)?;
    let claim = world.get("PersistentVolumeClaim", "data-couchdb-0")?.ok_or("no claim")?;
    let volume = claim["spec"]["volumeName"].as_str().unwrap_or("?");
    let pod = world.get("Pod", "couchdb-0")?.ok_or("no pod")?;
    ensure(claim["status"]["phase"] == "Bound" && is_ready(&pod), || format!("{claim}\n{pod}"))?;
    said.says(&format!("claim data-couchdb-0 bound to {volume} (10Gi)"))?;
    said.says("pod couchdb-0 ready")?;

    let inside = format!("http://couchdb-client.{0}:5984   pods: couchdb-0.couchdb.{0}", world.namespace);
    ensure(said.labelled("inside the cluster")? == inside, || said.to_string())?;
    let secret = world.get("Secret", "couchdb-admin")?.ok_or("no Secret")?;
    let password = BASE64.decode(secret["data"]["password"].as_str().unwrap_or_default())?;
    let shown = cli.run_shell(said.labelled("password")?)?.ended(0)?;
    ensure(password.len() > 16 && shown.stdout.as_bytes() == password, || "not the password".to_owned())?;
    ensure(!said.to_string().contains(&*shown.stdout), || "the password was shown unasked".to_owned())?;

    let again = cli.run(&["init", "couchdb", "--yes"])?.ended(0)?;
    again.says("nothing to change")?;
    let typed = cli.run_shell(said.labelled("same again")?)?.ended(0)?;
    typed.says("nothing to change")?;
    ensure(typed.stdout == said.stdout, || format!("first {said}\nthen {typed}"))?;
    ensure(identities(world, &COUCHDB)? == made, || format!("made {made:?}\nafter typing it again: {typed}"))
}

pub fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|each| each["type"] == "Ready" && each["status"] == "True")
}

fn dry_run(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let printing = ["--dry-run=client", "-o", "yaml", "--show-secrets"];
    let commands: [(usize, &[&str]); 4] = [
        (4, &["init", "couchdb"]),
        (5, &["init", "couchdb", "--storage-class", "", "--host-path", "/srv/couchdb", "--host-node", "node-a"]),
        (4, &["init", "couchdb", "--expose", "NodePort", "--admin-user", "root", "--size", "1Ti"]),
        (3, &["init", "generic", "--name", "web", "--image", "nginx:1.29", "--replicas", "3", "--port", "80"]),
    ];
    for (count, command) in commands {
        let printed = cli.run(&[command, &printing].concat())?.ended(0)?;
        let taken = cli.run_kubectl(&["apply", "--dry-run=server", "-f", "-"], &printed.stdout)?.ended(0)?;
        let lines: Vec<_> = taken.stdout.lines().collect();
        let created = lines.iter().all(|line| line.ends_with(" created (server dry run)"));
        ensure(created && lines.len() == count && taken.stderr.is_empty(), || format!("{command:?}: {taken}"))?;
    }
    ensure(world.list("StatefulSet")?.is_empty(), || "a dry run made a set".to_owned())
}

/// With the old pod still ready, a changed template must not count as done.
fn new_revision(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let web = ["init", "generic", "--name", "web", "--size", "1Mi", "--yes"];
    cli.run(&[&web[..], &["--image", "web:1"]].concat())?.ended(0)?;
    let said = cli.run(&[&web[..], &["--image", "web:2"]].concat())?.ended(0)?;
    let pod = world.get("Pod", "web-0")?.ok_or("no pod")?;
    let image = &pod["spec"]["containers"][0]["image"];
    ensure(image == "web:2" && is_ready(&pod), || format!("{pod}\nafter {said}"))
}

fn warned(world: &World) -> Result<(), Failed> {
    let text = "Services are looked at here";
    warn_of_services(world, text)?;
    let cli = world.cli(User::Admin)?;
    let probe = ["create", "service", "clusterip", "probe", "--tcp=80", "--dry-run=server"];
    // A policy counts only some time after it was made.
    world.until("the policy to warn", || Ok(cli.run_kubectl(&probe, "")?.stderr.contains(text).then_some(())))?;
    let said = cli.run(&["init", "couchdb", "--yes", "--no-wait"])?.ended(0)?;
    let shown: Vec<_> = said.stderr.lines().filter(|line| line.contains(text)).collect();
    let (review, _) = said.stderr.split_once("\nrun ").ok_or_else(|| said.to_string())?;
    let told = shown.len() == 1 && shown[0].starts_with("  ! the server warns: ");
    ensure(told && review.contains(text), || said.to_string())
}

/// Two of the requests of `init` and two of its dry runs will be warned of.
fn warn_of_services(world: &World, text: &str) -> Result<(), Failed> {
    let group = "admissionregistration.k8s.io";
    let name = format!("{}-warns", world.namespace);
    let services = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["services"]});
    let policy = json!({
        "apiVersion": format!("{group}/v1"), "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {"matchConstraints": {"resourceRules": [services]},
                 "validations": [{"expression": "false", "message": text}]},
    });
    let here = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": world.namespace}}});
    let binding = json!({
        "apiVersion": format!("{group}/v1"), "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Warn"], "matchResources": here},
    });
    for (plural, object) in [("validatingadmissionpolicies", policy), ("validatingadmissionpolicybindings", binding)] {
        let path = format!("/apis/{group}/v1/{plural}");
        world.runtime.block_on(world.api.send(Method::Post, &path, Some(&object))).map_err(|why| why.message)?;
    }
    Ok(())
}

fn quota(world: &World) -> Result<(), Failed> {
    let quota = json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "small" },
                        "spec": { "hard": { "requests.storage": "15Gi", "persistentvolumeclaims": "5" } } });
    world.create(quota)?;
    world.until_object("ResourceQuota", "small", |quota| quota["status"]["hard"].is_object())?;
    let cli = world.cli(User::Admin)?;
    let words = ["init", "generic", "--yes", "--name", "web", "--image", "nginx", "--size", "10Gi", "--dry-run=server"];
    let with = |replicas| cli.run(&[&words[..], &["--replicas", replicas]].concat())?.ended(0);
    with("2")?.says("quota small leaves 15Gi of requests.storage, and 20Gi are needed")?;
    let enough = with("1")?;
    ensure(!enough.to_string().contains("quota small"), || enough.to_string())
}

//! The page of what is simulated and what is not: made from what the simulated
//! server says that it serves, from what a real one says, and from the requests
//! and scenarios whose outcome was recorded on a real one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kubectl_stateful::objects::kinds::KINDS;
use kubectl_stateful::simulator::controllers::all::all;
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::join;
use crate::support::api::{Api, Method, runtime};
use crate::support::corpus;
use crate::support::resources::{self, Resources};
use crate::support::scenario;

const PAGE: &str = "docs/simulated.md";

const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

const HEAD: &str = "<!-- Generated; `UPDATE_GENERATED=1 cargo test --test differential page` writes it. -->\n\n\
    # What is simulated\n\n\
    What the sandbox does was recorded on a real Kubernetes control plane and is compared with it, request by request and\n\
    over time. What is left of differences is on [a page of its own](differences.md); the kubectl commands that were tried\n\
    are on [another](kubectl.md).\n\n\
    On the real side the API server, etcd, the controllers and the scheduler are Kubernetes' own. Nobody there runs containers or\n\
    makes disks: kubelet, external-provisioner, external-resizer and external-attacher are played on both sides by the same code, so\n\
    that what is compared of them is how the others answer to what they do.\n";

/// What each actor does, for the reader. An actor that is not here fails the test.
const ACTORS: [(&str, &str); 19] = [
    (
        "statefulset-controller",
        "pods, claims, revisions, rolling updates, retention policy and status of StatefulSets; of a Parallel one at \
         most 500 pods wait for a node, and no further ones are made meanwhile",
    ),
    ("persistentvolume-controller", "binding of claims and volumes, phases, release"),
    ("external-provisioner", "makes and deletes the volumes of the sandbox's classes"),
    ("persistentvolumeclaim-protection-controller", "keeps claims that a pod uses"),
    ("persistentvolume-protection-controller", "keeps volumes that a claim is bound to"),
    (
        "default-scheduler",
        "nodes for pods: resources, taints, affinity, spread, volumes and zones; no scoring, no preemption",
    ),
    ("kubelet", "plays the nodes: starts and stops pods, probes, restarts; there are no images and no processes"),
    ("external-resizer", "grows volumes"),
    ("endpointslice-controller", "EndpointSlices of Services"),
    ("garbage-collector-controller", "collects what has lost its owners; orphans; foreground deletion"),
    ("namespace-controller", "empties namespaces that are deleted"),
    ("resourcequota-controller", "counts what quotas count"),
    ("controllermanager", "status of PodDisruptionBudgets"),
    ("node-controller", "nodes whose kubelet is silent, and their taints"),
    ("taint-eviction-controller", "removes pods that do not tolerate a node's taint"),
    ("pod-garbage-collector-controller", "removes pods of nodes that are gone or out of service"),
    ("ephemeral-volume-controller", "makes the claims of generic ephemeral volumes"),
    ("external-attacher", "does what attachments ask for, at once"),
    (
        "attachdetach-controller",
        "attaches volumes to the nodes of their pods, and detaches them when they are given up, by force where a node is lost",
    ),
];

/// What is answered as if it were simulated when it is read.
const READ_AS_NONE: &str = "limitranges";

const NOT: &str = "\nAlso not simulated: images, processes and networks (no `exec`, `attach`, `port-forward`); admission webhooks and\n\
    policies; that nobody can give away more rights than they have; scaling by an\n\
    autoscaler (the object is stored as it is); preemption and scoring in the scheduler; the clustered applications of\n\
    Kubernetes' own tests, whose scripts need programs in the pods; of custom resource definitions\n\
    rules in CEL, `format`, `allOf` and the like, selectable fields and conversion by webhook.\n\n\
    Of nodes and kubelets: a kubelet takes each pod that names its node (no `OutOfcpu`, `NodeAffinity`, `PodOSNotSupported`), and\n\
    finds out nothing of `runAsNonRoot`, of names of images and of drivers of inline volumes; a pod that is not restarted goes on until\n\
    a knob ends it; logs of a lost node are still there; growing claims have no `allocatedResources`; events of containers name\n\
    neither the container nor the node. All nodes have one address, also that of pods in their network; there are no heartbeats, no\n\
    node Leases, no `kube-node-lease` and `kube-public`, and no events of nodes that come, go or are cordoned.\n\n\
    Kinds that are not simulated are not announced either: `kubectl apply` says `no matches for kind` of them, `kubectl get` that there\n\
    is no such resource, and a request to their path is refused by name (501). So `kubectl apply --prune` without\n\
    `--prune-allowlist` and `kubectl cluster-info dump` end with an error. Bodies are taken in JSON and in kubectl's protobuf form,\n\
    not in YAML; `/`, `/metrics` and the list of checks of `/readyz` are not there; `kubectl explain` does not go into the metadata of\n\
    custom resources.\n\n\
    `maxUnavailable` of rolling updates counts in copies of releases where it does. It is compared with a 1.36 in which it is switched\n\
    on; of 1.37 a Parallel set still waits where a cluster removes unavailable pods of an old revision first. Lost nodes and\n\
    the course of budgets are compared live alone. Scenarios compare the course, the states at each rest and the events of the\n\
    set's controller, not the texts of all conditions and not the times.\n";

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("the_page_of_what_is_simulated_is_fresh", the_page_is_fresh)]
}

fn the_page_is_fresh() -> Result<(), Failed> {
    let page = page()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|wish| wish == "1") {
        fs::write(&path, &page)?;
    }
    if fs::read_to_string(&path).is_ok_and(|text| text == page) {
        return Ok(());
    }
    Err(format!("`{PAGE}` is stale; UPDATE_GENERATED=1 cargo test --test differential page writes it").into())
}

fn page() -> Result<String, Failed> {
    let runtime = runtime()?;
    let (ours, not_refused) = runtime.block_on(async {
        let api = Api::new(join::bare().client(), "page");
        let ours = resources::of(&api).await?;
        let not_refused = not_refused(&api, &missing(&ours)?).await;
        Ok::<_, String>((ours, not_refused))
    })?;
    if !not_refused.is_empty() {
        return Err(format!("not refused as not simulated: {not_refused:?}").into());
    }
    let entries = corpus::entries()?;
    let mut page = HEAD.to_owned();
    served(&mut page, &ours, &counted(&entries, &ours))?;
    writeln!(page, "\n{} request scripts in all.", entries.len())?;
    actors(&mut page)?;
    over_time(&mut page)?;
    refused(&mut page, &ours)?;
    page.push_str(NOT);
    Ok(page)
}

/// How many entries ask for each resource with each verb.
fn counted(entries: &[corpus::Entry], served: &Resources) -> BTreeMap<(String, String, &'static str), usize> {
    let mut counted = BTreeMap::new();
    for entry in entries {
        let asked: BTreeSet<_> = entry.requests().filter_map(|request| asked(request, served)).collect();
        for key in asked {
            *counted.entry(key).or_default() += 1;
        }
    }
    counted
}

/// Group with version, resource (with subresource) and verb of a request;
/// `None` for what is no object of a resource that is served.
fn asked(request: &str, served: &Resources) -> Option<(String, String, &'static str)> {
    let (method, target) = request.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (group, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ((*version).to_owned(), rest),
        ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
        _ => return None,
    };
    let rest = match rest {
        ["namespaces", _, part @ ("status" | "finalize")] => vec!["namespaces", "", part],
        ["namespaces", _, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        rest => rest.to_vec(),
    };
    let resource = match rest.as_slice() {
        [resource] | [resource, _] => (*resource).to_owned(),
        [resource, _, part] => format!("{resource}/{part}"),
        _ => return None,
    };
    let is_watch = query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1" | "watch"));
    let verb = match (method, rest.len() == 1) {
        ("GET", true) if is_watch => "watch",
        ("GET", true) => "list",
        ("GET", false) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => return None,
    };
    served.get(&group)?.get(&resource).map(|_| (group, resource, verb))
}

/// One row for each resource: the verbs it has, and how many scripts use them.
fn served(
    page: &mut String,
    ours: &Resources,
    counted: &BTreeMap<(String, String, &'static str), usize>,
) -> Result<(), Failed> {
    writeln!(
        page,
        "\n## Requests\n\nThe number says how many recorded request scripts use a verb; `-`: there is no such verb.\n"
    )?;
    writeln!(page, "| group | resource | {} |\n|---|---|{}", VERBS.join(" | "), "---|".repeat(VERBS.len()))?;
    for (group, resources) in ours {
        for (resource, verbs) in resources {
            let cell = |verb: &'static str| {
                let count = counted.get(&(group.clone(), resource.clone(), verb)).copied().unwrap_or(0);
                if verbs.contains(verb) || count > 0 { count.to_string() } else { "-".to_owned() }
            };
            writeln!(page, "| {group} | {resource} | {} |", VERBS.map(cell).join(" | "))?;
        }
    }
    Ok(())
}

fn actors(page: &mut String) -> Result<(), Failed> {
    writeln!(page, "\n## Who acts\n\n| actor | does |\n|---|---|")?;
    let names: Vec<&str> = all().iter().map(|actor| actor.name()).collect();
    for (name, _) in ACTORS {
        if !names.contains(&name) {
            return Err(format!("there is no actor `{name}` among {names:?}").into());
        }
    }
    for name in names {
        let told = ACTORS.iter().find(|(known, _)| *known == name);
        let (_, does) = told.ok_or_else(|| format!("nothing is said about the actor `{name}`"))?;
        writeln!(page, "| {name} | {does} |")?;
    }
    Ok(())
}

fn over_time(page: &mut String) -> Result<(), Failed> {
    let scenarios = scenario::scenarios()?;
    writeln!(
        page,
        "\n## Over time\n\n{} scenarios are played on both.\n\n| scenario | what it shows |\n|---|---|",
        scenarios.len()
    )?;
    for scenario in scenarios {
        let proves = scenario.proves().replace('|', "\\|").replace('\n', " ");
        writeln!(page, "| [{0}](../tests/scenarios/{0}.yaml) | {proves} |", scenario.name)?;
    }
    Ok(())
}

/// What a real server serves beside, by group and version.
fn missing(ours: &Resources) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut missing = BTreeMap::new();
    for (group, theirs) in resources::recorded()? {
        let here = ours.get(&group);
        let not_here = theirs.into_keys().filter(|resource| here.is_none_or(|here| !here.contains_key(resource)));
        missing.insert(group, not_here.collect::<Vec<_>>());
    }
    missing.retain(|_, resources| !resources.is_empty());
    Ok(missing)
}

/// Those of the missing resources that are answered with anything else than that
/// they are not simulated.
async fn not_refused(api: &Api, missing: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (group, resources) in missing {
        let places = resources.iter().flat_map(|resource| places(group, resource));
        for (method, path) in places.flat_map(|path| [(Method::Get, path.clone()), (Method::Post, path)]) {
            let is_read = matches!(method, Method::Get) && path.ends_with(READ_AS_NONE);
            let answer = api.send(method, &path, matches!(method, Method::Post).then_some(&json!({}))).await;
            let is_none = answer.as_ref().is_ok_and(|list| list["items"].as_array().is_some_and(Vec::is_empty));
            let code = answer.err().and_then(|refusal| refusal.code);
            let is_as_told = if is_read { is_none } else { code == Some(501) };
            if !is_as_told {
                wrong.push(format!("{method:?} {path}: {code:?}"));
            }
        }
    }
    wrong
}

/// Where a resource is asked for, or a part of one.
fn places(group: &str, resource: &str) -> Vec<String> {
    let root = if group == "v1" { "/api" } else { "/apis" };
    let Some((plural, part)) = resource.split_once('/') else { return vec![format!("{root}/{group}/{resource}")] };
    let is_everywhere = KINDS.iter().any(|kind| kind.plural == plural && !kind.namespaced);
    let place = if is_everywhere { "" } else { "namespaces/default/" };
    let path = format!("{root}/{group}/{place}{plural}/some/{part}");
    let below = (part == "proxy").then(|| format!("{path}/metrics/all"));
    [path].into_iter().chain(below).collect()
}

fn refused(page: &mut String, ours: &Resources) -> Result<(), Failed> {
    writeln!(page, "\n## Not simulated\n\nThese resources of a real API server are refused by name (501).")?;
    writeln!(page, "Only `{READ_AS_NONE}` can be read, since kubectl asks for them: there are none.\n")?;
    writeln!(page, "| group | resources |\n|---|---|")?;
    for (group, resources) in missing(ours)? {
        writeln!(page, "| {group} | {} |", resources.join(", "))?;
    }
    Ok(())
}

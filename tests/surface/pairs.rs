//! `create` and `init` with every option, alone and beside every other one: what
//! they make has no findings, but where an option asks for trouble.

use std::collections::BTreeSet;
use std::path::Path;

use kubectl_stateful::diagnosis::files::examine_all;
use kubectl_stateful::objects::secret_token;
use kubectl_stateful::objects::yaml::to_yaml;
use kubectl_stateful::runbook::recipe::Recipe;
use kubectl_stateful::wizard::create::{CreateKind, Files, kinds};
use kubectl_stateful::wizard::parameter::{Answers, Choice, Live, Parameter, Type};
use kubectl_stateful::wizard::question::{Abandoned, Ask, Lookup, Question, Reply};
use kubectl_stateful::wizard::{flags, resolve};
use serde_json::Value;

use crate::manifests::manifests;
use crate::program::Home;

/// Nobody can be asked, and the cluster has what is named.
struct Nobody;

impl Ask for Nobody {
    fn can_ask(&self) -> bool {
        false
    }

    fn ask(&self, _: &Question<'_>) -> Result<Reply, Abandoned> {
        Err(Abandoned)
    }
}

impl Lookup for Nobody {
    fn choices(&self, of: Live) -> Vec<Choice> {
        let name = if of == Live::Node { "node-a" } else { "fast" };
        vec![Choice { value: name.to_owned(), label: String::new() }]
    }
}

/// Any file holds the same.
struct Anything;

impl Files for Anything {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let what = if path.ends_with("tls.key") { "PRIVATE KEY" } else { "CERTIFICATE" };
        Ok(format!("-----BEGIN {what}-----\neA==\n-----END {what}-----\n").into_bytes())
    }

    fn is_folder(&self, _: &Path) -> bool {
        false
    }

    fn names(&self, _: &Path) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

/// Ways to make each kind: what must be given.
const WAYS: &[(&str, &str)] = &[
    ("pv", "disk --size 1Gi --host-path /srv"),
    ("pv", "disk --size 1Gi --source nfs --nfs-server 10.0.0.1 --nfs-path /disk"),
    ("pv", "disk --size 1Gi --source local --local-path /disk --node node-a"),
    ("pv", "disk --size 1Gi --source csi --driver csi.example.org --handle vol-1"),
    ("pvc", "data --size 1Gi"),
    ("secret", "generic login --from-literal user=admin"),
    ("secret", "docker-registry pull --docker-username me --docker-password-from env:P"),
    ("secret", "tls web --cert tls.crt --key tls.key"),
    ("configmap", "conf"),
    ("storageclass", "fast --provisioner csi.example.org"),
    ("service", "web --port 80"),
    ("service", "web --port 80 --type NodePort"),
    ("service", "web --port 80 --type LoadBalancer"),
    ("statefulset", "web --image example.org/web:1"),
    ("statefulset", "web --image example.org/web:1 --claim data:1Gi:/data --port http:80 --replicas 3"),
];

/// One value for each option that is no choice, number or switch.
const VALUES: &[(&str, &str)] = &[
    ("arg", "serve"),
    ("access-mode", "ReadWriteMany"),
    ("claim", "logs:1Gi:/logs"),
    ("command", "sleep"),
    ("docker-email", "me@example.org"),
    ("docker-server", "https://registry.example.org"),
    ("env", "MODE=cluster"),
    ("env-field", "POD=metadata.name"),
    ("env-from-config", "COLOUR=conf/colour"),
    ("env-from-secret", "PASSWORD=login/password"),
    ("for-claim", "default/data"),
    ("from-file", "tls.crt"),
    ("from-literal", "colour=red"),
    ("fs-type", "ext4"),
    ("image-pull-secret", "pull"),
    ("init-command", "prepare=true"),
    ("init-container", "prepare=example.org/prepare:1"),
    ("init-mount", "prepare=scratch:/scratch"),
    ("label", "tier=db"),
    ("limits", "memory=2Gi"),
    ("liveness-probe", "exec:true"),
    ("mount", "scratch:/scratch"),
    ("node", "node-a"),
    ("node-port", "30080"),
    ("parameter", "type=gp3"),
    ("port", "9000"),
    ("readiness-probe", "tcp:8080"),
    ("requests", "cpu=100m"),
    ("selector", "app=web"),
    ("service-account", "robot"),
    ("service-name", "names"),
    ("storage-class", "fast"),
    ("sub-path", "scratch=inner"),
    ("type", "example.org/any"),
    ("volume", "scratch=empty-dir"),
];

/// What an option cannot do without.
const NEEDS: &[(&str, &str)] = &[
    ("mount", "--volume scratch=empty-dir"),
    ("sub-path", "--volume scratch=empty-dir --mount scratch:/scratch"),
    ("init-mount", "--volume scratch=empty-dir --init-container prepare=example.org/prepare:1"),
    ("init-command", "--init-container prepare=example.org/prepare:1"),
    ("readiness-probe", "--port 8080"),
    ("node-port", "--type NodePort"),
];

fn value(kind: &CreateKind, parameter: &Parameter) -> Vec<String> {
    let flag = parameter.flag();
    let name = flag.trim_start_matches("--");
    if (kind.name, name) == ("pvc", "volume") {
        return vec!["disk".to_owned()];
    }
    if let Type::Choice { of } = &parameter.kind {
        return of.iter().map(|choice| choice.value.clone()).collect();
    }
    if let Type::Int { min, max } = parameter.kind {
        return vec![(min + 3).min(max).to_string()];
    }
    if parameter.kind == Type::Bool {
        return vec!["true".to_owned(), "false".to_owned()];
    }
    let known = VALUES.iter().find(|(known, _)| *known == name);
    vec![known.unwrap_or_else(|| panic!("no value for {flag} of `create {}`", kind.name)).1.to_owned()]
}

/// All options that are not among those that must be given, with what they need.
fn options(kind: &CreateKind, way: &str) -> Vec<String> {
    let given: BTreeSet<&str> = way.split(' ').filter(|word| word.starts_with("--")).collect();
    let mut found = Vec::new();
    for parameter in kind.parameters.iter().filter(|parameter| !parameter.positional) {
        let flag = parameter.flag();
        let of_another_way = parameter.when.as_ref().is_some_and(|when| {
            let chosen = kind.parameters.iter().find(|known| known.name == when.parameter);
            chosen.is_some_and(|chosen| {
                chosen.positional || given.contains(chosen.flag().as_str()) || chosen.flag() == "--source"
            }) && !when.is.iter().any(|one| way.split(' ').any(|word| word == one))
        });
        let of_the_way = given.contains(flag.as_str()) || flag == "--source";
        if of_the_way || of_another_way || matches!(parameter.kind, Type::SecretKeys) {
            continue;
        }
        let needs = NEEDS.iter().find(|(name, _)| flag == format!("--{name}")).map(|(_, needs)| *needs);
        let needs = needs.filter(|needs| flags_of(needs).is_disjoint(&given));
        for value in value(kind, parameter) {
            found.push(format!("{flag}={value} {}", needs.unwrap_or_default()).trim().to_owned());
        }
    }
    found
}

fn answers(parameters: &[Parameter], words: &str) -> Result<Answers, String> {
    let command = clap::Command::new("make").no_binary_name(true).args(flags::arguments(parameters).unwrap());
    let matches = command.try_get_matches_from(words.split(' ')).map_err(|error| error.to_string())?;
    let given = flags::read(parameters, &matches, &mut std::io::empty());
    resolve::resolve(parameters, given, Answers::new(), &Nobody, &Nobody, true).map_err(|error| error.to_string())
}

/// The objects as a file; values of Secrets come later.
fn text(objects: &[Value]) -> String {
    let whole = |object: &Value| secret_token::resolve(object, |_| Ok::<_, std::convert::Infallible>(b"x".to_vec()));
    let texts = objects.iter().map(|object| whole(object).map(|object| to_yaml(&object)).unwrap_or_default());
    texts.collect::<Vec<_>>().join("---\n")
}

fn codes(text: &str) -> Vec<&'static str> {
    let codes: BTreeSet<&str> = examine_all(&manifests(text)).findings.iter().map(|finding| finding.code).collect();
    codes.into_iter().collect()
}

/// Two values of one option are no pair.
fn flags_of(option: &str) -> BTreeSet<&str> {
    option.split([' ', '=']).filter(|word| word.starts_with("--")).collect()
}

/// All options alone, and all pairs of them.
fn pairs(options: &[String]) -> Vec<String> {
    let mut found: Vec<String> = options.to_vec();
    for (position, one) in options.iter().enumerate() {
        let others = options.iter().skip(position + 1).filter(|other| flags_of(other).is_disjoint(&flags_of(one)));
        found.extend(others.map(|other| format!("{one} {other}")));
    }
    found
}

/// The options that ask for trouble: what is said of all that has them, and of nothing else.
const TROUBLE: &[(&str, &str, &str)] = &[
    ("pv", "--reclaim-policy=Recycle", "recycle-policy"),
    ("pv", "--reclaim-policy=Recycle", "refused: `--reclaim-policy`: only host-path and NFS volumes can be recycled"),
    ("pv", "--reclaim-policy=Delete", "refused: `--reclaim-policy`: `Delete` works for folders below /tmp/ only"),
    ("pv", "--reclaim-policy=Delete", "refused: `--reclaim-policy`: nothing can delete such a volume"),
    ("statefulset", "--partition=3", "partition-stops-updates"),
    ("statefulset", "--update-strategy=OnDelete --partition=3", "refused: `--partition`: only with"),
];

#[test]
fn what_create_makes_of_any_two_options_has_no_findings_but_where_one_asks_for_trouble() {
    let mut met = BTreeSet::new();
    for (name, way) in WAYS {
        let kind = kinds().into_iter().find(|kind| kind.name == *name).unwrap();
        let options = options(&kind, way);
        for line in std::iter::once(String::new()).chain(pairs(&options)) {
            let words = format!("{way} {line}");
            let said = said(&kind, words.trim());
            let known = TROUBLE.iter().position(|(of, option, expected)| {
                let is_it = said == *expected || expected.starts_with("refused") && said.starts_with(expected);
                of == name && words.contains(option) && is_it
            });
            assert!(said.is_empty() || known.is_some(), "create {name} {words}: {said}");
            met.extend(known);
        }
    }
    assert_eq!(met.len(), TROUBLE.len(), "{met:?}");
}

/// The codes of what is found in what is made, or why nothing is.
fn said(kind: &CreateKind, words: &str) -> String {
    let built = answers(&kind.parameters, words)
        .and_then(|answers| (kind.build)(&answers, "default", &Anything).map_err(|why| why.to_string()));
    match built {
        Ok(objects) => codes(&text(&objects)).join(" "),
        Err(why) => format!("refused: {why}"),
    }
}

#[rustfmt::skip]
const GENERIC: (&str, &[&str]) = (
    "generic --name app --image example.org/app:1",
    &[
        "--replicas 3", "--port 8080", "--port 8080 --expose NodePort",
        "--port 8080 --expose NodePort --node-port 30080", "--port 8080 --expose LoadBalancer",
        "--storage-class fast", "--storage-class=", "--size 100M", "--mount-path /var/lib/app", "--env MODE=cluster",
        "--command sleep",
    ],
);
#[rustfmt::skip]
const COUCHDB: (&str, &[&str]) = (
    "couchdb",
    &[
        "--name db", "--replicas 1", "--image couchdb:3.5", "--admin-user root", "--admin-password-from generate",
        "--storage-class fast", "--storage-class= --host-path /data/db",
        "--storage-class= --host-path /data/db --host-node node-a", "--size 20G", "--expose NodePort",
        "--expose NodePort --node-port 30984", "--expose LoadBalancer", "--grace-seconds 60",
    ],
);

#[test]
fn what_init_makes_of_any_two_options_has_no_findings() {
    let home = Home::new();
    let recipes = [GENERIC, COUCHDB];
    for (name, header) in Recipe::shipped_headers() {
        let (way, options) = recipes.iter().find(|(way, _)| way.split(' ').next() == Some(name.as_str())).expect(name);
        let words = format!("{way} {}", options.join(" "));
        for flag in header.parameters.iter().map(Parameter::flag) {
            let there = words.split([' ', '=']).any(|word| word == flag || word == format!("{flag}-from"));
            assert!(there, "{flag} of {name} is not tried");
        }
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        for line in std::iter::once(String::new()).chain(pairs(&options)) {
            let line = format!("init {way} {line} --dry-run=client --show-secrets --yes -o yaml");
            let finished = home.say(&line);
            assert_eq!(finished.code, 0, "{line}: {}", finished.stderr);
            assert_eq!(codes(&finished.stdout), Vec::<&str>::new(), "{line}\n{}", finished.stdout);
        }
    }
}

#[test]
fn what_create_prints_of_each_way_has_no_findings() {
    let home = Home::new();
    for file in ["tls.crt", "tls.key"] {
        home.write(file, Anything.read(Path::new(file)).unwrap());
    }
    home.write("password", "secret");
    for (kind, way) in WAYS {
        let way = way.replace("env:P", "file:password");
        let finished = home.say(&format!("create {kind} {way} --dry-run=client --show-secrets --yes -o yaml"));
        assert_eq!(finished.code, 0, "{way}: {}", finished.stderr);
        assert_eq!(codes(&finished.stdout), Vec::<&str>::new(), "{way}\n{}", finished.stdout);
    }
}

//! The stuck states of `tests/stuck`, each produced with kubectl on the real
//! control plane and on a served sandbox: what `doctor` says first is the cause,
//! what else it says is the same on both, and when the remedy was typed, that
//! finding is gone.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::served::Served;
use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{needs_tools, plane, twice};

pub fn tests() -> Vec<Trial> {
    let mut names: Vec<String> = files(&folder()).iter().filter_map(|path| name(path)).collect();
    names.sort();
    let on_both = |name: String| {
        [Where::Real, Where::Sandbox].map(|place| {
            let state = name.clone();
            let name = format!("stuck::{name}::{}", place.in_words());
            needs_tools(name.clone(), move |namespace| {
                // What a busy machine has not come to by the time limit gets a second one.
                let once = |namespace: &str| play(&state, place, &World::on(plane::for_stuck_states()?, namespace)?);
                twice::or_again(&name, || once(&namespace), || once(&format!("{namespace}-again")))
            })
        })
    };
    names.into_iter().flat_map(on_both).collect()
}

#[derive(Clone, Copy)]
enum Where {
    Real,
    Sandbox,
}

impl Where {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Sandbox => "sandbox",
        }
    }
}

/// How a state comes about, what is said of it first, and what mends it: the
/// command of the finding, and then what its remedy says in words.
struct State {
    /// Code and object of the first finding; behind a `*` comes any name.
    first: String,
    /// What is said of it.
    tells: Option<String>,
    /// The same as `first` of all others that are found beside it, in their order.
    also: Vec<String>,
    /// Lines of shell.
    steps: String,
    /// The same, typed after the command of the finding.
    mend: Option<String>,
    /// The same, typed in place of both: a remedy that names two ways has only one command.
    instead: Option<String>,
}

impl State {
    fn read(name: &str, namespace: &str) -> Result<Self, String> {
        let path = folder().join(format!("{name}.yaml"));
        let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        let state: Value = serde_saphyr::from_str(&text).map_err(|why| format!("{}: {why}", path.display()))?;
        let words = |key: &str| state[key].as_str().map(|text| text.replace("$NAMESPACE", namespace));
        let needed = |key: &str| words(key).ok_or_else(|| format!("{name} has no `{key}`"));
        let (first, steps) = (needed("first")?, needed("steps")?);
        let also = state["also"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let also = also.map(|text| text.replace("$NAMESPACE", namespace)).collect();
        Ok(Self { first, tells: words("tells"), also, steps, mend: words("mend"), instead: words("instead") })
    }

    /// What somebody types who was told this.
    fn remedy(&self, told: &Value) -> String {
        if let Some(instead) = &self.instead {
            return instead.clone();
        }
        let command = told["command"].as_str().map(confirmed).unwrap_or_default();
        format!("{command}\n{}", self.mend.as_deref().unwrap_or_default())
    }

    /// The first finding, if it is the one that is looked for and all others are those that go with it.
    fn first_of<'a>(&self, found: &'a [Value]) -> Option<&'a Value> {
        let (first, others) = found.split_first()?;
        let is_it = is_called(first, &self.first)
            && self.tells.as_deref().is_none_or(|words| first.to_string().contains(words));
        let beside = others.len() == self.also.len()
            && others.iter().zip(&self.also).all(|(other, expected)| is_called(other, expected));
        Some(first).filter(|_| is_it && beside)
    }
}

/// Behind a `*` comes any name.
fn is_called(finding: &Value, expected: &str) -> bool {
    let title = title(finding);
    match expected.strip_suffix('*') {
        Some(beginning) => title.starts_with(beginning),
        None => title == expected,
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stuck")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}

fn name(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_str()?.to_owned())
}

fn play(name: &str, place: Where, world: &World) -> Result<(), Failed> {
    let state = State::read(name, &world.namespace)?;
    match place {
        Where::Real => stuck(&state, &world.cli(User::Admin)?, world),
        Where::Sandbox => {
            let served = Served::start()?;
            let cli = Cli::led_by(&world.plane.kubectl(), &served.kubeconfig, &world.namespace)?;
            cli.run_kubectl(&["create", "namespace", &world.namespace], "")?.ended(0)?;
            stuck(&state, &cli, world)?;
            Ok(served.end()?)
        }
    }
}

fn stuck(state: &State, cli: &Cli, world: &World) -> Result<(), Failed> {
    for path in files(&folder().join("base")) {
        let text = fs::read_to_string(&path)?.replace("$NAMESPACE", &world.namespace);
        fs::write(cli.home().join(path.file_name().unwrap_or_default()), text)?;
    }
    cli.run_shell(&format!("set -e\n{}", state.steps))?.ended(0)?;
    let wanted = format!("{} and then {:?}", state.first, state.also);
    let seen = world.until(&wanted, || Ok(state.first_of(&findings(cli, world)?).cloned()));
    let seen = seen.map_err(|why| match cli.run(&["doctor"]) {
        Ok(said) => format!("{why}\n{said}"),
        Err(more) => format!("{why}\n{more}"),
    })?;
    let remedy = state.remedy(&seen);
    cli.run_shell(&format!("set -e\n{remedy}"))?.ended(0)?;
    let mended = world.until("the finding gone", || {
        let left =
            findings(cli, world)?.iter().any(|one| one["code"] == seen["code"] && one["object"] == seen["object"]);
        Ok((!left).then_some(()))
    });
    mended.map_err(|why| match cli.run(&["doctor"]) {
        Ok(said) => format!("{why} after `{remedy}`\n{said}").into(),
        Err(more) => more.into(),
    })
}

/// What is found, but of the nodes that other tests make and lose beside this one.
fn findings(cli: &Cli, world: &World) -> Result<Vec<Value>, String> {
    let said = cli.run(&["doctor", "-o", "json"])?;
    let document: Value = serde_json::from_str(&said.stdout).map_err(|why| format!("{why}: {said}"))?;
    let mut found = document["findings"].as_array().cloned().unwrap_or_default();
    let concerns = |object: &str| !object.starts_with("Node/") || object.contains(&world.namespace);
    found.retain(|one| one["object"].as_str().is_none_or(concerns));
    Ok(found)
}

/// A shell script has no terminal at which the program could ask.
fn confirmed(command: &str) -> String {
    let only_shows = ["status", "runs"].iter().any(|verb| command.starts_with(&format!("kubectl stateful {verb}")));
    let asks = command.starts_with("kubectl stateful ") && !only_shows;
    format!("{command}{}", if asks { " --yes" } else { "" })
}

/// `code object`.
fn title(finding: &Value) -> String {
    format!("{} {}", finding["code"], finding["object"]).replace('"', "")
}

//! Completion the way a person gets it: the real kubectl finds the linked
//! completer and asks it, down to names that only the cluster knows.

use libtest_mimic::{Failed, Trial};

use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![live("kubectl_completes_verbs_recipes_flags_and_names_of_the_cluster", completes)]
}

/// The candidates that kubectl hands to the shell.
fn candidates(cli: &Cli, words: &[&str]) -> Result<Vec<String>, String> {
    let said = cli.run_kubectl(&[&["__complete", "stateful"], words].concat(), "")?.ended(0)?;
    let first_words = said.stdout.lines().filter_map(|line| line.split('\t').next());
    Ok(first_words.filter(|word| !word.starts_with(':')).map(str::to_owned).collect())
}

fn completes(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let before = candidates(&cli, &[""])?;
    ensure(!before.iter().any(|word| word == "init"), || format!("completed without a completer: {before:?}"))?;

    let folder = cli.home().join("bin");
    let folder = folder.to_str().ok_or("the home folder has no plain name")?;
    cli.run_kubectl(&["stateful", "completion", "install", "--dir", folder], "")?.ended(0)?;

    cli.run(&["init", "couchdb", "--yes", "--no-wait"])?.ended(0)?;
    let cases: [(&[&str], &[&str]); 9] = [
        (&[""], &["init", "create", "status", "sandbox", "completion"]),
        (&["st"], &["status"]),
        (&["init", ""], &["couchdb", "generic"]),
        (&["create", ""], &["pv", "pvc", "secret", "configmap", "storageclass", "service", "statefulset"]),
        (&["init", "couchdb", "--stor"], &["--storage-class"]),
        (&["init", "couchdb", "--storage-class", ""], &["fast", "manual", "standard"]),
        (&["create", "pv", "x", "--node", ""], &["node-a", "node-b", "node-c"]),
        (&["create", "pv", "x", "--source", ""], &["host-path", "nfs", "local", "csi"]),
        (&["status", ""], &["couchdb"]),
    ];
    for (words, expected) in cases {
        let found = candidates(&cli, words)?;
        let missing: Vec<_> = expected.iter().filter(|name| !found.iter().any(|word| word == *name)).collect();
        ensure(missing.is_empty(), || format!("{words:?} gives {found:?}, not {missing:?}"))?;
    }
    let namespaces = candidates(&cli, &["status", "-n", &world.namespace[..20]])?;
    ensure(namespaces == [world.namespace.as_str()], || format!("{namespaces:?}"))?;
    let of_another = candidates(&cli, &["status", "-n", "default", ""])?;
    ensure(!of_another.iter().any(|word| word == "couchdb"), || format!("{of_another:?}"))
}

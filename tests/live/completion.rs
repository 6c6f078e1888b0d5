//! Completion the way a person gets it: the real kubectl finds the linked
//! completer and asks it, down to names that only the cluster knows.

use libtest_mimic::{Failed, Trial};

use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("kubectl_completes_verbs_recipes_flags_and_names_of_the_cluster", completes),
        live("kubectl_s_script_for_bash_completes_the_value_behind_an_equals_sign", completes_in_bash),
    ]
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
    cli.run(&["sandbox", "show", "--sandbox=try-2"])?.ended(0)?;
    let cases: [(&[&str], &[&str]); 13] = [
        (&[""], &["init", "create", "status", "sandbox", "completion"]),
        (&["st"], &["status"]),
        (&["init", ""], &["couchdb", "generic"]),
        (&["create", ""], &["pv", "pvc", "secret", "configmap", "storageclass", "service", "statefulset"]),
        (&["init", "couchdb", "--stor"], &["--storage-class"]),
        (&["init", "couchdb", "--storage-class", ""], &["fast", "manual", "standard"]),
        (&["create", "pv", "x", "--node", ""], &["node-a", "node-b", "node-c"]),
        (&["create", "pv", "x", "--source", ""], &["host-path", "nfs", "local", "csi"]),
        (&["status", ""], &["couchdb"]),
        (&["init", "couchdb", "--storage-class="], &["fast", "manual", "standard"]),
        (&["init", "couchdb", "--admin-password-from", ""], &["generate", "env:", "file:", "-"]),
        (&["init", "couchdb", "--admin-password-from=env:KUBEC"], &["env:KUBECONFIG"]),
        (&["status", "--sandbox="], &["try-2"]),
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

/// The line goes the whole way: bash, kubectl's own script, kubectl, the plugin.
fn completes_in_bash(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let folder = cli.home().join("bin");
    let folder = folder.to_str().ok_or("the home folder has no plain name")?;
    cli.run_kubectl(&["stateful", "completion", "install", "--dir", folder], "")?.ended(0)?;
    let offered = |words: &str| -> Result<String, String> {
        // The script leans on two functions of the package bash-completion.
        let line = format!(
            "cat >line.bash <<'E'\n\
             line=(kubectl stateful {words})\n\
             _init_completion() {{ words=(\"${{line[@]}}\"); cword=$((${{#line[@]}} - 1)); cur=${{line[cword]}}; }}\n\
             __ltrim_colon_completions() {{ :; }}\n\
             source <(kubectl completion bash)\n\
             COMP_TYPE=9; __start_kubectl 2>/dev/null; echo \"${{COMPREPLY[*]}}\"\nE\n\
             exec bash line.bash"
        );
        Ok(cli.run_shell(&line)?.ended(0)?.stdout.trim().to_owned())
    };
    for (words, expected) in [
        ("stat", "status"),
        ("init couchdb --storage-class=f", "fast"),
        ("init couchdb --storage-class f", "fast"),
        ("init couchdb --admin-password-from=env:KUBEC", "KUBECONFIG"),
    ] {
        let found = offered(words)?;
        ensure(found == expected, || format!("{words} gives {found}"))?;
    }
    Ok(())
}

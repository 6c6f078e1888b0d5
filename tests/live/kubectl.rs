//! The pinned tools at work: the real kubectl finds the plugin, rights are
//! real, and krew is the version that the package is checked with.

use std::process::Command;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::support::cli::finish;
use crate::support::credentials::User;
use crate::support::tools;
use crate::world::World;
use crate::{live, needs_tools};

pub fn tests() -> Vec<Trial> {
    vec![
        live("kubectl_finds_the_plugin_under_its_name", finds_the_plugin),
        live("kubectl_reads_a_manifest_and_the_namespace_of_its_context", applies),
        live("a_viewer_reads_an_editor_writes_and_nobody_does_neither", rights),
        needs_tools("the_pinned_krew_reports_its_version", |_| krew()),
    ]
}

fn finds_the_plugin(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let said = cli.run_kubectl(&["plugin", "list"], "")?;
    let plugin = cli.home().join("bin/kubectl-stateful");
    if said.code != Some(0) || !said.stdout.contains(&plugin.display().to_string()) {
        return Err(format!("{said:?}").into());
    }
    Ok(())
}

fn applies(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: '1'}}";
    let said = cli.run_kubectl(&["apply", "--server-side", "-f", "-"], manifest)?;
    if said.code != Some(0) {
        return Err(format!("{said:?}").into());
    }
    let made = world.get("ConfigMap", "settings")?.ok_or("nothing was applied to the namespace of the test")?;
    if made["data"] == json!({"a": "1"}) { Ok(()) } else { Err(made.to_string().into()) }
}

fn rights(world: &World) -> Result<(), Failed> {
    world.grant(User::Viewer, "view")?;
    world.grant(User::Editor, "edit")?;
    let read: &[&str] = &["get", "statefulsets"];
    let write: &[&str] = &["create", "configmap", "made"];
    for (user, command, allowed) in [
        (User::Viewer, read, true),
        (User::Viewer, write, false),
        (User::Nobody, read, false),
        (User::Nobody, write, false),
        (User::Editor, read, true),
        (User::Editor, write, true),
    ] {
        let said = world.cli(user)?.run_kubectl(command, "")?;
        let refused = said.code == Some(1) && said.stderr.to_lowercase().contains("forbidden");
        if allowed != (said.code == Some(0)) || allowed == refused {
            return Err(format!("{user:?} {command:?}: {said:?}").into());
        }
    }
    Ok(())
}

fn krew() -> Result<(), Failed> {
    let krew = tools::krew()?.join("krew");
    let said = finish(Command::new(krew).arg("version"), "")?;
    if said.stdout.contains("v0.5.0") { Ok(()) } else { Err(format!("{said:?}").into()) }
}

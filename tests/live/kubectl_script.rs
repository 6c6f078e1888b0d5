//! The script of kubectl commands, typed at a real cluster and at a served
//! sandbox: what is said and how it ends must be the same but for the known
//! differences, each of which must still be there.

use std::thread;

use libtest_mimic::{Failed, Trial};

use crate::served::Served;
use crate::support::cli::{Cli, Said};
use crate::support::credentials::User;
use crate::support::kubectl_script::{Command, Plain, commands, differences, folder};
use crate::world::World;
use crate::{needs_tools, plane};

pub fn tests() -> Vec<Trial> {
    vec![needs_tools("the_script_of_kubectl_commands_says_the_same_on_a_served_sandbox", |namespace| {
        same(&World::on(plane::with_nodes_that_change()?, &namespace)?)
    })]
}

fn same(world: &World) -> Result<(), Failed> {
    let commands = commands()?;
    let known = differences()?;
    let served = Served::start()?;
    let here = Cli::led_by(&world.plane.kubectl(), &served.kubeconfig, &world.namespace)?;
    here.run_kubectl(&["create", "namespace", &world.namespace], "")?.ended(0)?;
    let there = world.cli(User::Admin)?;
    let (real, simulated) = thread::scope(|scope| {
        let real = scope.spawn(|| all(&there, &commands, &world.namespace));
        let simulated = all(&here, &commands, &world.namespace);
        (real.join().unwrap_or_else(|_| Err("the thread panicked".to_owned())), simulated)
    });
    let (real, simulated) = (real?, simulated?);
    served.end()?;
    let mut wrong = Vec::new();
    for ((command, real), simulated) in commands.iter().zip(real).zip(simulated) {
        let listed = known.get(&command.name).map(|difference| difference.says.as_str());
        match (real == simulated, listed) {
            (true, None) => {}
            (false, Some(says)) if says.trim_end() == simulated.trim_end() => {}
            (true, Some(_)) => wrong.push(format!("{}: a known difference is gone", command.name)),
            (false, Some(_) | None) => {
                wrong.push(format!("{}: {}\n--- real\n{real}\n--- simulated\n{simulated}", command.name, command.line));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n\n").into()) }
}

/// What each command said, as it is compared.
fn all(cli: &Cli, commands: &[Command], namespace: &str) -> Result<Vec<String>, String> {
    for name in ["set.yaml", "more.yaml", "class.yaml", "node.yaml", "definition.yaml", "widget.yaml"] {
        let text = std::fs::read_to_string(folder().join(name)).map_err(|error| format!("`{name}`: {error}"))?;
        std::fs::write(cli.home().join(name), text.replace("$NAMESPACE", namespace))
            .map_err(|error| format!("`{name}`: {error}"))?;
    }
    let mut plain = Plain::default();
    let said = |command: &Command| {
        let Said { code, stdout, stderr } = cli.run_shell(&command.line.replace("$NAMESPACE", namespace))?;
        let text = format!("{stdout}\n--- stderr\n{stderr}").replace(namespace, "$NAMESPACE");
        Ok(format!("exit code {code:?}\n{}", plain.of(&text, command.mark)?))
    };
    commands.iter().map(said).collect()
}

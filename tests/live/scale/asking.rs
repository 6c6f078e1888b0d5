//! The application is asked before a member goes: real programs, started
//! through the real API server.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use libtest_mimic::{Failed, Trial};
use serde_json::json;
use tempfile::TempDir;

use super::stage::Stage;
use crate::support::cli::Said;
use crate::world::World;
use crate::{ensure, needs_tools, plane};

pub fn tests() -> Vec<Trial> {
    vec![
        asking("scale::a_member_goes_when_the_application_says_yes", says_yes),
        asking("scale::a_member_stays_when_the_application_says_no", says_no),
        asking("scale::a_command_that_does_not_end_stops_the_run", does_not_end),
        asking("scale::a_run_killed_while_it_asked_does_not_ask_again_by_itself", killed),
        asking("scale::ctrl_c_ends_the_listening_and_says_so", interrupted),
    ]
}

fn asking(name: &'static str, test: fn(&Asking<'_>) -> Result<(), Failed>) -> Trial {
    needs_tools(name, move |namespace| {
        let world = World::on(plane::with_programs()?, &namespace)?;
        let stage = Stage::ready(&world, 3)?;
        test(&Asking { stage, folder: tempfile::tempdir()? })
    })
}

/// A set, and a folder that the commands in its pods write to.
struct Asking<'a> {
    stage: Stage<'a>,
    folder: TempDir,
}

/// Takes members away down to so many, and asks with this command.
fn words<'a>(command: &'a str, to: &'a str) -> [&'a str; 11] {
    ["scale", "web", "--replicas", to, "--claims", "retire", "--settle", "0s", "--yes", "--before-remove", command]
}

impl Asking<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// A command that first notes who was asked.
    fn command(&self, then: &str) -> String {
        let notes = self.file("asked");
        format!("echo \"$SET-$ORDINAL in $NAMESPACE\" >> '{}'; {then}", notes.display())
    }

    fn scale(&self, to: &str, command: &str, more: &[&str]) -> Result<Said, Failed> {
        Ok(self.stage.cli.run(&[&words(command, to)[..], more].concat())?)
    }

    fn asked(&self) -> Vec<String> {
        self.text("asked").lines().map(str::to_owned).collect()
    }

    fn member(&self, ordinal: u64) -> String {
        format!("web-{ordinal} in {}", self.stage.world.namespace)
    }
}

fn says_yes(asking: &Asking<'_>) -> Result<(), Failed> {
    let stage = &asking.stage;
    let before = stage.picture()?;
    let command = asking.command("echo fine");
    let plan = asking.scale("1", &command, &["--plan-only"])?.ended(0)?;
    for part in ["cannot be undone", "is assumed"] {
        plan.says(part)?;
    }
    ensure(!plan.stdout.contains("nobody asked the application"), || format!("{plan}"))?;
    ensure(asking.asked().is_empty(), || format!("a plan has asked: {:?}", asking.asked()))?;
    let said = asking.scale("1", &command, &[])?.ended(0)?;
    stage.picture()?.has_retired(4, &before, &said)?;
    ensure(asking.asked() == [asking.member(2), asking.member(1)], || format!("{:?}\n{said}", asking.asked()))?;
    stage.is_unlocked(&said)?;
    let said = stage.cli.run(&["undo", "--yes"])?.ended(0)?;
    said.says("is not taken back")?;
    stage.until_ready(3)?;
    stage.is_still(&before, &said)
}

fn says_no(asking: &Asking<'_>) -> Result<(), Failed> {
    let stage = &asking.stage;
    let before = stage.picture()?;
    let gate = asking.file("safe");
    let command = asking.command(&format!("printf 'I lead\\033[2J\\n'; test -e '{}'", gate.display()));
    let stopped = asking.scale("2", &command, &[])?.ended(4)?;
    for part in ["said no (exit code 1)", "I lead\\u{1b}[2J", "resume", "undo"] {
        stopped.says(part)?;
    }
    let now = stage.picture()?;
    ensure(now.replicas == 3 && now.claims == before.claims, || format!("{now:?}\n{stopped}"))?;
    stage.is_unlocked(&stopped)?;
    // Asked again, it still says no; then the application is ready to let it go.
    stage.cli.run(&["resume", "--yes"])?.ended(4)?;
    fs::write(gate, "")?;
    let said = stage.cli.run(&["resume", "--yes"])?.ended(0)?;
    ensure(asking.asked() == [0; 3].map(|_| asking.member(2)), || format!("{:?}\n{said}", asking.asked()))?;
    stage.picture()?.has_retired(2, &before, &said)?;
    stage.is_unlocked(&said)
}

fn does_not_end(asking: &Asking<'_>) -> Result<(), Failed> {
    let stage = &asking.stage;
    let before = stage.picture()?;
    let command = asking.command("echo busy; sleep 600");
    let stopped = asking.scale("2", &command, &["--before-remove-at-most", "1s"])?.ended(4)?;
    for part in ["had not ended after 1s", "busy", "may still be running"] {
        stopped.says(part)?;
    }
    let said = stage.cli.run(&["undo", "--yes"])?.ended(0)?;
    stage.is_still(&before, &said)
}

fn killed(asking: &Asking<'_>) -> Result<(), Failed> {
    let stage = &asking.stage;
    let before = stage.picture()?;
    let gate = asking.file("again");
    let command = asking.command(&format!("test -e '{}' || sleep 600", gate.display()));
    let quiet = Stdio::null;
    let mut run = stage.cli.plugin();
    let mut run = run.args(words(&command, "2")).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn()?;
    let asked = stage.world.until("the command", || Ok((!asking.asked().is_empty()).then_some(())));
    run.kill()?;
    run.wait()?;
    asked?;
    let resumed = stage.cli.run(&["resume", "--yes"])?.ended(4)?;
    for part in ["nobody knows how it ended", "--run-again"] {
        resumed.says(part)?;
    }
    ensure(asking.asked().len() == 1 && stage.picture()?.replicas == 3, || format!("{resumed}"))?;
    fs::write(gate, "")?;
    let said = stage.cli.run(&["resume", "--yes", "--run-again"])?.ended(0)?;
    ensure(asking.asked().len() == 2, || format!("{:?}\n{said}", asking.asked()))?;
    stage.picture()?.has_retired(2, &before, &said)?;
    stage.is_unlocked(&said)
}

fn interrupted(asking: &Asking<'_>) -> Result<(), Failed> {
    let stage = &asking.stage;
    let command = asking.command("sleep 600");
    let mut run = stage.cli.plugin();
    let run = run.args(words(&command, "2")).stdin(Stdio::null());
    let run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    stage.world.until("the command", || Ok((!asking.asked().is_empty()).then_some(())))?;
    let id = rustix::process::Pid::from_raw(i32::try_from(run.id())?).ok_or("no process id")?;
    rustix::process::kill_process(id, rustix::process::Signal::INT)?;
    let ended = run.wait_with_output()?;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    ensure(ended.status.code() == Some(4) && said.contains("interrupted"), || format!("{ended:?}"))?;
    let set = stage.world.get("StatefulSet", "web")?.ok_or("no set")?;
    ensure(set["spec"]["replicas"] == json!(3), || format!("{set}\n{said}"))
}

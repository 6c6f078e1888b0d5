//! The question before the first write: yes, show, save, change an answer, no.

use std::path::PathBuf;

use super::kept::Existing;
use super::output::{self, Form};
use crate::commands::flags::Format;
use crate::commands::screen::Screen;
use crate::effects::{Effect, Preview, Secrets};
use crate::error::Failure;
use crate::wizard::parameter::Choice;
use crate::wizard::question::{Question, Reply, Shape};

/// What the person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Apply,
    ChangeAnswer,
}

/// Asks until there is a decision. Declining is a failure with exit code 1,
/// Esc or Ctrl-C one with 130; neither has changed anything.
pub fn approve(
    place: &str,
    planned: &[(Effect, Preview)],
    secrets: &dyn Secrets,
    existing: &Existing,
    show_secrets: bool,
    screen: &dyn Screen,
) -> Result<Decision, Failure> {
    let choices = [
        choice("yes", "apply these objects"),
        choice("show YAML", ""),
        choice("save YAML", "into a folder"),
        choice("change an answer", ""),
        choice("no", "leave everything as it is"),
    ];
    let prompt = format!("Apply to {place}?");
    loop {
        let question = Question { prompt: &prompt, help: "", shape: Shape::Pick { choices: &choices, default: 0 } };
        match screen.ask(&question) {
            Ok(Reply::Picked(0)) => return Ok(Decision::Apply),
            Ok(Reply::Picked(1)) => {
                let format = Format::Yaml;
                let shown = output::planned(planned, Form::Manifest, format, show_secrets, secrets, existing)?;
                screen.show(&shown.text);
                for line in &shown.left_out {
                    screen.tell(line);
                }
            }
            Ok(Reply::Picked(2)) => save(planned, screen)?,
            Ok(Reply::Picked(3)) => return Ok(Decision::ChangeAnswer),
            Ok(Reply::Picked(_) | Reply::Text(_) | Reply::Yes(_)) => {
                return Err(Failure::failed("declined", "declined; nothing was changed"));
            }
            Err(_) => return Err(Failure::interrupted()),
        }
    }
}

fn save(planned: &[(Effect, Preview)], screen: &dyn Screen) -> Result<(), Failure> {
    let check = |text: &str| if text.trim().is_empty() { Err("name a folder".to_owned()) } else { Ok(()) };
    let question = Question {
        prompt: "Folder",
        help: "Gets one YAML file for each object but Secrets.",
        shape: Shape::Line { default: Some("manifests".to_owned()), check: &check },
    };
    let Ok(Reply::Text(folder)) = screen.ask(&question) else { return Err(Failure::interrupted()) };
    match output::save(planned, &PathBuf::from(folder)) {
        Ok(written) => {
            for path in &written {
                screen.tell(&format!("wrote {path}"));
            }
            if planned.iter().any(|(effect, _)| effect.secret().is_some()) {
                screen.tell("Secrets are never written to files");
            }
        }
        // The person is still at the question and can choose another folder.
        Err(failure) => screen.tell(&failure.message),
    }
    Ok(())
}

fn choice(value: &str, label: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned() }
}

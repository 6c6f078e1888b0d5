//! The question before the first write, and those of the script.

use super::flags::RunFlags;
use crate::commands::Context;
use crate::error::Failure;
use crate::runs::halt::Halt;
use crate::runs::id::RunId;
use crate::runs::plan::Plan;
use crate::runs::undo::Undoing;
use crate::wizard::question::{Question, Reply, Shape};

/// Asks whether to run the plan. What cannot be undone is never approved by
/// `--yes`: its script asks for the typed name besides.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn approve(plan: &Plan, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    if flags.yes {
        return Ok(());
    }
    if !context.screen.can_ask() {
        return Err(Failure::refused("not-approved", "nobody can approve this plan; nothing was changed")
            .hint("`--yes` approves what can be undone, `--plan-only` only shows it"));
    }
    let prompt = format!("Run this plan on {}/{}?", plan.cluster, plan.namespace);
    match context.screen.ask(&Question { prompt: &prompt, help: "", shape: Shape::Confirm { default: false } }) {
        Ok(Reply::Yes(true)) => Ok(()),
        Ok(Reply::Yes(false) | Reply::Text(_) | Reply::Picked(_)) => {
            Err(Failure::failed("declined", "declined; nothing was changed"))
        }
        Err(_) => Err(Failure::interrupted()),
    }
}

/// Shows what an undo would do and asks.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn undoing(undoing: &Undoing, run: &RunId, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    for object in &undoing.lost {
        context.screen.caution(&format!("{object} is gone for good"));
    }
    for effect in undoing.steps.iter().flat_map(|step| &step.undo) {
        context.screen.tell(&format!("  {:12}  {}", effect.verb(), effect.object()));
    }
    if flags.yes {
        return Ok(());
    }
    if !context.screen.can_ask() {
        return Err(Failure::refused("not-approved", "nobody can approve this; nothing was changed")
            .hint("`--yes` approves it"));
    }
    let prompt = format!("Take run {run} back?");
    match context.screen.ask(&Question { prompt: &prompt, help: "", shape: Shape::Confirm { default: false } }) {
        Ok(Reply::Yes(true)) => Ok(()),
        Ok(Reply::Yes(false) | Reply::Text(_) | Reply::Picked(_)) => {
            Err(Failure::failed("declined", "declined; nothing was changed"))
        }
        Err(_) => Err(Failure::interrupted()),
    }
}

/// Answers a question of the script: `typed` is the text that alone is a yes,
/// `flag` the one flag that answers for a person.
///
/// # Errors
/// Nobody can be asked and no flag answers; or the person left.
pub fn answer(
    question: &str,
    typed: Option<&str>,
    flag: Option<&str>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<bool, Halt> {
    if typed.is_some() && flags.confirm.as_deref() == typed {
        return Ok(true);
    }
    if typed.is_none() && flag.is_none() && flags.yes {
        return Ok(true);
    }
    if !context.screen.can_ask() {
        let flag = match (typed, flag) {
            (Some(name), _) => format!("--confirm {name}"),
            (None, Some(flag)) => flag.to_owned(),
            (None, None) => "--yes".to_owned(),
        };
        return Err(Halt::Unasked { question: question.to_owned(), flag });
    }
    let Some(name) = typed else {
        let asked = Question { prompt: question, help: "", shape: Shape::Confirm { default: false } };
        return match context.screen.ask(&asked) {
            Ok(reply) => Ok(reply == Reply::Yes(true)),
            Err(_) => Err(Halt::Interrupted),
        };
    };
    let check = |_: &str| Ok(());
    let help = format!("Type `{name}` to go on; anything else stops.");
    let asked = Question { prompt: question, help: &help, shape: Shape::Line { default: None, check: &check } };
    match context.screen.ask(&asked) {
        Ok(Reply::Text(text)) => Ok(text == name),
        Ok(Reply::Yes(_) | Reply::Picked(_)) => Ok(false),
        Err(_) => Err(Halt::Interrupted),
    }
}

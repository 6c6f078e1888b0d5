//! The question before the first write, and those of the script.

use super::flags::RunFlags;
use crate::commands::Context;
use crate::effects::Effect;
use crate::error::Failure;
use crate::runs::halt::Halt;
use crate::runs::id::RunId;
use crate::runs::plan::{Line, Plan};
use crate::runs::undo::Undoing;
use crate::wizard::question::{Question, Reply, Shape};

/// Asks whether to run the plan. What cannot be undone is never approved by
/// `--yes`: its script asks for the typed name besides.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn approve(plan: &Plan, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    let asks = |line: &Line| matches!(line, Line::Question { typed: Some(name), .. } if !name.is_empty());
    if !plan.can_be_undone() && !plan.lines.iter().any(asks) {
        // The script does not ask for the name, so we do.
        let name = plan.parameters.get("set").and_then(|set| set.as_str()).unwrap_or(&plan.namespace);
        match answer("this destroys data for good", Some(name), None, flags, context) {
            Ok(true) => {}
            Ok(false) => return Err(Failure::failed("declined", "declined; nothing was changed")),
            Err(Halt::Unasked { flag, .. }) => {
                return Err(Failure::refused("not-confirmed", "the plan destroys data; nothing was changed")
                    .hint(format!("`{flag}` answers it")));
            }
            Err(_) => return Err(Failure::interrupted()),
        }
    }
    let prompt = format!("Run this plan on {}/{}?", plan.cluster, plan.namespace);
    agreed(&prompt, "`--yes` approves what can be undone, `--plan-only` only shows it", flags, context)?;
    if context.screen.can_ask() {
        return Ok(());
    }
    // What is going to be asked and cannot be answered is told before the first write.
    for line in &plan.lines {
        let Line::Question { question, typed, flag } = line else { continue };
        if let Err(Halt::Unasked { question, flag }) =
            answer(question, typed.as_deref(), flag.as_deref(), flags, context)
        {
            return Err(Failure::refused(
                "not-confirmed",
                format!("nobody can be asked: {question}; nothing was changed"),
            )
            .hint(format!("`{flag}` answers it")));
        }
    }
    Ok(())
}

/// A yes by flag or by a person.
fn agreed(prompt: &str, hint: &str, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    if flags.yes {
        return Ok(());
    }
    if !context.screen.can_ask() {
        return Err(Failure::usage("not-approved", "nobody can approve this; nothing was changed").hint(hint));
    }
    match context.screen.ask(&Question { prompt, help: "", shape: Shape::Confirm { default: false } }) {
        Ok(Reply::Yes(true)) => Ok(()),
        Ok(Reply::Yes(false) | Reply::Text(_) | Reply::Picked(_)) => {
            Err(Failure::failed("declined", "declined; nothing was changed"))
        }
        Err(_) => Err(Failure::interrupted()),
    }
}

/// What an undo would do, line by line.
pub fn show(undoing: &Undoing, context: &Context<'_>) {
    for object in &undoing.lost {
        context.screen.caution(&format!("{object} is gone for good"));
    }
    for effect in undoing.steps.iter().flat_map(|step| &step.undo) {
        let what = match effect {
            Effect::Scale(scale) => format!("  {} → {}", scale.from.unwrap_or_default(), scale.to),
            _ => String::new(),
        };
        context.screen.tell(&format!("  {:12}  {}{what}", effect.verb(), effect.object()));
    }
}

/// Asks whether a stopped run is to go on.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn going_on(run: &RunId, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    agreed(&format!("Carry run {run} on?"), "`--yes` approves it, `--plan-only` shows its plan", flags, context)
}

/// Shows what an undo would do and asks.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn undoing(undoing: &Undoing, run: &RunId, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    show(undoing, context);
    agreed(&format!("Take run {run} back?"), "`--yes` approves it, `--plan-only` only shows it", flags, context)
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

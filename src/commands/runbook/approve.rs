//! The question before the first write, and those of the script.

use super::flags::RunFlags;
use crate::commands::Context;
use crate::effects::Effect;
use crate::error::Failure;
use crate::runs::asking::{NO_APP_CHECK, RUN_AGAIN};
use crate::runs::halt::Halt;
use crate::runs::id::RunId;
use crate::runs::plan::{Line, Plan};
use crate::runs::rehearsal::{Rehearsed, Verdict};
use crate::runs::rights::Reviewed;
use crate::runs::undo::Undoing;
use crate::wizard::question::{Abandoned, Aside, Question, Reply, Shape};

/// Asks whether to run the plan. The end of data is never approved by `--yes`:
/// nothing is destroyed before its script has asked for the typed name. Commands
/// in pods are: each is shown with its plan, and whoever gave a script to run
/// may run its commands.
///
/// # Errors
/// Declined, or there is nobody to ask.
pub fn approve(plan: &Plan, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    permitted(plan)?;
    let prompt = format!("Run this plan on {}/{}?", plan.cluster, plan.namespace);
    agreed(&prompt, "`--yes` approves it, `--plan-only` only shows it", flags, context)?;
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

/// What the cluster would refuse half-way is refused now (H-36).
fn permitted(plan: &Plan) -> Result<(), Failure> {
    let place = format!("{}/{}", plan.cluster, plan.namespace);
    let missing: Vec<_> = plan.rights.iter().filter(|right| right.is_missing()).map(Reviewed::words).collect();
    if !missing.is_empty() {
        let what = format!("you may not {} in {place}; nothing was changed", missing.join(", "));
        return Err(Failure::refused("no-rights", what)
            .hint("ask whoever gives out rights on this cluster for a role with these verbs"));
    }
    match plan.dry_runs.iter().find(|tried| tried.answer == Verdict::Refused) {
        Some(Rehearsed { verb, object, why, .. }) => {
            let what = format!("{place} refuses `{verb}` of `{object}`: {why}; nothing was changed");
            Err(Failure::refused("dry-run-refused", what)
                .hint("whoever runs the admission of this cluster knows what it wants"))
        }
        None => Ok(()),
    }
}

/// A yes by flag or by a person.
fn agreed(prompt: &str, hint: &str, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    if flags.approval.yes {
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
    for claim in &undoing.unheard {
        context
            .screen
            .caution(&format!("whether {} was given up, nobody has heard: that is looked at first", claim.object));
    }
    for label in &undoing.never_ended {
        context
            .screen
            .caution(&format!("`{label}`, which was to be done at the end, was not, and an undo does not do it"));
    }
    for exec in &undoing.ran {
        context.screen.caution(&format!("what `{}` did in {} is not taken back", exec.command.shown(), exec.pod));
    }
    for effect in undoing.steps.iter().flat_map(|step| &step.undo) {
        let what = match effect {
            Effect::Scale(scale) => {
                let from = scale.from.unwrap_or_default();
                let how = if from > scale.to.saturating_add(1) { ", one member at a time" } else { "" };
                format!("  {from} → {}{how}", scale.to)
            }
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
    agreed(&format!("Take run {run} back?"), "`--yes` approves it, `--plan-only` only shows it", flags, context)?;
    for (scale, going) in undoing.lowers() {
        let set = scale.set.object.name.as_str();
        let question = format!("nobody asked the application whether {going} members of {set} may go; go on?");
        answered(&question, None, Some(NO_APP_CHECK), flags, context)?;
        if scale.to == 0 {
            answered(&format!("this takes all members of {set} away"), Some(set), None, flags, context)?;
        }
    }
    Ok(())
}

/// A question that is asked before the first write.
fn answered(
    question: &str,
    typed: Option<&str>,
    flag: Option<&str>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<(), Failure> {
    match answer(question, typed, flag, flags, context) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::failed("declined", "declined; nothing was changed")),
        Err(Halt::Unasked { question, flag }) => {
            let what = format!("nobody can be asked: {question}; nothing was changed");
            Err(Failure::refused("not-confirmed", what).hint(format!("`{flag}` answers it")))
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
    beforehand(question, typed, flag, flags, context)
        .unwrap_or_else(|| understood(context.screen.ask(&aside(question, typed).question()), typed))
}

/// The same while other things go on: what a run has locked is kept.
///
/// # Errors
/// As `answer`.
pub async fn answer_aside(
    question: &str,
    typed: Option<&str>,
    flag: Option<&str>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<bool, Halt> {
    match beforehand(question, typed, flag, flags, context) {
        Some(answer) => answer,
        None => understood(context.screen.ask_aside(aside(question, typed)).await, typed),
    }
}

/// What flags say to a question, or that nobody can be asked.
fn beforehand(
    question: &str,
    typed: Option<&str>,
    flag: Option<&str>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Option<Result<bool, Halt>> {
    if typed.is_some() && flags.approval.confirm.as_deref() == typed {
        return Some(Ok(true));
    }
    if typed.is_none() && flag.is_none() && flags.approval.yes {
        return Some(Ok(true));
    }
    if flag == Some(RUN_AGAIN) && flags.run_again || flag == Some(NO_APP_CHECK) && flags.approval.no_app_check {
        return Some(Ok(true));
    }
    if context.screen.can_ask() {
        return None;
    }
    let flag = match (typed, flag) {
        (Some(name), _) => format!("--confirm {name}"),
        (None, Some(flag)) => flag.to_owned(),
        (None, None) => "--yes".to_owned(),
    };
    Some(Err(Halt::Unasked { question: question.to_owned(), flag }))
}

fn aside(question: &str, typed: Option<&str>) -> Aside {
    let help = typed.map(|name| format!("Type `{name}` to go on; anything else stops."));
    Aside { prompt: question.to_owned(), help: help.unwrap_or_default(), is_line: typed.is_some() }
}

fn understood(reply: Result<Reply, Abandoned>, typed: Option<&str>) -> Result<bool, Halt> {
    match reply {
        Ok(Reply::Text(text)) => Ok(Some(text.as_str()) == typed),
        Ok(Reply::Yes(yes)) => Ok(yes && typed.is_none()),
        Ok(Reply::Picked(_)) => Ok(false),
        Err(Abandoned) => Err(Halt::Interrupted),
    }
}
